"""`PerformanceCache`: what enrichment workers keep between calls and processes."""

from __future__ import annotations

import asyncio
import logging
import marshal
import math
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from synqc.apps.enrichment.cache_file import CacheFile
from synqc.apps.enrichment.cache_keys import Keys, keys_of
from synqc.apps.enrichment.cache_values import Encoded, is_exact
from synqc.apps.enrichment.config import PerfConfig, load_config
from synqc.apps.enrichment.performance_metrics import get_metrics
from synqc.cache import MemoryCache, Stored
from synqc.errors import InputError

__all__ = ["PerformanceCache", "get_cache"]

_log = logging.getLogger("synqc.enrichment")
_NAME: Final = "perf_cache.db"
_MOST_KEYS: Final = 10_000
_KEYS_BYTES: Final = 16 << 20


class PerformanceCache:
    """A cache of answers in `<cache_dir>/perf_cache.db`, shared by threads, coroutines and processes.

    The key is made of content, parameters and type. Files of older programs are used in place: their rows are found by
    those who ask for the type they were stored under. Whatever the disk does, no call raises; see `CacheFile`. What has
    no JSON text (a set, an object) cannot be kept: that is said once for its type, and its calls go uncached.

    Hits and misses are counted by type in `get_metrics()`.

    Args:
        cache_dir: Folder of the file, made if there is none. What is relative is so to the working folder of now.
        enabled: False: nothing is kept and nothing found, and no folder is made.

    Examples:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> cache = PerformanceCache(folder.name)
        >>> cache.set({"text": "Fine day"}, {"joy": 0.9}, cache_type="emotion_scoring")
        >>> cache.get({"text": "Fine day"}, cache_type="emotion_scoring")
        {'joy': 0.9}
        >>> cache.get_stats()
        {'enabled': True, 'total_entries': 1, 'total_bytes': 12, 'by_type': {'emotion_scoring': 1}}
        >>> cache.close(); folder.cleanup()
    """

    def __init__(self, cache_dir: str = "./cache", enabled: bool = True) -> None:
        self._open(PerfConfig(cache_dir=Path(cache_dir).expanduser().absolute(), cache_enabled=enabled))

    @classmethod
    def from_config(cls, config: PerfConfig) -> PerformanceCache:
        """The cache that a configuration describes, with its lifetimes and its bound."""
        cache = cls.__new__(cls)
        cache._open(config)
        return cache

    def _open(self, config: PerfConfig) -> None:
        self.enabled = config.cache_enabled
        self._config = config
        if not self.enabled:
            return
        self.cache_dir = config.cache_dir
        self.db_path = config.cache_dir / _NAME
        self._file = CacheFile(self.db_path, config.cache_max_bytes)
        self._known_keys = MemoryCache(max_entries=_MOST_KEYS, max_bytes=_KEYS_BYTES, weigher=_weight)
        self._in_flight = MemoryCache(max_entries=1)  # which holds nothing: who computes what is known to it
        self._told: set[str] = set()

    @property
    def trouble(self) -> str:
        """Why the file is not used and memory serves; "" while all is well."""
        return self._file.trouble if self.enabled else ""

    @property
    def errors(self) -> int:
        """How often the file could not be read or written, and memory served."""
        return self._file.errors if self.enabled else 0

    @property
    def has_old_rows(self) -> bool:
        """Whether the file holds rows that older programs left."""
        return self.enabled and self._file.has_old_rows

    def get(self, content: Any, params: dict[str, Any] | None = None, cache_type: str = "default") -> Any:
        """The value kept for what is asked, or None.

        Args:
            content: The question; anything that has a JSON text.
            params: Options that affect the answer; None and {} are the same.
            cache_type: Type of the entry; part of the key.
        """
        found = self.look_up(content, params, cache_type)
        return None if found is None else found.value

    def look_up(
        self, content: Any, params: dict[str, Any] | None = None, cache_type: str = "default", *, namespace: str = ""
    ) -> Stored | None:
        """The value with its age and what is left of its life, both in seconds; None: there is none.

        Unlike `get`, it tells a kept None from none. Without a `namespace`, rows of older programs are found, too.
        """
        if not self.enabled:
            return None
        keys = self._keys(content, params, cache_type, namespace)
        if keys is None:
            return None
        found = self._file.get(keys, cache_type)
        if found is None:
            get_metrics().record_cache_miss(cache_type)
        else:
            get_metrics().record_cache_hit(cache_type)
        return found

    def peek(self, content: Any, params: dict[str, Any] | None = None, cache_type: str = "default") -> Stored | None:
        """Like `look_up`, and counts as no use."""
        keys = self._keys(content, params, cache_type, "") if self.enabled else None
        return None if keys is None else self._file.get(keys, cache_type)

    def set(
        self,
        content: Any,
        value: Any,
        params: dict[str, Any] | None = None,
        ttl: float | None = None,
        cache_type: str = "default",
        *,
        namespace: str = "",
    ) -> None:
        """Keep a value.

        Args:
            content: The question.
            value: A text, bytes, or anything that has a JSON text.
            params: Options that affect the answer.
            ttl: Seconds it lives; None: what the configuration says of the type, 30 days if nothing; 0: it is not
                kept, and what was is forgotten; `math.inf`: for ever.
            cache_type: Type of the entry.
            namespace: Separates the entries of one user of the cache from all others'.

        Raises:
            InputError: `ttl` is negative.
        """
        lifetime = self._lifetime(ttl, cache_type)
        if not self.enabled:
            return
        keys = self._keys(content, params, cache_type, namespace)
        if keys is None:
            return
        try:
            encoded = Encoded.of(value)
        except (TypeError, ValueError, RecursionError) as error:
            self._tell("A value of type %r is not kept: %s.", cache_type, error)
            return
        self._file.set(keys, encoded, lifetime, cache_type)

    def get_or_compute(
        self,
        content: Any,
        compute: Callable[[], Any],
        params: dict[str, Any] | None = None,
        ttl: float | None = None,
        cache_type: str = "default",
        *,
        namespace: str = "",
        keep: Callable[[Any], bool] = lambda value: True,
    ) -> Any:
        """The value kept for what is asked; computed if there is none, once for all threads and tasks that ask.

        Whoever computes gets the value itself, everybody else one of their own. What `compute` raises reaches all who
        wait and is not kept. A value that would not come back as it is (a tuple, an object) is not kept either.

        Args:
            compute: Gives the value.
            keep: Whether a value may be kept.
        """
        lifetime = self._lifetime(ttl, cache_type)
        found = self.look_up(content, params, cache_type, namespace=namespace)
        if found is not None:
            return found.value
        keys = self._keys(content, params, cache_type, namespace) if self.enabled else None
        if keys is None:
            return compute()
        own: list[Any] = []

        def lead() -> Encoded:
            again = self._file.get(keys, cache_type)  # somebody may just have been done
            if again is not None:
                return Encoded.of(again.value)
            own.append(compute())
            return self._kept(keys, own[0], lifetime, cache_type, keep)

        try:
            encoded: Encoded = self._in_flight.get_or_compute(keys.key, lead, ttl=0)
        except _NotToBeKept:
            return own[0] if own else compute()
        return own[0] if own else encoded.value()

    async def aget_or_compute(
        self,
        content: Any,
        compute: Callable[[], Awaitable[Any]],
        params: dict[str, Any] | None = None,
        ttl: float | None = None,
        cache_type: str = "default",
        *,
        namespace: str = "",
        keep: Callable[[Any], bool] = lambda value: True,
    ) -> Any:
        """Like `get_or_compute`, with a coroutine function; waiting blocks no event loop."""
        lifetime = self._lifetime(ttl, cache_type)
        found = self.look_up(content, params, cache_type, namespace=namespace)
        if found is not None:
            return found.value
        keys = self._keys(content, params, cache_type, namespace) if self.enabled else None
        if keys is None:
            return await compute()
        own: list[Any] = []

        async def lead() -> Encoded:
            again = self._file.get(keys, cache_type)
            if again is not None:
                return Encoded.of(again.value)
            own.append(await compute())
            # On a thread, because a file that another process writes to is waited for.
            return await asyncio.to_thread(self._kept, keys, own[0], lifetime, cache_type, keep)

        try:
            encoded: Encoded = await self._in_flight.aget_or_compute(keys.key, lead, ttl=0)
        except _NotToBeKept:
            return own[0] if own else await compute()
        return own[0] if own else encoded.value()

    def get_stats(self) -> dict[str, Any]:
        """`enabled`, and if it is: rows (`total_entries`), characters of their values (`total_bytes`), rows `by_type`.

        Rows that expired and are not yet removed count.
        """
        if not self.enabled:
            return {"enabled": False}
        entries, characters, by_type = self._file.stats()
        return {"enabled": True, "total_entries": entries, "total_bytes": characters, "by_type": by_type}

    def clear_expired(self) -> int | None:
        """Remove what expired; how many, or None if the cache is switched off."""
        return self._file.expire() if self.enabled else None

    def clear_all(self) -> None:
        """Forget everything."""
        if self.enabled:
            self._file.clear()

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        if self.enabled:
            self._file.close()

    def _kept(self, keys: Keys, value: Any, lifetime: float, cache_type: str, keep: Callable[[Any], bool]) -> Encoded:
        if not keep(value):
            raise _NotToBeKept
        if not is_exact(value):
            self._tell("A value of type %r is not kept: it holds more than JSON gives back.", cache_type)
            raise _NotToBeKept
        encoded = Encoded.of(value)
        self._file.set(keys, encoded, lifetime, cache_type)
        return encoded

    def _keys(self, content: Any, params: Any, cache_type: str, namespace: str) -> Keys | None:
        """The keys, or None if something cannot be part of one; those of late are remembered by their exact bytes."""
        try:
            exact = marshal.dumps((content, params, cache_type, namespace, self._file.has_old_rows), 2)
        except ValueError:
            exact = None
        if exact is not None and (known := self._known_keys.get(exact)) is not None:
            keys: Keys = known
            return keys
        try:
            keys = keys_of(content, params, cache_type, namespace, with_old=self._file.has_old_rows)
        except (TypeError, ValueError, RecursionError) as error:
            self._tell("A question of type %r has no key and goes uncached: %s.", cache_type, error)
            return None
        if exact is not None:
            self._known_keys.set(exact, keys)
        return keys

    def _lifetime(self, ttl: float | None, cache_type: str) -> float:
        if ttl is None:
            return self._config.ttl_of(cache_type)
        if isinstance(ttl, bool) or not isinstance(ttl, (int, float)) or math.isnan(ttl) or ttl < 0:
            raise InputError(f"Argument `ttl` must be 0 or more seconds or None, but is {ttl!r}.")
        return float(ttl)

    def _tell(self, words: str, *arguments: object) -> None:
        line = words % arguments
        if line not in self._told:
            self._told.add(line)
            _log.warning("%s", line)


def _weight(exact: bytes, keys: Keys) -> int:
    return len(exact) + 400  # two texts of 66 and 64 characters, and what holds them


class _NotToBeKept(Exception):
    """Leads a value past the cache."""


_lock = threading.Lock()
_shared: PerformanceCache | None = None


def get_cache() -> PerformanceCache:
    """The cache of this process, as `perf_config.json` and the environment say; see `load_config`."""
    global _shared
    if _shared is None:
        with _lock:
            if _shared is None:
                _shared = PerformanceCache.from_config(load_config())
    return _shared
