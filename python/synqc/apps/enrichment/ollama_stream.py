"""A streamed answer of an Ollama server, line by line."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from time import perf_counter
from types import TracebackType
from typing import Any, Final, Literal, Self

from synqc.llm.errors import ErrorInAnswer, ProtocolError

__all__ = ["OllamaStream"]

Door = Literal["generate", "chat"]
_MOST_BYTES: Final = 16 << 20


class OllamaStream:
    """The lines of one answer: `iter_lines()` gives them as bytes, iterating gives them as dicts.

    It is read once. Leave it by `close` or `with`; an answer that was read to its end is kept, any other is not.

    Args:
        lines: Lines of the server's or of a kept answer; ends with LanguageModelError where the connection breaks.
        close: Lets go of the connection.
        ended: Is told the whole answer as one body, when its last line has come.
        door: Which the answer came from.
        cached: Whether it is an answer that was kept.
    """

    status_code = 200

    def __init__(
        self, lines: Iterator[str], close: Callable[[], None], ended: Callable[[dict[str, Any]], None], door: Door,
        *, cached: bool = False,
    ) -> None:  # fmt: skip
        self.cached = cached
        self.first_chunk_s: float | None = None
        """From asking to the first line; None until then."""
        self._lines, self._close, self._ended, self._door = lines, close, ended, door
        self._started = perf_counter()
        self._parts: list[str] = []
        self._size = 0
        self._is_done = False

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for _, document in self._read():
            yield document

    def iter_lines(self) -> Iterator[bytes]:
        """Each line as the server sent it, without its end."""
        for line, _ in self._read():
            yield line.encode()

    def close(self) -> None:
        """End the call."""
        self._close()

    def raise_for_status(self) -> None:
        """Does nothing: an error status was raised before there was a stream."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # one that was never read still holds a connection
            self._close()

    def _read(self) -> Iterator[tuple[str, dict[str, Any]]]:
        try:
            for line in self._lines:
                if not line.strip():
                    continue
                if self.first_chunk_s is None:
                    self.first_chunk_s = perf_counter() - self._started
                document = _document(line)
                self._note(document, len(line))
                yield line, document
                if self._is_done:
                    return
            if not self._is_done:
                raise ProtocolError("The server ended the stream before the answer was done.", answer=self._text)
        finally:
            self._close()

    @property
    def _text(self) -> str:
        return "".join(self._parts)

    def _note(self, document: dict[str, Any], size: int) -> None:
        self._size += size
        if self._size > _MOST_BYTES:
            raise ProtocolError(f"The server's stream is longer than {_MOST_BYTES} bytes.", answer=self._text)
        message = document.get("message")
        if self._door == "generate":
            part = document.get("response")
        else:
            part = message.get("content") if isinstance(message, dict) else None
        if isinstance(part, str):
            self._parts.append(part)
        if document.get("done") is True:
            self._is_done = True
            if self._door == "generate":
                whole = {**document, "response": self._text}
            else:
                last = message if isinstance(message, dict) else {}
                whole = {**document, "message": {"role": "assistant", **last, "content": self._text}}
            self._ended(whole)


def _document(line: str) -> dict[str, Any]:
    try:
        document = json.loads(line)
        if not isinstance(document, dict):
            raise ValueError("it is no object")
    except ValueError as error:
        raise ProtocolError(f"A line of the server's stream is not the protocol: {error}.") from None
    if "error" in document:
        words = str(document["error"])[:400]
        raise ErrorInAnswer(f"The server ended the stream by an error: {words}", words=words, status=200)
    return document
