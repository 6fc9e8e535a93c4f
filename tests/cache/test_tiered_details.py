"""Statistics by hand-made counts, the life in memory, and a promotion that meets a write."""

import math

import pytest

from synqc.cache import DiskCache, MemoryCache, TieredCache
from synqc.errors import InputError


@pytest.fixture
def now():
    return [1000.0]


@pytest.fixture
def disk(tmp_path, now):
    with DiskCache(tmp_path / "cache.db", clock=lambda: now[0]) as opened:
        yield opened


def test_statistics_are_those_of_hand_made_counts(disk, now):
    cache = TieredCache(MemoryCache(clock=lambda: now[0]), disk)
    disk.set("below", 1)
    cache.set("here", 2)
    for key in ("here", "here", "here", "below", "below", "nowhere"):
        cache.get(key)
    stats = cache.stats()
    assert (stats.hits, stats.misses, stats.promotions) == (5, 1, 1)
    assert stats.hit_rate == 5 / 6
    assert (stats.tiers["memory"].hits, stats.tiers["memory"].misses) == (4, 2)
    assert (stats.tiers["disk"].hits, stats.tiers["disk"].misses) == (1, 1)


def test_only_what_the_last_tier_does_not_have_is_missed(disk, now, tmp_path):
    with DiskCache(tmp_path / "shared.db", clock=lambda: now[0]) as shared:
        cache = TieredCache(MemoryCache(clock=lambda: now[0]), disk, shared)
        shared.set("far", 1)
        disk.set("near", 2)
        for key in ("far", "far", "near", "nowhere", "nowhere", "nowhere"):
            cache.get(key)
        stats = cache.stats()
        assert list(stats.tiers) == ["memory", "disk", "shared"]
        assert (stats.hits, stats.misses, stats.promotions) == (3, 3, 2)
        assert (stats.tiers["memory"].hits, stats.tiers["memory"].misses) == (1, 5)
        assert (stats.tiers["disk"].hits, stats.tiers["disk"].misses) == (1, 4)
        assert (stats.tiers["shared"].hits, stats.tiers["shared"].misses) == (1, 3)
        assert disk.get("far") == 1


@pytest.mark.parametrize("ttl", [None, 100.0])
def test_memory_asks_again_after_its_own_time(disk, now, ttl):
    cache = TieredCache(MemoryCache(clock=lambda: now[0]), disk, ttl_in_memory=10)
    cache.set("a", "old", ttl=ttl)
    disk.set("a", "new")  # as another process would
    assert cache.get("a") == "old"
    now[0] += 11
    assert cache.get("a") == "new"


@pytest.mark.parametrize("stored_in", ["all", "the last"])
def test_the_time_of_memory_is_of_memory_alone(disk, now, tmp_path, stored_in):
    with DiskCache(tmp_path / "shared.db", clock=lambda: now[0]) as shared:
        cache = TieredCache(MemoryCache(clock=lambda: now[0]), disk, shared, ttl_in_memory=10)
        (cache if stored_in == "all" else shared).set("a", "value", ttl=100.0, kind="text")
        assert cache.get("a") == "value"
        now[0] += 60
        for tier in (disk, shared):
            found = tier.look_up("a")
            assert (found.value, found.ttl, found.kind) == ("value", 40.0, "text")
        now[0] += 41
        assert cache.get("a") is None


@pytest.mark.parametrize("seconds", [0, -1.0, math.nan])
def test_no_time_of_memory_is_refused(disk, seconds):
    with pytest.raises(InputError, match=f"`ttl_in_memory` must be positive or None, but is {seconds}"):
        TieredCache(MemoryCache(), disk, ttl_in_memory=seconds)


def test_memory_keeps_nothing_longer_than_it_lives(disk, now):
    cache = TieredCache(MemoryCache(clock=lambda: now[0]), disk, ttl_in_memory=10)
    cache.set("a", "short", ttl=4.0)
    disk.set("b", "short too", ttl=4.0)
    assert cache.get("b") == "short too"
    now[0] += 5
    assert cache.get("a") is None
    assert cache.get("b") is None


def test_a_promotion_never_overwrites_a_newer_write(disk, now):
    memory = MemoryCache(clock=lambda: now[0])
    cache = TieredCache(memory, disk)
    disk.set("a", "old")
    tier = cache._slow[0]

    class Meeting:
        def look_up(self, key):
            found = disk.look_up(key)
            tier.cache = disk
            cache.set("a", "new")
            return found

    written = []

    class Watched:
        delete = memory.delete

        def set(self, key, value, **times):
            written.append(value)
            return memory.set(key, value, **times)

    tier.cache, cache._memory.cache = Meeting(), Watched()
    assert cache.get("a") == "old"
    assert written == ["new"]
    assert cache.get("a") == "new"


def test_a_write_that_meets_a_promotion_on_its_way_into_memory_is_not_lost(disk, now):
    memory = MemoryCache(clock=lambda: now[0])
    cache = TieredCache(memory, disk)
    disk.set("a", "old")
    tier = cache._memory

    class Meeting:
        def set(self, key, value, **times):
            tier.cache = memory
            cache.set("a", "new")
            return memory.set(key, value, **times)

    tier.cache = Meeting()
    assert cache.get("a") == "old"
    assert cache.get("a") == "new"
