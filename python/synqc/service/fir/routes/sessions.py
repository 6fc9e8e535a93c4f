"""Sessions: where each stands, what waits, fields of the report, and the report as it would be printed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel, Field

from synqc import json
from synqc.apps.fir.application import FirApplication
from synqc.apps.fir.document.docx_form import docx_of
from synqc.apps.fir.document.fields import DERIVED, FIELDS, REQUIRED
from synqc.apps.fir.document.html_form import html_of
from synqc.apps.fir.document.json_form import json_of
from synqc.apps.fir.document.pdf_form import pdf_of
from synqc.apps.fir.document.text_form import text_of
from synqc.apps.fir.workflow.errors import RefusalKind, StageRunning
from synqc.apps.fir.workflow.gate import gate_of, gates_of
from synqc.apps.fir.workflow.session import Session
from synqc.apps.fir.workflow.steps import SessionStatus
from synqc.service.context import run_in_thread
from synqc.service.description import answered, refused
from synqc.service.fir.context import Fir, Lead, Reader, Shown, officer_of
from synqc.service.fir.documents import (
    GateDocument,
    SessionInList,
    SessionStatusDocument,
    SessionSummary,
    ValidationResponse,
    WaitingGate,
    moment,
)
from synqc.service.fir.encodable_body import EncodableBody
from synqc.service.fir.routes.examples import GATE, SESSION_ID, STATUS
from synqc.service.fir.routes.parameters import SessionId
from synqc.service.fir.settled import settled
from synqc.service.fir.showing import showing
from synqc.service.responses import JsonBytes

__all__ = ["FILES", "Form", "router"]

router = APIRouter(tags=["sessions"])

Form = Literal["pdf", "docx", "html", "txt", "json"]
FILES: dict[str, str] = {
    "pdf": "application/pdf", "html": "text/html; charset=utf-8", "txt": "text/plain; charset=utf-8",
    "json": "application/json",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}  # fmt: skip
"""Types of the forms of a report."""
_FORMS: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind.split(";")[0]: {"schema": {}} for kind in FILES.values()}}
}
_WAITING = [
    {
        "session_id": SESSION_ID, "step": "summary_review", "since": "2026-11-30T04:40:10+00:00", "age_s": 12.5,
        "is_due": False, "expires_in_s": 3587.5,
    }
]  # fmt: skip


class FieldOfReport(BaseModel):
    """One field, as the page asks for it."""

    key: str
    part: str
    english: str
    hindi: str
    is_required: bool
    is_derived: bool = Field(description="It follows from the gates, and is not stated.")
    value: str | None
    who: str | None
    where: str | None


class FieldsOfReport(BaseModel):
    """Fields of a session's report that officers and the station state."""

    session_id: str
    digest: str = Field(description="Of what officers stated: who changes it says what they saw.")
    fields: list[FieldOfReport]


class FieldChanges(EncodableBody):
    """Statements by field; null takes one back."""

    statements: dict[str, str | None] = Field(max_length=len(FIELDS))
    base: str | None = Field(None, description="`digest` as it was seen; without it, whatever it is.")


@router.get(
    "/session/{session_id}/status", operation_id="read_session_status", response_model=SessionStatusDocument,
    responses=answered(STATUS),
)  # fmt: skip
async def read_session_status(
    request: Request, session_id: SessionId, fir: Fir, reader: Reader
) -> SessionStatusDocument:
    """Where a session stands, with all that was shown; the last item has the report's number once there is one.

    Pages ask for it every few seconds: that nobody need have looked at what is told here.
    """
    session, times = await run_in_thread(request, _with_times, fir, session_id)
    return SessionStatusDocument.of(fir, session, times)


@router.get("/session/{session_id}", operation_id="read_session", response_model=SessionSummary)
async def read_session(request: Request, session_id: SessionId, fir: Fir, reader: Reader) -> SessionSummary:
    """A session in the words of clients of the later version."""
    return SessionSummary.of(await run_in_thread(request, fir.workflow.session, session_id))


@router.get(
    "/session/{session_id}/gate", operation_id="read_gate", response_model=GateDocument,
    responses={**answered(GATE), **refused(409)},
)  # fmt: skip
async def read_gate(
    request: Request,
    session_id: SessionId,
    fir: Fir,
    reader: Reader,
    shown: Shown,
    wait: Annotated[bool, Query(description="Answer when the stage that is under way has ended.")] = False,
) -> JsonBytes:
    """The gate that waits, or was answered last; an approval without a token is of this from then on."""
    look = settled(request, fir, session_id) if wait else run_in_thread(request, fir.workflow.session, session_id)
    session = await look
    gate = gate_of(session)
    if gate is None:
        raise StageRunning(RefusalKind.NOT_WAITING, f"{session.step.value} is still being made.", 1.0)
    return await showing(request, shown, reader, session.session_id, GateDocument.of(fir, session, gate))


@router.get("/session/{session_id}/gates", operation_id="list_gates", response_model=list[GateDocument])
async def list_gates(request: Request, session_id: SessionId, fir: Fir, reader: Reader) -> list[GateDocument]:
    """All results that can be edited or made again, the newest last."""
    session = await run_in_thread(request, fir.workflow.session, session_id)
    return [GateDocument.of(fir, session, gate) for gate in gates_of(session)]


@router.get("/session/{session_id}/fields", operation_id="read_fields", response_model=FieldsOfReport)
async def read_fields(request: Request, session_id: SessionId, fir: Fir, reader: Reader) -> FieldsOfReport:
    """Every field of the report, who stated it, and which are required."""
    return _fields(await run_in_thread(request, fir.workflow.session, session_id))


@router.post(
    "/session/{session_id}/fields", operation_id="state_fields", response_model=FieldsOfReport, responses=refused(409)
)
async def state_fields(
    request: Request, session_id: SessionId, body: Annotated[FieldChanges, Body()], fir: Fir, lead: Lead
) -> FieldsOfReport:
    """State fields of the report; the last gate is then made anew."""
    session = await run_in_thread(
        request, fir.workflow.state_fields, session_id, officer_of(lead), body.statements, base=body.base
    )
    return _fields(session)


@router.post(
    "/session/{session_id}/reopen", operation_id="reopen_session", response_model=ValidationResponse,
    responses=refused(409),
)  # fmt: skip
async def reopen_session(request: Request, session_id: SessionId, fir: Fir, lead: Lead, shown: Shown) -> JsonBytes:
    """Go on with a session that has expired, at the gate where it stood."""
    session = await run_in_thread(request, fir.workflow.reopen, session_id, officer_of(lead))
    document = ValidationResponse.of(fir, session, "Reopened.")
    return await showing(request, shown, lead, session.session_id, document)


@router.get(
    "/session/{session_id}/document", operation_id="preview_report", response_class=Response, responses=_FORMS
)  # fmt: skip
async def preview_report(
    request: Request, session_id: SessionId, fir: Fir, reader: Reader, form: Annotated[Form, Query()] = "html"
) -> Response:
    """The report as it would be filed now, from the last gate on; it is not sealed."""
    data = await run_in_thread(request, _form, fir, session_id, form)
    return Response(data, media_type=FILES[form], headers={"cache-control": "no-store"})


@router.get("/sessions", operation_id="list_sessions", response_model=list[SessionInList])
async def list_sessions(
    request: Request,
    fir: Fir,
    reader: Reader,
    status: Annotated[SessionStatus | None, Query(description="Only those; expired ones may be reopened.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[SessionInList]:
    """Sessions, those that were last touched first."""
    return [
        SessionInList(
            session_id=one.session_id, status=one.status, current_step=one.step, created_at=moment(one.created_at),
            last_activity=moment(one.last_activity),
        )
        for one in await run_in_thread(request, fir.workflow.sessions, limit=limit, status=status)
    ]  # fmt: skip


@router.get(
    "/waiting", operation_id="list_waiting", response_model=list[WaitingGate], responses=answered(_WAITING)
)  # fmt: skip
async def list_waiting(
    request: Request, fir: Fir, reader: Reader, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> list[WaitingGate]:
    """Gates that wait for an officer, those that have waited longest first."""
    after_s = fir.settings.expires_after_s
    return [
        WaitingGate(
            session_id=one.session_id, step=one.step, since=moment(one.since), age_s=round(one.age_s, 3),
            is_due=one.is_due, expires_in_s=round(max(0.0, after_s - one.age_s), 3) if after_s else None,
        )
        for one in await run_in_thread(request, fir.workflow.waiting, limit=limit)
    ]  # fmt: skip


def _with_times(fir: FirApplication, session_id: str) -> tuple[Session, dict[int, float]]:
    session = fir.workflow.session(session_id)
    return session, {one.number: one.entry.at for one in fir.workflow.history(session_id)}


def _form(fir: FirApplication, session_id: str, form: Form) -> bytes:
    report = fir.workflow.report(session_id)
    match form:
        case "pdf":
            return pdf_of(report).data
        case "docx":
            return docx_of(report)
        case "html":
            return html_of(report).encode()
        case "txt":
            return text_of(report).encode()
        case "json":
            return json.canonical(json_of(report))


def _fields(session: Session) -> FieldsOfReport:
    found = []
    for field in FIELDS:
        value, who, where = session.details.get(field.key, (session.station.get(field.key), None, None))
        if value is not None and who is None:
            who, where = "station", "settings"
        found.append(
            FieldOfReport(
                key=field.key, part=field.part.key, english=field.english, hindi=field.hindi,
                is_required=field.key in REQUIRED, is_derived=field.key in DERIVED, value=value, who=who, where=where,
            )
        )  # fmt: skip
    return FieldsOfReport(session_id=session.session_id, digest=session.details_digest, fields=found)
