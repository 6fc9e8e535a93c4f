"""What plain snapshots can tell: operations, several processes as one, the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from synqc import _core

__all__ = [
    "CANCELLED",
    "ERRORS",
    "SECONDS",
    "Snapshot",
    "merge",
    "openmetrics",
    "operations",
    "prometheus",
    "with_operations",
]

Snapshot = dict[str, Any]
"""Dicts, lists, text and numbers that JSON can hold; see `Registry.snapshot`."""

# A timer `name` keeps these three metrics, and a reader knows it by them.
SECONDS = "_seconds"
ERRORS = "_errors_total"
CANCELLED = "_cancelled_total"


def operations(snapshot: Snapshot) -> list[dict[str, Any]]:
    """What every timer has seen, label values apart.

    Args:
        snapshot: Snapshot of one process or merged.

    Returns:
        For each operation and its label values: `operation`, `labels`, `count` (of those that succeeded), `errors`,
        `cancelled`, and of the successful ones `p50_ms`, `p95_ms`, `p99_ms`, `avg_ms`, `max_ms`, None if there are
        none. An operation that only ever failed is among them.

    Examples:
        >>> from synqc.metrics import Registry
        >>> registry = Registry()
        >>> @registry.timer("divide")
        ... def divide(a, b):
        ...     return a / b
        >>> try:
        ...     divide(1, 0)
        ... except ZeroDivisionError:
        ...     rows = operations(registry.snapshot())
        >>> [(row["operation"], row["count"], row["errors"], row["p99_ms"]) for row in rows]
        [('divide', 0, 1, None)]
    """
    metrics = snapshot["metrics"]
    return [
        row
        for name, family in metrics.items()
        if family["kind"] == "histogram" and name.endswith(SECONDS)
        if (base := name.removesuffix(SECONDS)) + ERRORS in metrics and base + CANCELLED in metrics
        for row in _operation_rows(base, family, metrics[base + ERRORS], metrics[base + CANCELLED])
    ]


def _operation_rows(
    name: str, seconds: dict[str, Any], errors: dict[str, Any], cancelled: dict[str, Any]
) -> Iterable[dict[str, Any]]:
    def by_labels(family: dict[str, Any]) -> dict[tuple[str, ...], dict[str, Any]]:
        return {tuple(series["labels"].values()): series for series in family["series"]}

    durations, failed, stopped = by_labels(seconds), by_labels(errors), by_labels(cancelled)
    for labels, series in durations.items():
        yield {
            "operation": name,
            "labels": series["labels"],
            "count": series["count"],
            "errors": failed.get(labels, {"value": 0})["value"],
            "cancelled": stopped.get(labels, {"value": 0})["value"],
            **{
                f"{short}_ms": None if series[long] is None else 1e3 * series[long]
                for short, long in (("p50", "p50"), ("p95", "p95"), ("p99", "p99"), ("avg", "mean"), ("max", "max"))
            },
        }


def with_operations(snapshot: Snapshot) -> Snapshot:
    """The snapshot with its `operations`."""
    snapshot["operations"] = operations(snapshot)
    return snapshot


def merge(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Snapshots of several processes as one.

    Counters, gauges, histograms and failures add up, series by series; quantiles are those of all values together.
    Gauges add up too, which suits what is held (bytes, requests under way); read others process by process.

    Args:
        snapshots: As `Registry.snapshot` returned them, or read back from JSON.

    Raises:
        InputError: Something is no snapshot, with the path to what is wrong, or a name means different things.

    Examples:
        >>> from synqc.metrics import Registry
        >>> one, other = Registry(), Registry()
        >>> one.counter("done_total").add(2)
        >>> other.counter("done_total").add(3)
        >>> merge([one.snapshot(), other.snapshot()])["metrics"]["done_total"]["series"]
        [{'labels': {}, 'value': 5}]
    """
    return with_operations(_core.merge_metrics(snapshots))


def prometheus(snapshot: Snapshot) -> str:
    """A snapshot in the text format 0.0.4 of Prometheus.

    Examples:
        >>> from synqc.metrics import Registry
        >>> registry = Registry()
        >>> registry.gauge("depth", "Jobs that wait.").set(4)
        >>> print(prometheus(registry.snapshot()), end="")
        # HELP depth Jobs that wait.
        # TYPE depth gauge
        depth 4
    """
    return _core.prometheus_of_metrics(snapshot)


def openmetrics(snapshot: Snapshot) -> str:
    """A snapshot in the text format 1.0 of OpenMetrics; see `Registry.openmetrics`.

    Examples:
        >>> from synqc.metrics import Registry
        >>> registry = Registry()
        >>> registry.counter("jobs_total").add(4)
        >>> print(openmetrics(registry.snapshot()), end="")
        # TYPE jobs counter
        jobs_total 4
        # EOF
    """
    return _core.openmetrics_of_metrics(snapshot)
