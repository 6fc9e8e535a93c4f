"""What paths name, with an example each for the documentation, and numbers that clients were given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

__all__ = ["RunId", "SessionId", "SweepId", "given_number"]

SessionId = Annotated[str, Path(description="Name of a session.", examples=["x1"])]
RunId = Annotated[str, Path(description="Name of a run, as it was answered.", examples=["x1-20260102T030405Z"])]
SweepId = Annotated[str, Path(description="Name of a sweep, as it was answered.", examples=["sweep-93eb685f665f"])]


def given_number(text: str | None) -> int | None:
    """A whole number as text, or None if it is none that this service could have given."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 19 else None
