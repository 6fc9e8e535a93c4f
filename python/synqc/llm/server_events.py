"""Server-sent events out of bytes, however they are cut."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

__all__ = ["EventTooLong", "ServerEvents"]


class EventTooLong(ValueError):
    """One event holds more than is taken."""


class ServerEvents:
    r"""Reads the `data` of events; comments and other fields are read over.

    Args:
        most_bytes: Most bytes of one event.

    Examples:
        >>> events = ServerEvents()
        >>> list(events.feed(b'\xef\xbb\xbfdata: {"a": 1}\r'))
        []
        >>> list(events.feed(b"\n\r\n: alive\n\ndata: b\ndata: c\n\nda"))
        [(None, '{"a": 1}'), (None, 'b\nc')]
        >>> list(events.end())
        []
    """

    def __init__(self, most_bytes: int = 16 << 20) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="strict")
        self._most = most_bytes
        self._line: list[str] = []
        self._data: list[str] = []
        self._kind: str | None = None
        self._held = 0
        self._after_return = False

    def feed(self, piece: bytes) -> Iterator[tuple[str | None, str]]:
        """Events that are complete with this piece: their kind and their data. What is wrong is raised after them.

        Raises:
            UnicodeDecodeError: It is not UTF-8.
            EventTooLong: An event is longer than is taken.
        """
        try:
            text = self._decoder.decode(piece)
        except UnicodeDecodeError as error:
            yield from self._fed(error.object[: error.start].decode("utf-8-sig"))
            raise
        yield from self._fed(text)

    def end(self) -> Iterator[tuple[str | None, str]]:
        """What the end of the body completes: some servers leave the last blank line out. Raises as `feed`."""
        yield from self._fed(self._decoder.decode(b"", final=True))
        yield from self._fed("\n\n")

    def _fed(self, text: str) -> list[tuple[str | None, str]]:
        if self._after_return and text:
            text = text.removeprefix("\n")
            self._after_return = False
        if text.endswith("\r"):
            self._after_return = True
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        events = []
        for rest in lines[:-1]:
            self._line.append(rest)
            event = self._ended("".join(self._line))
            self._line.clear()
            if event is not None:
                events.append(event)
        if lines[-1]:
            self._line.append(lines[-1])
        self._held += len(text)
        if events or not (self._line or self._data):
            self._held = sum(map(len, self._line))
        if self._held > self._most:
            raise EventTooLong
        return events

    def _ended(self, line: str) -> tuple[str | None, str] | None:
        if not line:
            event = (self._kind, "\n".join(self._data)) if self._data else None
            self._kind, self._data = None, []
            return event
        name, _, value = line.partition(":")
        if name == "data":
            self._data.append(value.removeprefix(" "))
        elif name == "event":
            self._kind = value.removeprefix(" ")
        return None
