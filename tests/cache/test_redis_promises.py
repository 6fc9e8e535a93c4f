"""What RedisCache promises when values expire, servers refuse and prefixes are alike."""

import asyncio
import logging
import math
import socket
import threading
import time

import pytest

from synqc.cache import DiskCache, MemoryCache, RedisCache, TieredCache
from synqc.errors import InputError

redis = pytest.importorskip("redis")


@pytest.fixture
def opened(redis_url, redis_prefix):
    caches = []

    def open_one(prefix="", **options):
        caches.append(RedisCache(redis_url, prefix=redis_prefix + prefix, **{"timeout_seconds": 10, **options}))
        return caches[-1]

    yield open_one
    for cache in caches:
        cache.clear()
        cache.close()


class Between:
    """A client that lets something happen between the two commands of a look-up."""

    def __init__(self, client, happen):
        self.client, self.happen = client, happen

    def __getattr__(self, name):
        return getattr(self.client, name)

    def pipeline(self, **_):
        return self

    def get(self, name):
        self.name = name
        return self

    def pttl(self, name):
        return self

    def execute(self):
        value = self.client.get(self.name)
        self.happen(self.name)
        return [value, self.client.pttl(self.name)]


def test_a_value_that_expires_while_it_is_read_is_a_miss_and_never_immortal(opened, tmp_path):
    cache = opened()
    cache.set("a", 1, ttl=100)
    real = cache._client
    cache._client = Between(real, real.delete)
    assert cache.look_up("a") is None
    cache.set("a", 1, ttl=100)
    with TieredCache(MemoryCache(), DiskCache(tmp_path / "cache.db"), cache) as tiers:
        assert tiers.get("a") is None
        assert tiers.get("a") is None
    cache._client = real


def test_short_lives_never_come_back_without_an_end(opened):
    cache = opened()
    for k in range(300):
        cache.set("a", k, ttl=0.002)
        found = cache.look_up("a")
        assert found is None or 0 <= found.ttl <= 0.002


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("p", "pq"),
        ("p", "ps"),
        ("p", "pb"),
        ("", "s"),
        ("*", "x"),
        ("[ab]", "a"),
        ("a?", "ab"),
        ("\\", "\\\\"),
        ("é", "éé"),
        ("a^-]", "a"),
    ],
)
def test_prefixes_that_are_alike_are_apart(opened, one, other):
    first, second = opened(one), opened(other)
    for cache, value in ((first, 1), (second, 2)):
        for key in ("k", "sk", "bk", b"k", b"sk", "", "*", "\0"):
            cache.set(key, value)
    assert (len(first), len(second)) == (8, 8)
    assert all(first.get(key) == 1 and second.get(key) == 2 for key in first)
    first.clear()
    assert (len(first), len(second)) == (0, 8)
    second.clear()


def test_no_two_pairs_of_prefix_and_key_are_one(opened):
    opened("p").set("sk", 1)
    assert opened("ps").get("k") is None
    opened("p").set(b"bk", 1)
    assert opened("pb").get(b"k") is None


def test_many_keys_are_cleared(opened):
    cache, other = opened("p"), opened("pq")
    other.set("a", 1)
    client = cache._client
    client.mset({cache._name_of(f"key {k}"): b"" for k in range(1700)})
    cache.clear()
    assert (len(cache), len(other)) == (0, 1)


@pytest.mark.parametrize("prefix", ["a\0b", b"bytes", None, 3])
def test_a_prefix_is_a_text_without_null_characters(prefix):
    with pytest.raises(InputError, match="Argument `prefix` must be a text without null characters"):
        RedisCache("redis://127.0.0.1", prefix=prefix)


def test_a_client_that_decodes_is_refused():
    with pytest.raises(InputError, match="decode_responses=False"):
        RedisCache(redis.Redis(decode_responses=True))


def test_what_concerns_one_key_rests_nobody_and_is_told_once(opened, caplog):
    caplog.set_level(logging.WARNING, logger="synqc.cache")
    cache = opened(retry_seconds=3600)
    cache.set("sound", 1)
    cache._client.rpush(cache._name_of("list"), b"x")
    for _ in range(3):
        assert cache.get("list", "miss") == "miss"
        assert cache.get("sound") == 1
    stats = cache.stats()
    assert (stats.errors, stats.degraded) == (3, False)
    assert caplog.text.count("under one key") == 1


def test_a_write_that_is_refused_leaves_no_older_value_behind(opened):
    cache = opened(retry_seconds=3600)
    cache.set("a", "old")
    cache.set("b", 1)

    class Refusing:
        def __init__(self, client):
            self.client = client

        def __getattr__(self, name):
            return getattr(self.client, name)

        def set(self, *_, **__):
            raise redis.ResponseError("OOM command not allowed when used memory > 'maxmemory'.")

    real = cache._client
    cache._client = Refusing(real)
    cache.set("a", "new")
    cache._client = real
    assert cache.get("a") is None
    assert cache.get("b") == 1
    stats = cache.stats()
    assert (stats.stored, stats.errors, stats.degraded) == (2, 1, False)


@pytest.mark.parametrize("ttl", [math.inf, 1e12, 1e300, 10**400])
def test_what_lives_longer_than_any_clock_lives_for_ever(opened, ttl):
    cache = opened()
    cache.set("a", 1, ttl=ttl)
    assert cache.look_up("a").ttl is None
    cache.set("a", 1, ttl=5)
    assert cache.touch("a", ttl)
    assert cache.look_up("a").ttl is None
    assert opened("x", ttl=ttl).touch("missing") is False


@pytest.mark.parametrize("ttl", [-1, math.nan, "1", [1], -math.inf])
def test_other_lifetimes_are_refused(opened, ttl):
    cache = opened()
    for act in (lambda: cache.set("a", 1, ttl=ttl), lambda: cache.touch("a", ttl), lambda: opened("x", ttl=ttl)):
        with pytest.raises(InputError, match="Argument `ttl` must be at least 0 seconds"):
            act()


def test_counts_are_exact_under_threads(opened):
    cache = opened()
    cache.set("a", 1)

    def work():
        for _ in range(100):
            cache.get("a")
            cache.get("b")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stats = cache.stats()
    assert (stats.hits, stats.misses, stats.stored) == (800, 800, 1)


@pytest.fixture
def silent_server():
    """Accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.mark.parametrize("tiers", [False, True])
def test_a_silent_server_stops_no_event_loop(silent_server, tmp_path, tiers):
    shared = RedisCache(silent_server, timeout_seconds=1.5, retry_seconds=3600)
    cache = TieredCache(MemoryCache(), DiskCache(tmp_path / "cache.db"), shared) if tiers else shared

    async def compute():
        return 1

    async def main():
        gaps = []

        async def beat():
            while True:
                before = time.monotonic()
                await asyncio.sleep(0.005)
                gaps.append(time.monotonic() - before)

        beating = asyncio.ensure_future(beat())
        await asyncio.sleep(0.02)
        assert await cache.aget_or_compute("a", compute) == 1
        assert (await cache.aanswer("b", compute)).value == 1
        beating.cancel()
        return len(gaps)

    # The loop goes on while the server is waited for: many beats in 1.5 s, however busy the machine is.
    assert asyncio.run(main()) > 20
    cache.close()


def test_a_hit_in_memory_asks_no_server(tmp_path, silent_server):
    shared = RedisCache(silent_server, timeout_seconds=0.05, retry_seconds=3600)
    with TieredCache(MemoryCache(), DiskCache(tmp_path / "cache.db"), shared) as cache:
        cache.set("a", 1)

        async def main():
            thread = threading.active_count()
            for _ in range(100):
                assert await cache.aget_or_compute("a", None) == 1
            return threading.active_count() - thread

        assert asyncio.run(main()) == 0  # nothing hopped to another thread
        assert cache.stats().tiers["memory"].hits == 100
