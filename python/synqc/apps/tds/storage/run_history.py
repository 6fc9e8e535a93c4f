"""Runs of all sessions, oldest first, for whoever learns from them: also beside the service that has the database."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import inspect, select

from synqc.apps.tds.storage import schema
from synqc.storage.database import Database

__all__ = ["run_documents_after"]

_AT_ONCE = 1000


def run_documents_after(database: Database, number: int) -> Iterator[tuple[int, bytes]]:
    """Number and RunRecord of each run whose number is larger, in order; none where the tables are not there yet."""
    table = schema.runs
    with database.reading() as connection:
        if not inspect(connection).has_table(table.name):
            return
    while True:
        query = select(table.c.number, table.c.document).where(table.c.number > number).order_by(table.c.number)
        with database.reading() as connection:
            rows = list(connection.execute(query.limit(_AT_ONCE)))
        if not rows:
            return
        yield from ((row[0], bytes(row[1])) for row in rows)
        number = rows[-1][0]
