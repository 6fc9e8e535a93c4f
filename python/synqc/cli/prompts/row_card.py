"""A row for people: its problem, what each model said, and why it stands where it does."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synqc.apps.prompts.row import RecordedCall, Row

__all__ = ["harmless", "row_card"]

_WIDTH = 80
_LONGEST = 4000


def harmless(text: str, longest: int = _LONGEST) -> str:
    """A text of a model without characters that move a cursor, colour a terminal or turn the direction of text.

    >>> harmless("\\x1b[31mred")
    '␛[31mred'
    """
    from synqc.apps.prompts.printable_text import printable

    shown = printable(text[:longest])
    return shown if len(text) <= longest else f"{shown}\n... and {len(text) - longest} characters more"


def row_card(row: Row, calls: Iterable[RecordedCall] = ()) -> str:
    """Lines of at most 80 characters, but where a word is longer."""
    cause = "" if row.cause is None else f" ({row.cause})"
    lines = [f"Row {row.id}: {row.status}{cause}  {harmless(row.subject, 60)} / {harmless(row.topic, 60)}"]
    lines += _part("Problem", row.problem) + _part("Answer", row.answer)
    for index, hint in sorted(row.hints.items(), key=lambda item: (len(item[0]), item[0])):
        lines += _part(f"Hint {index}", hint)
    for number, answer in enumerate(row.target_answers, 1):
        lines += _part(f"Target's answer {number}", answer)
    for verdict in row.verdicts:
        of = verdict.get("of", "target")
        lines += _part(
            f"Verdict on {of}", f"{verdict.get('kind')} by {verdict.get('method')}, {verdict.get('confidence')}"
        )
    for one in row.duplicates:
        how = "in other words, cosine" if one.by == "meaning" else "similarity"
        lines += _part("Repeats", f"row {one.row} of {one.source}, {how} {one.score:.3f}: {one.text[:200]}")
    if row.reason:
        lines += _part("By hand" if row.by_hand else "Reason", row.reason)
    for call in calls:
        lines += _part(f"{call.role} {call.model}, {call.step}: {call.outcome}", call.answer or call.error)
    return "\n".join(lines)


def _part(title: str, text: str) -> list[str]:
    if not text:
        return []
    wrapped: list[str] = []
    for line in harmless(text).splitlines():
        wrapped += textwrap.wrap(line, _WIDTH - 4, break_long_words=False, break_on_hyphens=False) or [""]
    return [f"  {harmless(title)[: _WIDTH - 3]}", *(f"    {line}" for line in wrapped)]
