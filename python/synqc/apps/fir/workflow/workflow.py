"""Facade of the approval workflow: sessions opened, answered at their gates, looked at, filed and audited."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from synqc.apps.fir.document.fields import DERIVED, check_field
from synqc.apps.fir.document.report import FirstInformationReport
from synqc.apps.fir.document.seal import FORMS, SealedReport, seal
from synqc.apps.fir.document.statement import LONGEST_NAME, Source, SourceKind, Statement
from synqc.apps.fir.history.chain import Fault, FaultPlace, verify_chain
from synqc.apps.fir.history.entry import StoredEntry
from synqc.apps.fir.history.export import export_history
from synqc.apps.fir.history.tables import COMPONENT as HISTORY
from synqc.apps.fir.history.tables import find_entries
from synqc.apps.fir.numbers.register import Record, count_records, find_file, find_record, find_records
from synqc.apps.fir.numbers.scheme import NumberScheme, check_number
from synqc.apps.fir.numbers.status import RecordStatus
from synqc.apps.fir.numbers.tables import COMPONENT as REGISTER
from synqc.apps.fir.numbers.verification import SealVerdict, Verification, verify_digest, verify_file
from synqc.apps.fir.workflow.content import MEMBERS, check_content
from synqc.apps.fir.workflow.errors import AnswerRefused, RefusalKind
from synqc.apps.fir.workflow.events import (
    Accepted,
    Detailed,
    Edited,
    Event,
    Expired,
    Opened,
    Regenerated,
    Rejected,
    Reopened,
    StatusChanged,
)
from synqc.apps.fir.workflow.gate import Gate, gate_of, gates_of
from synqc.apps.fir.workflow.report_of import report_of
from synqc.apps.fir.workflow.retention import ForgetBefore, forget
from synqc.apps.fir.workflow.session import LastAnswer, Session
from synqc.apps.fir.workflow.session_changes import MACHINE, STAGE_KIND, SessionChanges
from synqc.apps.fir.workflow.stage_work import StageRunner, stage_work
from synqc.apps.fir.workflow.stages import Stages
from synqc.apps.fir.workflow.steps import STEPS, SessionStatus, Step
from synqc.apps.fir.workflow.store import (
    SessionRow,
    find_rows,
    find_session,
    find_session_with_head,
    find_unread,
    find_waiting,
    find_working,
)
from synqc.apps.fir.workflow.tables import COMPONENT as SESSIONS
from synqc.apps.fir.workflow.transition import rebuild
from synqc.errors import InputError
from synqc.jobs import Ledger, Work
from synqc.storage.migrations import Component

__all__ = ["COMPONENTS", "Officer", "Receipt", "Waiting", "Workflow"]

COMPONENTS: Final[Sequence[Component]] = (SESSIONS, HISTORY, REGISTER)
"""Tables that the ledger's database must have."""

_LONGEST_NOTE = 10_000
_LONGEST_PLACE = 1000
_SESSION_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_AT_ONCE = 100


@dataclass(frozen=True)
class Officer:
    """Who does something.

    Args:
        name: As the history and the report name them.
        role: officer, supervisor or auditor.
    """

    name: str
    role: str = "officer"

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip() or len(self.name) > LONGEST_NAME:
            raise InputError(f"Argument `name` must be 1 to {LONGEST_NAME} characters, but is {str(self.name)[:60]!r}.")


@dataclass(frozen=True)
class Receipt:
    """What an answer came to; the same answer, given again, gets the same receipt.

    Args:
        session_id: Whose gate it was.
        step: Which.
        answer: accept, edit, reject or regenerate.
        who: Whose answer.
        at: When it was stored.
        number: Number of its entry in the history.
    """

    session_id: str
    step: Step
    answer: str
    who: str
    at: float
    number: int


@dataclass(frozen=True)
class Waiting:
    """A gate that waits for an officer.

    Args:
        session_id: Whose.
        step: Which.
        since: Since when.
        age_s: For how long.
        is_due: Whether somebody should be reminded.
    """

    session_id: str
    step: Step
    since: float
    age_s: float
    is_due: bool


class Workflow:
    """Sessions with their five gates, on a ledger of jobs.

    Every method that changes something returns when that is on disk. A stage begins after the answer before it was
    stored, and a gate is shown after its stage's result was stored, so that a process which is killed anywhere leaves a
    session at its last gate, or with a stage that `recover` begins again.

    Args:
        ledger: Whose database has the tables of `COMPONENTS`; a worker of `works` does the stages.
        stages: What makes the results of the first four steps.
        scheme: Scheme of numbers.
        now: This moment, with the station's offset from UTC.
        expires_after_s: A gate that nobody answers for so long expires; None: never.
        remind_after_s: From when on a gate that waits is due.
        station: What the station's settings state of every report, by field.
        computes_ahead: Whether the next stage is computed while an officer reads.
        concurrency: How many stages a worker does at once.

    Examples:
        >>> import pathlib, tempfile
        >>> from synqc.apps.fir.workflow.stages import StageResult
        >>> from synqc.jobs import Worker
        >>> from synqc.jobs.ledgers import Ledgers
        >>> from synqc.storage.database import DatabaseLocation
        >>> stages = {
        ...     Step.SUMMARY: lambda given, stop: StageResult({"summary": given["transcript"][:7]}, model="none"),
        ...     Step.VIOLATIONS: lambda given, stop: StageResult({"violations": []}),
        ...     Step.NARRATIVE: lambda given, stop: StageResult({"fir_narrative": given["summary"]}, model="none"),
        ... }
        >>> meera = Officer("SI Meera Rao")
        >>> with tempfile.TemporaryDirectory() as folder, Ledgers() as ledgers:
        ...     ledger = ledgers.at(DatabaseLocation(pathlib.Path(folder)), COMPONENTS)
        ...     workflow = Workflow(ledger, stages)
        ...     with Worker(ledger, workflow.works):
        ...         session_id = workflow.open(meera, text="A cycle was stolen.")
        ...         while (gate := workflow.wait_for_gate(session_id, 10.0)).waiting_since is not None:
        ...             print(gate.step.value)
        ...             receipt = workflow.accept(session_id, gate.token, meera)
        transcript_review
        summary_review
        violations_review
        fir_narrative_review
        final_review
    """

    def __init__(
        self,
        ledger: Ledger,
        stages: Stages,
        *,
        scheme: NumberScheme | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        expires_after_s: float | None = 3600.0,
        remind_after_s: float = 600.0,
        station: Mapping[str, str] | None = None,
        computes_ahead: bool = True,
        concurrency: int = 4,
    ) -> None:
        for key, value in (station or {}).items():
            Statement(value, Source(SourceKind.STATION, "settings", "settings"))
            if check_field(key).key in DERIVED:
                raise InputError(f"Argument `station` must not state `{key}`, which follows from the gates.")
        self.ledger = ledger
        """Of its jobs and sessions."""
        self._changes = SessionChanges(ledger, now)
        self._now = now
        self._expires_after_s = expires_after_s
        self._remind_after_s = remind_after_s
        self._station = dict(station or {})
        self._computes_ahead = computes_ahead
        runner = StageRunner(self._changes, stages, scheme or NumberScheme())
        self.works: Mapping[str, Work] = {STAGE_KIND: stage_work(runner, concurrency=concurrency)}
        """For a `Worker`, in this process or in others."""

    # Sessions

    def open(
        self, officer: Officer, *, text: str = "", audio: str = "", image: str = "", language: str = "en",
        session_id: str | None = None,
    ) -> str:  # fmt: skip
        """Begin a session with a complaint: exactly one of its text, or where its recording or picture is kept.

        Returns:
            Its id.

        Raises:
            InputError: There is none of them or more than one, or an argument is out of its range.
            SessionExists: The id is taken.
        """
        given = {source: value for source, value in (("text", text), ("audio", audio), ("image", image)) if value}
        if len(given) != 1:
            was = ", ".join(given) or "none"
            raise InputError(f"Exactly one of `text`, `audio` and `image` must be given, but {was} is.")
        if language not in ("en", "hi"):
            raise InputError(f"Argument `language` must be `en` or `hi`, but is {str(language)[:20]!r}.")
        ((source, value),) = given.items()
        if source == "text":
            check_content(Step.TRANSCRIPT, {"transcript": value})
        elif not isinstance(value, str) or len(value) > _LONGEST_PLACE:
            raise InputError(f"Argument `{source}` must be a place of at most {_LONGEST_PLACE} characters.")
        chosen = str(uuid.uuid4()) if session_id is None else checked_session_id(session_id)
        event = Opened(
            who=officer.name, role=officer.role, session_id=chosen, source=source,
            text=value if source == "text" else "", media="" if source == "text" else value, language=language,
            station=self._station, ahead=self._computes_ahead,
        )  # fmt: skip
        self._changes.apply(chosen, event)
        return chosen

    def session(self, session_id: str) -> Session:
        """A session as it is now.

        Raises:
            UnknownSession: There is none.
        """
        return self._changes.read(checked_session_id(session_id))

    def sessions(self, *, limit: int = 100, status: SessionStatus | None = None) -> list[SessionRow]:
        """Sessions, those that were last touched first; of one status, or all."""
        with self.ledger.database.reading() as connection:
            return find_rows(connection, limit=limit, status=status)

    def gate(self, session_id: str) -> Gate | None:
        """What waits for an answer, or was answered last; None while a stage is under way."""
        return gate_of(self.session(session_id))

    def gates(self, session_id: str) -> list[Gate]:
        """All results that can be edited or made again, the newest last."""
        return gates_of(self.session(session_id))

    def wait_for_gate(self, session_id: str, timeout_s: float) -> Gate | None:
        """The gate once its stage has ended; None if that takes longer."""
        return gate_of(self._changes.wait(checked_session_id(session_id), lambda one: one.ticket is None, timeout_s))

    # Answers

    def accept(self, session_id: str, token: str, officer: Officer, *, note: str = "") -> Receipt:
        """It is right as shown; the note goes to the next stage beside it.

        Raises:
            GateConflict: Something else is shown by now, which the error has.
            StageRunning: The gate is still being made.
            AnswerRefused: What is shown failed or was rejected, or the session has expired or is filed.
        """
        event = Accepted(who=officer.name, role=officer.role, token=_token(token), note=_note("note", note))
        return self._answer(session_id, event)

    def edit(
        self, session_id: str, token: str, officer: Officer, content: Mapping[str, Any], *, accept: bool = False,
        note: str = "",
    ) -> Receipt:  # fmt: skip
        """The officer's words in the place of what was shown, at this gate or at one that was passed.

        Raises:
            InvalidContent: They are not of the step's form.
            GateConflict, StageRunning, AnswerRefused: As `accept`.
        """
        step = self._step_of_member(content)
        event = Edited(
            who=officer.name, role=officer.role, token=_token(token), content=check_content(step, dict(content)),
            accept=accept, note=_note("note", note),
        )  # fmt: skip
        return self._answer(session_id, event)

    def reject(self, session_id: str, token: str, officer: Officer, *, reason: str) -> Receipt:
        """It is wrong, and why; nothing is made until it is edited or asked for again."""
        if not _note("reason", reason).strip():
            raise InputError("Argument `reason` must say why, but is empty.")
        event = Rejected(who=officer.name, role=officer.role, token=_token(token), reason=reason)
        return self._answer(session_id, event)

    def regenerate(self, session_id: str, token: str, officer: Officer, *, instruction: str = "") -> Receipt:
        """It shall be made again, at this gate or at one that was passed."""
        event = Regenerated(
            who=officer.name, role=officer.role, token=_token(token), instruction=_note("instruction", instruction)
        )
        return self._answer(session_id, event)

    def state_fields(
        self, session_id: str, officer: Officer, statements: Mapping[str, str | None], *, base: str | None = None
    ) -> Session:
        """State fields of the report, or take statements back by None.

        Args:
            session_id: Whose report.
            officer: Name of whoever says it.
            statements: Value by field.
            base: `details_digest` of the session as the officer saw it; None: whatever it is.

        Raises:
            UnknownField, InputError: A field or a value is none.
            GateConflict: Somebody else has changed fields since.
        """
        for key, value in statements.items():
            field = check_field(key)
            if field.key in DERIVED:
                raise InputError(f"Field `{key}` follows from the gates and cannot be stated.")
            if value is not None:
                Statement(value, Source(SourceKind.OFFICER, officer.name, "final_review"))
        session_id = checked_session_id(session_id)
        known = self._changes.read(session_id).details_digest if base is None else base
        event = Detailed(who=officer.name, role=officer.role, base=known, statements=dict(statements))
        return self._changes.apply(session_id, event).session

    # What waits, and what time does

    def waiting(self, *, limit: int = 100) -> list[Waiting]:
        """Gates that wait for an officer, those that have waited longest first."""
        now = self._now().timestamp()
        with self.ledger.database.reading() as connection:
            found = find_waiting(connection, limit=limit)
        ages = [(one, max(0.0, now - (one.waiting_since or now))) for one in found]
        return [
            Waiting(one.session_id, one.step, one.waiting_since or now, age, age >= self._remind_after_s)
            for one, age in ages
        ]

    def expire(self) -> list[str]:
        """Let gates expire that nobody has answered for too long; ids of their sessions."""
        if self._expires_after_s is None:
            return []
        expired: list[str] = []
        before = self._now().timestamp() - self._expires_after_s
        while True:
            with self.ledger.database.reading() as connection:
                found = find_waiting(connection, limit=_AT_ONCE, before=before)
            some = [one.session_id for one in found if self._has_expired(one.session_id, self._expires_after_s)]
            expired += some
            if not some:
                return expired

    def reopen(self, session_id: str, officer: Officer) -> Session:
        """Go on with a session that had expired: the same gate with a new token."""
        event = Reopened(who=officer.name, role=officer.role)
        return self._changes.apply(checked_session_id(session_id), event).session

    def recover(self) -> int:
        """Begin stages again whose jobs were lost with a process, and tell those that ended without a result.

        Call it when a service starts and now and then; how many sessions have stages under way.
        """
        count, after = 0, ""
        while True:
            with self.ledger.database.reading() as connection:
                found = find_working(connection, limit=_AT_ONCE, after=after)
            for session in found:
                self._changes.reconcile(session)
            count += len(found)
            if len(found) < _AT_ONCE:
                return count
            after = found[-1].session_id

    def forget(self, *, before: float) -> list[str]:
        """Delete sessions without a filed report that nobody has touched since a moment, with their histories.

        Args:
            before: The moment, seconds since 1970.

        Returns:
            Their ids. Their numbers stay taken.
        """
        ids: list[str] = []
        while True:
            found = self.ledger.writer.call(forget, ForgetBefore(before)).result()
            ids += found.session_ids
            if not found.has_more:
                return ids

    def unread_media(self) -> list[str]:
        """Places of recordings and pictures whose text nobody has approved yet."""
        with self.ledger.database.reading() as connection:
            return find_unread(connection)

    def subscribe(self, hear: Callable[[str], object]) -> None:
        """Have something called with a session's id whenever this process has changed it; it must not block."""
        self._changes.listeners.add(hear)

    def unsubscribe(self, hear: Callable[[str], object]) -> None:
        """Call it no more."""
        self._changes.listeners.discard(hear)

    # Reports

    def report(self, session_id: str) -> FirstInformationReport:
        """The report of a session whose last gate is open or was passed.

        Raises:
            AnswerRefused: It has not come so far.
        """
        session = self.session(session_id)
        if not session.number or session.step is not Step.FINAL or session.ticket is not None:
            raise AnswerRefused(
                RefusalKind.NOT_COMPLETED, f"There is no report yet: the session is at {session.step.value}."
            )
        return report_of(session)

    def file(self, session_id: str, officer: Officer, *, reason: str = "") -> SealedReport:
        """Seal a report whose last gate was passed, and file it.

        Raises:
            NotFinal: It lacks something; the error lists all of it.
            AnswerRefused: The last gate was not passed, or it is filed already.
            NotReadBack, FontsMissing, MissingExtra: Its forms cannot be made.
        """
        session_id = checked_session_id(session_id)
        session = self._changes.read(session_id)
        if session.completed_at is None or session.status is not RecordStatus.DRAFT:
            filed = session.status is not RecordStatus.DRAFT
            raise AnswerRefused(
                RefusalKind.FILED if filed else RefusalKind.NOT_COMPLETED,
                "The report is filed already." if filed else "The last gate has not been passed.",
            )
        sealed = seal(report_of(session))
        event = StatusChanged(
            who=officer.name, role=officer.role, to=RecordStatus.FILED.value, reason=_note("reason", reason),
            digest=sealed.seal.digest, files=sealed.seal.files,
        )  # fmt: skip
        self._changes.apply(session_id, event, sealed=sealed.files)
        return sealed

    def change_status(self, session_id: str, to: RecordStatus, officer: Officer, *, reason: str = "") -> Session:
        """Lead a filed report on: accepted, or closed.

        Raises:
            AnswerRefused: It does not go there from where it stands.
        """
        if to is RecordStatus.FILED:
            raise InputError("Argument `to` must be accepted or closed, but is filed: a report is filed by `file`.")
        event = StatusChanged(who=officer.name, role=officer.role, to=to.value, reason=_note("reason", reason))
        return self._changes.apply(checked_session_id(session_id), event).session

    def record(self, number: str) -> Record:
        """A report by its number.

        Raises:
            UnknownNumber: There is none.
        """
        with self.ledger.database.reading() as connection:
            return find_record(connection, check_number(number))

    def records(self, *, limit: int = 20, offset: int = 0, before: tuple[float, str] | None = None) -> list[Record]:
        """Reports of the register, newest first, after so many or after the last one of the page before."""
        with self.ledger.database.reading() as connection:
            return find_records(connection, limit=limit, offset=offset, before=before)

    def record_count(self) -> int:
        """How many reports the register has."""
        with self.ledger.database.reading() as connection:
            return count_records(connection)

    def verify(self, number: str, held: bytes | str) -> Verification:
        """Whether a file, or a SHA-256 in hexadecimal, is what was sealed under a number.

        Raises:
            UnknownNumber: There is no such report.
        """
        check_number(number)
        with self.ledger.database.reading() as connection:
            if isinstance(held, str):
                found = verify_digest(connection, number, held)
            else:
                found = verify_file(connection, number, held)
            if found.verdict is not SealVerdict.NOT_SEALED:
                record = find_record(connection, number)
                if report_of(find_session(connection, record.session_id)).digest != record.digest:
                    return replace(found, verdict=SealVerdict.REGISTER_DAMAGED, form="")
        return found

    def sealed_file(self, number: str, form: str) -> bytes:
        """A form of a filed report as it was sealed: `pdf`, `docx`, `html`, `txt` or `json`.

        Raises:
            UnknownNumber: There is no such report.
            AnswerRefused: It is not filed.
            InputError: There is no such form.
        """
        if form not in FORMS:
            raise InputError(f"Argument `form` must be one of {', '.join(FORMS)}, but is {str(form)[:20]!r}.")
        record = self.record(number)
        with self.ledger.database.reading() as connection:
            data = find_file(connection, record.number, form)
        if data is None:
            raise AnswerRefused(RefusalKind.NOT_COMPLETED, f"Report {record.number} is not filed yet.")
        return data

    # History

    def history(self, session_id: str) -> list[StoredEntry]:
        """All that was done in a session.

        Raises:
            UnknownSession: There is none.
        """
        return self._history(session_id)[0]

    def audit(self, session_id: str) -> list[Fault]:
        """All places where a session's history is not what was written, or the session is not what it tells."""
        session_id = checked_session_id(session_id)
        with self.ledger.database.reading() as connection:
            session, head = find_session_with_head(connection, session_id)
            entries = _up_to(session.revision, find_entries(connection, session_id))
        faults = verify_chain(session_id, entries, head)
        if not faults and _folded(entries) != session:
            faults.append(Fault(session.revision, FaultPlace.SESSION))
        return faults

    def rebuilt(self, session_id: str) -> Session:
        """The session as its history alone tells it; a report made of it has the same bytes.

        Raises:
            ValueError: The history cannot have happened.
        """
        return _folded(self.history(session_id))

    def export(self, session_id: str) -> bytes:
        """A session's history for an auditor; see `export_history`."""
        entries, head = self._history(session_id)
        return export_history(checked_session_id(session_id), entries, head)

    def _has_expired(self, session_id: str, after_s: float) -> bool:
        try:
            self._changes.apply(session_id, Expired(**MACHINE, after_s=after_s))
        except AnswerRefused:  # somebody has answered
            return False
        return True

    def _history(self, session_id: str) -> tuple[list[StoredEntry], str]:
        session_id = checked_session_id(session_id)
        with self.ledger.database.reading() as connection:
            session, head = find_session_with_head(connection, session_id)
            return _up_to(session.revision, find_entries(connection, session_id)), head

    def _answer(self, session_id: str, event: Accepted | Edited | Rejected | Regenerated) -> Receipt:
        applied = self._changes.apply(checked_session_id(session_id), event)
        last = applied.session.last_answer
        if last is None:
            raise AssertionError("An answer that was applied is the last one.")
        return _receipt(applied.session.session_id, last)

    def _step_of_member(self, content: Mapping[str, Any]) -> Step:
        by_member = {member: step for step, member in MEMBERS.items()}
        return next((by_member[name] for name in content if name in by_member), STEPS[0])


def _up_to(revision: int, entries: Sequence[StoredEntry]) -> list[StoredEntry]:
    """Without those that were added since the session was read."""
    return [one for one in entries if one.number <= revision]


def _folded(entries: Sequence[StoredEntry]) -> Session:
    said = [one.entry for one in entries]
    return rebuild([(Event.from_plain(one.event), one.at) for one in said])


def checked_session_id(session_id: object) -> str:
    """A session's id in small letters.

    Raises:
        InputError: It is no UUID of version 4.
    """
    if isinstance(session_id, str) and _SESSION_ID.fullmatch(session_id.lower()):
        return session_id.lower()
    raise InputError(f"Argument `session_id` must be a UUID of version 4, but is {str(session_id)[:60]!r}.")


def _receipt(session_id: str, last: LastAnswer) -> Receipt:
    return Receipt(session_id, last.step, last.name, last.who, last.at, last.revision)


def _token(token: object) -> str:
    if isinstance(token, str) and re.fullmatch("[0-9a-f]{64}", token):
        return token
    raise InputError(f"Argument `token` must be the 64 digits of a gate's token, but is {str(token)[:70]!r}.")


def _note(name: str, text: object) -> str:
    if isinstance(text, str) and len(text) <= _LONGEST_NOTE:
        return text
    was = f"{len(text)} characters" if isinstance(text, str) else type(text).__name__
    raise InputError(f"Argument `{name}` must be text of at most {_LONGEST_NOTE:,} characters, but is {was}.")
