"""Unit of work of the application's tables, and the procedure that stores what several callers hand over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Executable, Table, bindparam, delete, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from synqc.apps.tds.storage import schema
from synqc.apps.tds.storage.database import Database
from synqc.storage.errors import NotOwner
from synqc.storage.writer import GroupCommitWriter

__all__ = ["Change", "ChangeWriter", "SessionMoved", "Settled"]

Row = dict[str, Any]
Settled = Callable[[Future[None]], None]
"""Callback for when a change is stored, or could not be."""


class SessionMoved(NotOwner):
    """Another node of the cluster owns the session: what was decided here was not stored."""

    code = "session_moved"

    @classmethod
    def named(cls, session_id: str) -> SessionMoved:
        """In words."""
        return cls(f"Session '{session_id}' belongs to another node by now: ask again.")


@dataclass
class Change:
    """Unit of work: rows that are stored together or not at all.

    Args:
        sessions: Inserted, or replaced by their id.
        runs, log_lines, telemetry, agent_calls, sweeps: Rows of these tables; what has a key of its own is replaced.
        forgotten_lines: (session_id, line_number): lines before it are deleted.
        deleted_sessions: Ids; everything of them goes, their runs excepted.
        released_sessions: Ids; this node of a cluster does not own them any more.
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
    released_sessions: list[str] = field(default_factory=list)
    deleted_runs_of: list[str] = field(default_factory=list)
    epoch: int | None = None

    def merge(self, other: Change) -> None:
        """Add what another one stores."""
        for name in _LISTS:
            getattr(self, name).extend(getattr(other, name))

    @property
    def session_ids(self) -> set[str]:
        """Sessions whose rows it replaces or deletes."""
        named = {row["session_id"] for row in self.sessions}
        return named.union(self.deleted_sessions, self.released_sessions)

    def without(self, session_ids: set[str]) -> Change:
        """The same, but for what belongs to some sessions."""

        def kept(rows: list[Row]) -> list[Row]:
            return [row for row in rows if row.get("session_id") not in session_ids]

        return Change(
            sessions=kept(self.sessions), runs=kept(self.runs), log_lines=kept(self.log_lines),
            telemetry=kept(self.telemetry), agent_calls=self.agent_calls, sweeps=self.sweeps,
            forgotten_lines=[pair for pair in self.forgotten_lines if pair[0] not in session_ids],
            deleted_sessions=[one for one in self.deleted_sessions if one not in session_ids],
            released_sessions=[one for one in self.released_sessions if one not in session_ids],
            deleted_runs_of=[one for one in self.deleted_runs_of if one not in session_ids], epoch=self.epoch,
        )  # fmt: skip

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
        name = database.engine.dialect.name
        self._statements = _Statements(name) if database.node is None else _NodeStatements()

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
        present = self._database.epoch
        refusals: dict[int | None, NotOwner | None] = {}
        moved: set[str] = set()
        whole = Change()
        for change in changes:
            if change.epoch not in refusals:
                refusals[change.epoch] = self._refusal(connection, present if change.epoch is None else change.epoch)
            if refusals[change.epoch] is not None:
                continue
            # Stands alone: what has gone may be created again, and what is released is stored before.
            if change.deleted_sessions or change.released_sessions:
                moved |= self._statements.apply(connection, whole, present)
                moved |= self._statements.apply(connection, change, present)
                whole = Change()
            else:
                whole.merge(change)
        moved |= self._statements.apply(connection, whole, present)
        return [refusals[change.epoch] or _refusal_of_move(change, moved) for change in changes]

    def _refusal(self, connection: Connection, epoch: int | None) -> NotOwner | None:
        lease = self._database.lease
        if lease is None:
            return None
        try:
            lease.fence(connection, epoch)
        except NotOwner as error:
            return error if self._database.node is None else SessionMoved(str(error))
        return None


def _refusal_of_move(change: Change, moved: set[str]) -> SessionMoved | None:
    gone = moved & change.session_ids if moved else None
    return SessionMoved.named(min(gone)) if gone else None


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
        self._release = (
            update(schema.sessions).where(schema.sessions.c.session_id == bindparam("of")).values(owner=None)
        )
        self._delete_runs = delete(schema.runs).where(schema.runs.c.session_id == bindparam("of"))

    def apply(self, connection: Connection, change: Change, owner: int | None) -> set[str]:
        """Returns the sessions that another owns, of which nothing was stored."""
        moved: set[str] = set()
        if change.sessions:
            newest = {row["session_id"]: row for row in change.sessions}  # within a group only the last one counts
            moved = self._upsert_sessions(connection, newest)
        moved |= self._moved_of_others(connection, change, owner)
        if moved:
            change = change.without(moved)
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
        for session_id in change.released_sessions:
            connection.execute(self._release, {"of": session_id})
        return moved

    def _upsert_sessions(self, connection: Connection, rows: dict[str, Row]) -> set[str]:
        connection.execute(self._upserts["sessions"], list(rows.values()))
        return set()

    def _moved_of_others(self, connection: Connection, change: Change, owner: int | None) -> set[str]:
        """Sessions that a change is about without storing their rows, and that another owns."""
        return set()


# By the server's clock: nodes create sessions, and the order of creation is what lists show.
_PLACE_OF_NEW = text("CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)")


class _NodeStatements(_Statements):
    """As a node of a cluster stores: rows of sessions that another node owns stay as they are."""

    def __init__(self) -> None:
        super().__init__("postgresql")
        table = schema.sessions
        statement = postgresql.insert(table).values(position=_PLACE_OF_NEW)
        kept = ("session_id", "position")
        new = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in kept}
        is_ours = (table.c.owner == statement.excluded.owner) & (table.c.epoch == statement.excluded.epoch)
        # What came back was stored. The count of rows would be -1: psycopg does not know it of many at once.
        self._sessions = statement.on_conflict_do_update(
            index_elements=["session_id"], set_=new, where=is_ours
        ).returning(table.c.session_id)

    def _upsert_sessions(self, connection: Connection, rows: dict[str, Row]) -> set[str]:
        given = [{name: value for name, value in row.items() if name != "position"} for row in rows.values()]
        return set(rows) - set(connection.scalars(self._sessions, given))

    def _moved_of_others(self, connection: Connection, change: Change, owner: int | None) -> set[str]:
        asked = {row["session_id"] for row in change.telemetry}.union(change.deleted_sessions, change.released_sessions)
        asked -= {row["session_id"] for row in change.sessions}
        if not asked:
            return set()
        table = schema.sessions
        ours = select(table.c.session_id).where(table.c.session_id.in_(asked), table.c.owner == owner)
        return asked - set(connection.scalars(ours.with_for_update(read=True)))


def _upsert(make: Callable[[Table], Any], table: Table) -> Executable:
    statement = make(table)
    keys = [column.name for column in table.primary_key]
    others = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    replaced: Executable = statement.on_conflict_do_update(index_elements=keys, set_=others)
    return replaced
