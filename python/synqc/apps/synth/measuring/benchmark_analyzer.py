"""BenchmarkAnalyzer: bottlenecks of a result, how it compares with earlier ones, and where they are going."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from synqc.apps.synth.measuring.benchmark_result import BenchmarkResult, BenchmarkResults
from synqc.apps.synth.measuring.bottleneck import BottleneckReport
from synqc.apps.synth.measuring.bottleneck_analyzer import BottleneckAnalyzer
from synqc.apps.synth.option_names import CamelCase
from synqc.measure.student import student_quantile

__all__ = ["BenchmarkAnalysis", "BenchmarkAnalyzer", "Comparison"]

_LEAST_EARLIER: Final = 5
_ERROR_RATE: Final = 0.01
_LEAST_EFFECT: Final = 0.05
_MORE_IS_BETTER: Final = {"throughput": True, "p50LatencyMs": False, "p95LatencyMs": False, "p99LatencyMs": False}
"""Figures that are compared with earlier runs, and whether more of them is better."""


@dataclass(frozen=True)
class Comparison(CamelCase):
    """One figure beside the same of earlier runs on the same machine.

    Args:
        figure: Its name.
        value: Now.
        earlier: Median of the earlier ones.
        ratio: value / earlier.
        interval: Ends of the ratio; 1 lies within with 99 % probability if nothing changed. None: too few runs.
        verdict: `better`, `worse`, `same` or `inconclusive`.
        trend_per_run: Median relative change from run to run (Theil and Sen); None of fewer than three.
    """

    figure: str
    value: float
    earlier: float
    ratio: float
    interval: tuple[float, float] | None
    verdict: str
    trend_per_run: float | None


@dataclass(frozen=True)
class BenchmarkAnalysis(CamelCase):
    """What an analysis found.

    Args:
        bottlenecks: By the limits.
        comparison: Figures beside those of earlier runs.
        regression: Figures that are worse, surely and by more than 5 %.
    """

    bottlenecks: BottleneckReport
    comparison: tuple[Comparison, ...]
    regression: tuple[str, ...]

    @property
    def trend(self) -> dict[str, float | None]:
        """Relative change from run to run, by figure."""
        return {one.figure: one.trend_per_run for one in self.comparison}


class BenchmarkAnalyzer:
    """Analyses results.

    Args:
        analyzer: Judges by limits.
        history: Earlier results as `BenchmarkReporter` stores them, oldest first; those of other processors are left
            out.
    """

    def __init__(
        self, *, analyzer: BottleneckAnalyzer | None = None, history: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        self._analyzer = analyzer or BottleneckAnalyzer()
        self._history = list(history)

    def analyze(self, result: BenchmarkResult | BenchmarkResults) -> BenchmarkAnalysis:
        """Analyse one result."""
        found = result.metrics.to_dict()
        machine = getattr(result, "machine", {})
        comparisons = []
        for figure, more_is_better in _MORE_IS_BETTER.items():
            earlier = [
                float(one["metrics"][figure])
                for one in self._history
                if _is_comparable(one, machine) and one["metrics"].get(figure)
            ]
            if found[figure] and earlier:
                comparisons.append(_compared(figure, found[figure], earlier, more_is_better=more_is_better))
        return BenchmarkAnalysis(
            self._analyzer.analyze(result.metrics),
            tuple(comparisons),
            tuple(one.figure for one in comparisons if one.verdict == "worse"),
        )


def _is_comparable(stored: Mapping[str, Any], machine: Mapping[str, Any]) -> bool:
    there = stored.get("machine") or {}
    return not machine or all(there.get(name) == machine.get(name) for name in ("processor", "threads", "simd_level"))


def _compared(figure: str, value: float, earlier: list[float], *, more_is_better: bool) -> Comparison:
    middle = statistics.median(earlier)
    ratio = value / middle
    interval = None
    verdict = "inconclusive"
    if len(earlier) >= _LEAST_EARLIER:
        logs = [math.log(one) for one in earlier]
        deviation = max(statistics.stdev(logs), 1e-3) * math.sqrt(1 + 1 / len(logs))
        half = student_quantile(1 - _ERROR_RATE / 2, len(logs) - 1) * deviation
        distance = math.log(value) - statistics.fmean(logs)
        interval = (math.exp(distance - half), math.exp(distance + half))
        verdict = _verdict(interval, more_is_better=more_is_better)
    trend = None
    values = [*earlier, value]
    if len(values) >= 3:
        logs = [math.log(one) for one in values]
        slopes = [(logs[j] - logs[i]) / (j - i) for i in range(len(logs)) for j in range(i + 1, len(logs))]
        trend = math.expm1(statistics.median(slopes))
    return Comparison(figure, value, middle, ratio, interval, verdict, trend)


def _verdict(interval: tuple[float, float], *, more_is_better: bool) -> str:
    low, high = interval
    if low > 1 + _LEAST_EFFECT:
        return "better" if more_is_better else "worse"
    if high < 1 / (1 + _LEAST_EFFECT):
        return "worse" if more_is_better else "better"
    is_same = low > 1 / (1 + _LEAST_EFFECT) and high < 1 + _LEAST_EFFECT
    return "same" if is_same else "inconclusive"
