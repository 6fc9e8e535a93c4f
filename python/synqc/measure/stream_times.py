"""When the parts of one answer came: the first chunk, the first thought, the first content, the last."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["AnswerClock", "Part", "part_of_openai"]


class Part(enum.Enum):
    """What a chunk of an answer holds."""

    NOTHING = "nothing"
    """A role, an empty text, a comment: it shows that somebody is there, and nothing else."""
    REASONING = "reasoning"
    """Thoughts of a model, which are no answer yet."""
    CONTENT = "content"
    """What was asked for."""


class AnswerClock:
    """Moments of one answer, on the clock of whoever sends.

    Args:
        now: That clock, in seconds.

    Examples:
        >>> moments = iter([1.0, 2.0, 4.0, 5.0])
        >>> clock = AnswerClock(lambda: next(moments))
        >>> for part in (Part.NOTHING, Part.REASONING, Part.CONTENT, Part.CONTENT):
        ...     clock.chunk(part)
        >>> clock.first_chunk, clock.first_reasoning, clock.first_content, clock.between_chunks
        (1.0, 2.0, 4.0, 1.0)
    """

    __slots__ = ("_now", "chunks", "first_chunk", "first_content", "first_reasoning", "last_content", "tokens")

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.first_chunk: float | None = None
        """Moment of the first chunk of any kind."""
        self.first_reasoning: float | None = None
        self.first_content: float | None = None
        self.last_content: float | None = None
        self.chunks = 0
        """Chunks with content."""
        self.tokens: int | None = None
        """Tokens of the answer as its usage says; never guessed from chunks."""

    def chunk(self, part: Part = Part.CONTENT) -> None:
        """A chunk has come now."""
        now = self._now()
        if self.first_chunk is None:
            self.first_chunk = now
        if part is Part.REASONING and self.first_reasoning is None:
            self.first_reasoning = now
        if part is Part.CONTENT:
            if self.first_content is None:
                self.first_content = now
            self.last_content = now
            self.chunks += 1

    @property
    def between_chunks(self) -> float | None:
        """Mean seconds between chunks with content; 0 for one chunk, which waits for no other; None without any."""
        return self._per_gap(self.chunks)

    @property
    def between_tokens(self) -> float | None:
        """Mean seconds between tokens, by the usage told; 0 for one token; None where no usage was told."""
        return None if self.tokens is None else self._per_gap(self.tokens)

    def _per_gap(self, count: int) -> float | None:
        if self.first_content is None or self.last_content is None or count < 1:
            return None
        return 0.0 if count == 1 else (self.last_content - self.first_content) / (count - 1)


def part_of_openai(event: Mapping[str, Any]) -> Part:
    """What a chunk of a chat completion holds.

    Examples:
        >>> part_of_openai({"choices": [{"delta": {"role": "assistant", "content": ""}}]})
        <Part.NOTHING: 'nothing'>
        >>> part_of_openai({"choices": [{"delta": {"reasoning_content": "Hm."}}]})
        <Part.REASONING: 'reasoning'>
        >>> part_of_openai({"choices": [{"delta": {"content": "Yes."}}]})
        <Part.CONTENT: 'content'>
    """
    found = Part.NOTHING
    for choice in event.get("choices") or ():
        delta = choice.get("delta") or {}
        if delta.get("content") or delta.get("tool_calls") or choice.get("text"):
            return Part.CONTENT
        if delta.get("reasoning_content") or delta.get("reasoning"):
            found = Part.REASONING
    return found
