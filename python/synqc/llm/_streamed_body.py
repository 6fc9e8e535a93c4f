"""The body of an answer as it comes: events, or one document where events were asked for, or the other way round."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator

from synqc.llm._answer import Answer, NotTheProtocol, ToldOfAnError, document_in
from synqc.llm.refusal import Refusal, refusal_in
from synqc.llm.server_events import EventTooLong, ServerEvents

__all__ = ["StreamedBody"]

_EVENT_FIELD = re.compile(rb"data|event|id|retry|:")
_ENOUGH_TO_TELL = 8


class StreamedBody:
    """Reads a body into an answer.

    Args:
        answer: Into which.
        most_bytes: Most bytes of one event, of a document, and of the text.
    """

    def __init__(self, answer: Answer, most_bytes: int) -> None:
        self.done = False
        """Whether the server has said that nothing follows."""
        self._answer, self._most = answer, most_bytes
        self._begun = b""
        self._read: Callable[[bytes], Iterator[str]] | None = None
        self._events: ServerEvents | None = None
        self._document: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> Iterator[str]:
        """The texts that a piece adds; what is wrong is raised after those before it.

        Raises:
            ToldOfAnError: The body tells of an error.
            NotTheProtocol: It is something else.
            EventTooLong: It is larger than is taken.
            UnicodeDecodeError: It is no UTF-8.
        """
        if self._read is None:
            self._begun += piece
            if len(self._begun.lstrip()) < _ENOUGH_TO_TELL:
                return
            self._read, piece = self._told_apart(), self._begun
        yield from self._read(piece)

    def end(self) -> Iterator[str]:
        """The texts that the end of the body completes. Raises as `feed`."""
        if self._read is None:
            if not self._begun.strip():
                return
            self._read = self._told_apart()
            yield from self._read(self._begun)
        if self._document:
            text = self._answer.take(document_in(b"".join(self._document).decode("utf-8-sig")), whole=True)
            if text:
                yield text
            return
        if not self.done and self._events is not None:
            try:
                yield from self._taken(self._events.end())
            except (NotTheProtocol, UnicodeDecodeError):
                raise NotTheProtocol("its stream broke off within an event") from None
        if not self._answer.finish_reason and self._answer.documents:
            raise NotTheProtocol("its stream broke off before the answer's end")

    def _told_apart(self) -> Callable[[bytes], Iterator[str]]:
        begun = self._begun.removeprefix(codecs.BOM_UTF8).lstrip()
        if begun[:1] in (b"{", b"["):
            return self._gathered
        if _EVENT_FIELD.match(begun) is None:
            raise NotTheProtocol("its body is no JSON, and no stream of events")
        return self._events_of

    def _gathered(self, piece: bytes) -> Iterator[str]:
        self._document.append(piece)
        self._grow(len(piece))
        yield from ()

    def _events_of(self, piece: bytes) -> Iterator[str]:
        if self._events is None:
            self._events = ServerEvents(self._most)
        return self._taken(self._events.feed(piece))

    def _taken(self, events: Iterator[tuple[str | None, str]]) -> Iterator[str]:
        for kind, data in events:
            if self.done or not data.strip():
                continue
            if data.strip() == "[DONE]":
                self.done = True
                continue
            document = document_in(data)
            if kind == "error":
                raise ToldOfAnError(refusal_in(document) or refusal_in({"error": document}) or Refusal(data[:500]))
            text = self._answer.take(document, whole=False)
            self._grow(len(text))
            if text:
                yield text

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size + self._answer.size_of_calls > self._most:
            raise EventTooLong
