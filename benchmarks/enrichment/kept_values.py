"""What a value costs that the workers' cache holds, and one that it is given."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from synqc.apps.enrichment.performance_cache import PerformanceCache
from synqc.apps.enrichment.performance_metrics import Metrics
from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless

__all__ = ["measure_kept_values", "measure_one_call", "measure_stats"]

_ROWS = 1000
_TEXT = "x" * 500
_PARAMS = {"temperature": 0.3, "max_tokens": 120}
_CALLERS = 64


def measure_kept_values(setting: Setting) -> Mapping[str, Measurement]:
    """Microseconds of one call, of a thousand."""
    questions = [{"text": f"Question {number}: how was the day?"} for number in range(_ROWS)]
    with tempfile.TemporaryDirectory() as folder:
        cache = PerformanceCache(folder)

        def set_all() -> None:
            for question in questions:
                cache.set(question, _TEXT, _PARAMS, cache_type="a")

        def get_same() -> None:
            for _ in range(_ROWS):
                cache.get(questions[7], _PARAMS, "a")

        def get_from_file() -> None:
            another = PerformanceCache(folder)
            for question in questions:
                another.get(question, _PARAMS, "a")
            another.close()

        async def unused() -> None:
            raise AssertionError("The value was not kept.")

        async def aget_same() -> None:
            for _ in range(_ROWS):
                await cache.aget_or_compute(questions[7], unused, _PARAMS, cache_type="a")

        set_us = _micros(set_all, setting)
        other = PerformanceCache(folder)
        found = [other.get(question, _PARAMS, "a") for question in questions]
        refuse_unless(found == [_TEXT] * _ROWS, "A second cache on the file does not find what was set.")
        refuse_unless(cache.get(questions[7], _PARAMS, "a") == _TEXT, "The value kept in memory is not the one set.")
        memory_us = _micros(get_same, setting)
        async_us = _micros(lambda: asyncio.run(aget_same()), setting)
        file_us = _micros(get_from_file, setting)

        old = _ConnectionPerCall(Path(folder) / "old.db")

        def set_the_old_way() -> None:
            for question in questions[:100]:
                old.set(question, _TEXT, _PARAMS)

        old_set_us = _micros(set_the_old_way, setting, calls=100)
        refuse_unless(old.get(questions[7], _PARAMS) == _TEXT, "The peer does not find what it set.")
        old_get_us = _micros(lambda: [old.get(one, _PARAMS) for one in questions[:100]], setting, calls=100)
        cache.close()
        other.close()
    proof = "a second cache on the same file found every text"
    measured = {
        "perf-cache-set": set_us, "perf-cache-memory-get": memory_us, "perf-cache-async-get": async_us,
        "perf-cache-file-get": file_us,
    }  # fmt: skip
    return {
        **{key: Measurement(statistics.median(taken), min(taken), proof=proof) for key, taken in measured.items()},
        "perf-cache-set-vs-old-way": Measurement(
            statistics.median(old_set_us) / statistics.median(set_us), proof=proof
        ),
        "perf-cache-get-vs-old-way": Measurement(
            statistics.median(old_get_us) / statistics.median(file_us), proof=proof
        ),
    }


def measure_one_call(setting: Setting) -> Mapping[str, Measurement]:
    """Computations that 64 equal misses at a barrier make."""
    calls: list[int] = []
    answers: list[Any] = []
    barrier = threading.Barrier(_CALLERS)
    with tempfile.TemporaryDirectory() as folder:
        cache = PerformanceCache(folder)

        def compute() -> dict[str, int]:
            calls.append(1)
            time.sleep(0.1)
            return {"a": 1}

        def ask() -> None:
            barrier.wait()
            answers.append(cache.get_or_compute("same", compute))

        threads = [threading.Thread(target=ask) for _ in range(_CALLERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        cache.close()
    refuse_unless(answers == [{"a": 1}] * _CALLERS, "Not every thread got the value.")
    return {"perf-cache-64-misses": Measurement(len(calls), proof="every thread got the value")}


def measure_stats(setting: Setting) -> Mapping[str, Measurement]:
    """Microseconds of a report after many latencies."""
    samples = 10_000 if setting.quick else 1_000_000
    metrics = Metrics()
    for number in range(samples):
        metrics.record_latency("score", float(number % 1000 + 1))
    stats = metrics.get_stats()["score"]
    refuse_unless(stats["count"] == samples and abs(stats["p50_ms"] / 500 - 1) < 0.02, "The report is not right.")
    taken = _micros(lambda: [metrics.get_stats() for _ in range(20)], setting, calls=20)
    proof = f"the median of {samples} latencies is right to 1 %"
    return {"perf-metrics-stats": Measurement(statistics.median(taken), min(taken), proof=proof)}


def _micros(act: Callable[[], object], setting: Setting, calls: int = _ROWS) -> list[float]:
    taken = []
    for _ in range(setting.repetitions):
        start = time.perf_counter()
        act()
        taken.append(1e6 * (time.perf_counter() - start) / calls)
    return taken


class _ConnectionPerCall:
    """The same table as programs of before used it: a connection and a commit per call, SQLite's own defaults."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with sqlite3.connect(path) as connection:
            connection.execute(
                "CREATE TABLE cache (key TEXT PRIMARY KEY, value TEXT NOT NULL, created_at INTEGER NOT NULL,"
                " ttl INTEGER, cache_type TEXT NOT NULL)"
            )
        connection.close()

    def set(self, content: Any, value: str, params: Any) -> None:
        connection = sqlite3.connect(self._path, timeout=10.0)
        connection.execute(
            "INSERT OR REPLACE INTO cache VALUES (?, ?, ?, ?, ?)",
            (self._key(content, params), value, int(time.time()), None, "a"),
        )
        connection.commit()
        connection.close()

    def get(self, content: Any, params: Any) -> Any:
        connection = sqlite3.connect(self._path, timeout=10.0)
        row = connection.execute("SELECT value FROM cache WHERE key = ?", (self._key(content, params),)).fetchone()
        connection.close()
        return row[0]

    def _key(self, content: Any, params: Any) -> str:
        text = json.dumps(content, sort_keys=True) + json.dumps(params, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()
