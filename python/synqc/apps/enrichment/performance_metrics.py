"""`Metrics`: latencies by operation, and hits by type of cache, in the shape that enrichment workers report."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

from synqc.metrics import Registry, Snapshot

__all__ = ["Metrics", "get_metrics", "stats_of", "timer"]

_LATENCY: Final = "enrichment_latency_ms"
_ERRORS: Final = "enrichment_errors_total"
_HITS: Final = "enrichment_cache_hits_total"
_MISSES: Final = "enrichment_cache_misses_total"
_MOST_EXACT: Final = 1024
_MOST_OPERATIONS: Final = 1000
_RESERVED: Final = "cache"


class Metrics:
    """Latencies in ms, errors, and hits and misses; any thread may record, and recording never fails.

    Memory does not grow with what is recorded: percentiles of up to 1024 latencies of an operation are exact, of more
    they are right to 1 %, and operations beyond the thousandth share one name, "_overflow".

    Examples:
        >>> metrics = Metrics()
        >>> for latency_ms in range(1, 101):
        ...     metrics.record_latency("score", latency_ms)
        >>> metrics.record_cache_hit("emotion_scoring"); metrics.record_cache_miss("emotion_scoring")
        >>> metrics.get_stats()["score"]
        {'count': 100, 'errors': 0, 'p50_ms': 51.0, 'p95_ms': 96.0, 'p99_ms': 100.0, 'avg_ms': 50.5}
        >>> metrics.get_stats()["cache"]
        {'emotion_scoring': {'hits': 1, 'misses': 1, 'hit_rate': 50.0}}
    """

    def __init__(self) -> None:
        self.reset()

    def record_latency(self, operation: str, latency_ms: float) -> None:
        """Of one call that succeeded, in ms."""
        recorded = self._recorded
        recorded.latency(operation).record(latency_ms)
        exact = recorded.exact.get(operation)
        if exact is None and len(recorded.exact) < _MOST_OPERATIONS:
            exact = recorded.exact.setdefault(operation, [])
        if exact is not None and len(exact) <= _MOST_EXACT:  # one more than are told exactly, so that it shows
            exact.append(float(latency_ms))

    def record_error(self, operation: str) -> None:
        """One call that failed."""
        self._recorded.errors(operation).add()

    def record_cache_hit(self, cache_type: str) -> None:
        """One value that was found."""
        self._recorded.hits(cache_type).add()

    def record_cache_miss(self, cache_type: str) -> None:
        """One value that was not."""
        self._recorded.misses(cache_type).add()

    def get_stats(self) -> dict[str, Any]:
        """By operation: `count`, `errors`, `p50_ms`, `p95_ms`, `p99_ms`, `avg_ms`; under "cache", by type: `hits`,
        `misses` and `hit_rate` in percent.

        The percentiles are those of the contract: of n sorted latencies the one at index n // 2, at int(0.95 n), and at
        int(0.99 n) or, of up to 100, the largest; on 1 ... 100 they are 51, 96 and 100. An operation that only failed
        has None for them. One that is itself called "cache" stands under "cache (operation)".
        """
        recorded = self._recorded
        stats = stats_of(recorded.registry.snapshot())
        for operation, exact in list(recorded.exact.items()):
            row = stats.get(_shown(operation))
            if row is None or not row["count"]:
                continue
            n = row["count"]
            if n == len(exact) and n <= _MOST_EXACT:
                ordered = sorted(exact)
                row["avg_ms"] = sum(ordered) / n
                row |= {name: ordered[index] for name, index in _indices(n).items()}
            else:
                histogram = recorded.latency(operation)
                row |= {name: histogram.quantile((index + 1) / n) for name, index in _indices(n).items()}
            stats[_shown(operation)] = row
        return stats

    def reset(self) -> None:
        """Forget everything."""
        self._recorded = _Recorded()

    def snapshot(self) -> Snapshot:
        """As plain values that `synqc.metrics.merge` adds up."""
        return self._recorded.registry.snapshot()


class _Recorded:
    """What was recorded since the last reset."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.exact: dict[str, list[float]] = {}
        self._latencies = self.registry.histogram(
            _LATENCY, "Of calls that succeeded.", ["operation"], unit="ms", lowest=2.0**-20
        )
        self._errors = self.registry.counter(_ERRORS, "Calls that failed.", ["operation"])
        self._hits = self.registry.counter(_HITS, "Values that were found.", ["cache_type"])
        self._misses = self.registry.counter(_MISSES, "Values that were not.", ["cache_type"])
        self._children: dict[tuple[int, str], Any] = {}

    def latency(self, operation: str) -> Any:
        return self._child(self._latencies, "operation", operation)

    def errors(self, operation: str) -> Any:
        return self._child(self._errors, "operation", operation)

    def hits(self, cache_type: str) -> Any:
        return self._child(self._hits, "cache_type", cache_type)

    def misses(self, cache_type: str) -> Any:
        return self._child(self._misses, "cache_type", cache_type)

    def _child(self, family: Any, label: str, value: str) -> Any:
        """The series of a label's value, found among those of late."""
        child = self._children.get((id(family), value))
        if child is None:
            child = family.labels(**{label: value})
            if len(self._children) < 4 * _MOST_OPERATIONS:
                self._children[id(family), value] = child
        return child


def stats_of(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """The shape of `Metrics.get_stats` of a snapshot, be it of several processes: percentiles are those of the nearest
    rank, to 1 %."""
    metrics = snapshot["metrics"]

    def values(name: str, label: str) -> dict[str, Any]:
        family = metrics.get(name, {"series": []})
        return {series["labels"][label]: series for series in family["series"]}

    latencies, errors = values(_LATENCY, "operation"), values(_ERRORS, "operation")
    stats: dict[str, Any] = {}
    for operation in sorted({*latencies, *errors}):
        seen = latencies.get(operation, {"count": 0, "p50": None, "p95": None, "p99": None, "mean": None})
        stats[_shown(operation)] = {
            "count": seen["count"],
            "errors": errors.get(operation, {"value": 0})["value"],
            "p50_ms": seen["p50"], "p95_ms": seen["p95"], "p99_ms": seen["p99"], "avg_ms": seen["mean"],
        }  # fmt: skip
    hits, misses = values(_HITS, "cache_type"), values(_MISSES, "cache_type")
    stats[_RESERVED] = {
        kind: _rate(int(hits.get(kind, {"value": 0})["value"]), int(misses.get(kind, {"value": 0})["value"]))
        for kind in sorted({*hits, *misses})
    }
    return stats


def _rate(hits: int, misses: int) -> dict[str, Any]:
    return {"hits": hits, "misses": misses, "hit_rate": 100.0 * hits / (hits + misses) if hits + misses else 0.0}


def _shown(operation: str) -> str:
    return f"{_RESERVED} (operation)" if operation == _RESERVED else operation


def _indices(n: int) -> dict[str, int]:
    """Of the percentiles among n sorted values, by the contract."""
    last = n - 1
    return {"p50_ms": n // 2, "p95_ms": int(n * 0.95), "p99_ms": int(n * 0.99) if n > 100 else last}


class timer:  # noqa: N801  callers know it by this name
    """Time of a block: its latency if it succeeds, an error if it raises; nothing is swallowed.

    Args:
        operation: Name of the timed operation.
        metrics: Where it is recorded; None: `get_metrics()`.

    Examples:
        >>> metrics = Metrics()
        >>> with timer("score", metrics):
        ...     pass
        >>> metrics.get_stats()["score"]["count"]
        1
    """

    def __init__(self, operation: str, metrics: Metrics | None = None) -> None:
        self._operation, self._metrics = operation, metrics

    def __enter__(self) -> Self:
        self._start = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        metrics = get_metrics() if self._metrics is None else self._metrics
        if kind is None:
            metrics.record_latency(self._operation, 1e3 * (time.perf_counter() - self._start))
        else:
            metrics.record_error(self._operation)


_lock = threading.Lock()
_shared: Metrics | None = None


def _start_anew_in_child() -> None:
    """A forked child counts what it does itself, so that nothing counts twice."""
    global _lock
    _lock = threading.Lock()
    if _shared is not None:
        _shared.reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew_in_child)


def get_metrics() -> Metrics:
    """The metrics of this process, which other processes can read; see `synqc.apps.enrichment.published_metrics`."""
    global _shared
    if _shared is None:
        with _lock:
            if _shared is None:
                from synqc.apps.enrichment.published_metrics import publish

                made = Metrics()
                publish(made)
                _shared = made
    return _shared
