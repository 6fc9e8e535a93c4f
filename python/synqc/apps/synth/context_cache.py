"""ContextCache of the original: synchronous, lifetimes in milliseconds, over `synqc.cache.MemoryCache`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from synqc.apps.synth.checks import check_number, check_whole
from synqc.apps.synth.option_names import CamelCase, read_options
from synqc.cache import MemoryCache, MemoryStats

__all__ = ["ContextCache", "ContextCacheStats"]

_MISSING = object()


@dataclass(frozen=True, kw_only=True)
class _Options:
    max_size: int = 100
    ttl: float = 3_600_000


@dataclass(frozen=True)
class ContextCacheStats(CamelCase):
    """What a ContextCache did since it was last cleared.

    Args:
        hits, misses, evictions: Counted.
        size: Values kept.
        hit_rate: hits / (hits + misses), 0 to 1; 0 before the first.
    """

    hits: int
    misses: int
    evictions: int
    size: int
    hit_rate: float


class ContextCache:
    """Keeps values by key; the value that was used longest ago leaves when there are too many.

    Args:
        options: `max_size` (100; 0 keeps nothing) and `ttl` (or `ttl_ms`) in milliseconds (3,600,000; 0
            keeps nothing).
        named: The same, as keywords.
        clock: Replaces the monotonic clock, for tests; seconds.

    Raises:
        ValidationError: An option is not known, or out of its range.

    Examples:
        >>> cache = ContextCache(maxSize=2)
        >>> for key in "abc":
        ...     cache.set(key, key.upper())
        >>> cache.get("a"), cache.get("c"), cache.getStats().evictions, cache.getStats().hitRate
        (None, 'C', 1, 0.5)
    """

    def __init__(
        self, options: Mapping[str, Any] | None = None, *, clock: Callable[[], float] | None = None, **named: Any
    ) -> None:
        asked = read_options(_Options, options, named, {"ttl_ms": "ttl", "ttlMs": "ttl"})
        check_whole("max_size", asked.max_size, 0, 2**40)
        check_number("ttl", asked.ttl, 0)
        self._is_keeping = asked.max_size > 0
        self._cache = MemoryCache(max_entries=max(1, asked.max_size), ttl=asked.ttl / 1000, policy="lru", clock=clock)
        self._before: MemoryStats = self._cache.stats()

    def get(self, key: str, default: Any = None) -> Any:
        """A copy of a live value, or `default`."""
        value = self._cache.get(key, _MISSING)
        return default if value is _MISSING else copy.deepcopy(value)

    def set(self, key: str, value: Any) -> None:
        """Keep a copy of a value, None included."""
        if self._is_keeping:
            self._cache.set(key, copy.deepcopy(value))

    def has(self, key: str) -> bool:
        """Whether there is a live value; not a use of it."""
        return self._cache.peek(key, _MISSING) is not _MISSING

    def clear(self) -> None:
        """Forget everything, and count anew."""
        self._cache.clear()
        self._before = self._cache.stats()

    def get_stats(self) -> ContextCacheStats:
        """What happened since the last `clear`."""
        now, before = self._cache.stats(), self._before
        hits, misses = now.hits - before.hits, now.misses - before.misses
        return ContextCacheStats(hits, misses, now.evicted - before.evicted, now.entries, hits / max(1, hits + misses))

    getStats = get_stats  # noqa: N815
