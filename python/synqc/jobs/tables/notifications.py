"""NOTIFY and LISTEN of PostgreSQL: told when a transaction commits, wakes other processes, which look at the tables."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from synqc.storage.cause import cause_of

__all__ = ["CANCELLED", "QUEUED", "NotificationListener", "notify_cancelled", "notify_queued"]

_log = logging.getLogger("synqc.jobs")

CHANNEL = "synqc_jobs"
_LOOK_AROUND_S = 0.5
_PAUSE_S = 1.0
QUEUED, CANCELLED = "queued", "cancelled"
"""First words of what is told; the kind, or the job's id, follows."""

_NOTIFY = text(f"SELECT pg_notify('{CHANNEL}', :told)")


class NotificationListener:
    """A connection of its own, on a thread of its own, that hears what other processes tell.

    What is told while it is not connected is not heard: whoever is woken by it polls, too.

    Args:
        engine: The SQLAlchemy engine of PostgreSQL.
        hear: Called with the word and the name that were told.
        channel: Name of the channel.
    """

    def __init__(self, engine: Engine, hear: Callable[[str, str], None], channel: str = CHANNEL) -> None:
        self._engine = engine
        self._hear = hear
        self._channel = channel
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"{channel.replace('_', '-')}-listen", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Hear no more, without waiting for the thread."""
        self._ending.set()

    def close(self) -> None:
        """End the thread, and its connection."""
        self.stop()
        self._thread.join(2 * _LOOK_AROUND_S)

    def _work(self) -> None:
        failures = _failures()
        while not self._ending.is_set():
            try:
                self._listen()
            except failures as error:
                _log.warning("Notifications on %s are not heard: %s.", self._channel, cause_of(error))
                self._ending.wait(_PAUSE_S)

    def _listen(self) -> None:
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"LISTEN {self._channel}"))
            driver: Any = connection.connection.driver_connection
            connection.detach()  # of the pool, which would hand it to others, still listening
            while not self._ending.is_set():
                for notice in driver.notifies(timeout=_LOOK_AROUND_S):
                    word, _, name = notice.payload.partition(" ")
                    self._hear(word, name)


def _failures() -> tuple[type[Exception], ...]:
    """What a connection that breaks raises, through SQLAlchemy and without it."""
    import psycopg

    return DBAPIError, psycopg.Error, OSError


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
