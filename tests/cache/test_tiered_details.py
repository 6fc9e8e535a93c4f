"""Statistics by hand-made counts, the life in memory, and a promotion that meets a write."""

import pytest

from synqc.cache import DiskCache, MemoryCache, TieredCache


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

    tier.cache = Meeting()
    assert cache.get("a") == "old"
    assert cache.get("a") == "new"
