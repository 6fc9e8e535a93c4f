"""Strategy: how bodies reach a model and answers come back; over HTTP (`Connection`), or within this process."""

from __future__ import annotations

from typing import Any, Protocol

from synqc.llm._answer import Answer
from synqc.llm._connection import Clock, Progress, Reply

__all__ = ["AnswerParts", "Transport"]


class AnswerParts(Protocol):
    """Parts of one answer as they come."""

    answer: Answer
    whole: bool
    """False where the answer said that it was done, and what carries it broke before its own end."""

    async def next(self) -> str | None:
        """The next part that holds text, or None at the end."""
        ...

    async def close(self) -> None:
        """End the call."""
        ...


class Transport(Protocol):
    """Used on the loop of `_loop_thread` alone."""

    async def reply(self, body: dict[str, Any], progress: Progress, seconds: float) -> Reply:
        """Send a body once and read the whole answer, in so many seconds from when a place is free."""
        ...

    async def stream(self, body: dict[str, Any], progress: Progress, clock: Clock) -> AnswerParts:
        """Send a body and wait for the answer's beginning."""
        ...

    async def close(self) -> None:
        """Let go of what is held; the next body begins anew."""
        ...
