"""Documents of sessions as clients read them: of the original service, of its later version, and of this one's page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field

from synqc.apps.fir.application import FirApplication
from synqc.apps.fir.knowledge.facts import DESCRIPTION_LABEL
from synqc.apps.fir.knowledge.facts_in_hindi import act_in_hindi, title_in_hindi
from synqc.apps.fir.knowledge.record import TextKind
from synqc.apps.fir.workflow.content import MEMBERS
from synqc.apps.fir.workflow.gate import Gate, gate_of
from synqc.apps.fir.workflow.session import ResultState, Session
from synqc.apps.fir.workflow.steps import STEPS, SessionStatus, Step

__all__ = [
    "FirResponse", "GateDocument", "HistoryItem", "RegenerateResponse", "SessionAccepted", "SessionInList",
    "SessionStatusDocument", "SessionSummary", "ValidationResponse", "WaitingGate", "moment", "shown_content",
    "stored_provisions",
]  # fmt: skip

_DECORATION = (
    "cognizable", "bailable", "triable_by", "punishment", "disputed", "description", "text_is", "category", "db",
    "code", "code_hindi", "title_hindi", "punishment_hindi",
)  # fmt: skip
_STATUTE = "statute"


def moment(seconds: float | None) -> str | None:
    """As the contract writes moments: ISO 8601 in UTC.

    >>> moment(0.0)
    '1970-01-01T00:00:00+00:00'
    """
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()


Token = Annotated[str | None, Field(description="Names exactly what is shown; an answer should carry it.")]
Digest = Annotated[str | None, Field(description="SHA-256 of exactly what is shown.")]
State = Annotated[str | None, Field(description="What became of it: shown, accepted, rejected or failed.")]


class FirResponse(BaseModel):
    """A session has begun, or a recording or picture has no text."""

    success: bool
    session_id: str | None = None
    fir_number: str | None = None
    fir_content: str | None = None
    error: str | None = None
    steps: list[str] = Field(default_factory=list)
    requires_validation: bool = False
    current_step: Step | None = None
    content_for_validation: dict[str, Any] | None = None
    status: str | None = None
    message: str | None = None
    token: Token = None
    digest: Digest = None
    state: State = None

    @classmethod
    def of(cls, fir: FirApplication, session: Session) -> Self:
        """Of a session at its first gate."""
        gate = _gate(session)
        if gate.state is ResultState.FAILED:
            return cls(
                success=False, session_id=session.session_id, error=f"processing_error: {gate.content['error']}",
                current_step=gate.step, status=session.of_contract.value, **_told(gate),
            )  # fmt: skip
        return cls(
            success=True, session_id=session.session_id, steps=steps_of(session), requires_validation=True,
            current_step=gate.step, content_for_validation=shown_content(fir, gate),
            status=session.of_contract.value, message="Look at it, and approve it.", **_told(gate),
        )  # fmt: skip


class SessionAccepted(BaseModel):
    """A session has begun, to clients of the later version, which ask for it afterwards."""

    session_id: str
    status: str
    message: str


class ValidationResponse(BaseModel):
    """What is to be looked at next."""

    success: bool
    session_id: str
    current_step: Step
    content: dict[str, Any]
    message: str
    requires_validation: bool = True
    completed: bool = False
    status: SessionStatus
    token: Token = None
    digest: Digest = None
    state: State = None

    @classmethod
    def of(cls, fir: FirApplication, session: Session, message: str) -> Self:
        """Of a session whose stage has ended."""
        gate, completed = _gate(session), session.completed_at is not None
        return cls(
            success=True, session_id=session.session_id, current_step=gate.step, content=shown_content(fir, gate),
            message=message, requires_validation=not completed, completed=completed, status=session.of_contract,
            **_told(gate),
        )  # fmt: skip


class RegenerateResponse(BaseModel):
    """A result that was made again."""

    success: bool
    session_id: str
    step: Step
    content: dict[str, Any]
    message: str
    token: Token = None
    digest: Digest = None
    state: State = None


class GateDocument(BaseModel):
    """A gate, whole."""

    session_id: str
    step: Step
    content: dict[str, Any]
    is_waiting: bool
    waiting_since: str | None
    model: str = Field(description="That wrote it; empty where none did.")
    edited_by: str = Field(description="Officer whose words it is.")
    decided_by: str
    reason: str = Field(description="Why it was rejected, or failed.")
    token: Token = None
    digest: Digest = None
    state: State = None

    @classmethod
    def of(cls, fir: FirApplication, session: Session, gate: Gate) -> Self:
        """A gate of a session."""
        result = session.results[gate.step]
        return cls(
            session_id=session.session_id, step=gate.step, content=shown_content(fir, gate),
            is_waiting=gate.waiting_since is not None, waiting_since=moment(gate.waiting_since), model=result.model,
            edited_by=result.edited_by, decided_by=result.decided_by, reason=result.reason, **_told(gate),
        )  # fmt: skip


class HistoryItem(BaseModel):
    """A result as it was shown."""

    step: Step
    content: dict[str, Any]
    timestamp: str | None


class SessionStatusDocument(BaseModel):
    """Where a session stands."""

    session_id: str
    status: SessionStatus
    current_step: Step
    awaiting_validation: bool
    created_at: str | None
    last_activity: str | None
    validation_history: list[HistoryItem]
    fir_number: str | None
    fir_status: str
    language: str
    expires_at: str | None
    error: str | None

    @classmethod
    def of(cls, fir: FirApplication, session: Session, times: Mapping[int, float]) -> Self:
        """Of a session, and when each of its revisions came."""
        status, after_s = session.of_contract, fir.settings.expires_after_s
        waits = status is SessionStatus.AWAITING_VALIDATION and session.waiting_since is not None and after_s > 0
        return cls(
            session_id=session.session_id, status=status, current_step=session.step,
            awaiting_validation=status is SessionStatus.AWAITING_VALIDATION, created_at=moment(session.created_at),
            last_activity=moment(session.last_activity), validation_history=history_of(session, times),
            fir_number=session.number or None, fir_status=session.status.value, language=session.language,
            expires_at=moment((session.waiting_since or 0.0) + after_s) if waits else None, error=_error(session),
        )  # fmt: skip


class SessionSummary(BaseModel):
    """A session as clients of the later version read it."""

    session_id: str
    status: str
    transcript: str | None
    summary: str | None
    violations: list[dict[str, Any]]
    fir_content: str | None
    fir_number: str | None
    error: str | None
    current_step: Step

    @classmethod
    def of(cls, session: Session) -> Self:
        """With all results that are not stale."""
        known = {step: one.content.get(MEMBERS[step]) for step, one in session.results.items() if _is_current(one)}
        return cls(
            session_id=session.session_id, status=_LATER_WORDS.get(session.of_contract) or _UNDER_WAY[session.step],
            transcript=known.get(Step.TRANSCRIPT), summary=known.get(Step.SUMMARY),
            violations=known.get(Step.VIOLATIONS) or [], fir_content=known.get(Step.FINAL),
            fir_number=session.number or None, error=_error(session), current_step=session.step,
        )  # fmt: skip


_LATER_WORDS = {
    SessionStatus.COMPLETED: "completed", SessionStatus.ERROR: "failed", SessionStatus.EXPIRED: "failed",
    SessionStatus.AWAITING_VALIDATION: "processing",
}  # fmt: skip
_UNDER_WAY = {
    Step.TRANSCRIPT: "transcribing", Step.SUMMARY: "generating_narrative", Step.VIOLATIONS: "retrieving_ipc_sections",
    Step.NARRATIVE: "generating_narrative", Step.FINAL: "generating_fir",
}  # fmt: skip


class SessionInList(BaseModel):
    """A session, as lists have it."""

    session_id: str
    status: SessionStatus
    current_step: Step
    created_at: str | None
    last_activity: str | None


class WaitingGate(BaseModel):
    """A gate that waits for an officer."""

    session_id: str
    step: Step
    since: str | None
    age_s: float
    is_due: bool
    expires_in_s: float | None


def shown_content(fir: FirApplication, gate: Gate) -> dict[str, Any]:
    """What a gate shows, with what is known of the provisions in it: that is read from the knowledge base each time."""
    content = dict(gate.content)
    if "violations" in content:
        content["violations"] = [_decorated(fir, one) for one in content["violations"]]
    if gate.step is Step.NARRATIVE and "fir_narrative" in content:
        content["narrative"] = content["fir_narrative"]
    return content


def stored_provisions(shown: object) -> object:
    """Provisions that a client sends back as they were shown, without what was added there; others as they are."""
    if not isinstance(shown, list):
        return shown
    return [_plain(one) if isinstance(one, dict) else one for one in shown]


def history_of(session: Session, times: Mapping[int, float]) -> list[HistoryItem]:
    """What was shown at each gate that counts, in order, the one that waits last; of the last it has the number."""
    items = []
    for step in STEPS:
        result = session.results.get(step)
        if result is None or not _is_current(result):
            continue
        before = STEPS[STEPS.index(step) - 1] if step is not Step.TRANSCRIPT else None
        content = dict(session.shown(step))
        if step is Step.NARRATIVE:
            content |= {"narrative": content["fir_narrative"], "original_transcript": _own(session, Step.TRANSCRIPT)}
        if step is Step.VIOLATIONS:
            content["search_text"] = _own(session, Step.SUMMARY)
        if before is not None and step is not Step.FINAL:
            content["user_input"] = session.notes.get(before) or None
        items.append(HistoryItem(step=step, content=content, timestamp=moment(times.get(result.revision))))
    return items


def steps_of(session: Session) -> list[str]:
    """What was done of itself: a typed complaint needs nothing."""
    return {"audio": ["asr_done"], "image": ["ocr_done"]}.get(session.source, [])


def _decorated(fir: FirApplication, provision: Mapping[str, Any]) -> dict[str, Any]:
    record = fir.knowledge.record(provision["act"], provision["section"])
    shown = {**provision, "text_is": _STATUTE if provision["text"] else "", "code": provision["act"]}
    if record is None:
        return shown
    hit = {
        "db": record.db, "cognizable": record.cognizable, "bailable": record.bailable, "category": record.category,
        "triable_by": record.triable_by, "punishment": record.punishment, "disputed": list(record.disputed),
        "code_hindi": act_in_hindi(record.code), "punishment_hindi": record.punishment_hindi,
        "title_hindi": title_in_hindi(record.code, record.section, provision["title"]),
    }  # fmt: skip
    if provision["text"]:
        return shown | hit
    label = DESCRIPTION_LABEL if record.kind is TextKind.DESCRIPTION else record.kind.value
    return shown | hit | {"text": record.text, "text_is": label}


def _plain(shown: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in shown.items() if name not in _DECORATION}
    if "text_is" in shown and shown["text_is"] != _STATUTE:
        kept["text"] = ""
    return {"verdict": "unknown", **kept}  # nobody has checked what an officer adds


def _gate(session: Session) -> Gate:
    gate = gate_of(session)
    if gate is None:
        raise AssertionError("A session whose stage has ended has a gate.")
    return gate


def _told(gate: Gate) -> dict[str, Any]:
    return {"token": gate.token, "digest": gate.digest, "state": gate.state.value}


def _is_current(result: Any) -> bool:
    return result.state not in (ResultState.STALE, ResultState.FAILED)


def _own(session: Session, step: Step) -> Any:
    return session.results[step].content.get(MEMBERS[step])


def _error(session: Session) -> str | None:
    result = session.results.get(session.step)
    if session.expired:
        return "Nobody answered for too long: the session must be reopened."
    failed = result is not None and result.state is ResultState.FAILED and session.ticket is None
    return result.reason if result is not None and failed else None
