"""A provision of law that was considered: what the check said, and what the officer decided."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from synqc.errors import InputError

__all__ = ["Provision", "Verdict"]


class Verdict(StrEnum):
    """What a check said: `unknown` where it gave no answer, which is never a no."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Provision:
    """One of them.

    Args:
        act: By its full name.
        section: With its sub-section, as the act writes it.
        title: Title of the section.
        verdict: What the check said.
        cause: Why it gave no answer; "" where it did.
        accepted: Whether the officer puts it into the report; None: nobody has decided.
        reason: The officer's, for a decision where the check gave no answer, or against it; "" where there is none.
        text: Words of the statute, from an official text that an operator imported; "" where there is none.
        checked_by: Model that said it; "" where no model was asked.
    """

    act: str
    section: str
    title: str
    verdict: Verdict
    cause: str = ""
    accepted: bool | None = None
    reason: str = ""
    text: str = ""
    checked_by: str = ""

    def __post_init__(self) -> None:
        for name in ("act", "section"):
            if not str(getattr(self, name)).strip():
                raise InputError(f"Argument `{name}` must name one, but is empty.")

    @property
    def name(self) -> str:
        """Section and act."""
        return f"{self.section}, {self.act}"

    @property
    def is_in_report(self) -> bool:
        """Whether the officer accepted it."""
        return self.accepted is True

    @property
    def is_undecided(self) -> bool:
        """Whether the check gave no answer and no officer has decided with a reason."""
        return self.verdict is Verdict.UNKNOWN and (self.accepted is None or not self.reason.strip())

    def to_plain(self) -> dict[str, Any]:
        """As JSON says it."""
        return {
            "act": self.act, "section": self.section, "title": self.title, "verdict": self.verdict.value,
            "cause": self.cause, "accepted": self.accepted, "reason": self.reason, "text": self.text,
            "checked_by": self.checked_by,
        }  # fmt: skip

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Provision:
        """What `to_plain` gave, or an officer sent: what is not known is refused.

        Raises:
            InputError: It is none; the message names the member.
        """
        if not isinstance(plain, dict):
            raise InputError(f"Argument `provision` must be an object, but is {type(plain).__name__}.")
        texts = {
            name: plain.get(name, "") for name in ("act", "section", "title", "cause", "reason", "text", "checked_by")
        }
        for name, value in texts.items():
            if not isinstance(value, str):
                raise InputError(f"Member `{name}` of a provision must be text, but is {type(value).__name__}.")
        accepted = plain.get("accepted")
        if accepted is not None and not isinstance(accepted, bool):
            raise InputError(f"Member `accepted` of a provision must be true, false or null, but is {accepted!r}.")
        verdict = plain.get("verdict")
        if verdict not in set(Verdict):
            raise InputError(
                f"Member `verdict` of a provision must be yes, no or unknown, but is {str(verdict)[:40]!r}."
            )
        unknown = sorted(set(map(str, plain)) - {*texts, "accepted", "verdict"})
        if unknown:
            raise InputError(f"A provision has no member `{unknown[0][:40]}`.")
        return cls(verdict=Verdict(verdict), accepted=accepted, **texts)
