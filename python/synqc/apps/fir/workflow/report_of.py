"""Report of a session: what was approved there, each statement with who said it and where."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from synqc.apps.fir.document.provision import Provision
from synqc.apps.fir.document.report import FirstInformationReport
from synqc.apps.fir.document.statement import LONGEST_NAME, Source, SourceKind, Statement
from synqc.apps.fir.document.text_form import text_of
from synqc.apps.fir.workflow.content import MEMBERS
from synqc.apps.fir.workflow.session import Session
from synqc.apps.fir.workflow.steps import Step

__all__ = ["final_content", "report_of"]

_RECEIVED = {
    "en": {"text": "typed", "audio": "spoken", "image": "on paper"},
    "hi": {"text": "टंकित", "audio": "मौखिक", "image": "लिखित"},
}


def report_of(session: Session) -> FirstInformationReport:
    """What a session's report says; the session has its number and all results before the last.

    A model's words name it and the officer who approved them; words that an officer wrote in their place are the
    officer's. How the information came in is the one thing that the machine itself states.
    """
    name = session.station.get("police_station", "station")[:LONGEST_NAME]
    station = {
        key: Statement(value, Source(SourceKind.STATION, name, "settings")) for key, value in session.station.items()
    }
    received = Statement(
        _RECEIVED[session.language][session.source], Source(SourceKind.STATION, name, "transcript_review")
    )
    stated = {
        key: Statement(value, Source(SourceKind.OFFICER, who, where))
        for key, (value, who, where) in session.details.items()
    }
    return FirstInformationReport(
        number=session.number,
        session_id=session.session_id,
        prepared_at=datetime.fromisoformat(session.prepared_at),
        statements={"information_received": received} | station | stated,
        complaint=_complaint(session),
        summary=_written(session, Step.SUMMARY),
        narrative=_written(session, Step.NARRATIVE),
        provisions=tuple(
            Provision.from_plain(one) for one in session.results[Step.VIOLATIONS].content[MEMBERS[Step.VIOLATIONS]]
        ),
        decided_by=session.results[Step.VIOLATIONS].decided_by,
        language=session.language,
    )


def final_content(session: Session, number: str, prepared_at: str) -> dict[str, Any]:
    """What is shown at the last gate: the report as text, and what keeps it from being filed."""
    report = report_of(replace(session, number=number, prepared_at=prepared_at))
    return {
        "fir_content": text_of(report), "fir_number": number, "prepared_at": prepared_at, "digest": report.digest,
        "missing": list(report.missing), "obstacles": [one.words for one in report.obstacles],
    }  # fmt: skip


def _complaint(session: Session) -> Statement:
    result = session.results[Step.TRANSCRIPT]
    source = Source(SourceKind.COMPLAINANT, "complainant", Step.TRANSCRIPT.value, approved_by=result.decided_by)
    return Statement(result.content[MEMBERS[Step.TRANSCRIPT]], source)


def _written(session: Session, step: Step) -> Statement:
    result = session.results[step]
    if result.edited_by or not result.model:
        source = Source(SourceKind.OFFICER, result.edited_by or result.decided_by, step.value)
    else:
        model = result.model.strip()[:LONGEST_NAME] or "unnamed"  # as its server says it, which may say anything
        source = Source(SourceKind.MODEL, model, step.value, approved_by=result.decided_by)
    return Statement(result.content[MEMBERS[step]], source)
