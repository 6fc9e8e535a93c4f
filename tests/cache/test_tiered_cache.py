"""Tiers answer as one cache: the fastest that knows, promoted with the time that is left, each failure skipped."""

import asyncio
import threading

import pytest

from synqc.cache import Cache, DiskCache, MemoryCache, TieredCache
from synqc.errors import InputError


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


class Broken:
    """A tier whose every call raises."""

    def __getattr__(self, name):
        def fail(*_, **__):
            raise OSError("broken")

        return fail


@pytest.fixture
def tiers(tmp_path):
    clock = Clock()
    memory, disk = MemoryCache(clock=clock), DiskCache(tmp_path / "cache.db", clock=clock)
    with TieredCache(memory, disk) as cache:
        yield clock, memory, disk, cache


def test_a_value_of_the_disk_is_promoted_with_the_time_it_has_left(tiers):
    clock, memory, _, cache = tiers
    cache.set("a", [1], ttl=10)
    memory.clear()
    clock.now += 6
    assert cache.get("a") == [1]
    assert memory.look_up("a").ttl == pytest.approx(4, abs=0.01)
    assert cache.stats().promotions == 1
    clock.now += 5
    assert cache.get("a") is None
    assert isinstance(cache, Cache)


def test_what_is_forgotten_or_overwritten_is_so_in_every_tier(tiers):
    _, memory, disk, cache = tiers
    cache["a"], cache["b"] = 1, 2
    cache["a"] = 3
    assert (memory["a"], disk["a"], cache["a"]) == (3, 3, 3)
    assert cache.delete("a")
    assert "a" not in memory
    assert "a" not in disk
    assert cache.touch("b", 5)
    assert cache["b"] == 2
    cache.clear()
    assert "b" not in cache
    assert len(cache) == 0


def test_a_value_that_one_tier_refuses_is_in_none(tiers):
    _, memory, _, cache = tiers
    with pytest.raises(InputError, match="holds a set"):
        cache.set("a", {1})
    assert "a" not in memory


def test_a_broken_tier_is_skipped_and_counted(tmp_path):
    with DiskCache(tmp_path / "cache.db") as disk:
        cache = TieredCache(Broken(), disk, Broken())
        cache.set("a", 1)
        assert cache.get("a") == 1
        assert cache.get("b", "none") == "none"
        stats = cache.stats()
        assert stats.tiers["memory"].failures > 0
        assert stats.tiers["shared"].failures > 0
        assert stats.tiers["disk"].hits == 1


def test_threads_and_coroutines_compute_a_missing_value_once(tiers):
    *_, cache = tiers
    computed, start = [], threading.Barrier(20)

    def compute():
        computed.append(1)
        threading.Event().wait(0.05)
        return "value"

    async def acompute():
        return compute()

    def ask(number):
        start.wait()
        if number % 2:
            assert cache.get_or_compute("key", compute) == "value"
        else:
            assert asyncio.run(cache.aget_or_compute("key", acompute)) == "value"

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(computed) == 1
