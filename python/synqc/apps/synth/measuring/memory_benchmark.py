"""Memory Test: the peak, what stays, and whether it keeps growing."""

from __future__ import annotations

import gc
from typing import Any

from synqc.apps.synth.measuring.benchmark_config import BenchmarkConfig
from synqc.apps.synth.measuring.benchmark_result import Check, SuiteResult
from synqc.apps.synth.measuring.performance_monitor import PerformanceMonitor
from synqc.apps.synth.measuring.suite import SuiteOfSubject
from synqc.measure.leak import slope_of
from synqc.measure.memory_readings import Readings, own_memory, resident_bytes

__all__ = ["MemoryBenchmark"]

_BLOCKS = 20
_WARM_SHARE = 4
_LEAST_BYTES = 10_000.0
"""Growth per request that matters; an answer that is kept weighs less."""


class MemoryBenchmark(SuiteOfSubject):
    """`iterations` requests in twenty blocks, and memory after each.

    The cache fills while they come, which is no leak: half as many requests go before, and what grows in all thirds
    of the rest, at 10 kB per request or more, is one.

    Limits: peak 400 MB, after a collection of garbage 200 MB, no leak.

    Args:
        synth: What is measured.
        iterations: Requests.
        max_tokens: Most tokens of each answer.
        enable_gc: Collect garbage before memory is read.
        readings: What reads memory.
    """

    name = "Memory Test"
    iterations = 100

    def __init__(
        self,
        synth: Any,
        *,
        iterations: int | None = None,
        max_tokens: int | None = None,
        enable_gc: bool = True,
        readings: Readings = own_memory,
    ) -> None:
        super().__init__(synth, iterations=iterations, max_tokens=max_tokens)
        self._enable_gc = enable_gc
        self._readings = readings

    async def run(self, config: BenchmarkConfig, monitor: PerformanceMonitor) -> SuiteResult:
        """Measure once."""
        await self.warm_up(config)
        cycles = max(1, -(-(config.iterations or self.iterations) // _BLOCKS))
        series: list[float] = []
        peak = resident_bytes()
        failed = 0
        for block in range(_BLOCKS + _BLOCKS // _WARM_SHARE):
            for _ in range(cycles):
                try:
                    await self.ask(self.new_prompt(config), config, monitor)
                except Exception as error:  # of whatever kind: it is counted, and memory is read all the same
                    failed += 1
                    self.failures[type(error).__name__] += 1
            peak = max(peak, resident_bytes())
            if self._enable_gc:
                gc.collect()
            if block >= _BLOCKS // _WARM_SHARE:
                series.append(float(self._readings()["resident"]))
        slope = slope_of("resident", series, cycles=cycles, least=_LEAST_BYTES, error_rate=0.01)
        requests = cycles * (_BLOCKS + _BLOCKS // _WARM_SHARE)
        return SuiteResult(
            self.name,
            {
                "peak_mb": max(peak, *series) / 1e6,
                "final_mb": series[-1] / 1e6,
                "growth_bytes_per_request": slope.per_cycle,
                "growth_least_bytes_per_request": slope.interval[0],
                "growth_most_bytes_per_request": slope.interval[1],
                "leak": float(slope.verdict == "leak"),
                "error_rate": failed / requests,
            },
            (
                Check("peak_mb", max(peak, *series) / 1e6, 400.0),
                Check("final_mb", series[-1] / 1e6, 200.0),
                Check("leak", float(slope.verdict == "leak"), 0.0),
            ),
            (
                f"Leak by slope: {slope.verdict}",
                "Memory is that of the whole process, this benchmark included",
                *self.failure_notes(),
            ),
            requests,
        )
