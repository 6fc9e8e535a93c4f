"""What paths name, with an example each for the documentation, and numbers that clients were given."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import unquote

from fastapi import Path
from pydantic import AfterValidator

__all__ = ["RunId", "SessionId", "SweepId", "given_number"]

_Whole = AfterValidator(unquote)  # the request middleware has left %2F and %25 in it, see `routed_path`

SessionId = Annotated[str, Path(description="Name of a session.", examples=["x1"]), _Whole]
RunId = Annotated[str, Path(description="Name of a run, as it was answered.", examples=["x1-20260102T030405Z"]), _Whole]
SweepId = Annotated[
    str, Path(description="Name of a sweep, as it was answered.", examples=["sweep-93eb685f665f"]), _Whole
]


def given_number(text: str | None) -> int | None:
    """A whole number as text, or None if it is none that this service could have given."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 19 else None
