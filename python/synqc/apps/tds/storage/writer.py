"""Unit of work of the application's tables, and the procedure that stores what several callers hand over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Executable, Table, bindparam, delete, insert
from sqlalchemy.dialects import postgresql, sqlite

from synqc.apps.tds.storage import schema
from synqc.apps.tds.storage.database import Database
from synqc.storage.errors import NotOwner
from synqc.storage.writer import GroupCommitWriter

__all__ = ["Change", "ChangeWriter", "Settled"]

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


class ChangeWriter:
    """Stores changes through the group-commit writer of their database.

    Args:
        database: The database that changes are stored in; its lease, if it has one, is proved for every change.
        writer: Of that database, and of no lease: whoever else writes with it proves by himself that he may.
    """

    def __init__(self, database: Database, writer: GroupCommitWriter) -> None:
        self._database = database
        self._writer = writer
        self._statements = _Statements(database.engine.dialect.name)

    @property
    def trouble(self) -> str | None:
        """Why nothing could be stored when that was last tried, or None."""
        return self._writer.trouble

    def submit(self, change: Change, *then: Settled) -> Future[None]:
        """Store a change; the future is done when it is on disk.

        It fails with StorageUnavailable if that was not possible, with NotOwner if the change is of another epoch.

        Args:
            change: What is stored.
            then: Called with the future when it is done, in the order of all changes.
        """
        if change.is_empty and change.epoch in (None, self._database.epoch):  # somebody waits for those before it
            return self._writer.barrier(then=then)
        return self._writer.call(self._store, change, then=then)

    def _store(self, connection: Connection, changes: Sequence[Change]) -> list[Exception | None]:
        """Procedure: what is stored together is one statement per table, and each epoch proves itself first."""
        refusals: dict[int | None, NotOwner | None] = {}
        whole = Change()
        for change in changes:
            if change.epoch not in refusals:
                refusals[change.epoch] = self._refusal(connection, change.epoch)
            if refusals[change.epoch] is not None:
                continue
            if change.deleted_sessions:  # stands alone, for what has gone may be created again
                self._statements.apply(connection, whole)
                self._statements.apply(connection, change)
                whole = Change()
            else:
                whole.merge(change)
        self._statements.apply(connection, whole)
        return [refusals[change.epoch] for change in changes]

    def _refusal(self, connection: Connection, epoch: int | None) -> NotOwner | None:
        lease = self._database.lease
        if lease is None:
            return None
        try:
            lease.fence(connection, lease.epoch if epoch is None else epoch)
        except NotOwner as error:
            return error
        return None


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
