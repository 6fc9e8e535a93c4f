"""All sessions in memory, and how each change of them reaches the disk."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import timedelta
from typing import Any

from synqc import json
from synqc.apps.tds import clock
from synqc.apps.tds.background_flush import BackgroundFlush
from synqc.apps.tds.compressed_ring_buffer import CompressedRingBuffer
from synqc.apps.tds.events import EventRing
from synqc.apps.tds.identifiers import new_session_id, run_id_stem, session_id_refusal
from synqc.apps.tds.models import RunConfiguration, SessionStatus
from synqc.apps.tds.session import MOST_LINES, Session, mode_label
from synqc.apps.tds.settings import TdsSettings
from synqc.apps.tds.storage import Change, ChangeWriter, Database, NotOwner, SessionMoved, StorageUnavailable
from synqc.apps.tds.storage.session_owners import Adopted
from synqc.apps.tds.storage.session_rows import session_of, session_row
from synqc.apps.tds.storage.writer import Settled
from synqc.errors import InputError, SynqcError

__all__ = ["SessionBusy", "SessionStore", "UnknownSession"]

_log = logging.getLogger("synqc.store")
_PATIENCE_S, _PATIENCE_AT_END_S = 30.0, 10.0  # with storage
_STOPPED = "Idle · the server stopped during a run"
_LINES_BETWEEN_DELETIONS = 100  # of outlived log lines on disk
_OTHERS_CLOCK = timedelta(minutes=1)  # by which the clock of a former owner may have been ahead of this one's

LogRow = dict[str, Any]
"""Of the log, as it is stored."""


class UnknownSession(SynqcError, LookupError):
    """No session has that id."""

    code = "unknown_session"

    def __init__(self, session_id: str) -> None:
        super().__init__(f"Session '{session_id}' not found")


class SessionBusy(SynqcError):
    """The session is running."""

    code = "session_busy"


class SessionStore:
    """Sessions by id in order of creation.

    A change is made in memory under `lock` and handed to the writer; whoever tells a client about it first waits for
    the future. If it cannot be stored, the session goes back to what it was.

    In a cluster of servers it has the sessions that its node owns, and loads none before it is asked for one; what is
    refused because another node owns a session lets go of that session.

    Args:
        settings: Limits and the interval of flushing.
        database: Where sessions live; what it holds is loaded.
        writer: Of the database.
    """

    def __init__(self, settings: TdsSettings, database: Database, writer: ChangeWriter) -> None:
        self.settings = settings
        self.database = database
        self.writer = writer
        self.lock = threading.RLock()
        self.sessions: dict[str, Session] = {}
        self._last_position = 0
        self._run_ids_lock = threading.Lock()  # of its own: the database is asked under it
        self._run_ids: dict[str, int] = {}
        self._run_ids_second = ""
        self._run_ids_asked_until = ""
        self._forget_run_ids()
        self._with_new_rows: set[str] = set()
        self.let_go_of: Callable[[Session], None] = _nothing
        """Called with a session that belongs to another node by now."""
        self._flushing = threading.Lock()  # until rows of a flush that failed are among the new ones again
        self._epoch: int | None = None
        self._load(database.epoch)
        self._flusher = BackgroundFlush(self.flush, settings.flush_interval_s) if settings.background_flush else None

    @property
    def epoch(self) -> int | None:
        """Of the database's ownership, in which the sessions were read; None while they are not, or without a lease."""
        return self._epoch

    @property
    def _sessions(self) -> dict[str, Session]:
        """An older name that scripts use."""
        return self.sessions

    def get(self, session_id: str) -> Session:
        """The session with this id.

        Raises:
            UnknownSession: There is none.
        """
        found = self.sessions.get(session_id)
        if found is None:
            raise UnknownSession(session_id)
        return found

    def create_or_update(self, session_id: str | None, config: RunConfiguration) -> tuple[Session, Future[None]]:
        """A new session, or a new configuration for a known one.

        Raises:
            InputError: A client may not choose this id.
        """
        with self.lock:
            known = self.sessions.get(session_id) if session_id else None
            if known is not None:
                return known, self._update(known, config)
            if session_id:
                refusal = session_id_refusal(session_id)
                if refusal is not None:
                    raise InputError(refusal)
            else:
                session_id = new_session_id()
                while session_id in self.sessions:
                    session_id = new_session_id()
            self._last_position += 1  # a cluster asks its database instead, see `_NodeStatements`
            session = Session(
                session_id, position=self._last_position, created_at=clock.now(), config=config,
                shot_limit=self.settings.default_shot_limit,
            )  # fmt: skip
            session.lease_epoch = self._epoch
            if self.database.node is not None:
                if self._epoch is None:
                    raise NotOwner("This node registers anew: try again.")
                session.epoch = 1
                self._own(session, self._epoch)
            self.sessions[session_id] = session
            line = session.log("Session created.")

            def undo() -> None:
                self.sessions.pop(session.session_id, None)

            return session, self.save(session, Change(log_lines=[line]), undo)

    def delete(self, session_id: str, *, runs: bool = False) -> Future[None]:
        """Forget a session; its runs stay readable by their ids.

        Args:
            session_id: Of the session.
            runs: Forget them as well.

        Raises:
            UnknownSession: There is none.
            SessionBusy: It is running.
        """
        with self.lock:
            session = self.get(session_id)
            if session.status is SessionStatus.RUNNING:
                raise SessionBusy(f"Session '{session_id}' is running: kill the run first.")
            del self.sessions[session_id]

            def undo() -> None:
                self.sessions.setdefault(session_id, session)

            session.events.publish("state", b'{"deleted":true}')
            change = Change(deleted_sessions=[session_id], deleted_runs_of=[session_id] if runs else [])
            change.epoch = session.lease_epoch
            return self._submitted(session, change, undo)

    def clear_lines(self, session: Session) -> Future[None]:
        """Forget the log; one line that says so stays."""
        with self.lock:
            lines, first_line, next_line = list(session.lines), session.first_line, session.next_line
            session.lines.restart(())
            session.first_line = next_line
            line = session.log("Log cleared.")

            def undo() -> None:
                session.lines.restart(lines)
                session.first_line, session.next_line = first_line, next_line

            change = Change(log_lines=[line], forgotten_lines=[(session.session_id, session.first_line)])
            return self.save(session, change, undo)

    def save(
        self,
        session: Session,
        change: Change | None = None,
        undo: Callable[[], None] | None = None,
        *,
        told: Sequence[LogRow] = (),
    ) -> Future[None]:
        """Store a session as it is now, with what belongs to it, and tell whoever watches.

        Of one that was deleted while its run was ending only the run is stored.

        Args:
            session: As it is now.
            change: What belongs to it.
            undo: Called if it cannot be stored.
            told: Rows of the log that whoever watches was told of before.
        """
        with self.lock:
            change = change or Change()
            change.epoch = session.lease_epoch
            if session.moved:
                return _refused(SessionMoved.named(session.session_id))
            if self.sessions.get(session.session_id) is session:
                change.sessions.append(session_row(session))
            else:
                change.log_lines.clear()
            if session.first_line > 0 and any(
                row["line_number"] % _LINES_BETWEEN_DELETIONS == 0 for row in change.log_lines
            ):
                change.forgotten_lines.append((session.session_id, session.first_line))
            untold = [row for row in change.log_lines if row not in told]
            return self._submitted(session, change, undo, _telling(session, untold))

    def announce_in_turn(self, session: Session, lines: Sequence[LogRow]) -> None:
        """Tell whoever watches of lines that are stored later, after those that are being stored now."""
        if session.events.watched:
            self.writer.submit(Change(epoch=session.lease_epoch), _telling(session, lines))

    def new_run_id(self, session: Session) -> str:
        """An id no run has: session, second and, if that is taken, a suffix."""
        with self._run_ids_lock:
            stem = run_id_stem(session.session_id, clock.now())
            second = stem[-16:]
            if second != self._run_ids_second:
                if second < self._run_ids_second:  # the clock was set back
                    self._run_ids_asked_until = max(self._run_ids_asked_until, self._run_ids_second)
                self._run_ids, self._run_ids_second = {}, second
            if stem not in self._run_ids:
                # A second that began after this process did has no ids on disk.
                asked = second <= max(self._run_ids_asked_until, session.run_ids_asked_until)
                self._run_ids[stem] = _highest_suffix(stem, self.database.run_ids(stem)) if asked else 0
            self._run_ids[stem] += 1
            taken = self._run_ids[stem]
            return stem if taken == 1 else f"{stem}-{taken}"

    def add_row(self, session: Session, row: bytes) -> None:
        """Add a telemetry row; it reaches the disk at the next flush."""
        with self.lock:
            session.add_row(row)
            self._with_new_rows.add(session.session_id)
        session.events.publish("telemetry", row)

    def load_history(self, session: Session) -> None:
        """Read log lines and telemetry of an earlier process; done once, when they are first asked for."""
        if session.history_loaded:
            return
        lines = self.database.lines(session.session_id, session.first_line)
        rows = self.database.telemetry_rows(session.session_id)
        with self.lock:
            if session.history_loaded:
                return
            _put_before(session.lines, [(number, line.encode()) for number, line in lines], session.next_line)
            _put_before(session.rows, rows, session.next_row)
            session.history_loaded = True

    def flush(self, patience_s: float = _PATIENCE_S) -> None:
        """Store telemetry now; blocks until it is on disk, with all that was changed before.

        Args:
            patience_s: With storage.

        Raises:
            StorageUnavailable: It cannot be stored.
        """
        with self._flushing:
            change = self._new_telemetry()
            stored = self.writer.submit(change or Change())
            try:
                _wait_until_stored(stored, patience_s)
            except StorageUnavailable:
                if change is not None:
                    self._requeue_telemetry(change)
                raise

    def close(self) -> None:
        """Store what is left, telemetry included."""
        if self._flusher is not None:
            self._flusher.close()
        try:
            self.flush(_PATIENCE_AT_END_S)
        except StorageUnavailable as error:
            _log.error("The last telemetry is lost: %s", error)

    def _update(self, session: Session, config: RunConfiguration) -> Future[None]:
        config_before, label_before, moment_before = session.config, session.mode_label, session.last_updated_at
        session.config = config
        session.mode_label = mode_label(config.hardware_target)
        session.touch()
        line = session.log("Configuration updated.")

        def undo() -> None:
            session.config, session.mode_label = config_before, label_before
            session.log("The configuration could not be stored; the former one is back.")
            session.touch(moment_before)

        return self.save(session, Change(log_lines=[line]), undo)

    def _submitted(
        self, session: Session, change: Change, undo: Callable[[], None] | None, *then: Settled
    ) -> Future[None]:
        def settle(done: Future[None]) -> None:
            error = done.exception()
            if error is None:
                return
            with self.lock:
                if undo is not None:
                    undo()
                if isinstance(error, SessionMoved):
                    self._drop(session)

        return self.writer.submit(change, settle, *then)

    def _new_telemetry(self) -> Change | None:
        with self.lock:
            names, self._with_new_rows = self._with_new_rows, set()
            rows: list[dict[str, Any]] = []
            for session_id in names:
                session = self.sessions.get(session_id)
                if session is not None:
                    rows += session.unstored_rows()
                    session.rows_stored = session.next_row
            epoch = self._epoch
        return Change(telemetry=rows, epoch=epoch) if rows else None

    def _requeue_telemetry(self, change: Change) -> None:
        """Rows that could not be stored are tried again with the next ones, as far as they are still kept."""
        with self.lock:
            for row in change.telemetry:
                session = self.sessions.get(row["session_id"])
                if session is not None:
                    session.rows_stored = min(session.rows_stored, row["row_number"])
                    self._with_new_rows.add(session.session_id)

    def take_in(self, adopted: Adopted, epoch: int) -> None:
        """Keep a session that this node of a cluster has just adopted.

        Args:
            adopted: The session.
            epoch: Lease in which it was adopted; in another one it is another node's by now.
        """
        session = _session_of(adopted.row, adopted.next_line, adopted.next_row)
        if session.status is SessionStatus.RUNNING:
            session.set_status(SessionStatus.IDLE, _STOPPED)
        with self._run_ids_lock:  # what was counted when it was here before
            moment = clock.now()
            stem = run_id_stem(session.session_id, moment).removesuffix(clock.compact_stamp(moment))
            self._run_ids.pop(stem + self._run_ids_second, None)
        with self.lock:
            if self._epoch == epoch:
                self._own(session, epoch)
                self.sessions[session.session_id] = session

    def release(self, session: Session) -> Future[None] | None:
        """Give a session up for the node of the cluster that is asked for it.

        Returns:
            When any node may adopt it; None if it stays, because it is running, or watched, or has gone.
        """
        with self.lock:
            is_here = self.sessions.get(session.session_id) is session
            if not is_here or session.status is SessionStatus.RUNNING or session.events.watched:
                return None
            change = Change(
                telemetry=session.unstored_rows(), released_sessions=[session.session_id], epoch=session.lease_epoch
            )
            self._drop(session)
            return self.writer.submit(change)

    def _own(self, session: Session, number: int) -> None:
        """Note that this node owns a session, which another one may have had before."""
        session.lease_epoch = session.owner = number
        session.events = EventRing(session.epoch)
        session.run_ids_asked_until = clock.compact_stamp(clock.now() + _OTHERS_CLOCK)

    def _drop(self, session: Session) -> None:
        """Forget a session that belongs to another node by now."""
        session.moved = True
        if self.sessions.get(session.session_id) is session:
            del self.sessions[session.session_id]
        self._with_new_rows.discard(session.session_id)
        self.let_go_of(session)
        session.events.wake()

    def let_go(self) -> None:
        """Forget every session: the database has another owner, who may change them."""
        with self.lock:
            gone = list(self.sessions.values())
            self.sessions.clear()
            self._with_new_rows.clear()
            self._epoch = None
        for session in gone:
            session.events.wake()

    def take_up(self, epoch: int) -> None:
        """Read every session anew: the database is this service's again.

        Raises:
            StorageUnavailable: It cannot be read.
        """
        self.let_go()
        with self._run_ids_lock:
            self._forget_run_ids()
        self._load(epoch)

    def _forget_run_ids(self) -> None:
        """Ids of seconds up to now are on disk, if at all: of this or another process, whose clock may be ahead."""
        self._run_ids, self._run_ids_second = {}, ""
        ahead = timedelta(0) if self.database.lease is None else _OTHERS_CLOCK
        self._run_ids_asked_until = clock.compact_stamp(clock.now() + ahead)

    def _load(self, epoch: int | None) -> None:
        if self.database.node is not None:  # each is adopted when somebody asks for it
            self._epoch = epoch
            return
        lost_runs = 0
        loaded: dict[str, Session] = {}
        next_lines, next_rows = self.database.next_line_numbers(), self.database.next_row_numbers()
        for row in self.database.session_rows():
            name = row.session_id
            session = _session_of(row, next_lines.get(name, 0), next_rows.get(name, 0))
            if session.status is SessionStatus.RUNNING:
                session.set_status(SessionStatus.IDLE, _STOPPED)
                lost_runs += 1
            session.lease_epoch = epoch
            session.owner = None
            loaded[session.session_id] = session
        with self.lock:
            self.sessions.update(loaded)
            self._last_position = max((session.position for session in loaded.values()), default=0)
            self._epoch = epoch
        if lost_runs:
            _log.warning("%d sessions were running when the server stopped; they are idle now.", lost_runs)


def _nothing(_: Session) -> None:
    pass


def _refused(error: Exception) -> Future[None]:
    refused: Future[None] = Future()
    refused.set_exception(error)
    return refused


def _session_of(row: Any, next_line: int, next_row: int) -> Session:
    """The session of a stored row, and the numbers that its next log line and telemetry row have."""
    session = session_of(row)
    session.next_line = max(session.first_line, next_line)
    session.first_line = max(session.first_line, session.next_line - MOST_LINES)
    session.next_row = session.rows_stored = next_row
    return session


def _telling(session: Session, lines: Sequence[LogRow]) -> Settled:
    """Tells whoever watches about new log lines and the state as it is now, unless they could not be stored.

    A run may end before its beginning is stored: both states are told all the same, in their order.
    """
    state = session.summary_bytes() if session.events.watched else None

    def tell(done: Future[None]) -> None:
        if session.events.watched and done.exception() is None:
            for row in lines:
                session.events.publish("log", json.dumps({"line": row["line"]}))
            session.events.publish("state", state or session.summary_bytes())

    return tell


def _highest_suffix(stem: str, taken: list[str]) -> int:
    highest = 0
    for run_id in taken:
        rest = run_id.removeprefix(stem)
        if rest == "":
            highest = max(highest, 1)
        elif rest.startswith("-") and rest[1:].isdigit():
            highest = max(highest, int(rest[1:]))
    return highest


def _put_before(kept: CompressedRingBuffer, stored: list[tuple[int, bytes]], following: int) -> None:
    """Put stored entries before those that are kept, of which the next one will have the number `following`.

    Some that are kept may be stored by now.
    """
    newer = list(kept)
    kept.restart([entry for number, entry in stored if number < following - len(newer)] + newer)


def _wait_until_stored(stored: Future[None], patience_s: float) -> None:
    """Wait until a change is on disk.

    Raises:
        StorageUnavailable: It cannot be stored.
    """
    try:
        stored.result(patience_s)
    except TimeoutError as error:
        raise StorageUnavailable(f"Storage did not answer within {patience_s:g} s.") from error
