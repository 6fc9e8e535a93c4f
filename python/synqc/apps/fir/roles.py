"""Roles of those who hold keys: what an officer, a supervisor and an auditor may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from synqc.apps.fir.document.statement import LONGEST_NAME
from synqc.errors import InputError, SynqcError

__all__ = ["Grant", "NotAllowed", "Right", "Role", "read_grants"]

_SHORTEST_KEY: Final = 8


class Role(StrEnum):
    """Of somebody who asks."""

    OFFICER = "officer"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"


class Right(StrEnum):
    """What may be done, in the words of a refusal."""

    READ = "read sessions and reports"
    LEAD = "open sessions and answer at gates"
    FILE = "file a report"
    DECIDE = "lead a filed report on, or reset what guards the service"
    AUDIT = "export histories"


_RIGHTS: Final = {
    Role.OFFICER: frozenset({Right.READ, Right.LEAD, Right.FILE}),
    Role.SUPERVISOR: frozenset(Right),
    Role.AUDITOR: frozenset({Right.READ, Right.AUDIT}),
}


class NotAllowed(SynqcError):
    """The key that was shown is of a role that may not do it."""

    code = "not_allowed"


@dataclass(frozen=True)
class Grant:
    """Who holds a key.

    Args:
        role: As what.
        name: As histories and reports name them.

    Examples:
        >>> Grant(Role.AUDITOR, "A. Sen").check(Right.LEAD)
        Traceback (most recent call last):
        ...
        synqc.apps.fir.roles.NotAllowed: A. Sen, auditor, may not open sessions and answer at gates.
    """

    role: Role
    name: str

    def may(self, right: Right) -> bool:
        """Whether they may."""
        return right in _RIGHTS[self.role]

    def check(self, right: Right) -> None:
        """Raises NotAllowed if they may not."""
        if not self.may(right):
            raise NotAllowed(f"{self.name}, {self.role.value}, may not {right.value}.")


def read_grants(text: str) -> tuple[tuple[str, str, str], ...]:
    """Roles, names and keys out of a setting: `role:name:key`, with commas between them.

    Raises:
        InputError: One is of another form; no key is in the message.

    Examples:
        >>> read_grants("officer:SI Meera Rao:k-1234567, auditor:A. Sen:k-7654321")
        (('officer', 'SI Meera Rao', 'k-1234567'), ('auditor', 'A. Sen', 'k-7654321'))
    """
    found: list[tuple[str, str, str]] = []
    for number, one in enumerate(filter(str.strip, text.split(",")), 1):
        role, _, rest = one.strip().partition(":")
        name, _, key = rest.partition(":")
        if role.strip() not in set(Role) or not 0 < len(name.strip()) <= LONGEST_NAME or len(key) < _SHORTEST_KEY:
            raise InputError(
                f"SYNQC_FIR_KEYS must hold `role:name:key`, with a role of {', '.join(Role)} and a key of at least "
                f"{_SHORTEST_KEY} characters, but entry {number} is none."
            )
        found.append((role.strip(), name.strip(), key))
    if text.strip() and not found:
        raise InputError("SYNQC_FIR_KEYS must hold at least one key, but has none: unset it if everybody may ask.")
    if len({key for _, _, key in found}) < len(found):
        raise InputError("SYNQC_FIR_KEYS must give each key to one person, but gives one to two.")
    return tuple(found)
