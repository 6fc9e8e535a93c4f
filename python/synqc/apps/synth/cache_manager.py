"""CacheManager of the original: asynchronous, lifetimes in seconds, over `synqc.cache.MemoryCache`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from synqc.apps.synth.checks import check_choice, check_number, check_whole
from synqc.apps.synth.option_names import CamelCase, read_options
from synqc.cache import MemoryCache, content_key
from synqc.errors import InputError

__all__ = ["CacheManager", "CacheManagerStats"]

_MISSING = object()


@dataclass(frozen=True, kw_only=True)
class _Options:
    strategy: str = "memory"
    ttl: float = 3600
    max_size: int = 1000
    on_evict: Callable[[str, Any], object] | None = None


@dataclass(frozen=True)
class CacheManagerStats(CamelCase):
    """What a CacheManager did.

    Args:
        size: Values kept.
        max_size: Most of them.
        total_hits: Reads that found a live value.
        total_misses: Reads that did not.
        expired_count: Values whose time ran out.
        hit_rate: total_hits / (total_hits + total_misses), 0 to 1.
    """

    size: int
    max_size: int
    total_hits: int
    total_misses: int
    expired_count: int
    hit_rate: float


class CacheManager:
    """Keeps values by key; the value that was read longest ago leaves when there are too many.

    Values are copied when they are kept and when they are read: changing one changes no other.

    Args:
        options: `strategy` ("memory" or "none"), `ttl` (or `ttl_s`) in seconds (3600; 0 keeps nothing), `max_size`
            (1000; 0 keeps nothing), `on_evict`, told key and value of what leaves for want of room or time.
        named: The same, as keywords.
        clock: Replaces the monotonic clock, for tests; seconds.

    Raises:
        ValidationError: An option is not known, or out of its range.

    Examples:
        >>> import asyncio
        >>> async def kept():
        ...     cache = CacheManager(maxSize=10)
        ...     await cache.set("a", None)
        ...     return await cache.has("a"), await cache.get("a"), cache.get_stats().total_hits
        >>> asyncio.run(kept())
        (True, None, 1)
    """

    def __init__(
        self, options: Mapping[str, Any] | None = None, *, clock: Callable[[], float] | None = None, **named: Any
    ) -> None:
        asked = read_options(_Options, options, named, {"ttl_s": "ttl", "ttlS": "ttl"})
        check_choice("strategy", asked.strategy, ("memory", "none"))
        check_number("ttl", asked.ttl, 0)
        check_whole("max_size", asked.max_size, 0, 2**40)
        self._options = asked
        self._is_keeping = asked.strategy == "memory" and asked.max_size > 0
        self._cache = MemoryCache(
            max_entries=max(1, asked.max_size), ttl=asked.ttl, policy="lru", clock=clock,
            on_removal=None if asked.on_evict is None else self._told,
        )  # fmt: skip

    async def get(self, key: str, default: Any = None) -> Any:
        """A copy of a live value, or `default`."""
        value = self._cache.get(key, _MISSING)
        return default if value is _MISSING else copy.deepcopy(value)

    async def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        """Keep a copy of a value.

        Args:
            key: Key of the entry.
            value: Anything, None included.
            ttl: Seconds; None: as configured; 0: it is not kept.
        """
        if ttl is not None:
            check_number("ttl", ttl, 0)
        if self._is_keeping:
            self._cache.set(key, copy.deepcopy(value), ttl=ttl)

    async def has(self, key: str) -> bool:
        """Whether there is a live value; not a use of it."""
        return self._cache.peek(key, _MISSING) is not _MISSING

    async def delete(self, key: str) -> bool:
        """Forget a key; whether it was there."""
        return self._cache.delete(key)

    async def clear(self) -> None:
        """Forget everything."""
        self._cache.clear()

    async def size(self) -> int:
        """Values kept, those included whose time is over and which nobody has looked at since."""
        return len(self._cache)

    def get_stats(self) -> CacheManagerStats:
        """What happened so far."""
        told = self._cache.stats()
        return CacheManagerStats(
            told.entries, self._options.max_size, told.hits, told.misses, told.expired, told.hit_rate
        )

    @staticmethod
    def generate_key(prefix: str, params: Mapping[str, Any]) -> str:
        """A key of everything in `params`, in whatever order, at any depth.

        >>> CacheManager.generate_key("events", {"b": {"d": 1, "c": 2}, "a": 3}) == CacheManager.generate_key(
        ...     "events", {"a": 3, "b": {"c": 2, "d": 1}}
        ... )
        True
        """
        if not isinstance(prefix, str):
            raise InputError(f"Argument `prefix` must be a text, but is {prefix!r:.80}.")
        return f"{prefix}:{content_key(prefix, dict(params))}"

    getStats = get_stats  # noqa: N815
    generateKey = generate_key  # noqa: N815

    def _told(self, key: Any, value: Any, cause: str) -> None:
        if cause in ("size", "expired") and self._options.on_evict is not None:
            self._options.on_evict(key, value)
