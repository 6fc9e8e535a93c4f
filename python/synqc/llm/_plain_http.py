"""HTTP/1.1 to one server over connections of our own, behind the few words that `_openai_sdk` asks of the SDK.

A short call through the SDK costs half a millisecond of processor time more than the bytes it sends; where a process
does nothing but pass calls on, that is most of what it does.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import urlsplit

import openai

from synqc import json
from synqc.llm import _openai_sdk
from synqc.llm.endpoint import Endpoint

__all__ = ["PlainServer"]

_LARGEST_HEAD: Final = 64 << 10
_PIECE: Final = 64 << 10
_MOST_DIGITS: Final = 18
"""Of a body's length."""
_LONGEST_IDLE_S: Final = 4.0
"""Servers close what is idle after five seconds or more: a connection that is older might be closing as we write."""


class PlainServer:
    """What `_openai_sdk.post` and its like ask of the SDK: `post`, `get` and `close`.

    Args:
        endpoint: Which server.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        address = urlsplit(endpoint.base_url)
        self._host, self._prefix = address.hostname or "", address.path.rstrip("/")
        self._tls = ssl.create_default_context() if address.scheme == "https" else None
        self._port = address.port or (443 if self._tls else 80)
        self._query = f"?{endpoint.query}" if endpoint.query else ""
        self._head = (
            f"host: {address.netloc}\r\nauthorization: Bearer {endpoint.api_key.strip()}\r\naccept: */*\r\n"
            "accept-encoding: identity\r\nuser-agent: synqc\r\ncontent-type: application/json\r\n"
        )
        self._idle: list[_Line] = []

    async def post(self, path: str, *, body: Any, **_: Any) -> Any:
        """Send a body; the response stands in `response`, and its own body has not come yet."""
        return await self._asked("POST", path, json.dumps(body))

    async def get(self, path: str, **_: Any) -> Any:
        """Ask for what stands at a path."""
        return await self._asked("GET", path, b"")

    async def close(self) -> None:
        """Let go of connections."""
        idle, self._idle = self._idle, []
        for line in idle:
            line.abort()

    async def _asked(self, method: str, path: str, body: bytes) -> Any:
        line = self._kept_line() or await self._new_line()
        try:
            first = f"{method} {self._prefix}{path}{self._query} HTTP/1.1\r\n"
            head = f"{first}{self._head}content-length: {len(body)}\r\n\r\n"
            counted = _openai_sdk.requests.get()
            if counted is not None:
                counted.sent += 1
            line.writer.write(head.encode("latin-1") + body)
            await line.writer.drain()
            response = await self._response(line, streaming=counted is not None and counted.streaming)
            if response.status_code >= 300:
                await response.aread()
                raise openai.APIStatusError(f"status {response.status_code}", response=response, body=None)  # type: ignore[arg-type]
        except BaseException:
            line.abort()
            raise
        return SimpleNamespace(response=response)

    def _kept_line(self) -> _Line | None:
        now = asyncio.get_running_loop().time()
        while self._idle:
            line = self._idle.pop()
            if not line.reader.at_eof() and not line.writer.is_closing() and now - line.idle_since < _LONGEST_IDLE_S:
                return line
            line.abort()
        return None

    async def _new_line(self) -> _Line:
        seconds = self._endpoint.connect_timeout_s
        try:
            async with asyncio.timeout(seconds) as limit:
                reader, writer = await asyncio.open_connection(
                    self._host, self._port, ssl=self._tls, limit=_LARGEST_HEAD
                )
        except TimeoutError:
            if not limit.expired():  # the system's own
                raise ConnectionError("the connection timed out") from None
            raise _openai_sdk.ConnectTimeout(f"no connection within {seconds:g} s") from None
        return _Line(reader, writer)

    async def _response(self, line: _Line, *, streaming: bool) -> _Response:
        while True:
            status, reason, headers = await self._head_of(line)
            if status >= 200:  # else it goes on after a word of its own
                return _Response(self, line, status, reason, headers, self._endpoint.most_bytes, streaming=streaming)

    async def _head_of(self, line: _Line) -> tuple[int, str, dict[str, str]]:
        try:
            raw = await line.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            if error.partial:
                raise _openai_sdk.no_http("the head of the answer breaks off") from None
            raise ConnectionResetError("Server disconnected without sending a response.") from None
        except asyncio.LimitOverrunError:
            raise _openai_sdk.no_http(f"the head of the answer has more than {_LARGEST_HEAD} bytes") from None
        first, *lines = raw.decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        status, _, reason = rest.partition(" ")
        if not version.startswith("HTTP/1.") or len(status) != 3 or not status.isdecimal():
            raise _openai_sdk.no_http(f"its first line is {first[:60]!r}")
        headers: dict[str, str] = {}
        for one in lines:
            name, colon, value = one.partition(":")
            if colon:
                headers[name.strip().lower()] = value.strip()
        if version == "HTTP/1.0":
            headers.setdefault("connection", "close")
        return int(status), reason, headers

    def _keep(self, line: _Line) -> None:
        if len(self._idle) < self._endpoint.most_at_once:
            line.idle_since = asyncio.get_running_loop().time()
            self._idle.append(line)
        else:
            line.abort()


class _Line:
    """A connection."""

    __slots__ = ("idle_since", "reader", "writer")

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.idle_since = 0.0

    def abort(self) -> None:
        self.writer.transport.abort()


class _Response:
    """One response; its body is read once."""

    request: Any = None  # which the SDK's error wants to name

    def __init__(
        self, server: PlainServer, line: _Line, status: int, reason: str, headers: dict[str, str], most_bytes: int, *,
        streaming: bool,
    ) -> None:  # fmt: skip
        self.status_code, self.reason_phrase, self.headers = status, reason, headers
        self.content = b""
        self._server, self._line = server, line
        self._is_whole = self._is_closed = False
        packing = headers.get("content-encoding", "")
        self._is_packed, self._most_bytes = packing.lower() not in ("", "identity"), most_bytes
        is_error = status >= 300
        self._body = _openai_sdk.unpacked(self, packing, most_bytes, is_error=is_error, streaming=streaming)

    async def whole(self) -> bytes | None:
        """A short body at once, whose length is told and that is not packed; None: it is to be read in pieces."""
        length = self.headers.get("content-length", "")
        if (
            self._is_packed
            or "transfer-encoding" in self.headers
            or not length.isdecimal()
            or len(length) > _MOST_DIGITS
        ):
            return None
        if not int(length) <= min(_PIECE, self._most_bytes):
            return None
        try:
            body = await self._line.reader.readexactly(int(length))
        except asyncio.IncompleteReadError:
            raise _openai_sdk.Broken("the connection closed before the whole body had come") from None
        self._is_whole = True
        return body

    def aiter_raw(self) -> AsyncIterator[bytes]:
        """Pieces of the body, unpacked."""
        return aiter(self._body)

    async def aread(self) -> bytes:
        """The whole body."""
        self.content = b"".join([piece async for piece in self.aiter_raw()])
        await self.aclose()
        return self.content

    async def aclose(self) -> None:
        """Let go of the connection; it is kept if the body came whole."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._is_whole and "close" not in self.headers.get("connection", "").lower():
            self._server._keep(self._line)
        else:
            self._line.abort()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Pieces as they come over the line."""
        reader, headers = self._line.reader, self.headers
        if "chunked" in headers.get("transfer-encoding", "").lower():
            async for piece in self._chunks(reader):
                yield piece
        elif "content-length" in headers:
            length = headers["content-length"]
            if not length.isdecimal() or len(length) > _MOST_DIGITS:
                raise _openai_sdk.no_http(f"its length is {length[:60]!r}")
            async for piece in self._pieces(reader, int(length)):
                yield piece
        elif self.status_code not in (204, 304):
            while piece := await reader.read(_PIECE):
                yield piece
            return  # the end of the connection is the end of the body
        self._is_whole = True

    async def _chunks(self, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
        while True:
            size = (await self._text_line(reader)).partition(";")[0].strip()
            try:
                length = int(size, 16)
            except ValueError:
                raise _openai_sdk.no_http(f"a chunk's length is {size[:60]!r}") from None
            if length == 0:
                break
            async for piece in self._pieces(reader, length):
                yield piece
            await self._text_line(reader)
        while await self._text_line(reader):  # trailers
            pass

    async def _pieces(self, reader: asyncio.StreamReader, length: int) -> AsyncIterator[bytes]:
        while length > 0:
            piece = await reader.read(min(length, _PIECE))
            if not piece:
                raise _openai_sdk.Broken("the connection closed before the whole body had come")
            length -= len(piece)
            yield piece

    async def _text_line(self, reader: asyncio.StreamReader) -> str:
        try:
            return (await reader.readuntil(b"\r\n"))[:-2].decode("latin-1")
        except asyncio.IncompleteReadError:
            raise _openai_sdk.Broken("the connection closed before the whole body had come") from None
        except asyncio.LimitOverrunError:
            raise _openai_sdk.no_http("a chunk's head has no end") from None
