"""Ledgers of a process: one per database, with one writer, whoever asks for it."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from synqc.jobs.ledger import Ledger
from synqc.jobs.tables.schema import COMPONENT
from synqc.storage.database import Database, DatabaseLocation, open_shared
from synqc.storage.migrations import Component

__all__ = ["Ledgers"]


class Ledgers:
    """Registry of the applications' ledgers: those on one database share one, and hear of each other's jobs at once.

    Examples:
        >>> import pathlib, tempfile
        >>> from synqc.jobs.ledgers import Ledgers
        >>> from synqc.storage.database import DatabaseLocation
        >>> with tempfile.TemporaryDirectory() as folder, Ledgers() as ledgers:
        ...     here = DatabaseLocation(pathlib.Path(folder))
        ...     ledgers.at(here) is ledgers.at(here)
        True
    """

    def __init__(self) -> None:
        self._by_place: dict[str, Ledger] = {}
        self._opened: list[Database] = []
        self._lock = threading.Lock()

    def at(self, location: DatabaseLocation, components: Sequence[Component] = ()) -> Ledger:
        """The ledger of a database, which is opened if nobody has it open, with tables of the caller's beside its own.

        Raises:
            StorageUnavailable: It cannot be opened.
            InputError: The URL names no database of PostgreSQL.
            MissingExtra: The driver of PostgreSQL is not installed.
        """
        with self._lock:
            known = self._by_place.get(location.place)
            if known is not None:
                known.database.prepare(components)
                return known
            opened = open_shared(location, [COMPONENT, *components])
            self._opened.append(opened)
            return self._by_place.setdefault(opened.place, Ledger(opened))

    def of(self, database: Database, *, owners_are_gone: bool = False) -> Ledger:
        """The ledger of a database that the caller has open, and closes after `close_those_of`.

        Args:
            database: With the tables of `COMPONENT`.
            owners_are_gone: Whether the caller knows that no worker of another process lives: what such workers left is
                queued again, once, unless there is a ledger in this process already, whose workers do live.
        """
        with self._lock:
            known = self._by_place.get(database.place)
            if known is not None:
                return known
            made = self._by_place[database.place] = Ledger(database)
        if owners_are_gone:
            made.expire(owners_are_gone=True)
        return made

    def close_those_of(self, database: Database) -> None:
        """Store what is under way, and take no more: the caller has opened the database, and closes it next."""
        with self._lock:
            for place, ledger in list(self._by_place.items()):
                if ledger.database.engine is database.engine:
                    del self._by_place[place]
                    ledger.close()

    def close(self) -> None:
        """Store what is under way, and close what was opened here."""
        with self._lock:
            for ledger in self._by_place.values():
                ledger.close()
            for database in self._opened:
                database.close()
            self._by_place, self._opened = {}, []

    def __enter__(self) -> Ledgers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
