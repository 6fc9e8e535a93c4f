"""Group commit: one thread writes for everybody, and commits what gathered while it was busy as one transaction."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Executable, Table, bindparam, delete, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from synqc import metrics
from synqc.apps.tds.storage import schema
from synqc.apps.tds.storage.database import Database
from synqc.storage.errors import NotOwner, StorageUnavailable

__all__ = ["Change", "WriterLane"]

_log = logging.getLogger("synqc.storage")
_commits = metrics.timer("synqc_storage_commit", "Time of one durable group of changes.")
_changes = metrics.counter("synqc_storage_changes_total", "Changes stored.")
_failed = metrics.counter("synqc_storage_failures_total", "Groups of changes that could not be stored.")

_MOST_IN_GROUP = 500
_SHUTDOWN_PATIENCE_S = 10.0
_BETWEEN_TRIALS_S = 1.0  # of storage that did not work

Row = dict[str, Any]
Settled = Callable[[Future[None]], None]
"""Callback for when a change is stored, or could not be."""


@dataclass
class Change:
    """Unit of work: rows that are stored together or not at all.

    Args:
        sessions: Inserted, or replaced by their id.
        runs, log_lines, telemetry, agent_calls, sweeps: Rows of these tables; what has a key of its own is replaced.
        forgotten_lines: (session_id, line_number): lines before it are deleted.
        deleted_sessions: Ids; everything of them goes, their runs excepted.
        deleted_runs_of: Ids of sessions; their runs go.
        epoch: Fencing token of the moment when it was decided: it is stored in no other epoch. None: in any.
    """

    sessions: list[Row] = field(default_factory=list)
    runs: list[Row] = field(default_factory=list)
    log_lines: list[Row] = field(default_factory=list)
    telemetry: list[Row] = field(default_factory=list)
    agent_calls: list[Row] = field(default_factory=list)
    sweeps: list[Row] = field(default_factory=list)
    forgotten_lines: list[tuple[str, int]] = field(default_factory=list)
    deleted_sessions: list[str] = field(default_factory=list)
    deleted_runs_of: list[str] = field(default_factory=list)
    epoch: int | None = None

    def merge(self, other: Change) -> None:
        """Add what another one stores."""
        for name in _LISTS:
            getattr(self, name).extend(getattr(other, name))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to store."""
        return not any(getattr(self, name) for name in _LISTS)


_LISTS = tuple(name for name in Change.__dataclass_fields__ if name != "epoch")


class WriterLane:
    """Group-commit writer, the only one of its database.

    A caller hands over a `Change` and gets a future that is done when the change is on disk. If a group cannot be
    stored, its changes are tried one by one, so that nobody pays for somebody else's.

    After a failure the lane tries by itself, time and again, whether storage works: nobody may ask for a change while
    that is said to be in trouble.

    Args:
        database: The database that changes are stored in.
        flush_interval_s: How often `gather` is asked for what may wait; None: at the end alone.
        gather: Returns what may wait (telemetry); called on the lane's thread.
        put_back: Requeues what was gathered if it could not be stored.
    """

    def __init__(
        self,
        database: Database,
        *,
        flush_interval_s: float | None,
        gather: Callable[[], Change | None],
        put_back: Callable[[Change], None],
    ) -> None:
        self._database = database
        self._interval = flush_interval_s
        self._gather = gather
        self._put_back = put_back
        self._statements = _Statements(database.engine.dialect.name)
        self._waiting: list[tuple[Change, Future[None]]] = []
        self._condition = threading.Condition()
        self._closing = False
        self.trouble: str | None = None
        """Why nothing could be stored when that was last tried, or None."""
        self._next_trial = math.inf
        self._thread = threading.Thread(target=self._work, name="synqc-writer", daemon=True)
        self._thread.start()

    def submit(self, change: Change, *then: Settled) -> Future[None]:
        """Store a change; the future fails with StorageUnavailable if that was not possible.

        Args:
            change: What is stored.
            then: Called with the future when it is done, in the order of all changes.
        """
        done: Future[None] = Future()
        for call in then:
            done.add_done_callback(call)
        with self._condition:
            if not self._closing:
                self._waiting.append((change, done))
                self._condition.notify()
                return done
        done.set_exception(StorageUnavailable("Storage is closed: the service is shutting down."))
        return done

    def close(self) -> None:
        """Store what is left, telemetry included, and end the thread."""
        with self._condition:
            if self._closing:
                return
            self._closing = True
            self._condition.notify()
        self._thread.join(_SHUTDOWN_PATIENCE_S)

    def _work(self) -> None:
        next_flush = None if self._interval is None else time.monotonic() + self._interval
        while True:
            with self._condition:
                while not self._waiting and not self._closing:
                    due = min(self._next_trial, math.inf if next_flush is None else next_flush)
                    patience = None if due == math.inf else max(0.0, due - time.monotonic())
                    if not self._condition.wait(patience) and patience is not None:
                        break
                size = _group_size(self._waiting)
                group, self._waiting = self._waiting[:size], self._waiting[size:]
                closing = self._closing and not self._waiting
            if group:
                self._store(group)
            if closing or (next_flush is not None and time.monotonic() >= next_flush):
                self._flush()
                if self._interval is not None:
                    next_flush = time.monotonic() + self._interval
            if closing:
                return
            if time.monotonic() >= self._next_trial:
                self._try_storage()

    def _flush(self) -> None:
        try:
            gathered = self._gather()
        except Exception:
            _log.exception("Telemetry could not be gathered.")
            return
        if gathered is not None:
            stored: Future[None] = Future()
            self._store([(gathered, stored)])
            if stored.exception() is not None:
                self._put_back(gathered)

    def _store(self, group: Sequence[tuple[Change, Future[None]]]) -> None:
        whole = Change(epoch=group[0][0].epoch)
        for change, _ in group:
            whole.merge(change)
        if whole.is_empty and whole.epoch in (None, self._database.epoch):  # somebody waits for those before it
            for _, done in group:
                done.set_result(None)
            return
        try:
            self._commit(whole)
        except (SQLAlchemyError, OSError, NotOwner) as error:
            _failed.add()
            if len(group) > 1:
                for one in group:
                    self._store([one])
                return
            if isinstance(error, NotOwner):
                group[0][1].set_exception(error)
            else:
                self._fail(group[0][1], error)
        except BaseException as error:  # a defect must not leave anybody waiting
            for _, done in group:
                done.set_exception(error)
            _log.exception("A change could not be stored.")
        else:
            self._note_success()
            _changes.add(len(group))
            for _, done in group:
                done.set_result(None)

    def _fail(self, done: Future[None], error: Exception) -> None:
        refusal = self._database.refusal(error)
        self._note_trouble(refusal)
        done.set_exception(refusal)

    def _try_storage(self) -> None:
        try:
            self._database.check_writing()
        except NotOwner:  # of which the lease tells
            self._next_trial = time.monotonic() + _BETWEEN_TRIALS_S
        except StorageUnavailable as refusal:
            self._note_trouble(refusal)
        except Exception:  # a defect must not end the lane
            self._next_trial = time.monotonic() + _BETWEEN_TRIALS_S
            _log.exception("Storage could not be tried.")
        else:
            self._note_success()

    def _note_trouble(self, refusal: StorageUnavailable) -> None:
        if self.trouble != str(refusal):
            _log.error("%s", refusal)
        self.trouble = str(refusal)
        self._next_trial = time.monotonic() + _BETWEEN_TRIALS_S

    def _note_success(self) -> None:
        if self.trouble is not None:
            _log.info("Storage in %s works again.", self._database.place)
        self.trouble, self._next_trial = None, math.inf

    def _commit(self, change: Change) -> None:
        with _commits, self._database.writing(change.epoch) as connection:
            self._statements.apply(connection, change)


def _group_size(waiting: Sequence[tuple[Change, Future[None]]]) -> int:
    """Number of changes to commit as one group: they may be stored in any order, and are of one epoch.

    A deletion stands alone, for what has gone may be created again.
    """
    for index, (change, _) in enumerate(waiting[:_MOST_IN_GROUP]):
        if change.deleted_sessions or change.epoch != waiting[0][0].epoch:
            return max(index, 1)
    return min(len(waiting), _MOST_IN_GROUP)


class _Statements:
    """Prepared statements, in the order that a change needs them."""

    def __init__(self, dialect: str) -> None:
        make = postgresql.insert if dialect == "postgresql" else sqlite.insert
        self._upserts = {
            table.name: _upsert(make, table)
            for table in (schema.sessions, schema.log_lines, schema.telemetry, schema.sweeps)
        }
        lines = schema.log_lines
        self._forget_lines = delete(lines).where(
            lines.c.session_id == bindparam("of"), lines.c.line_number < bindparam("before")
        )
        self._delete = [
            delete(table).where(table.c.session_id == bindparam("of"))
            for table in (schema.sessions, schema.log_lines, schema.telemetry)
        ]
        self._delete_runs = delete(schema.runs).where(schema.runs.c.session_id == bindparam("of"))

    def apply(self, connection: Connection, change: Change) -> None:
        if change.sessions:
            newest = {row["session_id"]: row for row in change.sessions}  # within a group only the last one counts
            connection.execute(self._upserts["sessions"], list(newest.values()))
        if change.runs:
            connection.execute(insert(schema.runs), change.runs)
        for name in ("log_lines", "telemetry", "sweeps"):
            rows: list[Row] = getattr(change, name)
            if rows:
                connection.execute(self._upserts[name], rows)
        if change.agent_calls:
            connection.execute(insert(schema.agent_calls), change.agent_calls)
        for session_id, before in change.forgotten_lines:
            connection.execute(self._forget_lines, {"of": session_id, "before": before})
        for session_id in change.deleted_sessions:
            for statement in self._delete:
                connection.execute(statement, {"of": session_id})
        for session_id in change.deleted_runs_of:
            connection.execute(self._delete_runs, {"of": session_id})


def _upsert(make: Callable[[Table], Any], table: Table) -> Executable:
    statement = make(table)
    keys = [column.name for column in table.primary_key]
    others = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    replaced: Executable = statement.on_conflict_do_update(index_elements=keys, set_=others)
    return replaced
