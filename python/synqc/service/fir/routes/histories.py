"""Histories of sessions: read, held against what was written, and exported for an auditor."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from synqc.apps.fir.application import FirApplication
from synqc.service.context import run_in_thread
from synqc.service.fir.context import Auditor, Fir, Reader
from synqc.service.fir.documents import moment
from synqc.service.fir.routes.parameters import SessionId

__all__ = ["router"]

router = APIRouter(tags=["histories"])


class HistoryEntry(BaseModel):
    """What somebody, or the machine, did."""

    number: int
    at: str | None
    who: str
    role: str
    kind: str
    step: str
    before: str
    after: str
    model: str
    prompt_sha256: str
    latency_s: float | None
    event: dict[str, Any]
    hash: str


class HistoryFault(BaseModel):
    """A place where a history is not what was written."""

    number: int
    place: str


class AuditResult(BaseModel):
    """Whether a history is whole, and the session what it tells."""

    session_id: str
    is_whole: bool
    entries: int
    faults: list[HistoryFault]


@router.get("/session/{session_id}/history", operation_id="read_history", response_model=list[HistoryEntry])
async def read_history(request: Request, session_id: SessionId, fir: Fir, reader: Reader) -> list[HistoryEntry]:
    """All that was done in a session, by whom and when."""
    return await run_in_thread(request, _entries, fir, session_id)


@router.get("/session/{session_id}/audit", operation_id="audit_session", response_model=AuditResult)
async def audit_session(request: Request, session_id: SessionId, fir: Fir, reader: Reader) -> AuditResult:
    """Hold the history against its hashes, and the session against its history."""
    return await run_in_thread(request, _audited, fir, session_id)


@router.get(
    "/session/{session_id}/export", operation_id="export_history", response_class=Response,
    responses={200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}},
)  # fmt: skip
async def export_history(request: Request, session_id: SessionId, fir: Fir, auditor: Auditor) -> Response:
    """Lines of JSON that anybody can check with SHA-256 alone."""
    data = await run_in_thread(request, fir.workflow.export, session_id)
    headers = {
        "content-disposition": f'attachment; filename="history_{session_id.lower()}.jsonl"',
        "cache-control": "no-store",
    }
    return Response(data, media_type="application/x-ndjson", headers=headers)


def _entries(fir: FirApplication, session_id: str) -> list[HistoryEntry]:
    found = []
    for stored in fir.workflow.history(session_id):
        entry = stored.entry
        found.append(
            HistoryEntry(
                number=entry.number, at=moment(entry.at), who=entry.who, role=entry.role, kind=entry.kind,
                step=entry.step, before=entry.before, after=entry.after, model=entry.model,
                prompt_sha256=entry.prompt_sha256, latency_s=entry.latency_s, event=entry.event, hash=stored.hash,
            )
        )  # fmt: skip
    return found


def _audited(fir: FirApplication, session_id: str) -> AuditResult:
    faults = fir.workflow.audit(session_id)
    entries = len(fir.workflow.history(session_id))
    return AuditResult(
        session_id=session_id.lower(), is_whole=not faults, entries=entries,
        faults=[HistoryFault(number=one.number, place=one.place.value) for one in faults],
    )  # fmt: skip
