"""A WebSocket whose session is another node's: that node's stream of server-sent events, sent on as JSON texts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.types import Receive, Scope, Send

from synqc.apps.tds.storage.session_owners import SessionOwner
from synqc.service.tds.node_connections import NodeAnswer, NodeSilent
from synqc.service.tds.other_nodes import OtherNodes

__all__ = ["relay_socket"]

_MISDIRECTED, _NOT_FOUND = 421, 404
_CLOSE_NOT_FOUND, _CLOSE_TRY_AGAIN_LATER = 4404, 1013


async def relay_socket(
    others: OtherNodes, owner: SessionOwner, target: str, scope: Scope, receive: Receive, send: Send
) -> bool:
    """Send the events of a session to a WebSocket until either end leaves.

    Args:
        others: The other nodes.
        owner: The node that owns the session.
        target: Path of the socket, quoted.
        scope, receive, send: Of the socket.

    Returns:
        False if the node says that the session is not its own; nothing was sent then.

    Raises:
        NodeUnreachable: The node was not asked.
        NodeSilent: It was asked and did not answer.
    """
    asked = QueryParams(scope["query_string"])
    query = urlencode({name: asked[name] for name in ("interval_ms", "last_event_id") if asked.get(name)})
    stream = target.removesuffix("/ws") + "/stream"
    answer = await others.ask(owner, "GET", f"{stream}?{query}" if query else stream, _plain(scope["headers"]), b"")
    try:
        if answer.status == _MISDIRECTED:
            return False
        if answer.status != 200:
            code = _CLOSE_NOT_FOUND if answer.status == _NOT_FOUND else _CLOSE_TRY_AGAIN_LATER
            await send({"type": "websocket.close", "code": code})
            return True
        await send({"type": "websocket.accept"})
        sending = asyncio.ensure_future(_send_all(others, owner, answer, send))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            ended_there = not leaving.done()
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
        if ended_there:
            await send({"type": "websocket.close", "code": 1000})
    finally:
        answer.close()
    return True


async def _send_all(others: OtherNodes, owner: SessionOwner, answer: NodeAnswer, send: Send) -> None:
    try:
        async for number, kind, data in _events(others.pieces(owner, answer)):
            text = b'{"id":%b,"event":"%b","data":%b}' % (number, kind, data)
            await send({"type": "websocket.send", "text": text.decode()})
    except NodeSilent:
        return  # the socket closes, and its client comes back


async def _events(pieces: AsyncIterator[bytes]) -> AsyncIterator[tuple[bytes, bytes, bytes]]:
    """Number, kind and data of each event of a stream as this service writes it; signs of life are left out.

    >>> async def pieces():
    ...     yield b": alive\\n\\nid: 7\\nevent: log\\nda"
    ...     yield b'ta: {}\\n\\n'
    >>> async def read():
    ...     return [event async for event in _events(pieces())]
    >>> asyncio.run(read())
    [(b'7', b'log', b'{}')]
    """
    rest = b""
    async for piece in pieces:
        *events, rest = (rest + piece).split(b"\n\n")
        for event in events:
            fields = dict(line.split(b": ", 1) for line in event.split(b"\n") if not line.startswith(b":"))
            if fields:
                yield fields[b"id"], fields[b"event"], fields[b"data"]


def _plain(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Without those that ask for a WebSocket."""
    return [pair for pair in headers if not pair[0].startswith(b"sec-websocket-")]


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass
