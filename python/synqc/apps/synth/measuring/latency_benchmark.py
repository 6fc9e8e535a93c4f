"""Latency Test: one request after another, new and repeated."""

from __future__ import annotations

import asyncio

from synqc.apps.synth.measuring.benchmark_config import BenchmarkConfig
from synqc.apps.synth.measuring.benchmark_result import Check, SuiteResult
from synqc.apps.synth.measuring.performance_monitor import PerformanceMonitor
from synqc.apps.synth.measuring.suite import SuiteOfSubject, milliseconds, sorted_seconds

__all__ = ["LatencyBenchmark"]

_FEW = 100


class LatencyBenchmark(SuiteOfSubject):
    """`iterations` requests one after another, each of a new prompt; then the same ones again, as far as a cache has
    them.

    Limits: p50 500 ms, p95 800 ms, p99 1000 ms; p99 of cached answers 100 ms.
    """

    name = "Latency Test"
    iterations = 50
    max_tokens = 50

    async def run(self, config: BenchmarkConfig, monitor: PerformanceMonitor) -> SuiteResult:
        """Measure once."""
        await self.warm_up(config)
        prompts = [self.new_prompt(config) for _ in range(config.iterations or self.iterations)]
        new, _, failed = await self._timed(prompts, config, monitor)
        again, cached, failed_again = await self._timed(prompts, config, monitor)
        hits = [seconds for seconds, was_cached in zip(again, cached, strict=True) if was_cached]
        all_new = sorted_seconds(new, failed)
        figures = milliseconds(all_new)
        cached_p99 = milliseconds(sorted_seconds(hits))["p99_ms"]
        notes = ["One request after another: the load of a single user, not that of a server"]
        if len(all_new) < _FEW:
            notes.append(f"The 99th percentile of {len(all_new)} requests is the greatest of them")
        notes += self.failure_notes()
        if not hits:
            notes.append("No repeated request was answered by a cache")
        return SuiteResult(
            self.name,
            {
                **figures,
                "cached_p50_ms": milliseconds(sorted_seconds(hits))["p50_ms"],
                "cached_p99_ms": cached_p99,
                "error_rate": (failed + failed_again) / max(1, 2 * len(prompts)),
            },
            (
                Check("p50_ms", figures["p50_ms"], 500.0),
                Check("p95_ms", figures["p95_ms"], 800.0),
                Check("p99_ms", figures["p99_ms"], 1000.0),
                Check("cached_p99_ms", cached_p99, 100.0, is_required=bool(hits)),
            ),
            notes,
            2 * len(prompts),
            latencies_ms=(1e3 * all_new.values).tolist(),
        )

    async def _timed(
        self, prompts: list[str], config: BenchmarkConfig, monitor: PerformanceMonitor
    ) -> tuple[list[float], list[bool], int]:
        """Seconds of those that succeeded, whether each was cached, and how many failed."""
        loop = asyncio.get_running_loop()
        seconds, cached, failed = [], [], 0
        for prompt in prompts:
            began = loop.time()
            try:
                answer = await self.ask(prompt, config, monitor)
            except Exception as error:  # of whatever kind: it is counted, and told as the error rate
                failed += 1
                self.failures[type(error).__name__] += 1
                continue
            seconds.append(loop.time() - began)
            cached.append(bool(getattr(answer, "cached", False)))
        return seconds, cached, failed
