"""Event store of sessions: event, history, register and session in one transaction of the one writer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from synqc import json
from synqc.apps.fir.document.seal import Seal
from synqc.apps.fir.history.chain import chained, first_hash
from synqc.apps.fir.history.entry import Entry, StoredEntry
from synqc.apps.fir.history.tables import add_entries
from synqc.apps.fir.numbers.register import change_status
from synqc.apps.fir.numbers.status import RecordStatus
from synqc.apps.fir.workflow.errors import (
    AnswerRefused,
    GateConflict,
    InvalidContent,
    RefusalKind,
    SessionExists,
    StageRunning,
    UnknownSession,
)
from synqc.apps.fir.workflow.events import Answer, Detailed, Event, Opened, StageDone, StageFailed, StatusChanged
from synqc.apps.fir.workflow.gate import gate_of
from synqc.apps.fir.workflow.report_of import report_of
from synqc.apps.fir.workflow.session import Session
from synqc.apps.fir.workflow.steps import SessionStatus, Step
from synqc.apps.fir.workflow.tables import sessions
from synqc.apps.fir.workflow.transition import Refusal, transition
from synqc.errors import SynqcError

__all__ = [
    "Applied",
    "Change",
    "SessionRow",
    "apply_changes",
    "find_rows",
    "find_session",
    "find_session_with_head",
    "find_unread",
    "find_waiting",
    "find_working",
]

_RETRY_AFTER_S = 1.0


@dataclass(frozen=True)
class Change:
    """An event for a session.

    Args:
        session_id: Whose.
        event: What happens.
        at: When, seconds since 1970.
        sealed: Bytes of each sealed form, where the event files the report.
    """

    session_id: str
    event: Event
    at: float
    sealed: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Applied:
    """What came of it: the session now, the one before, and whether the event had had its effect already."""

    before: Session | None
    session: Session
    is_repeated: bool


@dataclass
class _Row:
    session: Session
    head: str
    has_changed: bool = False


def apply_changes(connection: Connection, changes: Sequence[Change]) -> list[Applied | Exception]:
    """Apply events in their order; each is answered with the session, or with the reason why nothing changed."""
    rows = _locked(connection, sorted({one.session_id for one in changes}))
    added: list[tuple[str, StoredEntry]] = []
    answers = [_applied(connection, rows, added, one) for one in changes]
    add_entries(connection, added)
    _store(connection, rows)
    return answers


def find_session(connection: Connection, session_id: str) -> Session:
    """A session as it is now.

    Raises:
        UnknownSession: There is none.
    """
    body = connection.scalar(select(sessions.c.session).where(sessions.c.session_id == session_id))
    if body is None:
        raise UnknownSession(session_id)
    return _read(body)


def find_session_with_head(connection: Connection, session_id: str) -> tuple[Session, str]:
    """A session as it is now, with the hash of its last entry as it is noted beside it.

    Raises:
        UnknownSession: There is none.
    """
    query = select(sessions.c.session, sessions.c.head).where(sessions.c.session_id == session_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise UnknownSession(session_id)
    return _read(row.session), row.head


def find_waiting(connection: Connection, *, limit: int, before: float | None = None) -> list[Session]:
    """Sessions whose gate waits for an answer, those that have waited longest first."""
    query = select(sessions.c.session).where(sessions.c.waiting_since.is_not(None))
    if before is not None:
        query = query.where(sessions.c.waiting_since <= before)
    return [_read(body) for body in connection.scalars(query.order_by(sessions.c.waiting_since).limit(limit))]


@dataclass(frozen=True)
class SessionRow:
    """A session in a list.

    Args:
        session_id: Its id.
        status: Where it stands.
        step: At which gate, or stage.
        created_at, last_activity: Moments, seconds since 1970.
    """

    session_id: str
    status: SessionStatus
    step: Step
    created_at: float
    last_activity: float


def find_rows(connection: Connection, *, limit: int, status: SessionStatus | None = None) -> list[SessionRow]:
    """Sessions in a list, those that were last touched first."""
    names = ("session_id", "status", "step", "created_at", "last_activity")
    query = select(*(sessions.c[name] for name in names))
    if status is not None:
        query = query.where(sessions.c.status == status.value)
    found = connection.execute(query.order_by(sessions.c.last_activity.desc(), sessions.c.session_id).limit(limit))
    return [
        SessionRow(row.session_id, SessionStatus(row.status), Step(row.step), row.created_at, row.last_activity)
        for row in found
    ]


def find_unread(connection: Connection) -> list[str]:
    """Places of recordings and pictures of sessions that stand at the gate of their text."""
    query = select(sessions.c.session).where(sessions.c.step == Step.TRANSCRIPT.value)
    found = (_read(body) for body in connection.scalars(query))
    return [one.media for one in found if one.media and not one.expired]


def find_working(connection: Connection, *, limit: int, after: str = "") -> list[Session]:
    """Sessions for which stages shall be done, in the order of their ids."""
    query = select(sessions.c.session).where(sessions.c.has_tickets, sessions.c.session_id > after)
    return [_read(body) for body in connection.scalars(query.order_by(sessions.c.session_id).limit(limit))]


def _read(body: bytes) -> Session:
    return Session.from_plain(json.loads(bytes(body)))


def _locked(connection: Connection, ids: Sequence[str]) -> dict[str, _Row]:
    """Rows that nobody else changes until the transaction ends; in one order, so that nobody waits in a circle."""
    query = select(sessions.c.session_id, sessions.c.session, sessions.c.head).where(sessions.c.session_id.in_(ids))
    query = query.order_by(sessions.c.session_id).with_for_update()
    return {row.session_id: _Row(_read(row.session), row.head) for row in connection.execute(query)}


def _applied(
    connection: Connection, rows: dict[str, _Row], added: list[tuple[str, StoredEntry]], change: Change
) -> Applied | Exception:
    row, event = rows.get(change.session_id), change.event
    if row is None and not isinstance(event, Opened):
        return UnknownSession(change.session_id)
    before = None if row is None else row.session
    at = change.at if before is None else max(change.at, before.last_activity)
    after = transition(before, event, at)
    if isinstance(after, Refusal):
        return _refused(before, event, after)
    if after is before:
        return Applied(before, before, is_repeated=True)
    if isinstance(event, StatusChanged):
        try:
            _change_record(connection, after, event, at, change.sealed)
        except SynqcError as refusal:
            return refusal
    head = first_hash(change.session_id) if row is None else row.head
    entry = StoredEntry(after.revision, _entry(before, after, event, at).to_bytes(), "")
    entry = StoredEntry(entry.number, entry.body, chained(head, entry.body))
    if row is None:
        new = _Row(after, entry.hash)
        if not _inserted(connection, new):
            return SessionExists("The session exists already.")
        rows[change.session_id] = new
    else:
        row.session, row.head, row.has_changed = after, entry.hash, True
    added.append((change.session_id, entry))
    return Applied(before, after, is_repeated=False)


def _refused(session: Session | None, event: Event, refusal: Refusal) -> Exception:
    if session is None or refusal.kind is RefusalKind.EXISTS:
        return SessionExists(refusal.words)
    if refusal.kind is RefusalKind.NOT_ITS_FORM:
        return InvalidContent(refusal.words)
    if refusal.kind is RefusalKind.NOT_WAITING:
        return StageRunning(refusal.kind, refusal.words, _RETRY_AFTER_S)
    if refusal.kind is RefusalKind.STALE_TOKEN and isinstance(event, Answer | Detailed):
        return GateConflict(refusal.kind, refusal.words, gate_of(session))
    return AnswerRefused(refusal.kind, refusal.words)


def _change_record(
    connection: Connection, session: Session, event: StatusChanged, at: float, sealed: Mapping[str, bytes]
) -> None:
    """In the register, too; raises before it has written anything."""
    to = RecordStatus(event.to)
    if to is not RecordStatus.FILED:
        change_status(connection, session.number, to, at)
        return
    report = report_of(session)
    if report.digest != event.digest:
        raise AnswerRefused(RefusalKind.STALE_TOKEN, "The report has changed since it was sealed: seal it again.")
    seal = Seal(report.number, event.digest, event.files)
    change_status(
        connection, session.number, to, at, report=report.canonical, digest=event.digest,
        seal=json.canonical(seal.to_plain()), sealed=sealed,
    )  # fmt: skip


def _entry(before: Session | None, after: Session, event: Event, at: float) -> Entry:
    step = _step_of(before, after, event)
    done = event if isinstance(event, StageDone) else None
    return Entry(
        session_id=after.session_id, number=after.revision, at=at, who=event.who, role=event.role,
        kind=type(event).__name__, step="" if step is None else step.value,
        before="" if before is None or step is None else before.digest(step),
        after="" if step is None else after.digest(step), event=event.to_plain(),
        model="" if done is None else done.model, prompt_sha256="" if done is None else done.prompt_sha256,
        latency_s=None if done is None else done.latency_s,
    )  # fmt: skip


def _step_of(before: Session | None, after: Session, event: Event) -> Step | None:
    if isinstance(event, Answer) and after.last_answer is not None:
        return after.last_answer.step
    if before is not None and isinstance(event, StageDone | StageFailed):
        return next((one.step for one in before.tickets if one.number == event.ticket), None)
    return after.step


def _inserted(connection: Connection, row: _Row) -> bool:
    """Whether it was; not if another process has begun a session of that id at the same moment."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    inserting = make(sessions).on_conflict_do_nothing().values(**_values(row)).returning(sessions.c.session_id)
    return connection.execute(inserting).first() is not None


def _store(connection: Connection, rows: Mapping[str, _Row]) -> None:
    for session_id, row in rows.items():
        if row.has_changed:
            connection.execute(update(sessions).where(sessions.c.session_id == session_id).values(**_values(row)))


def _values(row: _Row) -> dict[str, Any]:
    session = row.session
    waits = session.ticket is None and session.completed_at is None and not session.expired
    return {
        "session_id": session.session_id, "session": json.dumps(session.to_plain()),
        "status": session.of_contract.value, "step": session.step.value, "has_tickets": bool(session.tickets),
        "waiting_since": session.waiting_since if waits else None, "created_at": session.created_at,
        "last_activity": session.last_activity, "revision": session.revision, "head": row.head,
    }  # fmt: skip
