"""SQLite engine of the service's file, which is made for its owner alone and locked by one process."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from synqc.storage.errors import StorageUnavailable, UnusableDatabase

__all__ = [
    "APPLICATION_ID", "NAME", "check_room", "check_that_it_is_ours", "hold_directory", "make_private", "sqlite_engine",
]  # fmt: skip

NAME = "synqc.db"
"""File name, in the state directory."""
APPLICATION_ID = 0x53794454
"""`SyDT` in the file's header: programs that find it know whose it is."""

_TABLES_OF_VERSIONS = {"synqc_components", "synqc_schema"}  # the second one is older
_PATIENCE_S = 5.0  # a predecessor may still be shutting down
_ROOM_BYTES = 1 << 20  # more than a change needs


def sqlite_engine(path: Path) -> Engine:
    """An engine for the file, which is made if it is not there.

    Raises:
        UnusableDatabase: It is another program's.
        OSError: It cannot be made.
    """
    make_private(path)
    check_that_it_is_ours(path)
    engine = create_engine(
        URL.create("sqlite", database=str(path)), poolclass=QueuePool, pool_size=4, max_overflow=4,
        connect_args={"check_same_thread": False, "timeout": 5.0, "cached_statements": 256},
    )  # fmt: skip

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, as writes
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=2000", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        writes = options.get("synqc_writes", False)
        synchronous = "NORMAL" if options.get("synqc_unsynced", False) else "FULL"
        if writes and connection.info.get("synchronous", "FULL") != synchronous:
            connection.exec_driver_sql(f"PRAGMA synchronous={synchronous}")
            connection.info["synchronous"] = synchronous
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def make_private(path: Path) -> None:
    """Make an empty file that its owner alone may read, unless there is one; SQLite's other files take after it."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))


def check_that_it_is_ours(path: Path) -> None:
    """Raises UnusableDatabase if a file is no database, or another program's."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=5.0)) as connection:
            mark = connection.execute("PRAGMA application_id").fetchone()[0]
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.OperationalError:
        return  # locked, or not readable for now: whoever opens it says so
    except sqlite3.DatabaseError as error:
        raise UnusableDatabase(f"{path} is no database of SynQc: {error}. It stays as it is.") from error
    if mark not in (0, APPLICATION_ID) or (tables and not tables & _TABLES_OF_VERSIONS):
        raise UnusableDatabase(f"{path} is the database of another program. It stays as it is.")


def check_room(state_dir: Path) -> None:
    """Raises OSError if the disk is full: a row may still find room in the log of a larger change that did not."""
    with tempfile.TemporaryFile(dir=state_dir) as file:
        os.posix_fallocate(file.fileno(), 0, _ROOM_BYTES)


def hold_directory(state_dir: Path) -> TextIO:
    """Lock the state directory against other services: two would each believe their own memory.

    Returns:
        A locked file, to be closed at the end.

    Raises:
        StorageUnavailable: Another one has it.
    """
    make_private(state_dir / "synqc.lock")
    held = (state_dir / "synqc.lock").open("a+")
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                held.seek(0)
                owner = held.read().strip() or "unknown"
                held.close()
                raise StorageUnavailable(
                    f"State directory {state_dir} is in use by another SynqC service (process {owner}): use one "
                    "worker, or give each service its own SYNQC_STATE_DIR."
                ) from None
            time.sleep(0.1)
        else:
            held.truncate(0)
            held.write(str(os.getpid()))
            held.flush()
            return held
