"""A kept answer as the stream it was, or as one part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise
from typing import Any

from synqc.cache import Answer
from synqc.llm.completion import Completion

__all__ = ["Recorded", "lengths_of"]


class Recorded:
    """An answer of the cache, given part by part.

    Args:
        kept: What the cache holds: a completion as plain values, with the lengths of its parts if it was a stream.
    """

    def __init__(self, kept: Answer) -> None:
        text: str = kept.value["text"]
        self.completion: Completion[str] = Completion.from_plain(
            kept.value, text, cached=True, age_s=kept.age, key=kept.key
        )
        self._parts = _cut(text, kept.value.get("parts"))
        self.given: list[str] = []

    def next(self) -> str | None:
        """The next part, or None at the end."""
        part = next(self._parts, None)
        if part is not None:
            self.given.append(part)
        return part


def lengths_of(parts: Iterable[str]) -> list[int]:
    """What is kept of how a text was cut into parts."""
    return [len(part) for part in parts]


def _cut(text: str, lengths: Any) -> Iterator[str]:
    if not isinstance(lengths, list) or sum(lengths) != len(text):
        return iter([text])
    return (text[start:end] for start, end in pairwise(accumulate(lengths, initial=0)))
