"""Metrics of an AgenticSynth at one moment: requests, cache, memory, router."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synqc.apps.synth.answer_cache import CacheState
from synqc.apps.synth.option_names import CamelCase
from synqc.apps.synth.requests import RequestCounts
from synqc.llm.router import Router

__all__ = ["CacheMetrics", "MemoryMetrics", "RouterMetrics", "SynthMetrics", "process_bytes", "router_metrics"]

_STATM = Path("/proc/self/statm")
_PAGE_BYTES = 4096


@dataclass(frozen=True)
class CacheMetrics(CamelCase):
    """What the cache did and holds.

    Args:
        hits: Requests for which no call was made.
        misses: Requests that succeeded by a call.
        evictions: Answers that left because there was no room.
        size: Answers kept.
        max_size: Most of them.
        hit_rate: hits / (hits + misses), 0 to 1; 0 before the first.
        bytes: What the kept ones weigh.
        expired: Answers whose time ran out.
    """

    hits: int
    misses: int
    evictions: int
    size: int
    max_size: int
    hit_rate: float
    bytes: int
    expired: int

    @classmethod
    def of(cls, counts: RequestCounts, state: CacheState) -> CacheMetrics:
        """From requests and what is kept."""
        return cls(
            counts.cache_hits, counts.cache_misses, state.evictions, state.size, state.max_size, counts.cache_hit_rate,
            state.bytes, state.expired,
        )  # fmt: skip


@dataclass(frozen=True)
class MemoryMetrics(CamelCase):
    """Memory, in bytes.

    Args:
        used: By kept answers.
        limit: That they may use; None: any.
        process: Resident, of the whole process; None: this system does not say.
    """

    used: int
    limit: int | None
    process: int | None


@dataclass(frozen=True)
class RouterMetrics(CamelCase):
    """Models, by name.

    Args:
        in_flight: Calls under way.
        models: What is known of each: requests, errors, avg_latency_ms (of late), in_flight, state, openings.
    """

    in_flight: int
    models: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class SynthMetrics(CamelCase):
    """All of it.

    Args:
        requests: Counts.
        cache, memory, router: As their classes say.
        running: Calls that have a place.
        waiting: Calls that wait for one.
    """

    requests: RequestCounts
    cache: CacheMetrics
    memory: MemoryMetrics
    router: RouterMetrics
    running: int
    waiting: int


def router_metrics(router: Router | None) -> RouterMetrics:
    """Of a router; empty of one that was not needed yet."""
    if router is None:
        return RouterMetrics(0, {})
    models = {
        one.name: {
            "requests": one.requests, "errors": one.failures, "avgLatencyMs": 1e3 * one.latency_s,
            "inFlight": one.in_flight, "state": one.state, "openings": one.openings,
            "errorsByCause": one.failures_by_cause,
        }
        for one in router.stats()
    }  # fmt: skip
    return RouterMetrics(router.in_flight, models)


def process_bytes() -> int | None:
    """Resident memory of this process, or None where the system does not say."""
    try:
        return int(_STATM.read_text().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError, ValueError):
        return None
