"""The database itself: opening it, reading from it, and keeping other processes out."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import URL, Column, Connection, Engine, Row, create_engine, event, func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from synqc.apps.tds.storage import schema
from synqc.errors import SynqcError
from synqc.settings import Settings

__all__ = ["Database", "StorageUnavailable", "open_database", "open_for_reading"]

_ZERO = "\0"  # no name has one, and PostgreSQL refuses to look for it
_LOCK_PATIENCE_S = 5.0  # a predecessor may still be shutting down
_ADVISORY_LOCK = 0x53796E51_43544453  # one service per PostgreSQL database


class StorageUnavailable(SynqcError):
    """What was asked for could not be stored, and was not done; a later attempt may succeed."""

    code = "storage_unavailable"


class Database:
    """Reads for everybody, writes for the writer lane alone.

    Args:
        engine: Of SQLAlchemy.
        held: What keeps other services out; released by `close`.
        place: In words, for errors and `ready`, without a password.
    """

    def __init__(self, engine: Engine, held: TextIO | Connection | None, place: str) -> None:
        self.engine = engine
        self._writing_engine = engine.execution_options(synqc_writes=True)
        self.place = place
        self._held = held

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for reads; trouble becomes StorageUnavailable."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise StorageUnavailable(f"Storage in {self.place} cannot be read: {_cause(error)}.") from error

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is durable when the block ends without an error."""
        with self._writing_engine.begin() as connection:
            yield connection

    def refusal(self, error: Exception) -> StorageUnavailable:
        """What a failure to write is told as."""
        return StorageUnavailable(f"Storage in {self.place} refused to write: {_cause(error)}.")

    def check(self) -> None:
        """Raises StorageUnavailable if the database does not answer."""
        with self.reading() as connection:
            connection.execute(text("SELECT 1"))

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

    def close(self) -> None:
        """Let go of the connections and of the lock."""
        if self._held is not None:
            self._held.close()
        self.engine.dispose()

    def _next_numbers(self, session_id: Column[Any], number: Column[Any]) -> dict[str, int]:
        with self.reading() as connection:
            found = connection.execute(select(session_id, func.max(number)).group_by(session_id))
            return {row[0]: row[1] + 1 for row in found}

    def _document(self, document: Column[bytes], key: Column[str], name: str) -> bytes | None:
        if _ZERO in name:
            return None
        with self.reading() as connection:
            found = connection.scalar(select(document).where(key == name))
        return None if found is None else bytes(found)


def open_database(settings: Settings) -> Database:
    """Open the service's database, create or migrate its tables, and keep other services out.

    Raises:
        StorageUnavailable: Another service has it open, or it cannot be opened.
    """
    try:
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        opened = _open_postgresql(settings.database_url) if settings.database_url else _open_sqlite(settings.state_dir)
    except OSError as error:
        raise StorageUnavailable(f"State directory {settings.state_dir} cannot be used: {error}.") from error
    try:
        with opened.writing() as connection:
            schema.migrate(connection)
    except (SQLAlchemyError, OSError) as error:
        opened.close()
        raise opened.refusal(error) from error
    except BaseException:
        opened.close()
        raise
    return opened


def open_for_reading(settings: Settings) -> Database:
    """The database of a service that may be running, to read from.

    Raises:
        StorageUnavailable: There is none.
    """
    if settings.database_url:
        engine = create_engine(_with_driver(settings.database_url))
        return Database(engine, None, engine.url.render_as_string(hide_password=True))
    path = settings.state_dir / "synqc.db"
    if not path.is_file():
        raise StorageUnavailable(f"There is no database at {path}.")
    url = URL.create("sqlite", database=path.absolute().as_uri(), query={"mode": "ro", "uri": "true"})
    return Database(create_engine(url), None, str(path))


def _open_sqlite(state_dir: Path) -> Database:
    held = _locked(state_dir)
    path = state_dir / "synqc.db"
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
        writes = connection.get_execution_options().get("synqc_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return Database(engine, held, str(path))


def _open_postgresql(url: str) -> Database:
    engine = create_engine(_with_driver(url), pool_size=4, max_overflow=4, pool_pre_ping=True)
    place = engine.url.render_as_string(hide_password=True)
    deadline = time.monotonic() + _LOCK_PATIENCE_S
    try:
        held = engine.connect()
        while not held.execute(select(func.pg_try_advisory_lock(_ADVISORY_LOCK))).scalar():
            if time.monotonic() > deadline:
                held.close()
                raise StorageUnavailable(f"Database {place} is in use by another SynqC service: run one per database.")
            time.sleep(0.1)
        held.commit()
    except SQLAlchemyError as error:
        raise StorageUnavailable(f"Database {place} cannot be opened: {_cause(error)}.") from error
    held.detach()  # of the pool: its session holds the lock until the end
    return Database(engine, held, place)


def _with_driver(url: str) -> str:
    for plain in ("postgresql://", "postgres://"):
        if url.startswith(plain):
            return "postgresql+psycopg://" + url.removeprefix(plain)
    return url


def _locked(state_dir: Path) -> TextIO:
    """One service per directory: two would each believe their own memory."""
    path = state_dir / "synqc.lock"
    held = path.open("a+")
    deadline = time.monotonic() + _LOCK_PATIENCE_S
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


def _cause(error: BaseException) -> str:
    """The driver's words, on one line."""
    original = getattr(error, "orig", None) or error
    return " ".join(str(original).split()).rstrip(".")
