"""A cache in memory: bounded by entries and bytes, with lifetimes and a policy that resists scans."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from synqc import _core
from synqc.cache._computing import Computing
from synqc.cache._flight import Flights
from synqc.cache._stored import Stored
from synqc.errors import InputError

__all__ = ["MemoryCache", "MemoryStats"]

Cause = Literal["expired", "explicit", "replaced", "size"]


@dataclass(frozen=True)
class MemoryStats:
    """What a MemoryCache did and holds, read in one step.

    Args:
        hits: Requests that found a live value.
        misses: Requests that did not.
        expired: Entries whose time ran out.
        stored: Values stored.
        deleted: Keys forgotten on request.
        replaced: Values that took the place of another.
        evicted: Entries that left because the cache was full.
        refused: Values not stored because one alone weighed more than `max_bytes`.
        computations: Values computed by `get_or_compute` and its kin.
        entries: Entries held.
        bytes: What they weigh: key, value and `overhead_bytes` each, unless a weigher says otherwise.
        overhead_bytes: What the cache itself needs for an entry.
        by_kind: Entries, bytes and hits by kind. Of more than 1024 kinds those without entries, and without a lifetime
            in `ttl_by_kind`, are forgotten.
    """

    hits: int
    misses: int
    expired: int
    stored: int
    deleted: int
    replaced: int
    evicted: int
    refused: int
    computations: int
    entries: int
    bytes: int
    overhead_bytes: int
    by_kind: Mapping[str, tuple[int, int, int]]

    @property
    def hit_rate(self) -> float:
        """Share of requests that were hits; 0 before the first."""
        return self.hits / max(1, self.hits + self.misses)


class MemoryCache(_core.MemoryCache, Computing):
    """A cache in memory.

    Any thread may use it. Keys are anything hashable, values anything at all; they are kept as they are, not copied. An
    entry whose time is over is never returned, and leaves with the next write, when the keys are gone through, or when
    `expire()` is called. Without `max_entries` and `max_bytes` it grows without bound.

    Args:
        max_entries: Bound on the number of entries.
        max_bytes: Bound on their weight: bytes, texts, numbers, NumPy arrays and containers of them are weighed exactly
            (containers eight levels and 10,000 objects deep), other objects by `__sizeof__`.
        ttl: Seconds a value lives unless said otherwise; None: for ever; 0: nothing is stored.
        policy: Eviction policy: "w-tinylfu" (adaptive; keeps what is asked for often), "s3-fifo" or "lru".
        ttl_by_kind: Seconds for values of a kind.
        weigher: weigher(key, value) gives bytes instead.
        on_removal: on_removal(key, value, cause) is called for each entry that leaves, after it has left; cause is
            "expired", "explicit", "replaced" or "size". What it raises is reported as unraisable and harms nothing.
        clock: Replaces `time.monotonic`, for tests.

    Raises:
        InputError: An argument is out of its range.
        UnknownName: There is no such policy.

    Examples:
        >>> cache = MemoryCache(max_entries=1000, ttl=60)
        >>> cache["answer"] = 42
        >>> cache["answer"], cache.get("question"), "answer" in cache
        (42, None, True)
        >>> cache.get_or_compute("square", lambda: 12 * 12)
        144
        >>> cache.stats().hits, cache.stats().misses
        (1, 2)
    """

    def __init__(
        self,
        max_entries: int | None = None,
        max_bytes: int | None = None,
        ttl: float | None = None,
        *,
        policy: Literal["w-tinylfu", "s3-fifo", "lru"] = "w-tinylfu",
        ttl_by_kind: Mapping[str, float] | None = None,
        weigher: Callable[[Any, Any], int] | None = None,
        on_removal: Callable[[Any, Any, Cause], object] | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        for name, limit in (("max_entries", max_entries), ("max_bytes", max_bytes)):
            if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
                raise InputError(f"Argument `{name}` must be a whole number above 0 or None, but is {limit!r}.")
        for name, function in (("weigher", weigher), ("on_removal", on_removal), ("clock", clock)):
            if function is not None and not callable(function):
                raise InputError(f"Argument `{name}` must be a function or None, but is {function!r}.")
        seed = int.from_bytes(os.urandom(8), "little")
        super().__init__(max_entries, max_bytes, ttl, dict(ttl_by_kind or {}), policy, weigher, on_removal, clock, seed)  # type: ignore[call-arg]
        self._flights = Flights()
        self._policy = policy

    if TYPE_CHECKING:

        def get(self, key: Hashable, default: Any = None) -> Any: ...
        def peek(self, key: Hashable, default: Any = None) -> Any: ...
        def set(self, key: Hashable, value: Any, *, ttl: float | None = None, kind: str = "default") -> None: ...
        def delete(self, key: Hashable) -> bool: ...
        def touch(self, key: Hashable, ttl: float | None = None) -> bool: ...
        def clear(self) -> None: ...
        def expire(self) -> int: ...
        def __len__(self) -> int: ...
        def __contains__(self, key: object) -> bool: ...
        def __getitem__(self, key: Hashable) -> Any: ...
        def __setitem__(self, key: Hashable, value: Any) -> None: ...
        def __delitem__(self, key: Hashable) -> None: ...

    def look_up(self, key: Hashable) -> Stored | None:
        """The live value of a key with its times, or None; counts as a request."""
        found = self._look_up(key)
        return None if found is None else Stored(*found)

    def stats(self) -> MemoryStats:
        """What happened, and what is there."""
        return MemoryStats(**self._statistics(), computations=self._flights.computations)

    def __iter__(self) -> Iterator[Any]:
        """Live keys at the moment of the call."""
        return iter(self._keys())

    def __repr__(self) -> str:
        return f"MemoryCache({len(self)} entries, policy={self._policy!r})"
