"""Concurrency Test: many requests at once, level by level."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from synqc.apps.synth.errors import ValidationError
from synqc.apps.synth.measuring.benchmark_config import BenchmarkConfig
from synqc.apps.synth.measuring.benchmark_result import Check, SuiteResult
from synqc.apps.synth.measuring.performance_monitor import PerformanceMonitor
from synqc.apps.synth.measuring.suite import SuiteOfSubject

__all__ = ["ConcurrencyBenchmark"]

_LIMITS_S = {10: 2.0, 50: 5.0, 100: 10.0, 200: 20.0}


class ConcurrencyBenchmark(SuiteOfSubject):
    """A batch of 10, 50, 100 and 200 new prompts, all of them under way at a time.

    Limits: 2, 5, 10 and 20 s for the whole batch; levels of one's own have none.

    Args:
        synth: What is measured.
        levels: Requests at once.
        max_tokens: Most tokens of each answer.
    """

    name = "Concurrency Test"

    def __init__(
        self, synth: Any, *, levels: Sequence[int] = (10, 50, 100, 200), max_tokens: int | None = None
    ) -> None:
        super().__init__(synth, max_tokens=max_tokens)
        if not levels or min(levels) < 1:
            raise ValidationError(f"Option `levels` must be whole numbers of at least 1, but is {list(levels)!r}.")
        self._levels = tuple(levels)

    async def run(self, config: BenchmarkConfig, monitor: PerformanceMonitor) -> SuiteResult:
        """Measure once."""
        await self.warm_up(config)
        loop = asyncio.get_running_loop()
        rows: list[dict[str, float | None]] = []
        checks = []
        requests = 0
        for level in self._levels:
            prompts = [self.new_prompt(config) for _ in range(level)]
            began = loop.time()
            answer = await self.synth.generateBatch(
                prompts, {**self.options(config), "concurrency": level, "onError": "collect"}
            )
            seconds = loop.time() - began
            failed = sum(not getattr(one, "ok", True) for one in answer.results)
            for one in answer.results:
                ok = bool(getattr(one, "ok", True))
                latency_ms = float(getattr(one, "latencyMs", 0.0)) if ok else 0.0
                monitor.record_request(latency_ms=latency_ms, ok=ok, cached=getattr(one, "cached", None))
            requests += level
            rows.append({
                "level": float(level), "total_s": seconds, "throughput_per_s": (level - failed) / seconds,
                "failed": float(failed),
            })  # fmt: skip
            if level in _LIMITS_S:
                checks.append(Check(f"total_s at {level}", seconds, _LIMITS_S[level]))
            checks.append(Check(f"failed at {level}", float(failed), 0.0))
        best = max(row["throughput_per_s"] or 0.0 for row in rows)
        return SuiteResult(
            self.name,
            {"most_throughput_per_s": best, "error_rate": sum(row["failed"] or 0.0 for row in rows) / requests},
            tuple(checks),
            ("Each level is one batch of new prompts, all under way at a time as far as maxConcurrency lets them",),
            requests,
            levels=tuple(rows),
        )
