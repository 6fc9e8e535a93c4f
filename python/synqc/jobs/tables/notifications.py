"""NOTIFY of PostgreSQL, told when the transaction commits: wakes other processes, which look at the tables then."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, text

__all__ = ["CANCELLED", "CHANNEL", "QUEUED", "notify_cancelled", "notify_queued"]

CHANNEL = "synqc_jobs"
QUEUED, CANCELLED = "queued", "cancelled"
"""First words of what is told; the kind, or the job's id, follows."""

_NOTIFY = text(f"SELECT pg_notify('{CHANNEL}', :told)")


def notify_queued(connection: Connection, kinds: Iterable[str]) -> None:
    """Jobs of these kinds may be claimed."""
    _notify(connection, QUEUED, kinds)


def notify_cancelled(connection: Connection, ids: Iterable[str]) -> None:
    """These jobs are running and shall end."""
    _notify(connection, CANCELLED, ids)


def _notify(connection: Connection, word: str, names: Iterable[str]) -> None:
    if connection.dialect.name == "postgresql":
        for name in names:
            connection.execute(_NOTIFY, {"told": f"{word} {name}"})
