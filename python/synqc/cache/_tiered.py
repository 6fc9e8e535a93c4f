"""Caches one behind the other: memory, a file, a server."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from synqc.cache._disk import DiskCache
from synqc.cache._flight import MISSING, Flights
from synqc.cache._protocol import Cache
from synqc.cache._redis import RedisCache
from synqc.cache._stored import Stored
from synqc.cache._text_keys import TextKeys
from synqc.errors import InputError

__all__ = ["TierStats", "TieredCache", "TieredStats"]

_log = logging.getLogger("synqc.cache")
_STRIPES: Final = 256


@dataclass(frozen=True)
class TierStats:
    """One tier as seen from the whole.

    Args:
        hits: Reads it answered.
        misses: Reads it passed on.
        failures: Calls that raised and were skipped.
        own: The tier's own statistics.
    """

    hits: int
    misses: int
    failures: int
    own: Any


@dataclass(frozen=True)
class TieredStats:
    """All tiers, the fastest first.

    Args:
        tiers: By name: "memory", "disk" and, where there is one, "shared".
        hits: Reads that any tier answered.
        misses: Reads that none did.
        promotions: Values copied into a faster tier.
        computations: Values computed by `get_or_compute` and its kin.
    """

    tiers: dict[str, TierStats]
    hits: int
    misses: int
    promotions: int
    computations: int

    @property
    def hit_rate(self) -> float:
        """Share of reads that were hits; 0 before the first."""
        return self.hits / max(1, self.hits + self.misses)


class _Tier:
    """A cache, its name and what was seen of it."""

    def __init__(self, name: str, cache: Any) -> None:
        self.name, self.cache = name, cache
        self.hits = self.misses = self.failures = 0

    def ask(self, call: Callable[[Any], Any], otherwise: Any) -> Any:
        """The answer of a tier, or `otherwise` if it raises; what the caller did wrong is his to hear."""
        try:
            return call(self.cache)
        except InputError:
            raise
        except Exception as error:
            self.failures += 1
            if self.failures == 1:
                _log.warning("The %s tier fails and is skipped: %s: %s.", self.name, type(error).__name__, error)
            return otherwise

    def stats(self) -> TierStats:
        return TierStats(self.hits, self.misses, self.failures, self.ask(lambda cache: cache.stats(), None))


class TieredCache(TextKeys):
    """A cache made of tiers.

    A read asks memory, then the disk, then the shared tier; what a slower tier finds is copied into the faster ones
    with the time it has left. A write goes to all, the slowest first, so that a value one of them refuses is in none. A
    tier that raises is skipped and counted. Keys are str or bytes. `len()` and iteration are those of the disk.

    Args:
        memory: A MemoryCache, or anything shaped like it.
        disk: A DiskCache.
        shared: A RedisCache, or None.
        ttl_in_memory: Seconds after which memory asks the slower tiers again, if a value lives longer than that; lets
            this process see what others store under a key it knows. None: never.

    Examples:
        >>> import tempfile
        >>> from synqc.cache import DiskCache, MemoryCache, TieredCache
        >>> folder = tempfile.TemporaryDirectory()
        >>> with TieredCache(MemoryCache(max_entries=1000), DiskCache(f"{folder.name}/answers.db")) as cache:
        ...     cache.set("question", 42)
        ...     cache.get("question"), cache.stats().tiers["memory"].hits
        (42, 1)
        >>> folder.cleanup()
    """

    def __init__(
        self,
        memory: Cache,
        disk: DiskCache,
        shared: RedisCache | None = None,
        *,
        ttl_in_memory: float | None = None,
    ) -> None:
        if ttl_in_memory is not None and not ttl_in_memory > 0:
            raise InputError(f"Argument `ttl_in_memory` must be positive or None, but is {ttl_in_memory}.")
        self._memory = _Tier("memory", memory)
        self._slow = [_Tier("disk", disk)] + ([_Tier("shared", shared)] if shared is not None else [])
        self._ttl_in_memory = ttl_in_memory
        self._get_from_memory = memory.get
        self._flights = Flights()
        self._promotions = 0
        # No lock: what the tiers do may run finalisers that come back here. Each write takes a number and is known as
        # under way; where two meet, memory forgets the key, and the next read brings what the slower tiers agree on.
        self._numbers = itertools.count(1)
        self._latest = [0] * _STRIPES
        self._under_way: list[dict[int, None]] = [{} for _ in range(_STRIPES)]
        self._clearing: dict[int, None] = {}
        self._waits = shared is not None

    def get(self, key: Any, default: Any = None) -> Any:
        """The value of a key from the fastest tier that has it, or `default`."""
        value = self._in_memory(key)
        if value is not MISSING:
            return value
        found = self._look_up_below(key)
        return default if found is None else found.value

    def peek(self, key: Any, default: Any = None) -> Any:
        """What memory holds of a key, or `default`; counts as no use of it.

        With a shared tier always `default`: what is known of the key there cannot be told without waiting.
        """
        return default if self._waits else self._memory.ask(lambda cache: cache.peek(key, default), default)

    def _in_memory(self, key: Any) -> Any:
        memory = self._memory
        try:
            value = self._get_from_memory(key, MISSING)
        except Exception:
            value = memory.ask(lambda cache: cache.get(key, MISSING), MISSING)
        if value is MISSING:
            memory.misses += 1
        else:
            memory.hits += 1
        return value

    def look_up(self, key: str | bytes) -> Stored | None:
        """The value with its times as the slower tiers know them, or None."""
        return self._look_up_below(key)

    def set(self, key: str | bytes, value: Any, *, ttl: float | None = None, kind: str = "default") -> None:
        """Store a value for `ttl` seconds; None takes the kind's in each tier, 0 stores nothing and forgets the key."""

        def write(tier: _Tier, lifetime: float | None) -> None:
            # A value that could not be written must not leave an older one behind.
            if tier.ask(lambda cache: cache.set(key, value, ttl=lifetime, kind=kind), MISSING) is MISSING:
                tier.ask(lambda cache: cache.delete(key), False)

        def write_to_slow() -> None:
            for tier in reversed(self._slow):
                write(tier, ttl)

        self._change(key, write_to_slow, lambda: write(self._memory, self._memory_ttl(ttl)))

    def delete(self, key: str | bytes) -> bool:
        """Forget a key in every tier; whether it was in any."""
        found: list[bool] = []

        def forget() -> None:
            found.extend(tier.ask(lambda cache: cache.delete(key), False) for tier in (*self._slow, self._memory))

        self._change(key, forget, None)
        return any(found)

    def touch(self, key: str | bytes, ttl: float | None = None) -> bool:
        """Let a live entry live `ttl` seconds from now; whether there is one."""
        found: list[bool] = []

        def lengthen() -> None:
            found.extend(tier.ask(lambda cache: cache.touch(key, ttl), False) for tier in self._slow)

        self._change(key, lengthen, None)  # the next read brings it to memory with its new time
        return any(found)

    def _change(
        self, key: str | bytes, change_slow: Callable[[], None], fill_memory: Callable[[], None] | None
    ) -> None:
        """Change the slower tiers; memory gets the value, or forgets the key if there is none or others write too."""
        stripe = hash(key) % _STRIPES
        under_way = self._under_way[stripe]
        number = next(self._numbers)
        try:
            under_way[number] = None
            self._latest[stripe] = number
            is_alone = len(under_way) == 1 and not self._clearing
            change_slow()
            if fill_memory is not None and is_alone and self._latest[stripe] == number:
                fill_memory()
                if self._latest[stripe] == number:
                    return
            self._memory.ask(lambda cache: cache.delete(key), False)
        except BaseException:  # refused, or interrupted: memory must not hold what the others may not
            self._memory.ask(lambda cache: cache.delete(key), False)
            raise
        finally:
            under_way.pop(number, None)

    def clear(self) -> None:
        """Forget everything in every tier."""
        number = next(self._numbers)
        try:
            self._clearing[number] = None
            self._latest[:] = [number] * _STRIPES
            for tier in reversed(self._slow):
                tier.ask(lambda cache: cache.clear(), None)
            self._latest[:] = [number] * _STRIPES
            self._memory.ask(lambda cache: cache.clear(), None)
        finally:
            self._clearing.pop(number, None)

    def expire(self) -> int:
        """Remove what has expired on the disk; how many."""
        return sum(tier.ask(lambda cache: cache.expire(), 0) for tier in self._slow)

    def flush(self) -> bool:
        """Wait until everything stored is in the slower tiers; False if one of them fails."""
        return all([tier.ask(lambda cache: cache.flush(), False) for tier in self._slow])

    def close(self) -> None:
        """Close the slower tiers."""
        for tier in self._slow:
            tier.ask(lambda cache: cache.close(), None)

    def stats(self) -> TieredStats:
        """Every tier, and the whole."""
        tiers = [self._memory, *self._slow]
        return TieredStats(
            tiers={tier.name: tier.stats() for tier in tiers},
            hits=sum(tier.hits for tier in tiers),
            misses=self._slow[-1].misses,
            promotions=self._promotions,
            computations=self._flights.computations,
        )

    def __contains__(self, key: object) -> bool:
        return self.get(key, MISSING) is not MISSING

    def __getitem__(self, key: str | bytes) -> Any:
        value = self.get(key, MISSING)
        if value is MISSING:
            raise KeyError(key)
        return value

    def __setitem__(self, key: str | bytes, value: Any) -> None:
        self.set(key, value)

    def __delitem__(self, key: str | bytes) -> None:
        if not self.delete(key):
            raise KeyError(key)

    def __iter__(self) -> Iterator[str | bytes]:
        return iter(self._slow[0].cache)

    def __len__(self) -> int:
        return len(self._slow[0].cache)

    def __enter__(self) -> TieredCache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _memory_ttl(self, ttl: float | None) -> float | None:
        if self._ttl_in_memory is None:
            return ttl
        return self._ttl_in_memory if ttl is None else min(ttl, self._ttl_in_memory)

    def _find_at_once(self, key: Any) -> Any:
        return self.get(key, MISSING) if not self._waits else self._in_memory(key)

    async def _find_later(self, key: Any) -> Any:
        found = await asyncio.to_thread(self._look_up_below, key)
        return MISSING if found is None else found.value

    async def _store_later(self, key: Any, value: Any, ttl: float | None, kind: str) -> None:
        if self._waits:
            await asyncio.to_thread(self.set, key, value, ttl=ttl, kind=kind)
        else:
            self.set(key, value, ttl=ttl, kind=kind)

    def _look_up_below(self, key: str | bytes) -> Stored | None:
        stripe = hash(key) % _STRIPES
        latest = self._latest[stripe]
        is_quiet = not self._under_way[stripe] and not self._clearing
        for depth, tier in enumerate(self._slow):
            found: Stored | None = tier.ask(lambda cache: cache.look_up(key), None)
            if found is not None:
                tier.hits += 1
                if is_quiet:
                    self._promote(key, found, depth, stripe, latest)
                return found
            tier.misses += 1
        return None

    def _promote(self, key: str | bytes, found: Stored, depth: int, stripe: int, latest: int) -> None:
        """Into the faster tiers, unless somebody has begun to write since `latest`; what was overtaken goes again."""
        faster = [*self._slow[:depth], self._memory]
        for tier in faster:
            if self._latest[stripe] != latest:
                break
            self._copy_into(tier, key, found)
        if self._latest[stripe] != latest:
            for tier in faster:
                tier.ask(lambda cache: cache.delete(key), False)
            return
        self._promotions += 1

    def _copy_into(self, tier: _Tier, key: str | bytes, found: Stored) -> None:
        ttl = self._memory_ttl(found.ttl) if tier is self._memory else found.ttl
        tier.ask(lambda cache: cache.set(key, found.value, ttl=ttl, kind=found.kind), None)
