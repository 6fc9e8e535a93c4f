"""A cache in a `perf_cache.db`: the table that enrichment workers have had since ever, used in place."""

from __future__ import annotations

import logging
import math
import os
import sqlite3
import sys
import threading
import time
import weakref
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from synqc.apps.enrichment.cache_keys import Keys
from synqc.apps.enrichment.cache_values import Encoded
from synqc.cache import MemoryCache, Stored

__all__ = ["CacheFile"]

_log = logging.getLogger("synqc.enrichment")
_COLUMNS: Final = {"key", "value", "created_at", "ttl", "cache_type"}
_TABLE: Final = """CREATE TABLE IF NOT EXISTS cache (
    key TEXT PRIMARY KEY, value TEXT NOT NULL, created_at INTEGER NOT NULL, ttl INTEGER, cache_type TEXT NOT NULL,
    value_kind TEXT
)"""
_INSERT: Final = (
    "INSERT OR REPLACE INTO cache (key, value, created_at, ttl, cache_type, value_kind) VALUES (?, ?, ?, ?, ?, ?)"
)
_INDEXES: Final = (
    "CREATE INDEX IF NOT EXISTS idx_created_at ON cache(created_at)",
    "CREATE INDEX IF NOT EXISTS idx_cache_type ON cache(cache_type)",
    "CREATE INDEX IF NOT EXISTS idx_old_rows ON cache(key) WHERE value_kind IS NULL",
)
_IS_EXPIRED: Final = "ttl IS NOT NULL AND ttl <> 0 AND ? - created_at > ttl"
_UNSEEN_S: Final = 1.0
"""So long may memory not notice what another process changed."""
_RETRY_S: Final = 5.0
_LOCKED_S: Final = 0.25
_LOG_PAGES: Final = 4000
"""Of 4 KiB, before the log is moved into the file, which is waited for: at four times SQLite's own, a set takes a third
less."""
_CLEAN_EVERY_S: Final = 600.0
_LOOK_EVERY_SETS: Final = 64
_MEMORY_BYTES: Final = 32 << 20
_ROW_BYTES: Final = 500
"""Of a row in memory beside its text: key, tuples, numbers."""

Value = TypeVar("Value")


class _Row(NamedTuple):
    """A value as memory holds it; times in s, `ttl` None: for ever."""

    encoded: Encoded
    created_at: float
    ttl: float | None
    cache_type: str


class CacheFile:
    """Rows of a `perf_cache.db`, behind a memory that holds them for a second.

    A file of old is opened as it is: it gets one more column, which says how a value is read, and older programs go
    on using it. A value whose checksum is wrong is a miss. A file that cannot be used (damaged, of something else, not
    to be opened or written) is said in the log "synqc.enrichment" once and counted; memory then holds what it could
    not, for its whole life, up to 32 MiB in all. Nothing here raises because of the disk.

    A row whose lifetime is over is a miss; such rows are removed every ten minutes of use. When the file holds more
    than `max_bytes`, what expired goes first, then the oldest.

    Args:
        path: The file; folders on the way are made.
        max_bytes: Bound on its pages in use; checked every 64 changes.
        clock: Replaces `time.time`, for tests.
    """

    _lock: threading.RLock
    _connection: sqlite3.Connection | None
    _tidied_at: float
    _look_at: float

    def __init__(self, path: Path, max_bytes: int, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self.errors = 0
        self.damaged = 0
        self.evicted = 0
        self.trouble = ""
        """Why the file is not used; "" while it is."""
        self._max_bytes = max_bytes
        self._clock = clock
        self._memory = MemoryCache(max_bytes=_MEMORY_BYTES, weigher=_weight)
        self._told: set[str] = set()
        self._start_anew()
        _all_files.add(self)
        self._on_disk(lambda _: None, None)  # so that trouble is said at once

    def get(self, keys: Keys, cache_type: str) -> Stored | None:
        """The live value of a key, fresh for each caller, or None."""
        found = self._memory.get(keys.key)
        if found is None:
            found = self._on_disk(lambda connection: self._read(connection, keys, cache_type), None)
            if found is None:
                return None
        encoded, created_at, ttl, _ = found
        age = max(0.0, self._clock() - created_at)
        if ttl and age > ttl:
            return None
        try:
            value = encoded.value()
        except ValueError:
            self._note_damage()
            return None
        return Stored(value, age, ttl - age if ttl else None, cache_type)

    def set(self, keys: Keys, encoded: Encoded, ttl: float, cache_type: str) -> None:
        """Keep a value for `ttl` seconds; infinity: for ever; 0: not at all, and forget what there is."""
        if ttl <= 0:
            self.delete(keys, cache_type)
            return
        lifetime = None if ttl == math.inf else ttl
        row = _Row(encoded, round(self._clock(), 3), lifetime, cache_type)
        with self._lock:
            if self._on_disk(lambda connection: self._write(connection, keys, row), False):
                self._memory.set(keys.key, row, ttl=_UNSEEN_S)
            else:
                self._memory.set(keys.key, row, ttl=lifetime)

    def delete(self, keys: Keys, cache_type: str) -> bool:
        """Forget a value; whether there was one."""

        def forget(connection: sqlite3.Connection) -> bool:
            removed = connection.execute("DELETE FROM cache WHERE key = ?", (keys.key,)).rowcount
            return removed + self._forget_old(connection, keys, cache_type) > 0

        with self._lock:
            was_in_memory = self._memory.delete(keys.key)
            return self._on_disk(forget, False) or was_in_memory

    def stats(self) -> tuple[int, int, dict[str, int]]:
        """Rows, characters of their values, and rows by type; rows that expired are among them."""

        def count(connection: sqlite3.Connection) -> tuple[int, int, dict[str, int]]:
            rows = connection.execute(
                "SELECT cache_type, COUNT(*), COALESCE(SUM(LENGTH(value)), 0) FROM cache GROUP BY cache_type"
            ).fetchall()
            return sum(row[1] for row in rows), sum(row[2] for row in rows), {row[0]: row[1] for row in rows}

        return self._on_disk(count, None) or self._stats_of_memory()

    def _stats_of_memory(self) -> tuple[int, int, dict[str, int]]:
        rows = [row for row in map(self._memory.peek, list(self._memory)) if row is not None]
        by_type = Counter(row.cache_type for row in rows)
        return len(rows), sum(len(row.encoded.text) for row in rows), dict(by_type)

    def expire(self) -> int:
        """Remove what expired; how many rows."""
        with self._lock:
            self._memory.expire()
            return self._on_disk(self._remove_expired, 0)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._memory.clear()
            self._on_disk(lambda connection: connection.execute("DELETE FROM cache"), None)

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def _read(self, connection: sqlite3.Connection, keys: Keys, cache_type: str) -> _Row | None:
        row = connection.execute(self._select, (keys.key,)).fetchone()
        if row is None and self.has_old_rows and keys.old:
            row = connection.execute(self._select_old, (keys.old, cache_type)).fetchone()
        if row is None or not _is_row(row):
            return None
        text, created_at, ttl, sealed = row
        if sealed is None:
            kind = None
        else:
            kind = sealed.partition(" ")[0]
            if sealed != _sealed(kind, keys.key, text):
                self._note_damage()
                return None
        found = _Row(Encoded(kind, text), float(created_at), float(ttl) if ttl else None, cache_type)
        self._memory.set(keys.key, found, ttl=_UNSEEN_S)
        return found

    def _write(self, connection: sqlite3.Connection, keys: Keys, row: _Row) -> bool:
        encoded, created_at, ttl, cache_type = row
        connection.execute(
            _INSERT,
            (keys.key, encoded.text, created_at, ttl, cache_type, _sealed(str(encoded.kind), keys.key, encoded.text)),
        )
        self._forget_old(connection, keys, cache_type)
        self._changes += 1
        if self._changes % _LOOK_EVERY_SETS == 0:
            self._tidy(connection)
        return True

    def _forget_old(self, connection: sqlite3.Connection, keys: Keys, cache_type: str) -> int:
        if not self.has_old_rows or not keys.old:
            return 0
        where = "key = ? AND cache_type = ? AND value_kind IS NULL"
        return connection.execute(f"DELETE FROM cache WHERE {where}", (keys.old, cache_type)).rowcount

    def _remove_expired(self, connection: sqlite3.Connection) -> int:
        return connection.execute(f"DELETE FROM cache WHERE {_IS_EXPIRED}", (self._clock(),)).rowcount

    def _tidy(self, connection: sqlite3.Connection) -> None:
        now = time.monotonic()
        if now - self._tidied_at > _CLEAN_EVERY_S:
            self._tidied_at = now
            self._remove_expired(connection)
        if _bytes_in_use(connection) <= self._max_bytes:
            return
        self._remove_expired(connection)
        while (rows := connection.execute("SELECT COUNT(*) FROM cache").fetchone()[0]) and (
            _bytes_in_use(connection) > self._max_bytes
        ):
            oldest = "SELECT rowid FROM cache ORDER BY created_at LIMIT ?"
            removed = connection.execute(f"DELETE FROM cache WHERE rowid IN ({oldest})", (rows // 16 + 1,)).rowcount
            self.evicted += removed
        self._memory.clear()

    def _on_disk(self, act: Callable[[sqlite3.Connection], Value], otherwise: Value) -> Value:
        """What `act` makes of the file, or `otherwise` if the file cannot be used."""
        with self._lock:
            if self.trouble and time.monotonic() < self._retry_at:
                return otherwise
            try:
                if self._connection is not None and time.monotonic() >= self._look_at:
                    self._leave_if_removed()
                if self._connection is None:
                    self._connection = self._opened()
                    self._file_number = os.stat(self.path).st_ino
                    self._look_at = time.monotonic() + _UNSEEN_S
                    self.trouble = ""
                return act(self._connection)
            except (sqlite3.Error, OSError, UnicodeError) as error:  # the last: names in a damaged file are no text
                self.errors += 1
                self._note(error)
                return otherwise

    def _leave_if_removed(self) -> None:
        """A file that somebody removed, to be rid of what it holds, would go on being used by who has it open."""
        self._look_at = time.monotonic() + _UNSEEN_S
        try:
            is_there = os.stat(self.path).st_ino == self._file_number
        except FileNotFoundError:
            is_there = False
        if not is_there and self._connection is not None:
            self._connection.close()  # which leaves a new file's log alone: SQLite sees that its own was removed
            self._connection = None
            self._memory.clear()

    def _note(self, error: Exception) -> None:
        if isinstance(error, sqlite3.OperationalError) and self._connection is not None:
            # Locked, full or not to be written: the rest of the file may well be read.
            self._tell("%s cannot be written, so that memory holds what is new: %s.", self.path, error)
            return
        self.trouble = f"{type(error).__name__}: {error}"
        self._retry_at = time.monotonic() + _RETRY_S
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._tell("%s cannot be used, so that memory serves: %s.", self.path, error)

    def _opened(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            self.path, timeout=_LOCKED_S, isolation_level=None, check_same_thread=False, cached_statements=32
        )
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
            connection.execute(_TABLE)
        except sqlite3.OperationalError as error:
            self.errors += 1
            self._tell("%s cannot be written, so that memory holds what is new: %s.", self.path, error)
        columns = {row[1] for row in connection.execute("PRAGMA table_info(cache)")}
        if not columns >= _COLUMNS:
            raise sqlite3.DatabaseError("its table `cache` is that of something else")
        if "value_kind" not in columns:
            try:
                connection.execute("ALTER TABLE cache ADD COLUMN value_kind TEXT")
                columns.add("value_kind")
            except sqlite3.OperationalError as error:  # another process was first, or it is not to be written
                if "duplicate" in str(error):
                    columns.add("value_kind")
        self._kind_column = "value_kind" if "value_kind" in columns else "NULL"
        self._select = f"SELECT value, created_at, ttl, {self._kind_column} FROM cache WHERE key = ?"
        self._select_old = f"{self._select} AND cache_type = ? AND {self._kind_column} IS NULL"
        try:
            for index in _INDEXES if "value_kind" in columns else ():
                connection.execute(index)
        except sqlite3.OperationalError:
            pass  # it was said above, and reading needs none
        where = f"{self._kind_column} IS NULL"
        self.has_old_rows = connection.execute(f"SELECT 1 FROM cache WHERE {where} LIMIT 1").fetchone() is not None

    def _note_damage(self) -> None:
        self.damaged += 1
        self._tell("A value of %s is damaged and counts as none.", self.path)

    def _tell(self, words: str, *arguments: object) -> None:
        line = words % arguments
        if line not in self._told:
            self._told.add(line)
            _log.warning("%s", line)

    def _start_anew(self) -> None:
        """Nothing is open; in a forked child the parent's connection is left alone, as SQLite demands."""
        of_parent = getattr(self, "_connection", None)
        if of_parent is not None:
            _of_parents.append(of_parent)
        self._lock = threading.RLock()
        self._connection = None
        self.has_old_rows = True
        self._changes = 0
        self._tidied_at = time.monotonic()
        self._retry_at = self._look_at = 0.0
        self._file_number = 0


def _weight(key: str, row: _Row) -> int:
    return _ROW_BYTES + sys.getsizeof(row.encoded.text)


def _sealed(kind: str, key: str, text: str) -> str:
    """What stands in a row of how its value is read: the kind, and a checksum over all that decides what is read."""
    return f"{kind} {zlib.crc32(f'{kind} {key} {text}'.encode('utf-8', 'surrogatepass')):08x}"


def _is_row(row: tuple[Any, ...]) -> bool:
    text, created_at, ttl, kind = row
    numbers = isinstance(created_at, (int, float)) and (ttl is None or isinstance(ttl, (int, float)))
    return isinstance(text, str) and numbers and (kind is None or isinstance(kind, str))


def _bytes_in_use(connection: sqlite3.Connection) -> int:
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


_all_files: weakref.WeakSet[CacheFile] = weakref.WeakSet()
_of_parents: list[sqlite3.Connection] = []


def _start_anew_in_child() -> None:
    for file in list(_all_files):
        file._start_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew_in_child)
