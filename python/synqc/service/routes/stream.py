"""What happens in a session, as it happens: server-sent events and WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, WebSocket, WebSocketDisconnect
from starlette.requests import HTTPConnection

from synqc.apps.tds.events import Event
from synqc.apps.tds.laboratory import Laboratory
from synqc.apps.tds.session import Session
from synqc.apps.tds.store import UnknownSession
from synqc.service.context import Lab, laboratory_of
from synqc.service.event_stream import EventStream
from synqc.service.pacemaker import Pacemaker
from synqc.service.routes.parameters import SessionId, given_number
from synqc.service.shutdown import Shutdown

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
    laboratory: Lab,
    interval_ms: _Interval = _SHORTEST_INTERVAL_MS,
    last_event_id: Annotated[str | None, Query()] = None,
    last_event_id_header: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
) -> EventStream:
    """State, KPIs, progress, telemetry and log lines as server-sent events; resumable by `Last-Event-ID`."""
    session = laboratory.store.get(session_id)
    resume = given_number(last_event_id_header or last_event_id)

    async def text() -> AsyncIterator[bytes]:
        async for event in _events(request, laboratory, session, resume, interval_ms / 1e3):
            if event is None:
                yield b": alive\n\n"
            else:
                yield b"id: %d\nevent: %s\ndata: %s\n\n" % (event.number, event.kind.encode(), event.data)

    return EventStream(text())


@router.websocket("/sessions/{session_id}/ws")
async def watch_session(socket: WebSocket, session_id: SessionId) -> None:
    """The same events as JSON texts."""
    laboratory = laboratory_of(socket)
    try:
        session = laboratory.store.get(session_id)
    except UnknownSession as error:
        await socket.close(4404, str(error)[:120])
        return
    await socket.accept()
    asked_ms = given_number(socket.query_params.get("interval_ms")) or _SHORTEST_INTERVAL_MS
    interval_s = min(max(asked_ms, _SHORTEST_INTERVAL_MS), _LONGEST_INTERVAL_MS) / 1e3
    resume = given_number(socket.query_params.get("last_event_id"))
    sending = asyncio.ensure_future(_send_all(socket, laboratory, session, resume, interval_s))
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
    socket: WebSocket, laboratory: Laboratory, session: Session, resume: int | None, interval_s: float
) -> None:
    async for event in _events(socket, laboratory, session, resume, interval_s):
        if event is not None:
            text = b'{"id":%d,"event":"%s","data":%s}' % (event.number, event.kind.encode(), event.data)
            await socket.send_text(text.decode())


async def _events(
    connection: HTTPConnection, laboratory: Laboratory, session: Session, resume: int | None, interval_s: float
) -> AsyncIterator[Event | None]:
    """Events from `resume` on, or from now on after the present state; None as a sign of life."""
    bell = _Bell()
    shutdown: Shutdown = connection.app.state.shutdown
    pacemaker: Pacemaker = connection.app.state.pacemaker
    following = session.events.watch(bell.ring)
    shutdown.watch(bell.ring)
    try:
        if resume is None:
            yield Event(following - 1, "state", session.summary_bytes())
        else:
            following = resume + 1
        with pacemaker.beating(session, interval_s):
            while True:
                ended = shutdown.begun or laboratory.store.sessions.get(session.session_id) is not session
                bell.silence()
                events, lost = session.events.since(following)
                if lost:
                    following = events[0].number if events else session.events.following
                    yield Event(following - 1, "reset", b"{}")
                for event in events:
                    yield event
                    following = event.number + 1
                if ended:
                    return
                if not await bell.rung_within(_SIGN_OF_LIFE_S):
                    yield None
    finally:
        shutdown.leave(bell.ring)
        session.events.leave(bell.ring)


class _Bell:
    """Wakes a coroutine from whatever thread."""

    def __init__(self) -> None:
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        self._rung = asyncio.Event()

    def ring(self) -> None:
        if threading.get_ident() == self._thread:
            self._rung.set()
            return
        with contextlib.suppress(RuntimeError):  # the loop may have ended with the server
            self._loop.call_soon_threadsafe(self._rung.set)

    def silence(self) -> None:
        self._rung.clear()

    async def rung_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._rung.wait()
        except TimeoutError:
            return False
