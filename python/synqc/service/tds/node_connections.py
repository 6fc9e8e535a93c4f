"""HTTP/1.1 connections to other nodes of a cluster: what one answers is passed on as it comes, byte for byte."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from typing import Final
from urllib.parse import urlsplit

from synqc.errors import SynqcError

__all__ = ["NodeAnswer", "NodeConnections", "NodeSilent", "NodeUnreachable"]

_LARGEST_HEAD: Final = 64 << 10
_PIECE: Final = 64 << 10
_LONGEST_IDLE_S: Final = 2.0
"""Servers close what is idle after five seconds: an older connection might be closing as we write."""
_MOST_IDLE: Final = 32


class NodeUnreachable(SynqcError):
    """Nobody listens at a node's address: it was asked for nothing."""

    code = "node_unreachable"


class NodeSilent(SynqcError):
    """A node was asked and did not answer: whether it has done what was asked is not known."""

    code = "node_silent"


class NodeAnswer:
    """One answer; its body is read once.

    Args:
        line: Connection that it comes by.
        status: Status code.
        headers: As they came.
        is_bodiless: Whether none follows, whatever the headers say.
    """

    def __init__(self, line: _Line, status: int, headers: list[tuple[bytes, bytes]], *, is_bodiless: bool) -> None:
        self.status = status
        self.headers = headers
        self._line = line
        self._is_whole = is_bodiless
        self._named = {name: value for name, value in headers}

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body in pieces, as they come.

        Raises:
            NodeSilent: It ends before its end.
        """
        if self._is_whole:
            return
        reader = self._line.reader
        try:
            if b"chunked" in self._named.get(b"transfer-encoding", b"").lower():
                while length := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
                    async for piece in _exactly(reader, length):
                        yield piece
                    await reader.readexactly(2)
                while await reader.readuntil(b"\r\n") != b"\r\n":  # trailers
                    pass
            elif b"content-length" in self._named:
                async for piece in _exactly(reader, int(self._named[b"content-length"])):
                    yield piece
            else:
                while piece := await reader.read(_PIECE):
                    yield piece
                return  # the end of the connection is the end of the body
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, OSError) as error:
            raise NodeSilent(f"The answer of node {self._line.address} breaks off.") from error
        self._is_whole = True

    async def body(self) -> bytes:
        """The whole body."""
        return b"".join([piece async for piece in self.pieces()])

    def close(self) -> None:
        """Let go of the connection; it is kept if the body came whole."""
        if self._is_whole and b"close" not in self._named.get(b"connection", b"").lower():
            self._line.keep()
        else:
            self._line.abort()


class NodeConnections:
    """Connections by address and event loop; those that are idle are used again."""

    def __init__(self) -> None:
        self._idle: dict[tuple[asyncio.AbstractEventLoop, str], list[_Line]] = {}

    async def ask(
        self, address: str, method: str, target: str, headers: Iterable[tuple[bytes, bytes]], body: bytes, *,
        connect_s: float,
    ) -> NodeAnswer:  # fmt: skip
        """Send a request and read the head of the answer; whoever asks limits how long that may take.

        Args:
            address: URL of the node.
            method: Of the request.
            target: Path and query below the address.
            headers: Without those of the connection, and without `Content-Length`.
            body: Of the request.
            connect_s: Time limit of connecting, s.

        Raises:
            NodeUnreachable: It was not asked.
            NodeSilent: It was asked, and the connection ended.
        """
        url = urlsplit(address)
        head = [f"{method} {url.path.rstrip('/')}{target} HTTP/1.1".encode("latin-1")]
        head += [name + b": " + value for name, value in headers]
        head += [b"content-length: %d" % len(body), b"", b""]
        sent = b"\r\n".join(head) + body
        line = self._kept(address)
        if line is not None and method in ("GET", "HEAD"):
            try:
                return await line.answer_to(sent, method)
            except NodeSilent:  # it closed while it was idle
                line = None
        if line is None:
            line = await self._new(address, connect_s)
        return await line.answer_to(sent, method)

    def _kept(self, address: str) -> _Line | None:
        loop = asyncio.get_running_loop()
        lines = self._idle.get((loop, address), [])
        while lines:
            line = lines.pop()
            is_open = not line.reader.at_eof() and not line.writer.is_closing()
            if is_open and loop.time() - line.idle_since < _LONGEST_IDLE_S:
                return line
            line.abort()
        return None

    async def _new(self, address: str, connect_s: float) -> _Line:
        url = urlsplit(address)
        tls = ssl.create_default_context() if url.scheme == "https" else None
        try:
            async with asyncio.timeout(connect_s):
                reader, writer = await asyncio.open_connection(
                    url.hostname, url.port or (443 if tls else 80), ssl=tls, limit=_LARGEST_HEAD
                )
        except (TimeoutError, OSError) as error:
            raise NodeUnreachable(f"Node {address} does not answer: {str(error) or 'it takes too long'}.") from error
        return _Line(self, address, reader, writer)

    def keep(self, line: _Line) -> None:
        """Use a connection again, unless there are enough."""
        loop = asyncio.get_running_loop()
        lines = self._idle.setdefault((loop, line.address), [])
        if len(lines) < _MOST_IDLE:
            line.idle_since = loop.time()
            lines.append(line)
        else:
            line.abort()


class _Line:
    def __init__(
        self, connections: NodeConnections, address: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.address = address
        self.reader, self.writer = reader, writer
        self.idle_since = 0.0
        self._connections = connections

    async def answer_to(self, sent: bytes, method: str) -> NodeAnswer:
        try:
            self.writer.write(sent)
            await self.writer.drain()
            while True:
                first, *lines = (await self.reader.readuntil(b"\r\n\r\n"))[:-4].split(b"\r\n")
                status = int(first.split(b" ")[1])
                if status >= 200:  # else it goes on after a word of its own
                    break
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, IndexError, OSError) as error:
            self.abort()
            raise NodeSilent(f"Node {self.address} ended the connection without an answer.") from error
        except BaseException:
            self.abort()
            raise
        pairs = (one.partition(b":") for one in lines)
        headers = [(name.strip().lower(), value.strip()) for name, _, value in pairs]
        return NodeAnswer(self, status, headers, is_bodiless=method == "HEAD" or status in (204, 304))

    def keep(self) -> None:
        self._connections.keep(self)

    def abort(self) -> None:
        self.writer.transport.abort()


async def _exactly(reader: asyncio.StreamReader, length: int) -> AsyncIterator[bytes]:
    while length > 0:
        piece = await reader.read(min(length, _PIECE))
        if not piece:
            raise asyncio.IncompleteReadError(b"", length)
        length -= len(piece)
        yield piece
