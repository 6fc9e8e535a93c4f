"""Answers that show a gate: once one is sent, an approval without a token is of that gate."""

from __future__ import annotations

from fastapi import Request
from starlette.background import BackgroundTask

from synqc.apps.fir.roles import Grant
from synqc.service.fir.documents import FirResponse, GateDocument, RegenerateResponse, ValidationResponse
from synqc.service.fir.shown_gates import ShownGates
from synqc.service.responses import JsonBytes

__all__ = ["showing"]


ShowsGate = FirResponse | GateDocument | RegenerateResponse | ValidationResponse


async def showing(request: Request, shown: ShownGates, grant: Grant, session_id: str, document: ShowsGate) -> JsonBytes:
    """A document as the answer, which is noted as shown unless its client has left."""
    note = None
    if document.token is not None and not await request.is_disconnected():
        note = BackgroundTask(_note, shown, session_id, grant.name, document.token)
    return JsonBytes(document.model_dump_json(), background=note)


async def _note(shown: ShownGates, session_id: str, officer: str, token: str) -> None:
    shown.note(session_id, officer, token)  # a plain function would be sent to a thread, and be late
