"""BottleneckAnalyzer: which figure is beyond its limit, which stage takes the time, and what to do about it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from synqc.apps.synth.measuring.bottleneck import (
    SEVERITIES,
    Bottleneck,
    BottleneckReport,
    OptimizationRecommendation,
    severity_of,
)
from synqc.apps.synth.measuring.performance_metrics import Evidence, PerformanceMetrics
from synqc.apps.synth.measuring.thresholds import Thresholds

__all__ = ["BottleneckAnalyzer"]

_LEAST_REQUESTS: Final = {"latency": 100, "throughput": 10, "cache": 30, "error": 100}
"""Below 100 requests the 99th percentile is the greatest of them, and one failure is more than a hundredth."""
_LEAST_SECONDS: Final = 1.0
_SATURATED: Final = 0.9
_IDLE: Final = 0.5
_MOST_RATIO: Final = 1e6
"""What a rate of nothing is beyond its limit by."""

_IMPACTS: Final = {
    "latency": "30-50 % latency reduction (estimate)",
    "throughput": "2-3x throughput (estimate)",
    "memory": "40-60 % memory reduction (estimate)",
    "cache": "20-40 % cache improvement (estimate)",
    "error": "0-100 % fewer failures, by their cause (estimate)",
}

_STAGE_CURES: Final = {
    "queue": ("requests wait for a place", "raise maxConcurrency, or send fewer at once", "concurrency", "low"),
    "cache": ("the cache itself is slow", "keep answers in memory, or on a faster disk", "cache", "medium"),
    "route": ("choosing a model takes long", "fewer deployments, or a simpler strategy", "routing", "medium"),
    "network": ("the way to the model is long", "a nearer endpoint, or connections kept open", "routing", "medium"),
    "first_chunk": ("the model is slow to begin", "shorter prompts, or a faster model", "routing", "low"),
    "generation": ("the model is slow to answer", "fewer tokens, a faster model, or a larger cache", "routing", "low"),
    "parse": ("answers are slow to read", "smaller answers, or a simpler schema", "compilation", "medium"),
    "rest": ("time that no stage accounts for", "profile the process: synqc synth benchmark --profile", "compilation",
             "medium"),
}  # fmt: skip


class BottleneckAnalyzer:
    """Judges figures by limits.

    Args:
        thresholds: Limits, in either spelling; those not given are the contract's.

    Raises:
        ValidationError: A limit is not known, or out of its range.

    Examples:
        >>> from synqc.apps.synth.measuring import PerformanceMonitor
        >>> monitor = PerformanceMonitor(limit=100)
        >>> for _ in range(200):
        ...     monitor.record_request(latency_ms=3000, cached=True, stages={"queue": 2.5, "generation": 0.5})
        >>> report = BottleneckAnalyzer({"minThroughput": 0}).analyze(monitor.get_metrics())
        >>> worst = report.bottlenecks[0]
        >>> worst.type, worst.severity, worst.stage
        ('latency', 'high', 'queue')
    """

    def __init__(self, thresholds: Mapping[str, Any] | None = None, **named: Any) -> None:
        self.thresholds = Thresholds().changed(thresholds, **named)

    def set_thresholds(self, thresholds: Mapping[str, Any] | None = None, **named: Any) -> None:
        """Change some limits; the others stay."""
        self.thresholds = self.thresholds.changed(thresholds, **named)

    def analyze(self, metrics: PerformanceMetrics | Mapping[str, Any], *, evidence: Evidence | None = None) -> Any:
        """Judge figures.

        A figure is judged from enough samples only: 100 requests for latency and failures, 10 within a second for
        throughput, 30 lookups for hits. Others are named in `insufficient`.

        Args:
            metrics: Metrics of a monitor; or a mapping with names in camelCase, such as a stored result has.
            evidence: What they stand on, where the figures do not bring it.

        Returns:
            A `BottleneckReport`.
        """
        figures = metrics.to_dict() if isinstance(metrics, PerformanceMetrics) else dict(metrics)
        if evidence is None:
            evidence = metrics.evidence if isinstance(metrics, PerformanceMetrics) else Evidence()
        insufficient: list[str] = []
        found = []
        for kind, name, limit, is_most in self._rules():
            value = figures.get(name)
            lacking = _lacking(kind, name, value, evidence)
            if lacking:
                insufficient.append(lacking)
                continue
            assert value is not None
            ratio = _ratio(value, limit) if is_most else _ratio(limit, value)
            if ratio > 1:
                found.append(_bottleneck(kind, name, float(value), limit, ratio, evidence))
        found.sort(key=lambda one: (-SEVERITIES.index(one.severity), -one.ratio))
        recommendations = tuple(_recommendation(one) for one in found)
        return BottleneckReport(bool(found), tuple(found), recommendations, tuple(insufficient))

    def _rules(self) -> tuple[tuple[str, str, float, bool], ...]:
        """Kind, figure, limit, and whether more of it is worse."""
        limits = self.thresholds
        return (
            ("latency", "p99LatencyMs", limits.max_p99_latency_ms, True),
            ("throughput", "throughput", limits.min_throughput, False),
            ("memory", "memoryUsageMB", limits.max_memory_mb, True),
            ("cache", "cacheHitRate", limits.min_cache_hit_rate, False),
            ("error", "errorRate", limits.max_error_rate, True),
        )

    setThresholds = set_thresholds  # noqa: N815


def _ratio(value: float, limit: float) -> float:
    if limit <= 0:
        return _MOST_RATIO if value > 0 else 0.0
    return min(value / limit, _MOST_RATIO)


def _lacking(kind: str, name: str, value: Any, evidence: Evidence) -> str:
    """Why a figure cannot be judged; "" if it can."""
    if kind == "memory":
        return "" if _is_number(value) and value > 0 else f"{name}: insufficient data, nothing was read."
    seen = evidence.lookups if kind == "cache" else evidence.requests
    least = _LEAST_REQUESTS[kind]
    if seen < least:
        what = "lookups" if kind == "cache" else "requests"
        return f"{name}: insufficient data, {seen} {what} of at least {least}."
    if kind == "throughput" and evidence.seconds < _LEAST_SECONDS:
        return f"{name}: insufficient data, {evidence.seconds:.2g} s of at least {_LEAST_SECONDS:g} s."
    return "" if _is_number(value) else f"{name}: insufficient data, there is no figure."


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and not math.isnan(value)


def _bottleneck(kind: str, name: str, value: float, limit: float, ratio: float, evidence: Evidence) -> Bottleneck:
    cause, solution, told, stage = {
        "latency": _of_latency, "throughput": _of_throughput, "memory": _of_memory, "cache": _of_cache,
        "error": _of_errors,
    }[kind](evidence)  # fmt: skip
    return Bottleneck(kind, severity_of(ratio), _IMPACTS[kind], name, value, limit, ratio, cause, solution, told, stage)


def _of_latency(evidence: Evidence) -> tuple[str, str, str, str]:
    stages = evidence.slow_stage_seconds or evidence.stage_seconds
    whole = sum(stages.values())
    if not whole:
        return (
            "slow API, network, or cache misses; no request told its stages",
            "larger cache, shorter prompts",
            f"{evidence.requests} requests",
            "",
        )
    stage = max(stages, key=lambda name: stages[name])
    cause, cure, _, _ = _STAGE_CURES[stage]
    share = 100 * stages[stage] / whole
    parts = ", ".join(f"{name} {100 * part / whole:.0f} %" for name, part in sorted(stages.items(), key=_by_time))
    return f"{stage}: {cause}", cure, f"{share:.0f} % of the time of the slowest requests is {stage} ({parts})", stage


def _by_time(item: tuple[str, float]) -> float:
    return -item[1]


def _of_throughput(evidence: Evidence) -> tuple[str, str, str, str]:
    flight = evidence.mean_in_flight
    if evidence.limit is None:
        told = f"{flight:.3g} requests under way on average (Little's law: rate times latency); the limit is not known"
        return "low concurrency, sequential work, or rate limits", "raise maxConcurrency, use the batch API", told, ""
    told = f"{flight:.3g} of {evidence.limit} places are taken on average (Little's law: rate times latency)"
    if flight >= _SATURATED * evidence.limit:
        cause = "saturated: every place is taken, so that rate is places divided by latency"
        return cause, "raise maxConcurrency if the servers bear it, or shorten requests", told, "queue"
    if flight < _IDLE * evidence.limit:
        return "sequential work: most places stay empty", "send more at once: the batch API", told, ""
    return "rate limits, or load that comes in bursts", "look at the models' limits, spread requests", told, ""


def _of_memory(evidence: Evidence) -> tuple[str, str, str, str]:
    return (
        "large cache, leak, or buffering",
        "smaller cache, optimize(); the memory suite tells a leak from a cache by its slope",
        f"greatest reading in {evidence.seconds:.3g} s",
        "",
    )


def _of_cache(evidence: Evidence) -> tuple[str, str, str, str]:
    told = f"{evidence.lookups} lookups"
    return "low hit rate, small cache, or poor keys", "larger cache, better keys", told, "cache"


def _of_errors(evidence: Evidence) -> tuple[str, str, str, str]:
    low, high = _wilson(evidence.failures, evidence.requests)
    return (
        "requests fail",
        "read the failures' codes; fallbacks, retries and budgets belong to the router",
        f"{evidence.failures} of {evidence.requests} requests failed ({100 * low:.2g} to {100 * high:.2g} % with 95 % "
        "confidence)",
        "",
    )


def _wilson(count: int, whole: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    z = 1.959964
    share = count / whole
    middle = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
    return max(0.0, middle - half), min(1.0, middle + half)


def _recommendation(found: Bottleneck) -> OptimizationRecommendation:
    categories = {
        "latency": ("cache", "medium"),
        "throughput": ("concurrency", "low"),
        "memory": ("memory", "low"),
        "cache": ("cache", "low"),
        "error": ("routing", "medium"),
    }
    category, effort = categories[found.type]
    if found.type == "latency" and found.stage:
        category, effort = _STAGE_CURES[found.stage][2:]
    beyond = f"{found.metric} is {found.value:.4g}, the limit {found.threshold:.4g}"
    return OptimizationRecommendation(
        category, found.severity, f"{beyond}: {found.cause}", found.solution, found.impact, effort
    )
