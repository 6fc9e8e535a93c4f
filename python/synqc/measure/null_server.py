"""Null server: answers every request at once with next to nothing, in a process of its own: a generator's floor."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from synqc.measure.errors import MeasuredNothing

__all__ = ["AnsweringProtocol", "null_server", "serve"]

_ANSWER: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok"

_PROGRAM: Final = "from synqc.measure.null_server import serve; serve()"


class AnsweringProtocol(asyncio.Protocol):
    """Finds the end of each request of a connection, and writes what `answer` makes of its body, after a pause.

    Args:
        answer: Bytes of HTTP for the body of a request.
        pause_s: Seconds before they are written, or a function that says so for each request.
    """

    def __init__(self, answer: Callable[[bytes], bytes], pause_s: float | Callable[[], float] = 0.0) -> None:
        self._answer, self._pause_s = answer, pause_s
        self._buffer = b""
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (head := self._buffer.find(b"\r\n\r\n")) >= 0:
            at = self._buffer.lower().find(b"content-length:", 0, head)
            length = int(self._buffer[at + 15 : self._buffer.find(b"\r\n", at)]) if at >= 0 else 0
            if len(self._buffer) < head + 4 + length:
                return
            body, self._buffer = self._buffer[head + 4 : head + 4 + length], self._buffer[head + 4 + length :]
            answer = self._answer(body)
            pause_s = self._pause_s() if callable(self._pause_s) else self._pause_s
            if pause_s:
                asyncio.get_running_loop().call_later(pause_s, self._transport.write, answer)
            else:
                self._transport.write(answer)


@contextmanager
def null_server() -> Iterator[str]:
    """The address of a null server, which ends with the block, or with this process.

    Raises:
        MeasuredNothing: It does not start.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        port = process.stdout.readline().strip()
        if not port:
            raise MeasuredNothing(f"The null server ended with exit code {process.wait()} before it had a port.")
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.stdin.close()
        process.stdout.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def serve() -> None:
    """Serve on a free port, which is printed, until standard input ends."""
    asyncio.run(_serve())


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: AnsweringProtocol(lambda _: _ANSWER), "127.0.0.1", 0)
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print(server.sockets[0].getsockname()[1], flush=True)
    await reader.read()
    transport.close()
    server.close()
