"""What suites found: figures, checks against their limits, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from synqc.apps.synth.measuring.benchmark_config import BenchmarkConfig
from synqc.apps.synth.measuring.bottleneck import OptimizationRecommendation
from synqc.apps.synth.measuring.performance_metrics import PerformanceMetrics
from synqc.apps.synth.option_names import CamelCase

__all__ = ["BenchmarkResult", "BenchmarkResults", "Check", "SuiteResult"]

_MOST_LATENCIES = 200


@dataclass(frozen=True)
class Check(CamelCase):
    """A figure beside its limit.

    Args:
        figure: Its name.
        value: What it is; None: there is none, which fails.
        limit: What it must be below or above.
        direction: `at most` or `at least`.
        is_required: Whether the suite fails by it; the others are told only.
    """

    figure: str
    value: float | None
    limit: float
    direction: str = "at most"
    is_required: bool = True

    @property
    def is_met(self) -> bool:
        """Whether it is on the right side."""
        if self.value is None:
            return False
        return self.value <= self.limit if self.direction == "at most" else self.value >= self.limit

    def to_dict(self) -> dict[str, Any]:
        """As plain values with names in camelCase."""
        return {**super().to_dict(), "isMet": self.is_met}


@dataclass(frozen=True)
class SuiteResult(CamelCase):
    """What one suite found.

    Args:
        name: Name of the suite.
        figures: By their names, whose last part is the unit.
        checks: Figures beside their limits.
        notes: What a reader must know, a sentence each.
        measured: Requests that counted.
        levels: Rows of figures, where a suite has several levels.
        latencies_ms: Latencies of its requests, for the picture.
        stands_for: Metrics of the monitor that this suite is made to measure, by name: in those of a run they take the
            place of what the monitor saw over all suites, most of which repeat nothing or wait on purpose.
        error: Why it was not finished; "" if it was.
    """

    name: str
    figures: Mapping[str, float | None] = field(default_factory=dict)
    checks: Sequence[Check] = ()
    notes: Sequence[str] = ()
    measured: int = 0
    levels: Sequence[Mapping[str, float | None]] = ()
    latencies_ms: Sequence[float] = field(default=(), repr=False)
    stands_for: Mapping[str, float] = field(default_factory=dict)
    error: str = ""

    @property
    def success(self) -> bool:
        """Whether it measured something, was finished, and met every required check."""
        return not self.error and self.measured > 0 and all(one.is_met or not one.is_required for one in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """As plain values with names in camelCase; of many latencies every so-manieth."""
        every = -(-len(self.latencies_ms) // _MOST_LATENCIES) or 1
        thinned = list(self.latencies_ms[every - 1 :: every])
        return {**super().to_dict(), "latenciesMs": thinned, "success": self.success}


@dataclass(frozen=True)
class BenchmarkResult(CamelCase):
    """What one suite came to.

    Args:
        config: How it was run.
        metrics: The monitor's ten figures during it.
        recommendations: Recommendations of the analyzer.
        timestamp: ISO 8601, UTC.
        duration: Milliseconds.
        success: Whether it measured something and met its checks.
        suite: What it found itself.
    """

    config: BenchmarkConfig
    metrics: PerformanceMetrics
    recommendations: Sequence[OptimizationRecommendation]
    timestamp: str
    duration: float
    success: bool
    suite: SuiteResult


@dataclass(frozen=True)
class BenchmarkResults(CamelCase):
    """What a run of suites came to.

    Args:
        config: How they were run.
        metrics: The monitor's ten figures over all of them; throughput and hit rate those of their own suites.
        recommendations: Recommendations of the analyzer, over all of them.
        timestamp: ISO 8601, UTC.
        duration: Milliseconds.
        results: One per suite.
        machine: On what.
    """

    config: BenchmarkConfig
    metrics: PerformanceMetrics
    recommendations: Sequence[OptimizationRecommendation]
    timestamp: str
    duration: float
    results: Sequence[BenchmarkResult]
    machine: Mapping[str, Any] = field(default_factory=dict)

    @property
    def success(self) -> bool:
        """Whether there was a suite, and each succeeded."""
        return bool(self.results) and all(one.success for one in self.results)

    @property
    def measured(self) -> int:
        """Requests that counted; 0: the run says nothing."""
        return sum(one.suite.measured for one in self.results)

    def to_dict(self) -> dict[str, Any]:
        """As plain values with names in camelCase."""
        return {**super().to_dict(), "success": self.success, "measured": self.measured}
