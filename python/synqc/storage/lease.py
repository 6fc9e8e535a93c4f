"""Lease with a fencing token on a PostgreSQL database: one row names its owner, and every commit proves its epoch.

A service *adopts* the database when its lease has no owner or has run out: one row says who owns it, until when, and in
which epoch. It renews the lease every fifth of its time. Three things follow:

- **Every transaction that writes begins with the fence**: it locks the row for the epoch its change was made in. A
  later adoption waits for that transaction; one that comes after an adoption finds another epoch and stores nothing. So
  what a successor loads is all that was ever stored, whatever froze, slept or lost its connections before.
- **Answers are given until a deadline alone**, four fifths of the lease after the last renewal was sent. It is a moment
  of this machine's clock, taken before the server took its own: no clocks are compared, and no connection needs to be
  noticed to be lost.
- **A lease that could not be renewed in time is not lost yet.** While nobody else adopted the database, a renewal
  succeeds late, what is in memory still holds, and answers go on. When somebody did, memory is let go, and the database
  is adopted anew, and loaded, once the other has gone.
"""

from __future__ import annotations

import logging
import math
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable

from sqlalchemy import BigInteger, Column, Connection, DateTime, Engine, Integer, MetaData, Table, Text, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateTable

from synqc.storage.cause import cause_of
from synqc.storage.errors import NotOwner, StorageUnavailable
from synqc.storage.lines import Lines

__all__ = ["Lease", "ownership"]

_log = logging.getLogger("synqc.storage")

_EXCLUSIVE_LOCK = 0x53796E51_43544453
"""Services before leases held it alone; those with leases share it, so that neither joins the other by mistake."""
_CREATION_LOCK = _EXCLUSIVE_LOCK + 1
_SHARE_OF_LEASE_ANSWERED = 0.8
_RENEWALS_PER_LEASE = 5
_PAUSE_BETWEEN_ATTEMPTS_S = 0.1

ownership = Table(
    "ownership", MetaData(),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("place", Integer, nullable=False, unique=True),  # 1: there is one row
    Column("owner", Text),
    Column("lease_until", DateTime(timezone=True)),
)  # fmt: skip
"""Who may write, of a database that several processes can reach."""

_TABLE = CreateTable(ownership, if_not_exists=True)
_ROW = text("INSERT INTO ownership (epoch, place) VALUES (0, 1) ON CONFLICT DO NOTHING")
# `clock_timestamp()` is read when the row's lock is there, `now()` when the transaction began.
_ADOPT = text(
    "UPDATE ownership SET epoch = epoch + 1, owner = :owner, "
    "lease_until = clock_timestamp() + make_interval(secs => :seconds) "
    "WHERE owner IS NULL OR lease_until < clock_timestamp() RETURNING epoch"
)
# Changes no key, so that it does not wait for those who hold the fence.
_RENEW = text(
    "UPDATE ownership SET lease_until = clock_timestamp() + make_interval(secs => :seconds) "
    "WHERE owner = :owner AND epoch = :epoch RETURNING epoch"
)
_FENCE = text("SELECT epoch FROM ownership WHERE owner = :owner AND epoch = :epoch FOR KEY SHARE")
_LET_GO = text("UPDATE ownership SET owner = NULL WHERE owner = :owner AND epoch = :epoch")
_OWNER = text("SELECT owner FROM ownership")
# Of a cluster that the database belonged to: a node that froze may not store what this service will not have read.
_DECLARE_NODES_DEAD = text("UPDATE nodes SET alive = false WHERE alive")
_LOCK_NOT_AVAILABLE = "55P03"


class _OlderService(OSError):
    """A service that knows no leases has the database open."""


class Lease:
    """Lease with a fencing token: this service's ownership of one database.

    Args:
        engine: The PostgreSQL engine; the lease has a connection of its own.
        seconds: Time to live of a lease.
        place: The database in words.
    """

    def __init__(self, engine: Engine, *, seconds: float, place: str) -> None:
        self.seconds = seconds
        self.name = f"process {os.getpid()} on {socket.gethostname()}, {secrets.token_hex(4)}"
        self.epoch: int | None = None
        """Fencing token: the epoch in which it owns the database, as far as it knows."""
        self._place = place
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._lines = Lines(engine)
        self._connection: Connection | None = None
        self._shares_lock = False
        self._lock = threading.Lock()  # of what follows
        self._valid_until = -math.inf
        self._answer_until = -math.inf
        self._loaded: int | None = None
        self._memory_is_stale = False
        self._trouble: str | None = None
        self._lost: Callable[[], None] | None = None
        self._adopted: Callable[[int], None] | None = None
        self._asked_at: float | None = None
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def held(self) -> bool:
        """Whether answers may be given at this moment."""
        return _moment() < self._answer_until

    @property
    def trouble(self) -> str | None:
        """Why answers may not be given, or None if they may."""
        if self.held:
            return None
        with self._lock:
            known, is_owner = self._trouble, self.epoch is not None
        if known is not None:
            return f"{known}."
        if is_owner:
            return f"Database {self._place} is being taken over: try again in a moment."
        return f"Database {self._place} is given up."

    def adopt_within(self, seconds: float) -> None:
        """Acquire the lease: wait for the database to have no owner, and own it from then on.

        Raises:
            StorageUnavailable: It has one all the time, or does not answer.
        """
        patience_ends = time.monotonic() + seconds
        while not self._is_adopted():
            if time.monotonic() > patience_ends:
                self._drop_connection()
                raise StorageUnavailable(f"{self._trouble}: run one per database.")
            time.sleep(_PAUSE_BETWEEN_ATTEMPTS_S)
        for work in (self._keep, self._watch):
            thread = threading.Thread(target=work, name=f"synqc-lease{work.__name__}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def follow(self, epoch: int | None, *, lost: Callable[[], None], adopted: Callable[[int], None]) -> None:
        """Give answers from now on; say who lets go of memory when ownership is lost, and loads it when it is back.

        Args:
            epoch: The epoch in which what is in memory was read.
            lost: Called once per loss, on a thread of the lease.
            adopted: Called with the new epoch, on a thread of its own; ends with `loaded`.
        """
        with self._lock:
            self._lost, self._adopted = lost, adopted
            is_another = self.epoch is not None and self.epoch != epoch
        if is_another:
            self._load()
        elif epoch is not None:
            self.loaded(epoch)

    def loaded(self, epoch: int) -> None:
        """What is in memory was read in this epoch: answers may be given."""
        with self._lock:
            if self.epoch == epoch:
                self._loaded = epoch
                self._answer_until = self._valid_until

    def fence(self, connection: Connection, epoch: int | None) -> None:
        """Check the fencing token: until the transaction ends, this service owns the database in that epoch.

        Raises:
            NotOwner: It does not.
        """
        if epoch is not None and epoch == self.epoch:
            if self._proves(connection, epoch):
                return
            self._lose(epoch)
        raise NotOwner(self.trouble or f"Database {self._place} had another owner since this change was made.")

    def close(self, reason: str | None = None) -> None:
        """Release the lease: a successor need not wait for it to run out.

        Args:
            reason: Why answers are refused from now on; the service is shutting down if None.
        """
        if reason is not None:
            _log.error("%s: database %s is given up.", reason, self._place)
        self._ended.set()
        self._wake.set()
        for thread in self._threads:
            thread.join(self.seconds)
        with self._lock:
            epoch, self.epoch, self._answer_until = self.epoch, None, -math.inf
            self._trouble = (reason or "The service is shutting down").rstrip(".")
        connection = self._connection
        if connection is not None and epoch is not None:
            try:
                self._release(connection, epoch)
            except (SQLAlchemyError, OSError) as error:
                _log.warning("Database %s keeps its owner until the lease ends: %s.", self._place, cause_of(error))
        self._drop_connection()

    def _is_adopted(self) -> bool:
        """Whether an attempt to own the database succeeded.

        Raises:
            StorageUnavailable: It does not answer.
        """
        try:
            self._ask(self._adopt)
        except _OlderService as error:
            self._trouble = self._words_of_use(str(error))
        except (SQLAlchemyError, OSError) as error:
            self._drop_connection()
            if getattr(getattr(error, "orig", None), "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise StorageUnavailable(f"Database {self._place} cannot be opened: {cause_of(error)}.") from error
            self._trouble = self._words_of_use("which is writing")
        return self.epoch is not None

    def _keep(self) -> None:
        """Heartbeat: renew the lease, or acquire it anew, until the end."""
        pause = self.seconds / _RENEWALS_PER_LEASE
        while True:
            self._wake.wait(pause)
            self._wake.clear()
            if self._ended.is_set():
                return
            pause = self.seconds / _RENEWALS_PER_LEASE
            try:
                if self.epoch is None:
                    self._let_memory_go()
                    self._ask(self._adopt)
                    if self.epoch is not None:
                        _log.warning("%s.", self._words_of_return())
                        self._load()
                else:
                    self._ask(self._renew)
            except Exception as error:
                pause = _PAUSE_BETWEEN_ATTEMPTS_S
                self._drop_connection()
                if not isinstance(error, (SQLAlchemyError, OSError)):  # a defect, which must not end renewals for good
                    _log.exception("Ownership of database %s could not be kept up.", self._place)
                self._note_trouble(
                    f"Database {self._place} does not answer, and without it this service cannot know whether it still "
                    f"owns it: {cause_of(error)}"
                )
                self._cut_if_late()

    def _cut_if_late(self) -> None:
        """Cut connections once a failed renewal is overdue: what others wait for is not answered either."""
        with self._lock:
            is_late = self.epoch is not None and _moment() > self._valid_until
        if is_late:
            self._lines.cut()

    def _watch(self) -> None:
        """Watchdog: cut connections while the server is silent, so that nobody waits for it much longer than a lease.

        Nothing is cut because time has passed: who wakes from a freeze asks over the connections that are there.
        """
        cut_at = -math.inf
        while not self._ended.wait(self.seconds / 20):
            moment, asked_at = _moment(), self._asked_at
            is_silent = asked_at is not None and moment - asked_at > self.seconds
            if is_silent and moment - cut_at > self.seconds:
                cut_at = moment
                self._lines.cut()

    def _ask(self, act: Callable[[Connection], None]) -> None:
        self._asked_at = _moment()
        try:
            act(self._connected())
        finally:
            self._asked_at = None

    def _connected(self) -> Connection:
        """The lease's own connection.

        Raises:
            OSError: An older service, which knows no leases, has the database open.
        """
        if self._connection is None:
            connection = self._engine.connect()
            connection.detach()  # of the pool, which would hand it to others
            self._connection = connection
            patience = {"milliseconds": f"{self.seconds * 500:.0f}"}
            connection.execute(text("SELECT set_config('lock_timeout', :milliseconds, false)"), patience)
            # A database that shall not be written to still has an owner, who may read.
            connection.execute(text("SET default_transaction_read_only = off"))
        if not self._shares_lock:
            shared = text("SELECT pg_try_advisory_lock_shared(:key)")
            if not self._connection.execute(shared, {"key": _EXCLUSIVE_LOCK}).scalar():
                raise _OlderService("of a version that knows no leases")
            self._shares_lock = True
        return self._connection

    def _drop_connection(self) -> None:
        connection, self._connection, self._shares_lock = self._connection, None, False
        if connection is not None:
            try:
                connection.close()
            except (SQLAlchemyError, OSError):
                return  # it was broken already

    def _adopt(self, connection: Connection) -> None:
        sent_at = _moment()
        if not _is_table(connection, ownership.name):
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _CREATION_LOCK})
            connection.execute(_TABLE)
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _CREATION_LOCK})
        connection.execute(_ROW)
        epoch = self._acquire(connection)
        if epoch is None:
            self._note_trouble(self._words_of_use(connection.execute(_OWNER).scalar() or "which has just left"))
            return
        with self._lock:
            self.epoch, self._loaded, self._trouble = epoch, None, None
            self._valid_until = sent_at + _SHARE_OF_LEASE_ANSWERED * self.seconds

    def _renew(self, connection: Connection) -> None:
        epoch = self.epoch
        sent_at = _moment()
        if epoch is None or not self._extend(connection, epoch):
            self._lose(epoch)
            return
        with self._lock:
            if self.epoch != epoch:
                return
            self._valid_until = sent_at + _SHARE_OF_LEASE_ANSWERED * self.seconds
            if self._loaded == epoch:
                self._answer_until = self._valid_until
            was, self._trouble = self._trouble, None
        if was is not None:
            _log.info("Database %s answers again, and nobody else owned it meanwhile.", self._place)

    def _acquire(self, connection: Connection) -> int | None:
        """Own the database if it has no owner; the epoch, or None."""
        epoch: int | None = connection.execute(_ADOPT, {"owner": self.name, "seconds": self.seconds}).scalar()
        if epoch is not None and _is_table(connection, "nodes"):
            connection.execute(_DECLARE_NODES_DEAD)
        return epoch

    def _extend(self, connection: Connection, epoch: int) -> bool:
        """Renew the lease; False where it is another's."""
        renewed = connection.execute(_RENEW, {"owner": self.name, "epoch": epoch, "seconds": self.seconds})
        return renewed.first() is not None

    def _proves(self, connection: Connection, epoch: int) -> bool:
        """Whether the lease holds in that epoch, until the transaction ends."""
        return connection.execute(_FENCE, {"owner": self.name, "epoch": epoch}).first() is not None

    def _release(self, connection: Connection, epoch: int) -> None:
        connection.execute(_LET_GO, {"owner": self.name, "epoch": epoch})

    def _words_of_loss(self) -> str:
        return self._words_of_use("which took it over")

    def _words_of_return(self) -> str:
        return f"Database {self._place} has no other owner any more: it is taken over again"

    def _lose(self, epoch: int | None) -> None:
        with self._lock:
            if self.epoch != epoch or epoch is None:
                return
            self.epoch, self._loaded, self._memory_is_stale = None, None, True
            self._answer_until = self._valid_until = -math.inf
            self._trouble = words = self._words_of_loss()
        _log.error("%s: for now nothing is changed or answered here.", words)
        self._wake.set()

    def _let_memory_go(self) -> None:
        with self._lock:
            is_stale, lost = self._memory_is_stale, self._lost
        if is_stale and lost is not None:
            lost()
        with self._lock:
            self._memory_is_stale = False

    def _load(self) -> None:
        epoch, adopted = self.epoch, self._adopted
        if epoch is not None and adopted is not None:  # otherwise `follow` comes yet
            # Renewals go on meanwhile.
            threading.Thread(target=adopted, args=(epoch,), name="synqc-lease-load", daemon=True).start()

    def _words_of_use(self, by: str) -> str:
        return f"Database {self._place} is in use by another SynqC service ({by})"

    def _note_trouble(self, words: str) -> None:
        with self._lock:
            is_new = self._trouble is None
            self._trouble = words
        if is_new and self._threads:
            _log.warning("%s.", words)


def _is_table(connection: Connection, name: str) -> bool:
    return connection.execute(text("SELECT to_regclass(:name)"), {"name": name}).scalar() is not None


def _moment() -> float:
    """Monotonic clock in seconds; it goes on while the machine sleeps, where there is such a one."""
    return time.clock_gettime(_CLOCK)


_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
