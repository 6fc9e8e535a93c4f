"""What an analysis finds: bottlenecks, recommendations, and what could not be judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from synqc.apps.synth.option_names import CamelCase

__all__ = ["SEVERITIES", "Bottleneck", "BottleneckReport", "OptimizationRecommendation", "Severity", "severity_of"]

Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")
"""From the least."""


def severity_of(ratio: float) -> Severity:
    """How bad a violation is: value divided by threshold, or the other way round where less is worse.

    >>> [severity_of(ratio) for ratio in (1.1, 1.25, 2, 4)]
    ['low', 'medium', 'high', 'critical']
    """
    return "critical" if ratio >= 4 else "high" if ratio >= 2 else "medium" if ratio >= 1.25 else "low"


@dataclass(frozen=True)
class Bottleneck(CamelCase):
    """One figure beyond its limit.

    Args:
        type: `latency`, `throughput`, `memory`, `cache` or `error`.
        severity: By `ratio`.
        impact: What removing it may bring: a range, marked as an estimate.
        metric: The figure's name.
        value: What it is.
        threshold: Its limit.
        ratio: How far beyond: above 1.
        cause: Most likely why, and which stage.
        solution: What to do.
        evidence: What it stands on.
        stage: The stage that takes most of the time; "" where none is to blame or known.
    """

    type: str
    severity: Severity
    impact: str
    metric: str
    value: float
    threshold: float
    ratio: float
    cause: str
    solution: str
    evidence: str
    stage: str = ""


@dataclass(frozen=True)
class OptimizationRecommendation(CamelCase):
    """What to do.

    Args:
        category: `cache`, `routing`, `memory`, `concurrency` or `compilation`.
        severity: Severity of what it is to cure.
        issue: That.
        recommendation: What to do.
        estimated_improvement: A range, marked as an estimate.
        implementation_effort: `low`, `medium` or `high`.
    """

    category: str
    severity: Severity
    issue: str
    recommendation: str
    estimated_improvement: str
    implementation_effort: str


@dataclass(frozen=True)
class BottleneckReport(CamelCase):
    """What an analysis found.

    Args:
        detected: Whether there is a bottleneck.
        bottlenecks: The worst first.
        recommendations: By severity, then by how far beyond the limit.
        insufficient: Figures that were not judged, and why: too few samples, or none.
    """

    detected: bool
    bottlenecks: tuple[Bottleneck, ...]
    recommendations: tuple[OptimizationRecommendation, ...]
    insufficient: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """`bottlenecks`, `none`, or `insufficient data` where nothing is beyond its limit and something is unknown."""
        return "bottlenecks" if self.detected else "insufficient data" if self.insufficient else "none"

    def to_dict(self) -> dict[str, Any]:
        """As plain values with names in camelCase."""
        return {**super().to_dict(), "verdict": self.verdict}
