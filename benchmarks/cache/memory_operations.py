"""What a lookup, a miss and a write cost in memory."""

from __future__ import annotations

import functools
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from synqc.benchmarks.kernel_programs import labelled_nanoseconds
from synqc.benchmarks.measurement import Measurement, Setting, Unavailable, import_peer, refuse_unless
from synqc.cache import MemoryCache
from synqc.measure.turns import Times, interleaved, ratio

__all__ = ["measure_operations", "measure_overhead", "measure_two_threads"]

_ENTRIES = 1000
_KEYS = [f"key {index}" for index in range(_ENTRIES)]
_ABSENT = [f"absent {index}" for index in range(_ENTRIES)]


def _loop(function: Callable[..., Any], rows: list[tuple[Any, ...]]) -> Callable[[], object]:
    """Calls a function over all rows; two loops, so that the call has no more arguments than it needs."""
    if len(rows[0]) == 1:
        keys = [row[0] for row in rows]

        def ask() -> None:
            for key in keys:
                function(key)

        return ask

    def store() -> None:
        for key, value in rows:
            function(key, value)

    return store


@dataclass(frozen=True)
class _Cache:
    """Lookup and write of a cache of `_ENTRIES`, as fast as it offers them, and who leaves it when it is full."""

    get: Callable[[Any], Any]
    set: Callable[[Any, Any], Any]
    policy: Literal["lru", "tinylfu"]
    is_ours: bool = False


def _caches() -> dict[str, _Cache]:
    default, by_recency = MemoryCache(max_entries=_ENTRIES), MemoryCache(max_entries=_ENTRIES, policy="lru")
    box = import_peer("cachebox").LRUCache(_ENTRIES)
    theine = import_peer("theine").Cache(_ENTRIES)
    moka = import_peer("moka_py").Moka(_ENTRIES)
    tools = import_peer("cachetools").LRUCache(_ENTRIES)
    return {
        "synqc": _Cache(default.get, default.set, "tinylfu", is_ours=True),
        "synqc lru": _Cache(by_recency.get, by_recency.set, "lru", is_ours=True),
        "cachebox": _Cache(box.get, box.insert, "lru"),
        "theine": _Cache(theine.get, theine.set, "tinylfu"),
        "moka-py": _Cache(moka.get, moka.set, "tinylfu"),
        "cachetools": _Cache(tools.get, tools.__setitem__, "lru"),
    }


def _net(times: Mapping[str, Times], name: str, empty: str) -> Times:
    """Per call, without the loop around it."""
    pairs = zip(times[name].per_call, times[empty].per_call, strict=True)
    return Times(tuple(max((whole - loop) / _ENTRIES, 1e-12) for whole, loop in pairs))


def _nothing(*_: object) -> None:
    return None


def measure_operations(setting: Setting) -> Mapping[str, Measurement]:
    """Hits, misses and evicting writes of our policies, four peers and a dict, in turns.

    A write that evicts is held against caches of the same policy: an LRU need not ask who deserves to stay.
    """
    caches = _caches()
    for cache in caches.values():
        for key in _KEYS:
            cache.set(key, key)
    for name, cache in caches.items():
        held = sum((found[0] if isinstance(found := cache.get(key), tuple) else found) == key for key in _KEYS)
        refuse_unless(held >= 0.9 * _ENTRIES, f"{name} holds {held} of {_ENTRIES} entries.")
    plain = {key: key for key in _KEYS}
    hits: dict[str, Callable[[], object]] = {"dict": _loop(plain.get, [(key,) for key in _KEYS])}
    misses: dict[str, Callable[[], object]] = {}
    for name, cache in caches.items():
        hits[name] = _loop(cache.get, [(key,) for key in _KEYS])
        misses[name] = _loop(cache.get, [(key,) for key in _ABSENT])
    in_turns = functools.partial(interleaved, repetitions=setting.repetitions, clock=time.thread_time)
    hit = in_turns({"loop": _empty([(key,) for key in _KEYS]), **hits})
    miss = in_turns({"loop": _empty([(key,) for key in _ABSENT]), **misses})
    rows = [(f"new {index}", index) for index in range(20 * _ENTRIES)]
    writes = {name: _loop(cache.set, rows) for name, cache in caches.items()}
    write = in_turns({"loop": _empty(rows), **writes})
    for name, cache in caches.items():
        newest, value = rows[-1]
        if cache.is_ours:
            refuse_unless(cache.get(newest) == value, f"{name} does not hold what was written last.")
    hit_net = {name: _net(hit, name, "loop") for name in hit if name != "loop"}
    miss_net = {name: _net(miss, name, "loop") for name in miss if name != "loop"}
    write_net = {name: _net(write, name, "loop") for name in write if name != "loop"}
    peers = [name for name, cache in caches.items() if not cache.is_ours]
    like = {policy: [name for name in peers if caches[name].policy == policy] for policy in ("lru", "tinylfu")}
    return {
        "memory-hit": Measurement(
            ratio(hit_net["synqc"], hit_net["dict"]),
            proof="every key gives its value",
            details=(_words(hit_net, 1),),
        ),
        "memory-hit-vs-peers": _against(hit_net, "synqc", peers, 1),
        "memory-miss-vs-peers": _against(miss_net, "synqc", peers, 1),
        "memory-evicting-set-vs-lru": _against(write_net, "synqc lru", like["lru"], len(rows) // _ENTRIES),
        "memory-evicting-set-vs-tinylfu": _against(write_net, "synqc", like["tinylfu"], len(rows) // _ENTRIES),
    }


def _empty(rows: list[tuple[Any, ...]]) -> Callable[[], object]:
    """The loop alone."""
    if len(rows[0]) == 1:
        keys = [row[0] for row in rows]

        def walk() -> None:
            for _key in keys:
                pass

        return walk

    def walk_pairs() -> None:
        for _key, _value in rows:
            pass

    return walk_pairs


def _words(times: Mapping[str, Times], calls: int) -> str:
    return ", ".join(f"{name} {1e9 * found.median / calls:.3g} ns" for name, found in times.items())


def _against(times: Mapping[str, Times], ours: str, peers: Sequence[str], calls: int) -> Measurement:
    """How many times longer the fastest of the peers takes."""
    slower = {name: ratio(times[name], times[ours]) for name in peers}
    fastest = min(peers, key=lambda name: slower[name])
    return Measurement(
        slower[fastest],
        proof="every key gives its value",
        details=(f"Fastest peer of {', '.join(peers)}: {fastest}", _words(times, calls)),
    )


def measure_two_threads(setting: Setting) -> Mapping[str, Measurement]:
    """Lookups a second of two threads over those of one; with CPython's GIL only the core can have two."""
    found = labelled_nanoseconds(setting, "cache", "concurrent_cache_find_1000_keys")
    one, two = found["one thread"], found["two threads"]
    return {
        "memory-two-threads": Measurement(
            2 * one / two,
            proof="every key gives its value",
            details=(
                f"One thread {one:.3g} ns, each of two {two:.3g} ns of processor time a lookup",
                "From Python the GIL lets one thread look up at a time",
            ),
        )
    }


_PROGRAM = """
import gc, sys
{prepare}
keys = [f"key {{index}}" for index in range({entries})]
values = [object() for index in range({entries})]
gc.collect()

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

before = resident()
{fill}
print((resident() - before) / {entries})
"""
_FILLED = {
    "synqc": (
        "from synqc.cache import MemoryCache; cache = MemoryCache(max_entries={entries})",
        "for key, value in zip(keys, values): cache.set(key, value)",
    ),
    "dict": ("cache = {{}}", "for key, value in zip(keys, values): cache[key] = value"),
    "cachetools": (
        "from cachetools import LRUCache; cache = LRUCache({entries})",
        "for key, value in zip(keys, values): cache[key] = value",
    ),
}


def measure_overhead(setting: Setting) -> Mapping[str, Measurement]:
    """Growth of fresh processes that fill a cache with objects they hold anyway."""
    entries = 100_000
    grown: dict[str, float] = {}
    for name, (prepare, fill) in _FILLED.items():
        program = _PROGRAM.format(
            prepare=prepare.format(entries=entries), fill=fill.format(entries=entries), entries=entries
        )
        answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            grown[name] = float(answer.stdout)
    if "synqc" not in grown:
        raise Unavailable("A fresh process could not measure its memory.")
    stated = MemoryCache().stats().overhead_bytes
    others = ", ".join(f"{name} {value:.0f}" for name, value in grown.items() if name != "synqc")
    return {
        "memory-overhead": Measurement(
            grown["synqc"], details=(f"stats().overhead_bytes says {stated}", f"Others: {others} bytes")
        )
    }
