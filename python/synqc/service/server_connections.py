"""What uvicorn leaves open: heads of requests that never end, and pipelines whose client has left.

It has no time limit for a head, so that whoever opens connections and says nothing, or a byte now and then, uses up the
files that a server may have open. And of several requests that came at once it tells only the last one that the client
has gone; an answer to another is then written to a closed connection, which is logged as a defect with a trace.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

__all__ = ["watched_connections"]

_LONGEST_HEAD_S = 10.0
_PROTOCOLS = (
    ("uvicorn.protocols.http.httptools_impl", "HttpToolsProtocol"),
    ("uvicorn.protocols.http.h11_impl", "H11Protocol"),
)


@contextmanager
def watched_connections(within_s: float) -> Iterator[None]:
    """While the context lasts, uvicorn's connections in this process close if a head takes too long.

    Another server's are not touched.

    Args:
        within_s: How long the head of a request may take, at most 10 s.
    """
    with ExitStack() as stack:
        for module, name in _PROTOCOLS:
            protocol = getattr(sys.modules.get(module), name, None)
            if protocol is not None and not hasattr(protocol, "synqc_watched"):
                stack.enter_context(_watching(protocol, min(within_s, _LONGEST_HEAD_S)))
        yield


@contextmanager
def _watching(protocol: Any, within_s: float) -> Iterator[None]:
    ways = {
        "connection_made": _made, "data_received": _received, "connection_lost": _lost, "_start_asgi_task": _answering,
    }  # fmt: skip
    before = {name: protocol.__dict__[name] for name in ways if name in protocol.__dict__}
    protocol.synqc_watched = True
    for name, original in before.items():
        setattr(protocol, name, ways[name](original, within_s))
    try:
        yield
    finally:
        for name, original in before.items():
            setattr(protocol, name, original)
        del protocol.synqc_watched


_Method = Callable[..., None]


def _made(original: _Method, within_s: float) -> _Method:
    def connection_made(self: Any, transport: asyncio.Transport) -> None:
        original(self, transport)
        self.synqc_alarm = None
        self.synqc_began = False
        _wait_for_head(self, within_s)

    return connection_made


def _received(original: _Method, within_s: float) -> _Method:
    def data_received(self: Any, data: bytes) -> None:
        self.synqc_began = True
        original(self, data)
        if self not in self.connections or (self.cycle is not None and not self.cycle.response_complete):
            _stop_waiting(self)  # it is a WebSocket's now, or the application's
        else:
            _wait_for_head(self, within_s)

    return data_received


def _lost(original: _Method, within_s: float) -> _Method:
    def connection_lost(self: Any, error: Exception | None) -> None:
        _stop_waiting(self)
        answering = getattr(self, "synqc_answering", None)
        if answering is not None and not answering.response_complete:
            answering.disconnected = True
            answering.message_event.set()
        original(self, error)

    return connection_lost


def _answering(original: _Method, within_s: float) -> _Method:
    def start_asgi_task(self: Any, cycle: Any, app: Any) -> None:
        self.synqc_answering = cycle
        original(self, cycle, app)

    return start_asgi_task


def _wait_for_head(connection: Any, within_s: float) -> None:
    """From the first byte on, or from when the connection was made; more bytes do not prolong it."""
    if connection.synqc_alarm is None:
        connection.synqc_alarm = connection.loop.call_later(within_s, _give_up, connection, within_s)


def _stop_waiting(connection: Any) -> None:
    if connection.synqc_alarm is not None:
        connection.synqc_alarm.cancel()
        connection.synqc_alarm = None
    connection.synqc_began = False


def _give_up(connection: Any, within_s: float) -> None:
    connection.synqc_alarm = None
    if connection.transport.is_closing():
        return
    if connection.synqc_began:
        words = {"detail": f"The head of a request must arrive within {within_s:g} s."}
        body = json.dumps(words, separators=(",", ":")).encode()
        connection.transport.write(
            b"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
            b"connection: close\r\n\r\n%s" % (len(body), body)
        )
    connection.transport.close()
