"""The ten figures of a monitor, and what they stand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from synqc.apps.synth.option_names import CamelCase

__all__ = ["STAGES", "Evidence", "PerformanceMetrics"]

STAGES = ("queue", "cache", "route", "network", "first_chunk", "generation", "parse")
"""Where the time of a request goes, in the order in which it passes."""


@dataclass(frozen=True)
class Evidence(CamelCase):
    """What figures stand on.

    Args:
        requests: That ended with success or failure.
        failures: Among them.
        cancelled: Requests besides, whose answer nobody wanted any more.
        lookups: Lookups of the cache.
        seconds: That were watched.
        mean_in_flight: Requests under way on average: their time together divided by `seconds`, which is rate times
            latency (Little's law).
        limit: Most that may be under way at a time; None if nobody said.
        stage_seconds: Time of all requests by stage; `rest` is what no stage accounts for.
        slow_stage_seconds: The same of the slowest hundredth of all requests, at least one.
    """

    requests: int = 0
    failures: int = 0
    cancelled: int = 0
    lookups: int = 0
    seconds: float = 0.0
    mean_in_flight: float = 0.0
    limit: int | None = None
    stage_seconds: Mapping[str, float] = field(default_factory=dict)
    slow_stage_seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class PerformanceMetrics(CamelCase):
    """Ten figures of one time of watching; those of which there is nothing yet are None.

    Args:
        throughput: Requests per second that succeeded.
        p50_latency_ms, p95_latency_ms, p99_latency_ms: Latencies at the nearest rank, to 1 %, of requests that
            succeeded.
        avg_latency_ms: Their mean.
        cache_hit_rate: Share of hits among lookups, 0 to 1.
        memory_usage_mb: Resident memory of the process, in units of 10^6 bytes; the most that was seen.
        cpu_usage_percent: Processor time of the process beside the time watched; 100 is one whole processor.
        concurrent_requests: Most that were under way at a time.
        error_rate: Share of failures, 0 to 1.
        evidence: What they stand on; not among the ten, and not in `to_dict`.
    """

    throughput: float
    p50_latency_ms: float | None
    p95_latency_ms: float | None
    p99_latency_ms: float | None
    avg_latency_ms: float | None
    cache_hit_rate: float | None
    memory_usage_mb: float
    cpu_usage_percent: float
    concurrent_requests: int
    error_rate: float | None
    evidence: Evidence = field(default=Evidence(), compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The ten, with names in camelCase."""
        found = super().to_dict()
        del found["evidence"]
        return found
