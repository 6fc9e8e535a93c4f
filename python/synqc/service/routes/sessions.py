"""Sessions and their logs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from synqc.apps.tds.models import SessionRequest, SessionSummary
from synqc.apps.tds.session import MOST_LINES
from synqc.service.context import Lab, durable, recollected
from synqc.service.json_bytes import JsonBytes

__all__ = ["router"]

router = APIRouter(tags=["sessions"])


class LogLines(BaseModel):
    """The newest lines, oldest first."""

    session_id: str
    lines: list[str]


@router.get("/sessions", operation_id="list_sessions", response_model=list[SessionSummary])
async def list_sessions(laboratory: Lab) -> Response:
    """All sessions in order of creation."""
    sessions = list(laboratory.store.sessions.values())
    return JsonBytes(b"[" + b",".join(session.summary_bytes() for session in sessions) + b"]")


@router.post("/sessions", operation_id="create_or_update_session", response_model=SessionSummary)
async def create_or_update_session(body: SessionRequest, laboratory: Lab) -> Response:
    """Create a session, or change the configuration of the one with this id."""
    session, stored = laboratory.store.create_or_update(body.session_id, body.config)
    await durable(stored)
    return JsonBytes(session.summary_bytes())


@router.delete("/sessions/{session_id}", operation_id="delete_session")
async def delete_session(session_id: str, laboratory: Lab) -> dict[str, str]:
    """Forget a session, its log and telemetry; its runs stay readable."""
    await durable(laboratory.store.delete(session_id))
    return {"status": "deleted", "session_id": session_id}


@router.get("/sessions/{session_id}/logs", operation_id="read_logs", response_model=LogLines)
async def read_logs(
    request: Request, session_id: str, laboratory: Lab, limit: Annotated[int, Query(ge=1, le=MOST_LINES)] = 200
) -> dict[str, Any]:
    """The tail of a session's log."""
    session = await recollected(request, laboratory, session_id)
    return {"session_id": session_id, "lines": session.newest_lines(limit)}


@router.delete("/sessions/{session_id}/logs", operation_id="clear_logs")
async def clear_logs(request: Request, session_id: str, laboratory: Lab) -> dict[str, str]:
    """Forget a session's log; one line that says so stays."""
    session = await recollected(request, laboratory, session_id)
    await durable(laboratory.store.clear_lines(session))
    return {"status": "ok", "session_id": session_id}
