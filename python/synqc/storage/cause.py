"""Error text of database drivers."""

from __future__ import annotations

__all__ = ["cause_of"]


def cause_of(error: BaseException) -> str:
    """The driver's words, on one line."""
    original = getattr(error, "orig", None) or error
    return " ".join(str(original).split()).rstrip(".?")
