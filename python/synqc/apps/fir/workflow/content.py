"""Validation of what is shown at each gate, and of what an officer writes in its place."""

from __future__ import annotations

from typing import Any, Final

from synqc.apps.fir.document.provision import Provision
from synqc.apps.fir.document.statement import LONGEST_VALUE
from synqc.apps.fir.workflow.errors import InvalidContent
from synqc.apps.fir.workflow.steps import Step
from synqc.errors import InputError

__all__ = ["MEMBERS", "check_content"]

MEMBERS: Final = {
    Step.TRANSCRIPT: "transcript", Step.SUMMARY: "summary", Step.VIOLATIONS: "violations",
    Step.NARRATIVE: "fir_narrative", Step.FINAL: "fir_content",
}  # fmt: skip
"""Name of each step's own result."""

_MOST_PROVISIONS = 200


def check_content(step: Step, content: object) -> dict[str, Any]:
    """A result of a step as it is kept: its one member, checked.

    Raises:
        InvalidContent: It is not of the step's form; the message names the member.
    """
    member = MEMBERS[step]
    if not isinstance(content, dict) or set(content) != {member}:
        was = ", ".join(sorted(map(str, content)))[:80] if isinstance(content, dict) else type(content).__name__
        raise InvalidContent(
            f"Content of {step.value} must be an object with the one member `{member}`, but is {was!r}."
        )
    value = content[member]
    if step is Step.VIOLATIONS:
        return {member: _provisions(value)}
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_VALUE:
        was = f"{len(value)} characters" if isinstance(value, str) else type(value).__name__
        raise InvalidContent(f"Member `{member}` must be text of 1 to {LONGEST_VALUE:,} characters, but is {was}.")
    return {member: value}


def _provisions(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list) or len(value) > _MOST_PROVISIONS:
        was = f"{len(value)} of them" if isinstance(value, list) else type(value).__name__
        raise InvalidContent(
            f"Member `violations` must be a list of at most {_MOST_PROVISIONS} provisions, but is {was}."
        )
    try:
        found = [Provision.from_plain(one) for one in value]
    except InputError as error:
        raise InvalidContent(str(error)) from error
    names = [one.name for one in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidContent(f"Member `violations` must have each provision once, but has {twice[0][:80]!r} twice.")
    return [one.to_plain() for one in found]
