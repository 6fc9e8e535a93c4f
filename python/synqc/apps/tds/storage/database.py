"""Gateway to the tables of TDS: making them, and reading from them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, Row, func, select
from sqlalchemy.exc import SQLAlchemyError

from synqc.apps.tds.storage import schema
from synqc.apps.tds.storage.schema import COMPONENT as TDS
from synqc.jobs.tables.schema import COMPONENT as JOBS
from synqc.storage.database import Database as SharedDatabase
from synqc.storage.database import open_as_node, open_exclusive
from synqc.storage.errors import StorageUnavailable
from synqc.storage.migrations import migrate
from synqc.storage.node_lease import Node, NodeLease
from synqc.storage.settings import StorageSettings

__all__ = ["Database", "StorageUnavailable", "open_database"]

_ZERO = "\0"  # no name has one, and PostgreSQL refuses to look for it


class Database(SharedDatabase):
    """Table gateway: reads for everybody, write transactions for the writer alone."""

    def prepare_tables(self, epoch: int | None = None) -> None:
        """Create or migrate the tables.

        Raises:
            StorageUnavailable: They cannot be, or are of no use to this SynqC.
        """
        try:
            with self.writing(epoch) as connection:
                migrate(connection, TDS)
                migrate(connection, JOBS)
        except (SQLAlchemyError, OSError) as error:
            raise self.refusal(error) from error

    @property
    def node(self) -> NodeLease | None:
        """Lease of this node, in a cluster of servers."""
        return self.lease if isinstance(self.lease, NodeLease) else None

    def session_rows(self) -> list[Row[Any]]:
        """All sessions in order of creation."""
        with self.reading() as connection:
            return list(connection.execute(select(schema.sessions).order_by(schema.sessions.c.position)))

    def lines(self, session_id: str, first: int) -> list[tuple[int, str]]:
        """Log lines of a session from number `first` on."""
        table = schema.log_lines
        query = (
            select(table.c.line_number, table.c.line)
            .where(table.c.session_id == session_id, table.c.line_number >= first)
            .order_by(table.c.line_number)
        )
        with self.reading() as connection:
            return [(row[0], row[1]) for row in connection.execute(query)]

    def next_line_number(self, session_id: str) -> int:
        """Number the next log line of a session has."""
        return self._next_number(schema.log_lines.c.session_id, schema.log_lines.c.line_number, session_id)

    def next_row_number(self, session_id: str) -> int:
        """Number the next telemetry row of a session has."""
        return self._next_number(schema.telemetry.c.session_id, schema.telemetry.c.row_number, session_id)

    def next_line_numbers(self) -> dict[str, int]:
        """Number the next log line of each session has."""
        return self._next_numbers(schema.log_lines.c.session_id, schema.log_lines.c.line_number)

    def next_row_numbers(self) -> dict[str, int]:
        """Number the next telemetry row of each session has."""
        return self._next_numbers(schema.telemetry.c.session_id, schema.telemetry.c.row_number)

    def telemetry_rows(self, session_id: str) -> list[tuple[int, bytes]]:
        """Telemetry rows of a session, oldest first."""
        table = schema.telemetry
        query = select(table.c.row_number, table.c.row).where(table.c.session_id == session_id)
        with self.reading() as connection:
            return [(row[0], bytes(row[1])) for row in connection.execute(query.order_by(table.c.row_number))]

    def run_document(self, run_id: str) -> bytes | None:
        """RunRecord of a run, as it is answered."""
        return self._document(schema.runs.c.document, schema.runs.c.run_id, run_id)

    def run_details(self, run_id: str) -> bytes | None:
        """Details of a run, as they are answered."""
        return self._document(schema.runs.c.details, schema.runs.c.run_id, run_id)

    def run_ids(self, stem: str) -> list[str]:
        """Ids of runs that begin with `stem`."""
        column = schema.runs.c.run_id
        with self.reading() as connection:
            return list(connection.scalars(select(column).where(column.startswith(stem, autoescape=True))))

    def run_documents(self, session_id: str | None, before: int | None, limit: int) -> list[tuple[int, bytes]]:
        """Runs newest first, each with its number; only those with a smaller number than `before`."""
        if session_id is not None and _ZERO in session_id:
            return []
        table = schema.runs
        query = select(table.c.number, table.c.document)
        if session_id is not None:
            query = query.where(table.c.session_id == session_id)
        if before is not None:
            query = query.where(table.c.number < before)
        with self.reading() as connection:
            found = connection.execute(query.order_by(table.c.number.desc()).limit(limit))
            return [(row[0], bytes(row[1])) for row in found]

    def all_run_documents(self) -> Iterable[tuple[str, bytes]]:
        """Every run in order, a few at a time."""
        last = 0
        table = schema.runs
        while True:
            query = select(table.c.number, table.c.run_id, table.c.document).where(table.c.number > last)
            with self.reading() as connection:
                rows = list(connection.execute(query.order_by(table.c.number).limit(500)))
            if not rows:
                return
            yield from ((row[1], bytes(row[2])) for row in rows)
            last = rows[-1][0]

    def sweep_document(self, sweep_id: str) -> bytes | None:
        """A sweep, as it is answered."""
        return self._document(schema.sweeps.c.document, schema.sweeps.c.sweep_id, sweep_id)

    def _next_numbers(self, session_id: Column[Any], number: Column[Any]) -> dict[str, int]:
        with self.reading() as connection:
            found = connection.execute(select(session_id, func.max(number)).group_by(session_id))
            return {row[0]: row[1] + 1 for row in found}

    def _next_number(self, of: Column[Any], number: Column[Any], session_id: str) -> int:
        with self.reading() as connection:
            last = connection.scalar(select(func.max(number)).where(of == session_id))
        return 0 if last is None else last + 1

    def _document(self, document: Column[bytes], key: Column[str], name: str) -> bytes | None:
        if _ZERO in name:
            return None
        with self.reading() as connection:
            found = connection.scalar(select(document).where(key == name))
        return None if found is None else bytes(found)


def open_database(settings: StorageSettings, node: Node | None = None) -> Database:
    """Open the service's database, create or migrate its tables, and keep other services out.

    Args:
        settings: Settings that say where it is.
        node: Name and address of this node of a cluster, whose other nodes have it open, too.

    Raises:
        StorageUnavailable: Another service has it open, or it cannot be opened.
        InputError: The URL names no database of PostgreSQL, which a cluster needs.
        MissingExtra: The driver of PostgreSQL is not installed.
    """
    place = settings.location
    opened = open_exclusive(place, Database) if node is None else open_as_node(place, Database, node)
    try:
        opened.prepare_tables()
    except BaseException:
        opened.close()
        raise
    return opened
