"""A session as a document to take away: JSON, CSV, or a notebook cell."""

from __future__ import annotations

import json as standard_json
from typing import Any

from synqc import json
from synqc.apps.tds import clock
from synqc.apps.tds.models import ExportFormat
from synqc.apps.tds.session import Session

__all__ = ["export_body", "export_payload"]


def export_body(session: Session, form: ExportFormat) -> bytes:
    """`{"format": ..., "payload": ...}`."""
    return json.dumps({"format": form.value, "payload": export_payload(session, form)})


def export_payload(session: Session, form: ExportFormat) -> dict[str, Any] | str:
    """The payload alone: an object for JSON, text for CSV and notebook."""
    snapshot = _snapshot(session)
    if form is ExportFormat.CSV:
        return _csv(snapshot)
    if form is ExportFormat.NOTEBOOK:
        return _notebook(snapshot)
    return snapshot


def _snapshot(session: Session) -> dict[str, Any]:
    config, kpis = session.config, session.last_kpis
    used, limit = (session.shots_used, session.shot_limit) if kpis is None else (kpis.shots_used, kpis.shot_limit)
    return {
        "sessionId": session.session_id,
        "mode": session.mode_label,
        "hardwareTarget": config.hardware_target.value,
        "hardwarePreset": config.hardware_preset.value,
        "driveEnvelope": config.drive_envelope.value,
        "probeStrength": config.probe_strength,
        "probeDurationNs": config.probe_duration_ns,
        "adaptiveRule": config.adaptive_rule.value,
        "objective": config.objective.value,
        "kpis": {
            "fidelity": 0.0 if kpis is None else kpis.fidelity,
            "latencyUs": 0.0 if kpis is None else kpis.latency_us,
            "backAction": 0.0 if kpis is None else kpis.backaction,
            "shotUsage": f"{used} / {limit}",
        },
        "notes": config.notes,
        "exportedAt": clock.seconds(clock.now()),
    }


def _csv(snapshot: dict[str, Any]) -> str:
    cells: dict[str, Any] = {}
    for name, value in snapshot.items():
        if name == "kpis":
            cells.update({f"kpi_{kpi}": figure for kpi, figure in value.items()})
        else:
            cells[name] = value
    return ",".join(cells) + "\n" + ",".join(map(_cell, cells.values())) + "\n"


def _cell(value: Any) -> str:
    """A cell, quoted only where RFC 4180 asks for it.

    >>> _cell(None), _cell(0.2), _cell('say "hi", twice')
    ('', '0.2', '"say ""hi"", twice"')
    """
    text = "" if value is None else value if isinstance(value, str) else repr(value)
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\r\n') else text


def _notebook(snapshot: dict[str, Any]) -> str:
    text = standard_json.dumps(snapshot, indent=2)
    if snapshot["notes"] is None:  # the one member that JSON and Python spell differently
        text = text.replace('"notes": null', '"notes": None')
    return f"# SynQc TDS snapshot\nsnapshot = {text}\n\n# Use `snapshot` in the next Jupyter cells.\n"
