"""A database of one or more components: opened, read, written to in transactions, and told about in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from synqc.errors import InputError
from synqc.storage import sqlite
from synqc.storage.cause import cause_of
from synqc.storage.errors import StorageUnavailable
from synqc.storage.lease import Lease
from synqc.storage.migrations import Component, migrate, write_and_delete_a_row
from synqc.storage.node_lease import Node, NodeLease
from synqc.storage.postgresql import place_of, postgresql_engine

__all__ = [
    "Closable",
    "Database",
    "DatabaseLocation",
    "open_as_node",
    "open_exclusive",
    "open_for_reading",
    "open_shared",
]

_PATIENCE_S = 5.0  # a predecessor may still be shutting down

_Database = TypeVar("_Database", bound="Database")


@dataclass(frozen=True)
class DatabaseLocation:
    """Where a database is.

    Args:
        state_dir: Folder of the SQLite file; used if there is no URL.
        url: Address of PostgreSQL.
        lease_s: How long PostgreSQL may be silent before it is given up, and how long an exclusive owner's lease is.
    """

    state_dir: Path
    url: str | None = None
    lease_s: float = 5.0

    @property
    def place(self) -> str:
        """In words, for errors, without a password.

        Raises:
            InputError: The URL names no database of PostgreSQL.
        """
        return place_of(self.url) if self.url else str(self.state_dir / sqlite.NAME)


class Closable(Protocol):
    """Anything that is let go of by `close`: a locked file, a lease."""

    def close(self) -> None:
        """Let go."""


class Database:
    """Reads for everybody, and transactions for whoever writes.

    Args:
        engine: The SQLAlchemy engine.
        place: In words, for errors, without a password.
        held: A locked file, or a lease, that keeps other processes out, or None; released by `close`.
    """

    def __init__(self, engine: Engine, place: str, held: Closable | None = None) -> None:
        self.engine = engine
        self.place = place
        self.lease = held if isinstance(held, Lease) else None
        """Ownership of a database that others can reach, too: what it says is true while it is held."""
        self._writing_engine = engine.execution_options(synqc_writes=True)
        self._unsynced_engine = self._writing_engine.execution_options(synqc_unsynced=True)
        self._held = held

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for reads; trouble becomes StorageUnavailable."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise StorageUnavailable(f"Storage in {self.place} cannot be read: {cause_of(error)}.") from error

    @property
    def epoch(self) -> int | None:
        """Fencing token: what is decided in an epoch is stored in no other. None without a lease."""
        return None if self.lease is None else self.lease.epoch

    @contextmanager
    def writing(self, epoch: int | None = None) -> Iterator[Connection]:
        """A transaction that is durable when the block ends without an error.

        Args:
            epoch: Fencing token of the moment when the change was decided; this moment's if None.

        Raises:
            NotOwner: The database has had another owner since.
        """
        with self._writing_engine.begin() as connection:
            if self.lease is not None:
                self.lease.fence(connection, self.lease.epoch if epoch is None else epoch)
            yield connection

    @contextmanager
    def writing_unsynced(self) -> Iterator[Connection]:
        """A transaction that everybody sees when the block ends, but that a machine which loses its power may forget.

        With it whatever was written later is forgotten, too: the next durable transaction makes this one durable. On
        SQLite it does not wait for the disk; on PostgreSQL, whose server may end without those who asked it, it does.
        """
        with self._unsynced_engine.begin() as connection:
            yield connection

    def shared(self) -> Database:
        """The same database to those whose writes prove by themselves that they may be made, as a ledger's do."""
        return Database(self.engine, self.place)

    def prepare(self, components: Sequence[Component]) -> None:
        """Create or migrate tables.

        Raises:
            StorageUnavailable: They cannot be, or are of no use to this SynqC.
        """
        try:
            with self.writing() as connection:
                for component in components:
                    migrate(connection, component)
        except (SQLAlchemyError, OSError) as error:
            raise self.refusal(error) from error

    def refusal(self, error: BaseException) -> StorageUnavailable:
        """What a failure to write is told as."""
        return StorageUnavailable(f"Storage in {self.place} refused to write: {cause_of(error)}.")

    def check(self) -> None:
        """Raises StorageUnavailable if the database does not answer."""
        with self.reading() as connection:
            connection.execute(text("SELECT 1"))

    def check_writing(self) -> None:
        """Raises StorageUnavailable if nothing can be stored at this moment."""
        try:
            if self.dialect == "sqlite":
                sqlite.check_room(Path(self.engine.url.database or "").parent)
            with self.writing() as connection:
                write_and_delete_a_row(connection)
        except (SQLAlchemyError, OSError) as error:
            raise self.refusal(error) from error

    def close(self) -> None:
        """Let go of the connections and of the lock."""
        if self._held is not None:
            self._held.close()
        self.engine.dispose()


def open_shared(location: DatabaseLocation, components: Sequence[Component]) -> Database:
    """Open a database that other processes may have open, too: whoever writes proves in each write that it may.

    Raises:
        StorageUnavailable: It cannot be opened.
        InputError: The URL names no database of PostgreSQL.
        MissingExtra: The driver of PostgreSQL is not installed.
    """
    try:
        if location.url:
            engine = postgresql_engine(location.url, lease_s=location.lease_s)
            opened = Database(engine, location.place)
        else:
            location.state_dir.mkdir(parents=True, exist_ok=True)
            path = location.state_dir / sqlite.NAME
            opened = Database(sqlite.sqlite_engine(path), location.place)
    except OSError as error:
        raise StorageUnavailable(f"State directory {location.state_dir} cannot be used: {error}.") from error
    try:
        opened.prepare(components)
    except BaseException:
        opened.close()
        raise
    return opened


def open_exclusive(location: DatabaseLocation, kind: type[_Database]) -> _Database:
    """Open a database and keep other processes that would own it out: a locked file, or a lease on PostgreSQL.

    Args:
        location: Where it is; the folder is made on PostgreSQL, too.
        kind: What is made of it.

    Raises:
        StorageUnavailable: Another process has it open, or it cannot be opened.
        InputError: The URL names no database of PostgreSQL.
        MissingExtra: The driver of PostgreSQL is not installed.
    """
    try:
        location.state_dir.mkdir(parents=True, exist_ok=True)
        return _with_lease(location, kind, Lease) if location.url else _with_locked_file(location, kind)
    except OSError as error:
        raise StorageUnavailable(f"State directory {location.state_dir} cannot be used: {error}.") from error


def open_as_node(location: DatabaseLocation, kind: type[_Database], node: Node) -> _Database:
    """Open a PostgreSQL database together with other nodes of a cluster; services outside of it are kept out.

    Args:
        location: Where it is; the folder is made, too.
        kind: What is made of it.
        node: Name and address of this node.

    Raises:
        InputError: The database is SQLite, or the URL names no database of PostgreSQL.
        StorageUnavailable: A service that is no node has it open, or it cannot be opened.
        MissingExtra: The driver of PostgreSQL is not installed.
    """
    if not location.url:
        raise InputError(
            "A cluster of servers needs PostgreSQL: set SYNQC_DATABASE_URL to its URL. An SQLite file has one server."
        )
    try:
        location.state_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageUnavailable(f"State directory {location.state_dir} cannot be used: {error}.") from error

    def lease_of(engine: Engine, *, seconds: float, place: str) -> Lease:
        return NodeLease(engine, seconds=seconds, place=place, node=node)

    return _with_lease(location, kind, lease_of)


def open_for_reading(location: DatabaseLocation, kind: type[_Database]) -> _Database:
    """A database that a service may have open, to read from.

    Raises:
        StorageUnavailable: There is none.
        InputError: The URL names no database of PostgreSQL.
        MissingExtra: The driver of PostgreSQL is not installed.
    """
    if location.url:
        return kind(postgresql_engine(location.url, lease_s=location.lease_s), location.place)
    path = location.state_dir / sqlite.NAME
    if not path.is_file():
        raise StorageUnavailable(f"There is no database at {path}.")
    url = URL.create("sqlite", database=path.absolute().as_uri(), query={"mode": "ro", "uri": "true"})
    return kind(create_engine(url), location.place)


def _with_locked_file(location: DatabaseLocation, kind: type[_Database]) -> _Database:
    held = sqlite.hold_directory(location.state_dir)
    try:
        return kind(sqlite.sqlite_engine(location.state_dir / sqlite.NAME), location.place, held)
    except BaseException:
        held.close()
        raise


class _LeaseOf(Protocol):
    def __call__(self, engine: Engine, *, seconds: float, place: str) -> Lease: ...


def _with_lease(location: DatabaseLocation, kind: type[_Database], lease_of: _LeaseOf) -> _Database:
    engine = postgresql_engine(location.url or "", lease_s=location.lease_s)
    lease = lease_of(engine, seconds=location.lease_s, place=location.place)
    try:
        # One that was killed owns the database until its lease ends.
        lease.adopt_within(location.lease_s + _PATIENCE_S)
    except BaseException:
        engine.dispose()
        raise
    return kind(engine, location.place, lease)
