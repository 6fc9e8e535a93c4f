"""The memory cache: limits, lifetimes, hostile keys, threads, leaks."""

import ctypes
import gc
import os
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest

from synqc.cache import MemoryCache
from synqc.errors import InputError, UnknownName

POLICIES = ["w-tinylfu", "s3-fifo", "lru"]


def resident_kilobytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


LIBRARY = ctypes.CDLL(None)


class Mallinfo(ctypes.Structure):
    """What glibc says of its heap."""

    _fields_ = (
        ("before_mapped", ctypes.c_size_t * 4),
        ("mapped", ctypes.c_size_t),
        ("between", ctypes.c_size_t * 2),
        ("in_use", ctypes.c_size_t),
        ("after_in_use", ctypes.c_size_t * 2),
    )


def allocated_bytes():
    """Of the C library's heap, in use by this process; freed memory that the library keeps does not count."""
    LIBRARY.mallinfo2.restype = Mallinfo
    found = LIBRARY.mallinfo2()
    return found.in_use + found.mapped


@pytest.mark.parametrize("value", [None, 0, "", False, (), [], 0.0, b""])
def test_values_that_look_like_nothing_are_hits(value):
    cache = MemoryCache()
    cache["key"] = value
    missing = object()
    assert cache.get("key", missing) is value
    assert cache.get_or_compute("key", lambda: pytest.fail("computed")) is value
    assert cache.look_up("key").value is value


def test_equal_keys_are_one_as_in_a_dict():
    cache = MemoryCache()
    cache[1] = "one"
    assert cache[1.0] == cache[True] == "one"
    cache[1.0] = "float"
    assert cache[1] == "float"
    assert [type(key) for key in cache] == [int]


def test_texts_are_held_against_keys_of_other_kinds_as_in_a_dict():
    asked = []

    class Loud(str):
        __hash__ = str.__hash__

        def __eq__(self, other):
            asked.append(other)
            return str.__eq__(self, other)

    class Stranger(str):
        __hash__ = str.__hash__

        def __eq__(self, other):
            return False

    cache = MemoryCache(max_entries=10)
    cache[Loud("loud")] = 1
    cache[Stranger("strange")] = 2
    assert (cache.get("loud"), cache["loud"], asked) == (1, 1, ["loud", "loud"])
    assert cache.get("strange") is None
    assert cache.get("strange", 7) == 7
    with pytest.raises(KeyError, match="strange"):
        cache["strange"]
    copy = "".join(["lo", "ud"])
    assert cache.get(copy) == 1
    assert cache.get("".join(["lo", "udly"])) is None  # a text that nobody has hashed yet
    assert (cache.stats().hits, cache.stats().misses) == (3, 4)


@pytest.mark.parametrize(
    "key", ["x" * 10_000_000, b"y" * 10_000_000, tuple(range(100_000))], ids=["str", "bytes", "tuple"]
)
def test_keys_may_be_huge(key):
    cache = MemoryCache(max_entries=3)
    cache[key] = 1
    again = key[:1] + key[1:]
    assert cache[again] == 1
    assert cache.stats().bytes >= 800_000


@pytest.mark.parametrize("key", [[1], {"a": 1}, {1}])
def test_an_unhashable_key_is_refused_like_in_a_dict_and_nothing_is_lost(key):
    cache = MemoryCache()
    cache["kept"] = 1
    for act in (lambda: cache.get(key), lambda: cache.set(key, 1), lambda: cache.delete(key), lambda: key in cache):
        with pytest.raises(TypeError, match="unhashable"):
            act()
    assert dict((key, cache[key]) for key in cache) == {"kept": 1}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (dict(max_entries=0), "Argument `max_entries` must be a whole number above 0 or None, but is 0."),
        (dict(max_entries=-5), "max_entries"),
        (dict(max_bytes=1.5), "max_bytes"),
        (dict(max_entries=True), "max_entries"),
        (dict(ttl=-1), "Argument `ttl` must be 0 or more seconds or None, but is -1."),
        (dict(ttl=float("nan")), "ttl"),
        (dict(ttl_by_kind={"a": -1}), "ttl"),
        (dict(weigher=5), "weigher"),
        (dict(on_removal="x"), "on_removal"),
    ],
)
def test_bad_arguments_are_named(arguments, words):
    with pytest.raises(InputError) as refusal:
        MemoryCache(**arguments)
    assert words in str(refusal.value)


def test_bad_calls_are_named_and_change_nothing():
    cache = MemoryCache(max_bytes=10_000, weigher=None)
    cache["a"] = 1
    with pytest.raises(InputError, match="`ttl` must be 0 or more"):
        cache.set("a", 2, ttl=-3)
    with pytest.raises(InputError, match="`kind` must be a text"):
        cache.set("a", 2, kind=7)
    with pytest.raises(TypeError, match="set\\(\\) takes"):
        cache.set("a")
    with pytest.raises(TypeError, match="get\\(\\) takes"):
        cache.get("a", default=1, other=2)
    with pytest.raises(KeyError, match="nothing"):
        cache["nothing"]
    with pytest.raises(KeyError):
        del cache["nothing"]
    with pytest.raises(UnknownName, match="lru"):
        MemoryCache(policy="fifo")
    assert cache["a"] == 1


def test_a_time_to_live_of_zero_stores_nothing_and_forgets_what_was_there():
    cache = MemoryCache()
    cache["a"] = 1
    cache.set("a", 2, ttl=0)
    assert "a" not in cache
    never = MemoryCache(ttl=0)
    never["a"] = 1
    assert len(never) == 0


def test_lifetimes_come_from_the_call_the_kind_and_the_cache_in_this_order():
    now = 0.0
    cache = MemoryCache(ttl=100, ttl_by_kind={"short": 10}, clock=lambda: now)
    cache.set("usual", 1)
    cache.set("short", 1, kind="short")
    cache.set("own", 1, kind="short", ttl=1000)
    assert [cache.look_up(key).ttl for key in ("usual", "short", "own")] == pytest.approx([100, 10, 1000])
    now = 10.0
    assert set(cache) == {"usual", "own"}
    now = 999.9
    assert list(cache) == ["own"]
    assert cache.look_up("own").age == pytest.approx(999.9)


def test_what_has_expired_leaves_without_being_asked_for():
    now = 0.0
    cache = MemoryCache(ttl=5, clock=lambda: now)
    values = [np.zeros(10) for _ in range(100)]
    alive = [weakref.ref(value) for value in values]
    for index, value in enumerate(values):
        cache[index] = value
    del values, value
    now = 6.0
    cache["another"] = 1
    assert not any(reference() is not None for reference in alive)
    assert cache.stats().expired == 100


def test_who_has_expired_leaves_before_anybody_who_lives_and_is_told_to_have_expired():
    now = 0.0
    seen = []
    cache = MemoryCache(
        max_entries=2, policy="lru", clock=lambda: now, on_removal=lambda key, value, cause: seen.append((key, cause))
    )
    cache.set("lives", 1)
    cache.set("ends", 2, ttl=5)
    now = 6.0
    cache.set("comes", 3)
    assert set(cache) == {"lives", "comes"}
    cache.set("lives", 4, ttl=1)
    now = 8.0
    cache.set("lives", 5)
    assert seen == [("ends", "expired"), ("lives", "replaced"), ("lives", "expired")]
    assert (cache.stats().evicted, cache.stats().expired, cache["lives"]) == (0, 2, 5)


def test_kinds_that_hold_nothing_are_forgotten_when_there_are_many():
    cache = MemoryCache(ttl_by_kind={"short": 10})
    cache.set("held", 1, kind="of the one held")
    for user in range(20_000):
        cache.set("x", user, kind=f"user {user}")
        cache.get("x")
    stats = cache.stats()
    assert len(stats.by_kind) <= 1024
    assert stats.by_kind["user 19999"][::2] == (1, 1)
    assert stats.by_kind["of the one held"][0] == 1
    assert stats.hits == 20_000
    cache.set("y", 1, kind="short")
    assert cache.look_up("y").ttl == pytest.approx(10, abs=5)
    cache.set("x", 1, kind="user 0")
    assert cache.stats().by_kind["user 0"][::2] == (1, 0)  # as if it had never been there


def test_a_weigher_that_has_kinds_forgotten_mixes_none_up():
    def weigh(key, value):
        if key == "outer":
            for user in range(3000):
                cache.set("inner", 1, kind=f"user {user}")
        return 1

    cache = MemoryCache(weigher=weigh)
    cache.set("outer", 1, kind="mine")
    assert cache.look_up("outer").kind == "mine"
    assert cache.look_up("inner").kind == "user 2999"
    assert {name: entries for name, (entries, _, _) in cache.stats().by_kind.items() if entries} == {
        "mine": 1,
        "user 2999": 1,
    }


def test_listeners_hear_every_cause_after_it_happened_and_cannot_harm_the_cache():
    now = 0.0
    seen = []

    def listener(key, value, cause):
        seen.append((key, value, cause, key in cache))
        raise RuntimeError("of the listener")

    cache = MemoryCache(max_entries=2, policy="lru", clock=lambda: now, on_removal=listener)
    errors = []
    before, sys.unraisablehook = sys.unraisablehook, lambda info: errors.append(str(info.exc_value))
    try:
        cache.set("a", 1)
        cache.set("a", 2)
        cache.set("b", 1, ttl=5)
        cache.set("c", 1)
        now = 6.0
        cache.expire()
        cache.delete("c")
    finally:
        sys.unraisablehook = before
    assert seen == [("a", 1, "replaced", True), ("a", 2, "size", False), ("b", 1, "expired", False),
                    ("c", 1, "explicit", False)]  # fmt: skip
    assert errors == ["of the listener"] * 4


@pytest.mark.parametrize("policy", POLICIES)
def test_bytes_are_weighed_exactly_and_bounded(policy):
    overhead = MemoryCache().stats().overhead_bytes
    for value, size in ((b"x" * 1000, sys.getsizeof(b"x" * 1000)), (np.zeros(1000), sys.getsizeof(np.zeros(1000))),
                        ("ä" * 50, sys.getsizeof("ä" * 50)), (1.5, 24)):  # fmt: skip
        cache = MemoryCache(policy=policy)
        cache["k"] = value
        assert cache.stats().bytes == pytest.approx(size + sys.getsizeof("k") + overhead, abs=2)
    cache = MemoryCache(max_bytes=100_000, policy=policy)
    for index in range(1000):
        cache[index] = b"x" * 900
        assert cache.stats().bytes <= 100_000
    assert len(cache) > 80
    cache["too heavy"] = b"x" * 200_000
    assert "too heavy" not in cache
    assert cache.stats().refused == 1


def test_a_weigher_is_asked_instead_and_its_nonsense_is_refused():
    cache = MemoryCache(max_bytes=10, weigher=lambda key, value: value)
    cache["a"] = 4
    cache["b"] = 6
    assert cache.stats().bytes == 10
    with pytest.raises(InputError, match="`weigher` must return"):
        cache["c"] = -1
    with pytest.raises(InputError, match="`weigher` must return"):
        cache["c"] = "heavy"
    assert set(cache) == {"a", "b"}


@pytest.mark.parametrize("policy", POLICIES)
def test_keys_whose_comparison_attacks_the_cache_do_no_harm(policy):
    cache = MemoryCache(max_entries=8, policy=policy)

    class Hostile:
        busy = False

        def __init__(self, number):
            self.number = number

        def __hash__(self):
            return 7

        def __eq__(self, other):
            if not Hostile.busy:
                Hostile.busy = True
                try:
                    cache.clear()
                    for index in range(20):
                        cache[index] = str(index)
                finally:
                    Hostile.busy = False
            return isinstance(other, Hostile) and self.number == other.number

    for round_ in range(50):
        key = Hostile(round_ % 5)
        cache[key] = round_
        cache.get(Hostile(round_ % 5))
        cache.delete(Hostile((round_ + 1) % 5))
        assert len(cache) <= 8
        assert len(list(cache)) == len(cache)


def test_a_comparison_that_never_lets_go_ends_with_an_error():
    cache = MemoryCache()

    class Endless:
        def __hash__(self):
            return 7

        def __eq__(self, other):
            cache[object()] = 1
            return False

    cache[Endless()] = 1
    with pytest.raises(RuntimeError, match="changed the cache every time"):
        cache.get(Endless())


def test_errors_of_keys_reach_the_caller():
    class Broken:
        def __hash__(self):
            return 7

        def __eq__(self, other):
            raise ValueError("broken")

    cache = MemoryCache()
    cache[Broken()] = 1
    with pytest.raises(ValueError, match="broken"):
        cache.get(Broken())
    assert len(cache) == 1


def test_values_that_come_back_when_they_die_find_a_whole_cache():
    cache = MemoryCache(max_entries=4)
    deaths = []

    class Phoenix:
        def __init__(self, number):
            self.number = number

        def __del__(self):
            deaths.append(self.number)
            if len(deaths) < 500:
                cache[self.number + 1000] = Phoenix(self.number + 1000)
            assert len(cache) <= 4

    for number in range(100):
        cache[number] = Phoenix(number)
    cache.clear()
    assert len(deaths) >= 100
    assert len(cache) <= 4


def test_a_cache_in_a_cycle_is_collected():
    cache = MemoryCache(on_removal=lambda *_: None)
    cache["self"] = cache
    reference = weakref.ref(cache)
    del cache
    gc.collect()
    assert reference() is None


@pytest.mark.parametrize("policy", POLICIES)
def test_a_hundred_thousand_rounds_leave_memory_flat_and_references_balanced(policy):
    cache = MemoryCache(max_entries=100, ttl=1000, policy=policy)
    key, value = "a key of this test alone", object()
    before = (sys.getrefcount(key), sys.getrefcount(value))

    def rounds():
        for index in range(50_000):
            cache[index % 500] = [index]
            cache.get(index % 300)
            cache.set(key, value)
            cache.delete(key)

    rounds()
    gc.collect()
    resident = resident_kilobytes()
    rounds()
    gc.collect()
    assert resident_kilobytes() - resident < 2000
    assert (sys.getrefcount(key), sys.getrefcount(value)) == before


@pytest.mark.skipif(not hasattr(LIBRARY, "mallinfo2"), reason="the C library does not tell what is allocated")
@pytest.mark.parametrize("policy", POLICIES)
def test_a_cleared_cache_gives_its_memory_back(policy):
    cache = MemoryCache(max_entries=100_000, ttl=1000, policy=policy)
    keys = [float(number) for number in range(100_000)]
    gc.collect()
    before = allocated_bytes()
    for key in keys:
        cache[key] = None
    assert allocated_bytes() - before > 100_000 * 64
    cache.clear()
    assert allocated_bytes() - before < 50_000
    cache["another"] = 1
    assert (len(cache), cache["another"]) == (1, 1)


def test_threads_at_a_barrier_see_only_what_was_stored():
    cache = MemoryCache(max_entries=50, max_bytes=100_000, ttl=0.01)
    barrier = threading.Barrier(8)
    wrong = []

    def work(seed):
        barrier.wait()
        for index in range(4000):
            key = (index * seed) % 97
            found = cache.get(key)
            if found is not None and found != key * 2:
                wrong.append((key, found))
            cache[key] = key * 2
            if index % 50 == 0:
                len(cache), list(cache), cache.stats(), cache.expire()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(cache) <= 50


def test_a_forked_child_goes_on_with_a_cache_of_its_own():
    program = """
import os, threading
from synqc.cache import MemoryCache
cache = MemoryCache(max_entries=100)
cache["a"] = 1
hold, go = threading.Event(), threading.Event()
threading.Thread(target=lambda: cache.get_or_compute("slow", lambda: (go.set(), hold.wait())), daemon=True).start()
go.wait()
child = os.fork()
if child == 0:
    ok = cache["a"] == 1 and cache.get_or_compute("slow", lambda: 7) == 7
    os._exit(0 if ok else 1)
_, status = os.waitpid(child, 0)
hold.set()
print(os.waitstatus_to_exitcode(status), "slow" in cache)
"""
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert answer.stdout.split()[0] == "0"


def test_a_scan_does_not_wash_out_what_is_asked_for_often():
    cache = MemoryCache(max_entries=100)
    for _ in range(20):
        for key in range(40):
            cache.get_or_compute(key, lambda: 1)
    for key in range(1000, 1400):
        cache.get_or_compute(key, lambda: 1)
    assert sum(key in cache for key in range(40)) >= 35


def test_an_uninitialised_cache_says_so():
    class Careless(MemoryCache):
        def __init__(self):
            pass

    with pytest.raises(InputError, match="initialised"):
        Careless().get("a")
