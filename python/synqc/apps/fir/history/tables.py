"""Table of histories: one row per entry, only ever added to."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Column, Connection, Integer, LargeBinary, MetaData, Table, Text, insert, select

from synqc.apps.fir.history.entry import StoredEntry
from synqc.storage.migrations import Component

__all__ = ["COMPONENT", "add_entries", "find_entries", "history"]

_metadata = MetaData()

history = Table(
    "fir_history", _metadata,
    Column("session_id", Text, primary_key=True), Column("number", Integer, primary_key=True),
    Column("body", LargeBinary, nullable=False), Column("hash", Text, nullable=False),
)  # fmt: skip

COMPONENT = Component("fir_history", _metadata)


def add_entries(connection: Connection, added: Sequence[tuple[str, StoredEntry]]) -> None:
    """Add entries, each to the history of a session."""
    rows = [
        {"session_id": session_id, "number": one.number, "body": one.body, "hash": one.hash}
        for session_id, one in added
    ]
    if rows:
        connection.execute(insert(history), rows)


def find_entries(connection: Connection, session_id: str) -> list[StoredEntry]:
    """A session's history, in order; empty where there is none."""
    query = select(history).where(history.c.session_id == session_id).order_by(history.c.number)
    return [StoredEntry(row.number, bytes(row.body), row.hash) for row in connection.execute(query)]
