"""Counters, gauges, histograms and timers, read as plain values or in the text formats of Prometheus and OpenMetrics.

>>> from synqc import metrics
>>> registry = metrics.Registry()
>>> registry.counter("documents_total", "Documents read.").add(3)
>>> with registry.timer("parse", "Time to parse a document."):
...     _ = sorted(range(1000))
>>> [(row["operation"], row["count"], row["errors"]) for row in registry.snapshot()["operations"]]
[('parse', 1, 0)]

The functions of this module act on one registry of the process, `metrics.default`. Recording takes no lock and never
fails because of a value: infinities and NaN are counted apart. Quantiles are those of the nearest rank, to 1 %.

A forked child starts from zero, so that what several processes report can be merged and nothing counts twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from synqc._core import Counter, Gauge, Histogram
from synqc.metrics.exposition import Exposition
from synqc.metrics.registry import Registry, Sample
from synqc.metrics.snapshots import Snapshot, merge, operations
from synqc.metrics.snapshots import openmetrics as _openmetrics_of
from synqc.metrics.snapshots import prometheus as _prometheus_of
from synqc.metrics.timer import Timer

__all__ = [
    "Counter",
    "Exposition",
    "Gauge",
    "Histogram",
    "Registry",
    "Sample",
    "Snapshot",
    "Timer",
    "add_collector",
    "counter",
    "default",
    "exposition",
    "gauge",
    "histogram",
    "merge",
    "openmetrics",
    "operations",
    "prometheus",
    "remove_collector",
    "snapshot",
    "timer",
    "to_json",
]

default = Registry()


def counter(name: str, help: str = "", labels: Sequence[str] = (), *, unit: str = "") -> Counter:
    """`Registry.counter` of the process's registry."""
    return default.counter(name, help, labels, unit=unit)


def gauge(name: str, help: str = "", labels: Sequence[str] = (), *, unit: str = "") -> Gauge:
    """`Registry.gauge` of the process's registry."""
    return default.gauge(name, help, labels, unit=unit)


def histogram(
    name: str, help: str = "", labels: Sequence[str] = (), *, unit: str = "", lowest: float | None = None
) -> Histogram:
    """`Registry.histogram` of the process's registry."""
    return default.histogram(name, help, labels, unit=unit, lowest=lowest)


def timer(name: str, help: str = "", labels: Sequence[str] = ()) -> Timer:
    """`Registry.timer` of the process's registry."""
    return default.timer(name, help, labels)


def add_collector(name: str, collect: Callable[[], Iterable[Sample]]) -> None:
    """`Registry.add_collector` of the process's registry."""
    default.add_collector(name, collect)


def remove_collector(name: str) -> bool:
    """`Registry.remove_collector` of the process's registry."""
    return default.remove_collector(name)


def snapshot() -> Snapshot:
    """`Registry.snapshot` of the process's registry."""
    return default.snapshot()


def prometheus(snapshot: Snapshot | None = None) -> str:
    """Text format 0.0.4 of Prometheus, of the process's registry or of a snapshot, e.g. a merged one."""
    return default.prometheus() if snapshot is None else _prometheus_of(snapshot)


def openmetrics(snapshot: Snapshot | None = None) -> str:
    """Text format 1.0 of OpenMetrics, of the process's registry or of a snapshot; see `Registry.openmetrics`."""
    return default.openmetrics() if snapshot is None else _openmetrics_of(snapshot)


def exposition(accept: str = "") -> Exposition:
    """`Registry.exposition` of the process's registry."""
    return default.exposition(accept)


def to_json() -> str:
    """`Registry.to_json` of the process's registry."""
    return default.to_json()
