"""Cache of answers: what is kept is bytes, so that nobody can change it; all that decides an answer is in its key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from synqc import json
from synqc.apps.synth.configuration import SynthConfiguration
from synqc.apps.synth.errors import CacheError
from synqc.apps.synth.options import CacheOptions
from synqc.cache import Control, DiskCache, MemoryCache, Stored, TieredCache
from synqc.errors import SynqcError

__all__ = ["AnswerCache", "CacheState", "Found"]

Compute = Callable[[], Awaitable[tuple[dict[str, Any], bool]]]
"""Gives an answer as plain values, and whether it may be kept."""


@dataclass(frozen=True)
class Found:
    """An answer.

    Args:
        value: As plain values, the caller's own.
        hit: Whether no call was made for this request: it was kept, or another request was asking the same.
        age_s: Since it was kept.
        left_s: Until its time is over; None: it has no end, or nobody asked for it.
    """

    value: dict[str, Any]
    hit: bool
    age_s: float = 0.0
    left_s: float | None = None


@dataclass(frozen=True)
class CacheState:
    """What is kept: entries, bytes, and how entries left."""

    size: int = 0
    max_size: int = 0
    bytes: int = 0
    evictions: int = 0
    expired: int = 0


class _NotToBeKept(Exception):
    """Leads an answer past the cache, to all who wait for it."""

    def __init__(self, value: bytes) -> None:
        super().__init__(value)
        self.value = value


class AnswerCache:
    """Keeps answers as configured; equal requests at once are one call.

    Args:
        configuration: How many, how long, where.

    Raises:
        CacheError: The file cannot be opened.
    """

    def __init__(self, configuration: SynthConfiguration) -> None:
        self._configuration = configuration
        self._memory, self._disk, self._cache = _opened(configuration)

    async def answer(self, key: str, compute: Compute, options: CacheOptions) -> Found:
        """Entry under a key, or what `compute` gives.

        Raises:
            CacheMiss: `only_if_cached`, and nothing is kept.
        """
        made: list[bytes] = []

        async def computed() -> bytes:
            value, may_be_kept = await compute()
            made.append(json.dumps(value))
            if not may_be_kept:
                raise _NotToBeKept(made[0])
            return made[0]

        control = self._control(options)
        ttl_s = (self._configuration.cache_ttl_ms if options.ttl_ms is None else options.ttl_ms) / 1000
        try:
            answer = await self._cache.aanswer(key, computed, ttl=ttl_s, kind="synth", control=control)
        except _NotToBeKept as passed:
            return Found(json.loads(passed.value), hit=not made)
        return Found(json.loads(answer.value), hit=not made, age_s=answer.age if answer.hit else 0.0)

    async def look_up(self, key: str, options: CacheOptions) -> Found | None:
        """What is kept, or None; counts as a request of the cache."""
        control = self._control(options)
        if control.no_cache:
            return None
        looking = Control(only_if_cached=True, namespace=control.namespace)
        try:
            answer = await self._cache.aanswer(key, _nothing, control=looking)
        except KeyError:
            return None
        return Found(json.loads(answer.value), hit=True, age_s=answer.age)

    async def kept(self, key: str, namespace: str | None = None) -> Found | None:
        """Entry under a key, with what is left of its time, or None."""
        looking = Control(only_if_cached=True, namespace=namespace)
        try:
            answer = await self._cache.aanswer(key, _nothing, control=looking)
        except KeyError:
            return None
        stored: Stored | None = await asyncio.to_thread(self._cache.look_up, answer.key)
        if stored is None:
            return None
        return Found(json.loads(stored.value), hit=True, age_s=stored.age, left_s=stored.ttl)

    async def keep(self, key: str, value: dict[str, Any], options: CacheOptions) -> None:
        """Keep an answer that came otherwise than by `answer`."""
        control = self._control(options)
        if not control.no_store:
            ttl_s = (self._configuration.cache_ttl_ms if options.ttl_ms is None else options.ttl_ms) / 1000
            storing = Control(no_cache=True, namespace=control.namespace)

            async def given() -> bytes:
                return json.dumps(value)

            await self._cache.aanswer(key, given, ttl=ttl_s, kind="synth", control=storing)

    def state(self) -> CacheState:
        """What is kept in memory."""
        told = self._memory.stats()
        size = told.entries if self._configuration.is_caching else 0
        return CacheState(size, self._configuration.cache_size, told.bytes, told.evicted, told.expired)

    def optimize(self) -> int:
        """Let go of everything whose time is over; returns how many entries left."""
        left = self._memory.expire()
        return left + (self._disk.expire() if self._disk is not None else 0)

    def clear(self) -> None:
        """Let go of everything."""
        self._cache.clear()

    def configure(self, configuration: SynthConfiguration) -> None:
        """Keep as configured from now on; what is there stays, as far as there is room.

        Raises:
            CacheError: The file cannot be opened.
        """
        before, self._configuration = self._configuration, configuration
        names = ("is_caching", "cache_size", "cache_strategy", "cache_path", "memory_limit")
        if all(getattr(before, name) == getattr(configuration, name) for name in names):
            return
        memory, disk, cache = _opened(configuration, self._disk if _is_same_file(before, configuration) else None)
        for key in list(self._memory):
            kept: Stored | None = self._memory.look_up(key)
            if kept is not None and configuration.is_caching:
                memory.set(key, kept.value, ttl=kept.ttl, kind=kept.kind)
        if self._disk is not None and disk is not self._disk:
            self._disk.close()
        self._memory, self._disk, self._cache = memory, disk, cache

    def close(self) -> None:
        """Write what is left, and close the file."""
        if self._disk is not None:
            self._disk.close()

    def _control(self, options: CacheOptions) -> Control:
        is_kept = options.cache and self._configuration.is_caching
        return Control(
            no_cache=options.refresh or not options.cache, no_store=not is_kept, only_if_cached=options.only_if_cached,
            namespace=options.namespace,
        )  # fmt: skip


async def _nothing() -> bytes:
    raise AssertionError("Whoever looks for what is kept computes nothing.")


def _is_same_file(before: SynthConfiguration, after: SynthConfiguration) -> bool:
    return before.cache_path == after.cache_path and before.cache_strategy == after.cache_strategy == "disk"


def _opened(
    configuration: SynthConfiguration, disk: DiskCache | None = None
) -> tuple[MemoryCache, DiskCache | None, Any]:
    memory = MemoryCache(
        max_entries=max(1, configuration.cache_size), max_bytes=configuration.memory_limit, policy="lru"
    )
    if configuration.cache_strategy != "disk" or not configuration.is_caching:
        return memory, None, memory
    if disk is None:
        try:
            disk = DiskCache(str(configuration.cache_path))
        except (OSError, SynqcError) as error:
            raise CacheError(f"The cache {configuration.cache_path} cannot be opened: {error}") from None
    return memory, disk, TieredCache(memory, disk)
