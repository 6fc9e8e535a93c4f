"""Where sessions, runs, log lines, telemetry and agent calls outlive the process: SQLite, or PostgreSQL by URL."""

from synqc.apps.tds.storage.database import Database, open_database
from synqc.apps.tds.storage.writer import Change, ChangeWriter, SessionMoved
from synqc.storage.errors import NotOwner, StorageUnavailable, UnusableDatabase

__all__ = [
    "Change", "ChangeWriter", "Database", "NotOwner", "SessionMoved", "StorageUnavailable", "UnusableDatabase",
    "open_database",
]  # fmt: skip
