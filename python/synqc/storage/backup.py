"""Online backup of the SQLite database, and its restoration while no service runs on it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from synqc.errors import InputError
from synqc.storage import sqlite
from synqc.storage.errors import UnusableDatabase
from synqc.storage.migrations import Component
from synqc.storage.settings import StorageSettings

__all__ = ["FileCheck", "back_up", "check_component", "restore"]

FileCheck = Callable[[sqlite3.Connection], None]
"""Raises UnusableDatabase if a file is of no use to whoever has tables in it."""


def check_component(component: Component) -> FileCheck:
    """Whether a component's tables in a file, if it has them, are not newer than this SynQC."""

    def check(connection: sqlite3.Connection) -> None:
        known = "SELECT 1 FROM sqlite_master WHERE name = 'synqc_components'"
        if connection.execute(known).fetchone() is not None:
            asked = "SELECT version FROM synqc_components WHERE component = ?"
            component.check_version((connection.execute(asked, (component.name,)).fetchone() or (0,))[0])

    return check


def back_up(settings: StorageSettings, destination: Path, *, checks: Sequence[FileCheck], replace: bool = False) -> int:
    """Copy the database to a file that appears whole or not at all.

    Args:
        settings: The service's, which may be running.
        destination: The copy's file; its owner alone may read it.
        checks: What the copy must pass, by each room that has tables in it.
        replace: Overwrite a file of that name.

    Returns:
        Bytes of the copy.

    Raises:
        InputError: There is no database, or it is PostgreSQL's, which has tools of its own, or it cannot be copied.
    """
    source = _file_of(settings, "back it up with pg_dump")
    if not source.is_file():
        raise InputError(f"There is no database at {source}.")
    if destination.is_dir():
        raise InputError(f"{destination} is a folder: name a file in it.")
    if destination.exists() and not replace:
        raise InputError(f"{destination} is there already: name another file, or replace it with --force.")
    _copy(source, destination, checks)
    return destination.stat().st_size


def restore(
    settings: StorageSettings, copy: Path, *, checks: Sequence[FileCheck], replace: bool = False
) -> Path | None:
    """Make a copy the service's database, whole or not at all.

    Args:
        settings: The service's, which must not be running.
        copy: A file that `back_up` made; it stays as it is.
        checks: As of `back_up`.
        replace: Set a database aside that is there already.

    Returns:
        Where the former database is now, or None if there was none.

    Raises:
        InputError: The copy is none, or is damaged, or there is a database already, or it is PostgreSQL's.
        StorageUnavailable: A service runs on it.
    """
    database = _file_of(settings, "restore it with pg_restore")
    if not copy.is_file():
        raise InputError(f"There is no file {copy}.")
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    with sqlite.hold_directory(settings.state_dir):
        if database.exists() and not replace:
            raise InputError(f"There is a database at {database} already: set it aside with --force.")
        restored = database.with_name(f"{database.name}.restored")
        _copy(copy, restored, checks)
        aside = None
        if database.exists():
            aside = database.with_name(f"{database.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
            # What is in its log belongs to it, and would be played into the restored one.
            for ending in ("-wal", "-shm", ""):
                part = Path(f"{database}{ending}")
                if part.exists():
                    part.replace(f"{aside}{ending}")
        restored.replace(database)
        _sync(database.parent)
    return aside


def _file_of(settings: StorageSettings, words: str) -> Path:
    if settings.database_url:
        raise InputError(f"SYNQC_DATABASE_URL names a PostgreSQL database: {words}.")
    return settings.state_dir / sqlite.NAME


def _copy(source: Path, destination: Path, checks: Sequence[FileCheck]) -> None:
    """Copy a database, check the copy, and put it atomically in the place of whatever was there.

    Raises:
        InputError: The source is damaged, or is none.
    """
    part = destination.with_name(f".{destination.name}.{os.getpid()}.part")
    try:
        sqlite.make_private(part)
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as original,
            closing(sqlite3.connect(part)) as copy,
        ):
            original.backup(copy, pages=1024)
            copy.execute("PRAGMA journal_mode=DELETE")
            damage = copy.execute("PRAGMA quick_check").fetchone()[0]
            for check in checks:
                check(copy)
        if damage != "ok":
            raise InputError(f"The copy of {source} is damaged: {' '.join(damage.split())}.")
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(destination)
        _sync(destination.parent)
    except (sqlite3.Error, UnusableDatabase) as error:
        raise InputError(f"{source} cannot be copied: {error}".rstrip(".") + ".") from error
    finally:
        part.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Flush a folder: the names of its files are on disk afterwards."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
