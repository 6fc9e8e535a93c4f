"""Sessions and their logs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel

from synqc.apps.tds.models import SessionRequest, SessionSummary
from synqc.apps.tds.session import MOST_LINES
from synqc.service.context import wait_committed
from synqc.service.description import answered, asked, refused
from synqc.service.responses import JsonBytes
from synqc.service.tds.context import Tds, history_loaded
from synqc.service.tds.other_nodes import FORWARDED, OtherNodes
from synqc.service.tds.routes.examples import CONFIG, SUMMARY
from synqc.service.tds.routes.parameters import SessionId
from synqc.service.tds.sessions_of_all_nodes import sessions_of_all_nodes

__all__ = ["router"]

router = APIRouter(tags=["sessions"])


class LogLines(BaseModel):
    """The newest lines, oldest first."""

    session_id: str
    lines: list[str]


class ClearedLog(BaseModel):
    """Whose log was cleared."""

    status: Literal["ok"]
    session_id: str


class DeletedSession(BaseModel):
    """Which session was deleted."""

    status: Literal["deleted"]
    session_id: str


_CREATIONS = asked(
    whole=("A new session or a new configuration, as control pages send it", {"session_id": "x1", "config": CONFIG}),
    new=("A new session with a name of the service's choice, and the defaults", {"session_id": None, "config": {}}),
)
_LINES = [
    "[2026-01-02T03:04:01Z] Session created.", "[2026-01-02T03:04:05Z] Run started.",
    "[2026-01-02T03:04:05Z] Run x1-20260102T030405Z completed: fidelity=0.967 latency=1.4 µs back-action=0.013 "
    "shots_used=836/50000",
]  # fmt: skip


@router.get(
    "/sessions", operation_id="list_sessions", response_model=list[SessionSummary], responses=answered([SUMMARY])
)
async def list_sessions(request: Request, tds: Tds) -> Response:
    """All sessions in order of creation."""
    others: OtherNodes | None = request.app.state.others
    if others is not None and FORWARDED.decode() not in request.headers:
        return JsonBytes(await sessions_of_all_nodes(tds, others, request))
    sessions = list(tds.store.sessions.values())
    return JsonBytes(b"[" + b",".join(session.summary_bytes() for session in sessions) + b"]")


@router.post(
    "/sessions", operation_id="create_or_update_session", response_model=SessionSummary, responses=answered(SUMMARY)
)
async def create_or_update_session(
    body: Annotated[SessionRequest, Body(openapi_examples=_CREATIONS)], tds: Tds
) -> Response:
    """Create a session, or change the configuration of the one with this id."""
    session, stored = tds.store.create_or_update(body.session_id, body.config)
    await wait_committed(stored)
    return JsonBytes(session.summary_bytes())


@router.get(
    "/sessions/{session_id}", operation_id="read_session", response_model=SessionSummary, responses=answered(SUMMARY)
)
async def read_session(session_id: SessionId, tds: Tds) -> Response:
    """A session's state."""
    return JsonBytes(tds.store.get(session_id).summary_bytes())


@router.delete(
    "/sessions/{session_id}", operation_id="delete_session", response_model=DeletedSession,
    responses={**answered({"status": "deleted", "session_id": "x1"}), **refused(409)},
)  # fmt: skip
async def delete_session(
    session_id: SessionId, tds: Tds, runs: Annotated[bool, Query(description="Forget its runs as well.")] = False
) -> dict[str, str]:
    """Forget a session, its log and telemetry; its runs stay readable, unless they are to go, too."""
    await wait_committed(tds.store.delete(session_id, runs=runs))
    return {"status": "deleted", "session_id": session_id}


@router.get(
    "/sessions/{session_id}/logs", operation_id="read_logs", response_model=LogLines,
    responses=answered({"session_id": "x1", "lines": _LINES}),
)  # fmt: skip
async def read_logs(
    request: Request, session_id: SessionId, tds: Tds, limit: Annotated[int, Query(ge=1, le=MOST_LINES)] = 200
) -> dict[str, Any]:
    """The tail of a session's log."""
    session = await history_loaded(request, tds, session_id)
    return {"session_id": session_id, "lines": session.newest_lines(limit)}


@router.delete(
    "/sessions/{session_id}/logs", operation_id="clear_logs", response_model=ClearedLog,
    responses=answered({"status": "ok", "session_id": "x1"}),
)  # fmt: skip
async def clear_logs(request: Request, session_id: SessionId, tds: Tds) -> dict[str, str]:
    """Forget a session's log; one line that says so stays."""
    session = await history_loaded(request, tds, session_id)
    await wait_committed(tds.store.clear_lines(session))
    return {"status": "ok", "session_id": session_id}
