"""A copy of the database that is whole, taken while the service runs."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from synqc.errors import InputError
from synqc.settings import Settings

__all__ = ["back_up"]


def back_up(settings: Settings, destination: Path) -> int:
    """Copy the database to a file that appears whole or not at all.

    Returns:
        Bytes of the copy.

    Raises:
        InputError: There is no database, or it is PostgreSQL's, which has tools of its own.
    """
    if settings.database_url:
        raise InputError("SYNQC_DATABASE_URL names a PostgreSQL database: back it up with pg_dump.")
    source = settings.state_dir / "synqc.db"
    if not source.is_file():
        raise InputError(f"There is no database at {source}.")
    temporary = destination.with_name(f".{destination.name}.{os.getpid()}.part")
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as original,
            closing(sqlite3.connect(temporary)) as copy,
        ):
            original.backup(copy, pages=1024)
            copy.execute("PRAGMA journal_mode=DELETE")
            damage = copy.execute("PRAGMA quick_check").fetchone()[0]
        if damage != "ok":
            raise InputError(f"The copy of {source} is damaged: {damage}.")
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(destination)
    finally:
        temporary.unlink(missing_ok=True)
    return destination.stat().st_size
