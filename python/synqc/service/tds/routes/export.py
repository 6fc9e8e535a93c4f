"""A session as a file. The fast path answers most of it; here is what it leaves, and the documentation."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel

from synqc.apps.tds.export import export_body
from synqc.apps.tds.models import ExportFormat
from synqc.service.description import answered
from synqc.service.responses import JsonBytes
from synqc.service.tds.context import Tds
from synqc.service.tds.routes.examples import CONFIG
from synqc.service.tds.routes.parameters import SessionId

__all__ = ["ExportAnswer", "router"]

router = APIRouter(tags=["sessions"])


class ExportAnswer(BaseModel):
    """An object for JSON, text for CSV and notebook."""

    format: ExportFormat
    payload: dict[str, Any] | str


_EXPORT = {
    "format": "json",
    "payload": {
        "sessionId": "x1", "mode": "Sim Local", "hardwareTarget": CONFIG["hardware_target"],
        "hardwarePreset": CONFIG["hardware_preset"], "driveEnvelope": CONFIG["drive_envelope"],
        "probeStrength": CONFIG["probe_strength"], "probeDurationNs": CONFIG["probe_duration_ns"],
        "adaptiveRule": CONFIG["adaptive_rule"], "objective": CONFIG["objective"],
        "kpis": {"fidelity": 0.9666, "latencyUs": 1.38, "backAction": 0.0133, "shotUsage": "836 / 50000"},
        "notes": None, "exportedAt": "2026-01-02T03:04:07Z",
    },
}  # fmt: skip


@router.get(
    "/sessions/{session_id}/export", operation_id="export_session", response_model=ExportAnswer,
    responses=answered(_EXPORT),
)  # fmt: skip
async def export_session(session_id: SessionId, tds: Tds, format: ExportFormat = ExportFormat.JSON) -> Response:
    """A session as JSON, CSV or notebook cell."""
    return JsonBytes(export_body(tds.store.get(session_id), format))
