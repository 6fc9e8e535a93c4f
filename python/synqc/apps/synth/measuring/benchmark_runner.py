"""BenchmarkRunner: suites one after another, each watched by a monitor and judged by an analyzer."""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from synqc.apps.synth.errors import ValidationError
from synqc.apps.synth.measuring.benchmark_config import BenchmarkConfig
from synqc.apps.synth.measuring.benchmark_result import BenchmarkResult, BenchmarkResults, SuiteResult
from synqc.apps.synth.measuring.bottleneck_analyzer import BottleneckAnalyzer
from synqc.apps.synth.measuring.cache_benchmark import CacheBenchmark
from synqc.apps.synth.measuring.concurrency_benchmark import ConcurrencyBenchmark
from synqc.apps.synth.measuring.latency_benchmark import LatencyBenchmark
from synqc.apps.synth.measuring.memory_benchmark import MemoryBenchmark
from synqc.apps.synth.measuring.performance_metrics import PerformanceMetrics
from synqc.apps.synth.measuring.performance_monitor import PerformanceMonitor
from synqc.apps.synth.measuring.streaming_benchmark import StreamingBenchmark
from synqc.apps.synth.measuring.suite import Suite
from synqc.apps.synth.measuring.throughput_benchmark import ThroughputBenchmark
from synqc.apps.synth.moments import now, stamp
from synqc.measure.fingerprint import machine

__all__ = ["ALL_SUITES", "SUITES", "BenchmarkRunner"]

SUITES: Final[Mapping[str, Callable[[Any], Suite]]] = {
    one.name: one
    for one in (
        ThroughputBenchmark, LatencyBenchmark, MemoryBenchmark, CacheBenchmark, ConcurrencyBenchmark,
        StreamingBenchmark,
    )
}  # fmt: skip
"""The six, by name."""
ALL_SUITES: Final = "All"


class BenchmarkRunner:
    """Runs suites.

    Args:
        analyzer: Judges the figures of each.
        clock: Seconds, as a function, for the monitors.

    Examples:
        >>> import asyncio
        >>> class Empty:
        ...     name = "empty"
        ...     async def run(self):
        ...         return {"answer_ms": 42.0}
        >>> runner = BenchmarkRunner()
        >>> runner.registerSuite(Empty())
        >>> results = asyncio.run(runner.runAll({"name": "mine"}))
        >>> results.results[0].suite.figures, results.success
        ({'answer_ms': 42.0}, True)
    """

    def __init__(
        self, *, analyzer: BottleneckAnalyzer | None = None, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.analyzer = analyzer or BottleneckAnalyzer()
        self._clock = clock
        self._suites: dict[str, Any] = {}

    def register_suite(self, suite: Any) -> None:
        """Add a suite: an object with a name and a coroutine method `run`.

        `run` is given the configuration and the monitor, if it takes arguments, and answers a `SuiteResult` or a
        mapping of figures.

        Raises:
            ValidationError: It is none, or its name is taken.
        """
        name = getattr(suite, "name", None)
        if not isinstance(name, str) or not name or not callable(getattr(suite, "run", None)):
            raise ValidationError(f"A suite must have a name and a method run, but {type(suite).__name__} has not.")
        if name in self._suites or name == ALL_SUITES:
            raise ValidationError(f"A suite must have a name of its own, but {name!r} is taken.")
        self._suites[name] = suite

    def register_all(self, synth: Any) -> None:
        """Add the six suites."""
        for make in SUITES.values():
            self.register_suite(make(synth))

    @property
    def names(self) -> tuple[str, ...]:
        """Of the suites."""
        return tuple(self._suites)

    async def run_all(
        self, config: BenchmarkConfig | Mapping[str, Any] | None = None, *, only: str = ALL_SUITES
    ) -> BenchmarkResults:
        """Run the suites in the order in which they were added.

        A suite that fails is a result without success, and the next ones are run.

        Args:
            config: How.
            only: One of their names; the first word is enough, and letters may be small. "All": all of them.

        Raises:
            ValidationError: There is no suite of that name.
        """
        config = config if isinstance(config, BenchmarkConfig) else BenchmarkConfig.of(config)
        began = self._clock()
        whole = PerformanceMonitor(limit=config.concurrency, clock=self._clock)
        whole.start()
        results = []
        for suite in self._chosen(only):
            results.append(await self._run(suite, config, whole))
        metrics = _by_their_suites(whole.stop(), results)
        return BenchmarkResults(
            config,
            metrics,
            self.analyzer.analyze(metrics).recommendations,
            stamp(now()),
            1e3 * (self._clock() - began),
            tuple(results),
            machine(),
        )

    def _chosen(self, only: str) -> list[Any]:
        if only.lower() == ALL_SUITES.lower():
            return list(self._suites.values())
        wanted = only.lower().strip()
        found = [suite for name, suite in self._suites.items() if wanted in (name.lower(), name.lower().split()[0])]
        if not found:
            known = ", ".join([ALL_SUITES, *self._suites])
            raise ValidationError(f"Option `suite` must be one of {known}, but is {only!r}.", {"option": "suite"})
        return found

    async def _run(self, suite: Any, config: BenchmarkConfig, whole: PerformanceMonitor) -> BenchmarkResult:
        monitor = PerformanceMonitor(limit=config.concurrency, clock=self._clock, beside=whole)
        monitor.start()
        began = self._clock()
        try:
            async with asyncio.timeout(config.timeout / 1000):
                found = await _answer_of(suite, config, monitor)
        except TimeoutError:
            found = SuiteResult(suite.name, error=f"not finished within {config.timeout:g} ms")
        except Exception as error:  # of whatever kind: the other suites are run all the same
            found = SuiteResult(suite.name, error=f"{type(error).__name__}: {error}")
        metrics = monitor.stop()
        return BenchmarkResult(
            config,
            metrics,
            self.analyzer.analyze(metrics).recommendations,
            stamp(now()),
            1e3 * (self._clock() - began),
            found.success,
            found,
        )

    # As JavaScript spells them

    registerSuite = register_suite  # noqa: N815
    registerAll = register_all  # noqa: N815
    runAll = run_all  # noqa: N815


def _by_their_suites(metrics: PerformanceMetrics, results: Sequence[BenchmarkResult]) -> PerformanceMetrics:
    """Metrics of a run, where a suite was made to measure one with what that found."""
    for one in results:
        figures: dict[str, Any] = dict(one.suite.stands_for)
        metrics = dataclasses.replace(metrics, **figures)
        if "cache_hit_rate" in one.suite.stands_for:
            lookups = one.metrics.evidence.lookups
            metrics = dataclasses.replace(metrics, evidence=dataclasses.replace(metrics.evidence, lookups=lookups))
    return metrics


async def _answer_of(suite: Any, config: BenchmarkConfig, monitor: PerformanceMonitor) -> SuiteResult:
    takes_both = len(inspect.signature(suite.run).parameters) >= 2
    found = await (suite.run(config, monitor) if takes_both else suite.run())
    if isinstance(found, SuiteResult):
        return found
    if not isinstance(found, Mapping):
        raise ValidationError(f"A suite must answer a mapping of figures, but {suite.name!r} answers {found!r:.80}.")
    return SuiteResult(suite.name, dict(found), measured=max(1, monitor.get_metrics().evidence.requests))
