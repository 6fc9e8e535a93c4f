"""Validation of a typed complaint: of a length that says something, and otherwise as it is."""

from __future__ import annotations

from typing import Final

from synqc.apps.fir.document.statement import LONGEST_VALUE
from synqc.errors import InputError

__all__ = ["SHORTEST_COMPLAINT", "ComplaintRefused", "check_complaint"]

SHORTEST_COMPLAINT: Final = 10


class ComplaintRefused(InputError):
    """A typed complaint is too short, too long, or no text."""

    code = "complaint_refused"


def check_complaint(text: object) -> str:
    """The text, not a character of it changed: every script, quotation and mark is kept, and escaped where it is shown.

    Raises:
        ComplaintRefused: It has fewer than 10 characters, blanks around it aside, or more than 50,000.

    Examples:
        >>> check_complaint("मेरी साइकिल <b>कल</b> चोरी हुई।")
        'मेरी साइकिल <b>कल</b> चोरी हुई।'
        >>> check_complaint("stolen")
        Traceback (most recent call last):
        ...
        synqc.apps.fir.input.complaint_text.ComplaintRefused: Argument `text` must have 10 to 50,000 characters, but has
         6.
    """
    if not isinstance(text, str):
        raise ComplaintRefused(f"Argument `text` must be text, but is {type(text).__name__}.")
    said = len(text.strip())
    if said < SHORTEST_COMPLAINT or len(text) > LONGEST_VALUE:
        has = said if said < SHORTEST_COMPLAINT else len(text)
        raise ComplaintRefused(
            f"Argument `text` must have {SHORTEST_COMPLAINT} to {LONGEST_VALUE:,} characters, but has {has:,}."
        )
    return text
