"""What the cache in a file costs, beside diskcache and the bare database."""

from __future__ import annotations

import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from synqc.benchmarks.measurement import Measurement, Setting, import_peer, refuse_unless
from synqc.cache import DiskCache, MemoryCache, TieredCache, content_key
from synqc.measure.turns import interleaved

__all__ = ["measure_disk", "measure_keys", "measure_tiers"]

_KEYS = [f"key {number}" for number in range(100)]


class _Sqlite:
    """One table, prepared statements, WAL, a commit per write: what a careful caller of the module gets."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute("CREATE TABLE entries(key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID")

    def get(self, key: str) -> Any:
        row = self._database.execute("SELECT value FROM entries WHERE key = ?", (key,)).fetchone()
        return None if row is None else row[0]

    def set(self, key: str, value: bytes) -> None:
        self._database.execute("INSERT OR REPLACE INTO entries VALUES(?, ?)", (key, value))

    def delete(self, key: str) -> None:
        self._database.execute("DELETE FROM entries WHERE key = ?", (key,))


def _workload(count: int) -> list[tuple[str, str]]:
    """diskcache's own mixture: of 111 operations 100 read, 10 write, 1 removes."""
    rng = random.Random(7)
    return [(rng.choices(("get", "set", "delete"), (100, 10, 1))[0], rng.choice(_KEYS)) for _ in range(count)]


def _seconds(
    cache: Any, operations: list[tuple[str, str]], value: bytes, finish: Callable[[], Any]
) -> dict[str, float]:
    """Mean seconds by operation; what is still to be written at the end counts as writing."""
    spent, counts = dict.fromkeys(("get", "set", "delete"), 0.0), dict.fromkeys(("get", "set", "delete"), 0)
    doors = {"get": cache.get, "delete": cache.delete}
    clock = time.perf_counter
    for name, key in operations:
        if name == "set":
            start = clock()
            cache.set(key, value)
        else:
            door = doors[name]
            start = clock()
            door(key)
        spent[name] += clock() - start
        counts[name] += 1
    start = clock()
    finish()
    spent["set"] += clock() - start
    return {name: spent[name] / max(1, counts[name]) for name in spent}


def measure_disk(setting: Setting) -> Mapping[str, Measurement]:
    """Reads and writes of 1 KB, turns interleaved with the peers."""
    diskcache = import_peer("diskcache")
    value = random.Random(1).randbytes(1024)
    operations = _workload(2000 if setting.quick else 10_000)
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = DiskCache(f"{folder}/ours.db"), diskcache.Cache(f"{folder}/theirs")
        bare = _Sqlite(Path(folder) / "bare.db")
        for cache in (ours, theirs, bare):
            for key in _KEYS:
                cache.set(key, value)
            refuse_unless(all(cache.get(key) == value for key in _KEYS), f"{cache!r} lost a value")
        finishes: dict[str, tuple[Any, Callable[[], Any]]] = {
            "ours": (ours, ours.flush),
            "diskcache": (theirs, lambda: None),
            "sqlite3": (bare, lambda: None),
        }
        turns: dict[str, list[dict[str, float]]] = {name: [] for name in finishes}
        for _ in range(setting.repetitions):
            for name, (cache, finish) in finishes.items():
                turns[name].append(_seconds(cache, operations, value, finish))
        refuse_unless(ours.stats().errors == 0, "the disk failed")
        ours.close()
        theirs.close()

    def micros(name: str, operation: str) -> float:
        return 1e6 * statistics.median(turn[operation] for turn in turns[name])

    def slower(operation: str) -> float:
        pairs = zip(turns["diskcache"], turns["ours"], strict=True)
        return statistics.median(peer[operation] / own[operation] for peer, own in pairs)

    proof = "every value read back before the clock started"
    details = tuple(
        f"{name}: get {micros(name, 'get'):.3g} us, set {micros(name, 'set'):.3g} us, delete "
        f"{micros(name, 'delete'):.3g} us"
        for name in turns
    )
    best = {name: 1e6 * min(turn[name] for turn in turns["ours"]) for name in ("get", "set")}
    return {
        "disk-get": Measurement(micros("ours", "get"), best["get"], proof, details),
        "disk-set": Measurement(micros("ours", "set"), best["set"], proof, ("Includes flush() at the end",)),
        "disk-get-vs-diskcache": Measurement(slower("get"), None, proof),
        "disk-set-vs-diskcache": Measurement(slower("set"), None, proof),
    }


def measure_keys(setting: Setting) -> Mapping[str, Measurement]:
    """The key of a request to a language model."""
    messages = [{"role": "system", "content": "x" * 200}, {"role": "user", "content": "y" * 600}]
    request = {"model": "phi3", "messages": messages, "options": {"temperature": 0.3, "num_predict": 120}}
    refuse_unless(content_key("text", request) == content_key("text", dict(reversed(request.items()))), "order counted")
    times = interleaved({"key": lambda: content_key("text", request)}, repetitions=setting.repetitions)["key"]
    return {"content-key": Measurement(1e6 * times.median, 1e6 * times.best, "independent of the order of a dict")}


def measure_tiers(setting: Setting) -> Mapping[str, Measurement]:
    """A hit in the first tier."""
    with tempfile.TemporaryDirectory() as folder, TieredCache(MemoryCache(), DiskCache(f"{folder}/cache.db")) as cache:
        cache.set("key", "value")
        refuse_unless(cache.get("key") == "value", "the value was lost")
        times = interleaved({"hit": lambda: cache.get("key")}, repetitions=setting.repetitions)["hit"]
    return {"tiered-hit": Measurement(1e9 * times.median, 1e9 * times.best, "the value stored came back")}
