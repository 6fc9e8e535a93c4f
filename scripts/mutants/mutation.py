"""One small change of one source file."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

__all__ = ["Mutation"]


@dataclass(frozen=True)
class Mutation:
    """Bytes of a file and what stands there instead.

    Args:
        path: The file's path from the project's root.
        start, end: Range of the bytes, the end exclusive.
        text: What stands there instead.
        kind: What was done, in a word or two.
    """

    path: str
    start: int
    end: int
    text: str
    kind: str

    def line(self, source: bytes) -> int:
        """Of the file, counted from 1."""
        return source.count(b"\n", 0, self.start) + 1

    def applied_to(self, source: bytes) -> bytes:
        """The file with the change made."""
        return source[: self.start] + self.text.encode() + source[self.end :]

    def diff(self, source: bytes) -> str:
        """Of the file, without its heading, one line of context on each side."""
        before, after = (text.decode().splitlines() for text in (source, self.applied_to(source)))
        return "\n".join(list(difflib.unified_diff(before, after, lineterm="", n=1))[2:])
