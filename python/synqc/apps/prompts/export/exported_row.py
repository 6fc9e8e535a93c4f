"""Exported row: what of a row goes into files, in a fixed order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from synqc.apps.prompts.row import Row
from synqc.errors import InputError

__all__ = ["COLUMNS", "exported"]

COLUMNS: Final = (
    "id", "attempt", "subject", "topic", "difficulty", "problem", "answer", "hints", "hints_were_corrected",
    "reference",
    "target_answers", "verdicts", "status", "cause", "reason", "by_hand", "duplicates", "usd_micros", "tokens",
    "created_at",
)  # fmt: skip
"""Names of columns, in order."""

_OF_VERDICT: Final = ("of", "kind", "method", "confidence")
_OF_DUPLICATE: Final = ("source", "row", "score", "containment")


def exported(row: Row | Mapping[str, Any]) -> dict[str, Any]:
    """A row as plain values under the names of `COLUMNS`.

    Args:
        row: A row, or what its `to_dict` says.

    Raises:
        InputError: It is neither.

    Examples:
        >>> found = exported({"id": 7, "problem": "1 + 1?", "answer": "2", "hints": {"1": "b", "0": "a"}})
        >>> found["hints"], found["tokens"], list(found)[:2]
        ({'0': 'a', '1': 'b'}, None, ['id', 'attempt'])
    """
    if isinstance(row, Row):
        row = row.to_dict()
    if not isinstance(row, Mapping) or "problem" not in row:
        raise InputError(f"Argument `rows` must hold rows, but holds {type(row).__name__}.")
    found = {name: row.get(name) for name in COLUMNS}
    hints = found["hints"] or {}
    found["hints"] = {key: hints[key] for key in sorted(hints, key=_by_number)}
    found["target_answers"] = list(found["target_answers"] or ())
    found["verdicts"] = [_part(one, _OF_VERDICT) for one in found["verdicts"] or ()]
    found["duplicates"] = [_part(one, _OF_DUPLICATE) for one in found["duplicates"] or ()]
    return found


def _part(document: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: document.get(name) for name in names}


def _by_number(key: str) -> tuple[int, str]:
    return (int(key), "") if key.isdecimal() and len(key) < 10 else (10**10, key)
