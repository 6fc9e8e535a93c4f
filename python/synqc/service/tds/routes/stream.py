"""What happens in a session, as it happens: server-sent events and WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, WebSocket, WebSocketDisconnect
from starlette.requests import HTTPConnection

from synqc.apps.tds.application import TdsApplication
from synqc.apps.tds.events import Event
from synqc.apps.tds.session import Session
from synqc.apps.tds.store import UnknownSession
from synqc.service.responses import EventStream
from synqc.service.shutdown import Shutdown
from synqc.service.tds.context import Tds, tds_of
from synqc.service.tds.routes.parameters import SessionId, given_number
from synqc.service.tds.telemetry_ticker import TelemetryTicker
from synqc.service.thread_safe_event import ThreadSafeEvent

__all__ = ["router"]

router = APIRouter(tags=["sessions"])

_SIGN_OF_LIFE_S = 15.0
_SHORTEST_INTERVAL_MS, _LONGEST_INTERVAL_MS = 100, 10_000
_Interval = Annotated[
    int, Query(ge=_SHORTEST_INTERVAL_MS, le=_LONGEST_INTERVAL_MS, description="Time between telemetry rows, ms.")
]


_EVENTS = (
    'id: 7\nevent: progress\ndata: {"done":836,"total":4180}\n\n'
    'id: 8\nevent: log\ndata: {"line":"[2026-01-02T03:04:05Z] Run started."}\n\n'
)


@router.get(
    "/sessions/{session_id}/stream", operation_id="stream_session", response_class=EventStream,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EVENTS}}}},
)  # fmt: skip
async def stream_session(
    request: Request,
    session_id: SessionId,
    tds: Tds,
    interval_ms: _Interval = _SHORTEST_INTERVAL_MS,
    last_event_id: Annotated[str | None, Query()] = None,
    last_event_id_header: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
) -> EventStream:
    """State, KPIs, progress, telemetry and log lines as server-sent events; resumable by `Last-Event-ID`."""
    session = tds.store.get(session_id)
    resume = given_number(last_event_id_header or last_event_id)

    async def text() -> AsyncIterator[bytes]:
        async for event in _events(request, tds, session, resume, interval_ms / 1e3):
            if event is None:
                yield b": alive\n\n"
            else:
                yield b"id: %d\nevent: %s\ndata: %s\n\n" % (event.number, event.kind.encode(), event.data)

    return EventStream(text())


@router.websocket("/sessions/{session_id}/ws")
async def watch_session(socket: WebSocket, session_id: SessionId) -> None:
    """The same events as JSON texts."""
    tds = tds_of(socket)
    try:
        session = tds.store.get(session_id)
    except UnknownSession as error:
        await socket.close(4404, str(error)[:120])
        return
    await socket.accept()
    asked_ms = given_number(socket.query_params.get("interval_ms")) or _SHORTEST_INTERVAL_MS
    interval_s = min(max(asked_ms, _SHORTEST_INTERVAL_MS), _LONGEST_INTERVAL_MS) / 1e3
    resume = given_number(socket.query_params.get("last_event_id"))
    sending = asyncio.ensure_future(_send_all(socket, tds, session, resume, interval_s))
    leaving = asyncio.ensure_future(_left(socket))
    try:
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        ended_here = not leaving.done()
    finally:  # also where the server cancels this
        for task in (sending, leaving):
            task.cancel()
    for task in (sending, leaving):
        with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
            await task
    if ended_here:
        await socket.close()


async def _left(socket: WebSocket) -> None:
    """Returns when the client has gone; whatever else it says is not heard."""
    with contextlib.suppress(WebSocketDisconnect):
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass


async def _send_all(
    socket: WebSocket, tds: TdsApplication, session: Session, resume: int | None, interval_s: float
) -> None:
    async for event in _events(socket, tds, session, resume, interval_s):
        if event is not None:
            text = b'{"id":%d,"event":"%s","data":%s}' % (event.number, event.kind.encode(), event.data)
            await socket.send_text(text.decode())


async def _events(
    connection: HTTPConnection, tds: TdsApplication, session: Session, resume: int | None, interval_s: float
) -> AsyncIterator[Event | None]:
    """Events from `resume` on, or from now on after the present state; None as a sign of life."""
    changed = ThreadSafeEvent()
    shutdown: Shutdown = connection.app.state.shutdown
    ticker: TelemetryTicker = connection.app.state.ticker
    following = session.events.subscribe(changed.set)
    shutdown.subscribe(changed.set)
    try:
        if resume is None:
            yield Event(following - 1, "state", session.summary_bytes())
        else:
            following = resume + 1
        with ticker.subscription(session, interval_s):
            while True:
                ended = shutdown.begun or tds.store.sessions.get(session.session_id) is not session
                changed.clear()
                events, lost = session.events.since(following)
                if lost:
                    following = events[0].number if events else session.events.following
                    yield Event(following - 1, "reset", b"{}")
                    if session.epoch:  # the number may be of a node that had the session before
                        yield Event(following - 1, "state", session.summary_bytes())
                for event in events:
                    yield event
                    following = event.number + 1
                if ended:
                    return
                if not await changed.wait(_SIGN_OF_LIFE_S):
                    yield None
    finally:
        shutdown.unsubscribe(changed.set)
        session.events.unsubscribe(changed.set)
