"""cachetools on top of `synqc.cache`: LRUCache and TTLCache over a MemoryCache of policy "lru", `cached` over ours."""

import importlib.util
import math
import sys
from collections.abc import MutableMapping

import pytest
from sources import SourceDistribution
from suite import counted

from synqc.cache import MemoryCache
from synqc.cache import cached as our_cached

SOURCE = SourceDistribution("cachetools", "8.0.2", "30ac523adfc118b51d2b2e7bad8a0ddb31370dfe2700c7f10ca224f36ccf81e0")
TESTS = ["tests/test_cache.py", "tests/test_lru.py", "tests/test_ttl.py", "tests/test_cached.py"]


class Cache(MutableMapping):
    """A mapping as cachetools has it, of entries that weigh one each or what `getsizeof` says."""

    @counted
    def __init__(self, maxsize, getsizeof=None, **options):
        if maxsize == 0:
            pytest.skip("maxsize=0: a bound is at least 1")
        if hasattr(self, "__missing__"):
            pytest.skip("__missing__: get_or_compute() computes what is missing")
        if getsizeof is not None:
            self.getsizeof = getsizeof
        self.maxsize = maxsize
        bound = None if maxsize == math.inf else maxsize
        self._removed = []
        self._cache = MemoryCache(
            max_bytes=bound,
            policy="lru",
            weigher=lambda key, value: self.getsizeof(value),
            on_removal=lambda key, value, cause: self._removed.append((key, value, cause)),
            **options,
        )

    @staticmethod
    def getsizeof(value):
        return 1

    @property
    def currsize(self):
        return self._cache.stats().bytes

    def __getitem__(self, key):
        return self._cache[key]

    def __setitem__(self, key, value):
        self._cache[key] = value
        if self.getsizeof(value) > self.maxsize:
            raise ValueError("value too large")

    def __delitem__(self, key):
        del self._cache[key]

    def __contains__(self, key):
        return key in self._cache

    def __iter__(self):
        return iter(self._cache)

    def __len__(self):
        return len(self._cache)

    def clear(self):
        self._cache.clear()

    def get(self, key, default=None):
        return self._cache.get(key, default)

    def __repr__(self):
        return f"{type(self).__name__}({self._cache!r})"

    def __reduce_ex__(self, protocol):
        pytest.skip("caches are neither copied nor pickled")


class LRUCache(Cache):
    """One that lets the least recently used entry go."""


class TTLCache(Cache):
    """One whose entries live `ttl` ticks of its timer."""

    def __init__(self, maxsize, ttl, timer=None, getsizeof=None):
        if not isinstance(ttl, int | float):
            pytest.skip("times that are no numbers")
        self.ttl, self.timer = ttl, timer
        super().__init__(maxsize, getsizeof, ttl=ttl, clock=timer)

    def expire(self, time=None):
        if time is not None:
            pytest.skip("expire(time): expires what has expired by now")
        self._removed.clear()
        self._cache.expire()
        return [(key, value) for key, value, cause in self._removed if cause == "expired"]


@counted
def cached(cache, key=None, lock=None, condition=None, info=False):
    if lock is not None or condition is not None:
        pytest.skip("cached(lock=): caches lock themselves")
    if not isinstance(cache, Cache):
        pytest.skip("cached() wants a cache")

    def decorate(function):
        decorated = our_cached(cache._cache, key=key)(function)
        decorated.cache, decorated.cache_key, decorated.cache_clear = cache, key, cache.clear
        if info:
            decorated.cache_info = _cache_info
        return decorated

    return decorate


def _cache_info():
    pytest.skip("cached(info=): the cache has stats()")


def take_the_place():
    """Everybody who imports cachetools gets this module, and cachetools' own functions for keys beneath it."""
    path = SOURCE.folder() / "src" / "cachetools" / "keys.py"
    spec = importlib.util.spec_from_file_location("cachetools.keys", path)
    keys = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(keys)
    this = sys.modules[__name__]
    this.keys = keys
    sys.modules |= {"cachetools": this, "cachetools.keys": keys}
