"""Every cache offers what a dict offers beyond single keys."""

import threading

import pytest

from synqc.cache import MemoryCache
from synqc.errors import InputError


def test_pop_gives_the_value_once(each_cache):
    each_cache.update({"a": 1, "none": None})
    assert each_cache.pop("a") == 1
    assert "a" not in each_cache
    assert each_cache.pop("none", "default") is None
    for default in (None, 0, "default"):
        assert each_cache.pop("none", default) is default
    with pytest.raises(KeyError, match="none"):
        each_cache.pop("none")


def test_setdefault_stores_only_where_nothing_is(each_cache):
    assert each_cache.setdefault("a", None) is None
    assert each_cache.setdefault("a", 2) is None, "None is a value"
    assert each_cache.setdefault("b", 3, ttl=0) == 3
    assert "b" not in each_cache
    assert each_cache.setdefault("c") is None
    assert "c" in each_cache


def test_setdefault_gives_all_who_come_at_once_the_same(each_cache):
    gate, found = threading.Barrier(8), []

    def ask(k):
        gate.wait()
        found.append(each_cache.setdefault("a", k))

    threads = [threading.Thread(target=ask, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [each_cache["a"]] * 8


def test_update_takes_mappings_and_pairs_and_gives_them_a_lifetime_and_a_kind(each_cache):
    each_cache.update({"a": 1, "b": 2}, ttl=50, kind="text")
    each_cache.update([("b", 3), ("c", 4)])
    each_cache.update({})
    assert dict(each_cache.items()) == {"a": 1, "b": 3, "c": 4}
    found = each_cache.look_up("a")
    assert found.kind == "text"
    assert 0 < found.ttl <= 50
    each_cache.update({"a": 1}, ttl=0)
    assert "a" not in each_cache


def test_update_ends_at_what_is_refused_and_keeps_what_came_before(each_cache):
    with pytest.raises(InputError, match="ttl"):
        each_cache.update({"a": 1}, ttl=-1)
    with pytest.raises(TypeError):
        each_cache.update(3)
    each_cache.update({"a": 1})
    assert each_cache["a"] == 1


def test_items_leave_out_what_has_left_meanwhile():
    cache = MemoryCache()
    cache.update({k: k for k in range(5)})
    walk = cache.items()
    assert next(walk) == (0, 0)
    del cache[3]
    cache[9] = 9
    assert list(walk) == [(1, 1), (2, 2), (4, 4)]
