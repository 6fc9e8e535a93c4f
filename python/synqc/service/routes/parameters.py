"""What paths name, with an example each for the documentation."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

__all__ = ["RunId", "SessionId", "SweepId"]

SessionId = Annotated[str, Path(description="Name of a session.", examples=["x1"])]
RunId = Annotated[str, Path(description="Name of a run, as it was answered.", examples=["x1-20260102T030405Z"])]
SweepId = Annotated[str, Path(description="Name of a sweep, as it was answered.", examples=["sweep-93eb685f665f"])]
