"""HTTP/1.1 requests of a load: connections that stay open, and the moment at which every piece of an answer came."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from synqc import json
from synqc.errors import InputError
from synqc.measure.load import RequestFailed
from synqc.measure.stream_times import AnswerClock, Part, part_of_openai

__all__ = ["HttpTarget"]

_LARGEST_HEAD: Final = 64 << 10
_END_OF_HEAD: Final = b"\r\n\r\n"


class HttpTarget:
    """Sends the same request again and again; a target of `open_loop` and `closed_loop`.

    Answers of type text/event-stream are read as events: those of OpenAI's protocol tell roles, thoughts and content
    apart, and their usage the number of tokens; of other events each one that has data is content. Of any other
    answer the first piece of the body is its content. A status that is not 2xx is a failure, and redirects are not
    followed.

    Args:
        url: http:// or https://.
        method: Such as GET or POST.
        body: What is sent with it.
        headers: Beside host and content-length.

    Raises:
        InputError: The address or a header cannot be used.
    """

    def __init__(
        self, url: str, *, method: str = "GET", body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        address = urlsplit(url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise InputError(f"Argument `url` must be http://HOST/... or https://HOST/..., but is {url!r}.")
        if not method.isalpha():
            raise InputError(f"Argument `method` must be letters, such as GET, but is {method!r}.")
        self.name = f"{method.upper()} {url}"
        self._host = address.hostname
        self._tls = ssl.create_default_context() if address.scheme == "https" else None
        self._port = address.port or (443 if self._tls else 80)
        path = (address.path or "/") + (f"?{address.query}" if address.query else "")
        given = {"host": address.netloc.rpartition("@")[2], "accept": "*/*", "user-agent": "synqc", **(headers or {})}
        if body or method.upper() not in ("GET", "HEAD", "DELETE", "OPTIONS"):
            given["content-length"] = str(len(body))
        for name, value in given.items():
            if not name or any(letter in f"{name}{value}" for letter in "\r\n\0"):
                raise InputError(f"Header {name!r} must be one line, but is {value!r}.")
        head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        self._request = f"{method.upper()} {path} HTTP/1.1\r\n{head}\r\n".encode() + body
        self._has_body = method.upper() != "HEAD"
        self._idle: list[_Connection] = []

    async def __call__(self, clock: AnswerClock) -> None:
        """Send it once, over an idle connection or a new one.

        Raises:
            RequestFailed: The status is not 2xx, or the answer is none.
            OSError: There is no connection, or it ends.
        """
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                break
        else:
            connection = await self._connect()
        try:
            await connection.ask(self._request, clock, has_body=self._has_body)
        except BaseException:
            connection.abort()
            raise
        if connection.is_open:
            self._idle.append(connection)

    async def _connect(self) -> _Connection:
        _, connection = await asyncio.get_running_loop().create_connection(
            _Connection, self._host, self._port, ssl=self._tls
        )
        return connection

    async def aclose(self) -> None:
        """Close idle connections."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.abort()


class _Connection(asyncio.Protocol):
    """One connection: one request at a time."""

    def __init__(self) -> None:
        self._transport: Any = None
        self._buffer = b""
        self._done: asyncio.Future[None] | None = None
        self._answer: _Answer | None = None
        self.is_open = False

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self.is_open = True

    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        if self._done is None or self._done.done():
            return
        if self._answer is not None and error is None and self._answer.ends_with_connection():
            self._done.set_result(None)
        else:
            self._done.set_exception(error or ConnectionResetError("the connection closed before the answer's end"))

    def abort(self) -> None:
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    async def ask(self, request: bytes, clock: AnswerClock, *, has_body: bool) -> None:
        self._done = asyncio.get_running_loop().create_future()
        self._answer = _Answer(clock, has_body=has_body)
        self._buffer = b""
        self._transport.write(request)
        await self._done
        if not self._answer.keeps_connection:
            self.abort()
        if not 200 <= self._answer.status < 300:
            raise RequestFailed(f"status {self._answer.status}")

    def data_received(self, data: bytes) -> None:
        if self._done is None or self._done.done() or self._answer is None:
            self.abort()  # bytes that nobody asked for
            return
        try:
            self._buffer, is_whole = self._answer.read(self._buffer + data)
        except ValueError as error:
            self._done.set_exception(RequestFailed(f"no HTTP: {error}"))
            return
        if is_whole:
            self._done.set_result(None)


class _Answer:
    """One answer as its bytes come."""

    def __init__(self, clock: AnswerClock, *, has_body: bool) -> None:
        self.status = 0
        self.keeps_connection = True
        self._clock = clock
        self._has_body = has_body
        self._step: Callable[[bytes], tuple[bytes, bool]] = self._read_head
        self._left: int | None = 0
        self._events: _Events | None = None

    def read(self, data: bytes) -> tuple[bytes, bool]:
        """Take what has come; returns what is left of it, and whether the answer is whole."""
        while True:
            step = self._step
            data, is_whole = step(data)
            if is_whole or self._step == step:
                return data, is_whole

    def ends_with_connection(self) -> bool:
        """Whether the end of the connection is that of the answer."""
        return self.status != 0 and self._left is None

    def _read_head(self, data: bytes) -> tuple[bytes, bool]:
        end = data.find(_END_OF_HEAD)
        if end < 0:
            if len(data) > _LARGEST_HEAD:
                raise ValueError(f"the head has more than {_LARGEST_HEAD} bytes")
            return data, False
        first, *lines = data[:end].decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdecimal():
            raise ValueError(f"its first line is {first[:60]!r}")
        status = int(rest[:3])
        data = data[end + len(_END_OF_HEAD) :]
        if status < 200:
            return self._read_head(data)
        headers = {
            name.strip().lower(): value.strip() for name, colon, value in (one.partition(":") for one in lines) if colon
        }
        self.status = status
        self.keeps_connection = version == "HTTP/1.1" and "close" not in headers.get("connection", "").lower()
        if headers.get("content-type", "").lower().startswith("text/event-stream"):
            self._events = _Events(self._clock)
        if not self._has_body or status in (204, 304):
            return data, True
        if "chunked" in headers.get("transfer-encoding", "").lower():
            self._step = self._read_chunk_head
        elif "content-length" in headers:
            if not headers["content-length"].isdecimal():
                raise ValueError(f"its length is {headers['content-length'][:60]!r}")
            self._left = int(headers["content-length"])
            self._step = self._read_counted
            return data, self._left == 0
        else:
            self._left, self.keeps_connection = None, False
            self._step = self._read_to_end
        return data, False

    def _read_counted(self, data: bytes) -> tuple[bytes, bool]:
        assert self._left is not None
        taken, rest = data[: self._left], data[self._left :]
        self._left -= len(taken)
        self._take(taken)
        return rest, self._left == 0

    def _read_to_end(self, data: bytes) -> tuple[bytes, bool]:
        self._take(data)
        return b"", False

    def _read_chunk_head(self, data: bytes) -> tuple[bytes, bool]:
        line, found, rest = data.partition(b"\r\n")
        if not found:
            if len(data) > _LARGEST_HEAD:
                raise ValueError("a chunk's head has no end")
            return data, False
        self._left = int(line.partition(b";")[0], 16)
        self._step = self._read_chunk if self._left else self._read_trailer
        return rest, False

    def _read_chunk(self, data: bytes) -> tuple[bytes, bool]:
        assert self._left is not None
        taken = data[: self._left]
        self._left -= len(taken)
        self._take(taken)
        data = data[len(taken) :]
        if self._left or len(data) < 2:
            return data, False
        self._step = self._read_chunk_head
        return data[2:], False

    def _read_trailer(self, data: bytes) -> tuple[bytes, bool]:
        while True:
            line, found, rest = data.partition(b"\r\n")
            if not found:
                return data, False
            if not line:
                return rest, True
            data = rest

    def _take(self, piece: bytes) -> None:
        if not piece:
            return
        if self._events is not None:
            self._events.take(piece)
        else:
            self._clock.chunk(Part.CONTENT)


class _Events:
    """Server-sent events, of OpenAI's protocol or any."""

    def __init__(self, clock: AnswerClock) -> None:
        self._clock = clock
        self._buffer = b""

    def take(self, piece: bytes) -> None:
        *lines, self._buffer = (self._buffer + piece.replace(b"\r", b"")).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                self._event(line[5:].strip())
            elif line.startswith(b":"):
                self._clock.chunk(Part.NOTHING)

    def _event(self, data: bytes) -> None:
        if not data or data == b"[DONE]":
            return
        try:
            event = json.loads(data)
        except ValueError:
            event = None
        if not isinstance(event, dict) or "choices" not in event:
            self._clock.chunk(Part.CONTENT)
            return
        self._clock.chunk(part_of_openai(event))
        usage = event.get("usage")
        if isinstance(usage, dict) and isinstance(usage.get("completion_tokens"), int):
            self._clock.tokens = usage["completion_tokens"]
