"""Doubt about a text that was heard or read: something in it that a person must look at before it is accepted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Doubt", "DoubtKind"]


class DoubtKind(StrEnum):
    """What is to be looked at."""

    NUMBER = "number"
    """A number: models mishear and misread them, and are as sure as ever."""
    WORD = "word"
    """A word of which the model was unsure."""
    TEXT = "text"
    """All of it is likely not what was said or written."""


@dataclass(frozen=True)
class Doubt:
    """One of them.

    Args:
        kind: What it is.
        start, end: Where it stands in the text, in characters.
        text: As it stands there.
        at_s: Where it was heard in the recording; None: in a picture, or nobody knows.
        probability: That the model gave it, 0 to 1; None: it does not tell.
    """

    kind: DoubtKind
    start: int
    end: int
    text: str
    at_s: float | None = None
    probability: float | None = None

    def to_plain(self) -> dict[str, Any]:
        """As JSON says it."""
        return {
            "kind": self.kind.value, "start": self.start, "end": self.end, "text": self.text,
            "at_s": _rounded(self.at_s), "probability": _rounded(self.probability),
        }  # fmt: skip


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
