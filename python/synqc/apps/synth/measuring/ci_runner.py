"""CIRunner: the gate of continuous integration, by limits and by earlier runs, as one exit code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from synqc.apps.synth.measuring.benchmark_analyzer import BenchmarkAnalysis, BenchmarkAnalyzer
from synqc.apps.synth.measuring.benchmark_config import BenchmarkConfig
from synqc.apps.synth.measuring.benchmark_result import BenchmarkResults
from synqc.apps.synth.measuring.benchmark_runner import ALL_SUITES, BenchmarkRunner
from synqc.apps.synth.measuring.bottleneck_analyzer import BottleneckAnalyzer
from synqc.apps.synth.option_names import CamelCase

__all__ = ["EXIT_MEASURED_NOTHING", "EXIT_PASS", "EXIT_REGRESSION", "CIRunner", "GateVerdict"]

EXIT_PASS: Final = 0
EXIT_REGRESSION: Final = 1
EXIT_MEASURED_NOTHING: Final = 4
"""Nothing was measured, or a figure of the gate is unknown: no pass, and no regression either."""


@dataclass(frozen=True)
class GateVerdict(CamelCase):
    """What the gate says.

    Args:
        exit_code: 0 pass, 1 regression, 4 nothing measured.
        reasons: Why it is not 0, a sentence each.
        warnings: Suites whose own checks failed, and figures that were not judged; they do not decide.
        analysis: All of it.
        results: What was measured.
    """

    exit_code: int
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    analysis: BenchmarkAnalysis
    results: BenchmarkResults


class CIRunner:
    """Runs suites and decides.

    The limits are absolute: 99th percentile 1000 ms, 10 requests per second, 400 MB, 50 % hits, 1 % failures, in
    either spelling (`maxP99Latency`, `maxP99LatencyMs`). A figure that is surely worse than five or more earlier runs
    on the same machine by more than 5 % is a regression, too.

    Args:
        runner: With its suites.
        thresholds: Limits; those not given stay.
        history: Earlier results, as `BenchmarkReporter.read_history` gives them.
    """

    def __init__(
        self,
        runner: BenchmarkRunner,
        *,
        thresholds: Mapping[str, Any] | None = None,
        history: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self._runner = runner
        self._analyzer = BottleneckAnalyzer(thresholds)
        self._history = history

    async def run(
        self, config: BenchmarkConfig | Mapping[str, Any] | None = None, *, only: str = ALL_SUITES
    ) -> GateVerdict:
        """Measure and decide."""
        return self.judge(await self._runner.run_all(config, only=only))

    def judge(self, results: BenchmarkResults) -> GateVerdict:
        """Decide about results that are there."""
        analysis = BenchmarkAnalyzer(analyzer=self._analyzer, history=self._history).analyze(results)
        warnings = [
            f"{one.suite.name}: {one.suite.error or 'a check of its own is missed'}."
            for one in results.results
            if not one.success
        ]
        warnings += analysis.bottlenecks.insufficient
        if not results.measured or not results.metrics.evidence.requests:
            nothing = ("No request was measured.",)
            return GateVerdict(EXIT_MEASURED_NOTHING, nothing, tuple(warnings), analysis, results)
        reasons = tuple(
            f"{one.metric} is {one.value:.4g}, the limit {one.threshold:.4g}."
            for one in analysis.bottlenecks.bottlenecks
        ) + tuple(f"{figure} is worse than in earlier runs." for figure in analysis.regression)
        if reasons:
            return GateVerdict(EXIT_REGRESSION, reasons, tuple(warnings), analysis, results)
        if len(results.results) > 1 and analysis.bottlenecks.insufficient:
            reasons = tuple(analysis.bottlenecks.insufficient)
            return GateVerdict(EXIT_MEASURED_NOTHING, reasons, tuple(warnings), analysis, results)
        return GateVerdict(EXIT_PASS, (), tuple(warnings), analysis, results)
