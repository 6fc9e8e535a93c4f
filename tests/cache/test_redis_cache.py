"""A real server behind the doors of a cache; a dead one is a miss."""

import time

import numpy as np
import pytest

from synqc.cache import Cache, RedisCache
from synqc.errors import InputError

pytest.importorskip("redis")


@pytest.fixture
def cache(redis_url, redis_prefix):
    with RedisCache(redis_url, prefix=f"{redis_prefix}*[:", timeout_seconds=10) as cache:
        yield cache
        cache.clear()


def test_it_is_a_cache(cache):
    assert isinstance(cache, Cache)
    cache["a"], cache[b"a"] = {"x": (1, np.arange(3))}, None
    assert np.array_equal(cache["a"]["x"][1], [0, 1, 2])
    assert cache.get(b"a", "default") is None
    assert set(cache) == {"a", b"a"}
    assert len(cache) == 2
    assert cache.delete("a")
    assert not cache.delete("a")
    assert "a" not in cache
    cache.clear()
    assert len(cache) == 0
    assert cache.get_or_compute("n", lambda: 5) == cache["n"] == 5


def test_times_to_live_are_kept_by_the_server(cache):
    cache.set("short", 1, ttl=0.05)
    cache.set("long", 1, ttl=100, kind="text")
    cache.set("none", 1, ttl=0)
    time.sleep(0.1)
    assert "short" not in cache
    assert "none" not in cache
    found = cache.look_up("long")
    assert 0 < found.ttl <= 100
    assert found.kind == "text"
    assert cache.touch("long")
    assert cache.look_up("long").ttl is None
    with pytest.raises(InputError, match="`ttl` must be at least 0"):
        cache.set("a", 1, ttl=-1)


def test_strange_bytes_are_a_miss(cache):
    cache["a"] = 1
    cache._client.set(cache._name_of("a"), b"something else")
    assert cache.get("a", "miss") == "miss"
    assert cache.stats().errors == 1


def test_a_dead_server_is_a_miss_and_left_alone():
    cache = RedisCache("redis://127.0.0.1:1/0", timeout_seconds=0.05)
    cache.set("a", 1)
    for _ in range(100):
        assert cache.get("a", "miss") == "miss"
    stats = cache.stats()
    assert stats.degraded
    assert stats.errors == 1
