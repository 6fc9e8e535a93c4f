"""A cache in one SQLite file that outlives the process, is shared between processes and may fail at any time."""

from __future__ import annotations

import atexit
import logging
import os
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from synqc import _core
from synqc.cache._flight import Flights
from synqc.cache._stored import Stored
from synqc.cache._text_keys import TextKeys
from synqc.errors import InputError

__all__ = ["DiskCache", "DiskStats"]

_log = logging.getLogger("synqc.cache")
_before_first_row = -(2**63)


@dataclass(frozen=True)
class DiskStats:
    """What a DiskCache did since this process opened it, and what it holds.

    Args:
        hits: Reads that found a live value.
        misses: Reads that did not.
        expired: Misses because the value's time was over.
        stored: Values stored, counting those overwritten since.
        deleted: Keys forgotten on request.
        evicted: Values removed because of `max_bytes`.
        refused: Values not stored because one alone weighed more than `max_bytes`.
        errors: Failures of the disk that were answered by going on in memory.
        damaged: Values and keys whose checksum was wrong; never returned.
        set_aside: Damaged files of ours renamed to `<path>.corrupt-<time>`.
        forgotten: Changes dropped while the disk failed and memory was full.
        recoveries: Times the disk worked again.
        computations: Values computed by `get_or_compute` and its kin.
        entries: Values held, some of which may have expired.
        bytes: Weight of all entries: key, value, kind and 64 bytes each.
        file_bytes: Size of the file and its log.
        pending: Changes not yet in the file.
        degraded: Whether memory serves because the disk fails.
        by_kind: Entries and bytes by kind.
    """

    hits: int
    misses: int
    expired: int
    stored: int
    deleted: int
    evicted: int
    refused: int
    errors: int
    damaged: int
    set_aside: int
    forgotten: int
    recoveries: int
    computations: int
    entries: int
    bytes: int
    file_bytes: int
    pending: int
    degraded: bool
    by_kind: Mapping[str, tuple[int, int]]

    @property
    def hit_rate(self) -> float:
        """Share of reads that were hits; 0 before the first."""
        return self.hits / max(1, self.hits + self.misses)


class DiskCache(_core.DiskCache, TextKeys):
    """A cache in one file.

    A value is seen by this process at once and written within some milliseconds, many at a time, by a thread of its
    own; `flush()` waits for it, `close()` and a normal exit of the process do too, and functions that run at exit may
    still store. A process that is killed loses at most what was not yet written; the file stays whole. Whatever the
    disk does (full, failing, locked, read-only, damaged, removed), no call raises: memory serves, what it cannot answer
    is a miss, `stats().errors` counts, the log "synqc.cache" says it once, and the file is tried again every
    `retry_seconds`.

    Values come back with the types they had: None, bool, int, float, complex, str, bytes, lists, tuples, dicts, NumPy
    arrays (fresh and writable) and scalars. Nothing is pickled; everything else is refused with the path to it. Keys
    are str or bytes.

    Args:
        path: The file; folders on the way are made. Beside it lie its log and a lock file. Not on a network file
            system.
        max_bytes: Bound on the weight of all entries; the least recently used ones go, expired ones first. None: no
            bound. The file itself is up to about 1.5 times as large.
        ttl: Seconds a value lives unless said otherwise. None: for ever.
        ttl_by_kind: Seconds for values of a kind.
        clock: Replaces `time.time`, for tests. Expiry follows the wall clock, the only one that processes share.
        retry_seconds: Between attempts to use a disk that failed.
        memory_bytes: How much is kept in memory while it fails.

    Raises:
        InputError: An argument is out of its range, or the file belongs to something else or to a newer version.

    Examples:
        >>> import tempfile, numpy as np
        >>> folder = tempfile.TemporaryDirectory()
        >>> with DiskCache(f"{folder.name}/answers.db", ttl_by_kind={"forecast": 3600.0}) as cache:
        ...     cache.set("weather", {"rain": False, "wind": np.array([3.0, 4.5])}, kind="forecast")
        ...     cache.get_or_compute("square", lambda: 12 * 12)
        144
        >>> with DiskCache(f"{folder.name}/answers.db") as cache:
        ...     cache["weather"]["wind"], cache.get("unknown", "none")
        (array([3. , 4.5]), 'none')
        >>> folder.cleanup()
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        max_bytes: int | None = None,
        ttl: float | None = None,
        *,
        ttl_by_kind: Mapping[str, float] | None = None,
        clock: Callable[[], float] | None = None,
        retry_seconds: float = 5.0,
        memory_bytes: int = 64 << 20,
    ) -> None:
        if max_bytes is not None and max_bytes <= 0:
            raise InputError(f"Argument `max_bytes` must be positive or None, but is {max_bytes}.")
        if retry_seconds <= 0:
            raise InputError(f"Argument `retry_seconds` must be positive, but is {retry_seconds}.")
        self.path = os.path.abspath(os.fsdecode(path))
        by_kind = dict(ttl_by_kind or {})
        super().__init__(os.fsencode(self.path), max_bytes or 0, ttl, by_kind, clock, retry_seconds, memory_bytes)  # type: ignore[call-arg]
        self._flights = Flights()
        _open_caches.add(self)

    if TYPE_CHECKING:
        closed: bool

        def get(self, key: str | bytes, default: Any = None) -> Any: ...
        def set(self, key: str | bytes, value: Any, *, ttl: float | None = None, kind: str = "default") -> None: ...
        def delete(self, key: str | bytes) -> bool: ...
        def touch(self, key: str | bytes, ttl: float | None = None) -> bool: ...
        def clear(self) -> None: ...
        def expire(self) -> int: ...
        def flush(self) -> bool: ...
        def close(self) -> None: ...
        def __len__(self) -> int: ...
        def __contains__(self, key: object) -> bool: ...
        def __getitem__(self, key: str | bytes) -> Any: ...
        def __setitem__(self, key: str | bytes, value: Any) -> None: ...
        def __delitem__(self, key: str | bytes) -> None: ...

    def look_up(self, key: str | bytes) -> Stored | None:
        """The live value of a key with its age and what is left of its life, or None."""
        found = self._look_up(key)
        if found is None:
            return None
        value, age, ttl, kind = found
        return Stored(value, max(0.0, age), ttl, kind)  # the clock may have gone back

    def stats(self) -> DiskStats:
        """What happened, and what is there; writes what is pending first."""
        found = self._statistics()
        amounts = found["by_kind"].values()
        return DiskStats(
            **found,
            entries=sum(entries for entries, _ in amounts),
            bytes=sum(size for _, size in amounts),
            computations=self._flights.computations,
        )

    def __iter__(self) -> Iterator[str | bytes]:
        """Live keys; what changes meanwhile may or may not be among them."""
        if not self.flush():
            yield from self._pending_keys()
            return
        start: int | None = _before_first_row
        while start is not None:
            keys, start = self._keys_after(start)
            yield from keys

    def __enter__(self) -> DiskCache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"DiskCache({self.path!r})"

    def _report(self, is_warning: bool, words: bytes) -> None:
        _log.log(logging.WARNING if is_warning else logging.INFO, "%s", words.decode("utf-8", "backslashreplace"))


_open_caches: weakref.WeakSet[DiskCache] = weakref.WeakSet()


@atexit.register
def _flush_all() -> None:
    """Writes what is pending before the interpreter goes; the core does so once more when the process ends."""
    for cache in list(_open_caches):
        if not cache.closed:
            cache.flush()
