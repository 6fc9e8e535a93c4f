"""A body that is one JSON document, or one document a line."""

from __future__ import annotations

from collections.abc import Iterator

from synqc.llm._answer import Answer, NotTheProtocol, document_in
from synqc.llm.server_events import EventTooLong

__all__ = ["JsonLines"]


class JsonLines:
    """Reads documents into an answer; a `Body`.

    Where one was asked for and lines came, they are read as a stream all the same.

    Args:
        answer: Into which.
        most_bytes: Most bytes of one document, and of the text.
        is_stream: Whether documents are parts; else the body is one.
    """

    def __init__(self, answer: Answer, most_bytes: int, *, is_stream: bool) -> None:
        self.done = False
        """Whether the server has said that nothing follows."""
        self._answer, self._most, self._is_stream = answer, most_bytes, is_stream
        self._held: list[bytes] = []
        self._held_bytes = self._said = 0

    def feed(self, piece: bytes) -> Iterator[str]:
        """The texts that a piece adds. Raises as `Body.feed`."""
        lines = piece.split(b"\n") if self._is_stream else [piece]
        for line in lines[:-1]:
            self._hold(line)
            yield from self._read()
        self._hold(lines[-1])

    def end(self) -> Iterator[str]:
        """The texts that the end of the body completes. Raises as `Body.feed`."""
        if not self.done:
            try:
                yield from self._read() if self._is_stream else self._read_whole()
            except NotTheProtocol:
                if not self._answer.documents:
                    raise
                raise NotTheProtocol("its stream broke off within a line") from None
        if self._answer.documents and not self._answer.finish_reason:
            raise NotTheProtocol("its stream broke off before the answer's end")

    def _hold(self, piece: bytes) -> None:
        self._held.append(piece)
        self._held_bytes += len(piece)
        if self._held_bytes + self._said > self._most:
            raise EventTooLong

    def _read_whole(self) -> Iterator[str]:
        body = b"".join(self._held)
        try:
            document_in(body.decode("utf-8-sig"))
        except NotTheProtocol:
            self._is_stream, self._held, self._held_bytes = True, [], 0
            yield from self.feed(body)
        yield from self._read()

    def _read(self) -> Iterator[str]:
        line = b"".join(self._held).decode("utf-8-sig").strip()
        self._held, self._held_bytes = [], 0
        if self.done or not line:
            return
        text = self._answer.take(document_in(line), whole=not self._is_stream)
        self._said += len(text)
        self.done = bool(self._answer.finish_reason)
        if text:
            yield text
