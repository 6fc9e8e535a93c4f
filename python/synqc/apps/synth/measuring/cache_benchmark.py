"""Cache Test: the share of repeated requests that no model was asked for."""

from __future__ import annotations

import asyncio
import math
import random
from typing import Any

from synqc.apps.synth.errors import ValidationError
from synqc.apps.synth.measuring.benchmark_config import BenchmarkConfig
from synqc.apps.synth.measuring.benchmark_result import Check, SuiteResult
from synqc.apps.synth.measuring.performance_monitor import PerformanceMonitor
from synqc.apps.synth.measuring.suite import SuiteOfSubject, milliseconds, sorted_seconds

__all__ = ["CacheBenchmark"]

_LIMIT, _OPTIMAL = 0.5, 0.8
_ROUNDING = 1e-9


class CacheBenchmark(SuiteOfSubject):
    """Requests of which a share repeats earlier ones, in an order that a seed draws.

    No cache can have more hits than there are repetitions. So the limit is a hit rate of 50 %, or that of a perfect
    cache where it is less, as `achievable_hit_rate` tells.

    Args:
        synth: What is measured.
        iterations: Requests.
        max_tokens: Most tokens of each answer.
        cache_size: Answers that the cache may keep: so many different prompts at most are repeated.
        ttl: Milliseconds that it keeps them; the suite must be shorter.
        repeat_ratio: Share of requests that repeat an earlier one, 0 to 1.
        seed: Seed of the order.
    """

    name = "Cache Test"
    iterations = 100

    def __init__(
        self,
        synth: Any,
        *,
        iterations: int | None = None,
        max_tokens: int | None = None,
        cache_size: int = 1000,
        ttl: float = 3_600_000.0,
        repeat_ratio: float = 0.5,
        seed: int = 1,
    ) -> None:
        super().__init__(synth, iterations=iterations, max_tokens=max_tokens)
        if not 0 <= repeat_ratio <= 1:
            raise ValidationError(f"Option `repeat_ratio` must be between 0 and 1, but is {repeat_ratio!r}.")
        if cache_size < 1:
            raise ValidationError(f"Option `cache_size` must be at least 1, but is {cache_size!r}.")
        if not ttl > 0:
            raise ValidationError(f"Option `ttl` must be above 0, but is {ttl!r}.")
        self._cache_size, self._ttl_s, self._repeat_ratio, self._seed = cache_size, ttl / 1000, repeat_ratio, seed

    async def run(self, config: BenchmarkConfig, monitor: PerformanceMonitor) -> SuiteResult:
        """Measure once."""
        await self.warm_up(config)
        loop = asyncio.get_running_loop()
        prompts = self._prompts(config, config.iterations or self.iterations)
        achievable = 1 - len(set(prompts)) / len(prompts)
        hits: list[float] = []
        misses: list[float] = []
        failed = 0
        start = loop.time()
        for prompt in prompts:
            began = loop.time()
            try:
                answer = await self.ask(prompt, config, monitor)
            except Exception as error:  # of whatever kind: it is counted, and told as the error rate
                failed += 1
                self.failures[type(error).__name__] += 1
                continue
            (hits if getattr(answer, "cached", False) else misses).append(loop.time() - began)
        rate = len(hits) / len(prompts)
        limit = min(_LIMIT, achievable)
        notes = [f"A perfect cache would have {100 * achievable:.0f} % hits"]
        notes += self.failure_notes()
        if loop.time() - start > self._ttl_s:
            notes.append("The suite took longer than the cache keeps answers")
        hit_times, miss_times = sorted_seconds(hits), sorted_seconds(misses)
        return SuiteResult(
            self.name,
            {
                "hit_rate": rate,
                "achievable_hit_rate": achievable,
                "hit_p50_ms": milliseconds(hit_times)["p50_ms"],
                "hit_p99_ms": milliseconds(hit_times)["p99_ms"],
                "miss_p50_ms": milliseconds(miss_times)["p50_ms"],
                "error_rate": failed / len(prompts),
            },
            (
                Check("hit_rate", rate, limit - _ROUNDING, "at least"),
                Check("hit_rate", rate, _OPTIMAL, "at least", is_required=False),
            ),
            notes,
            len(prompts),
            latencies_ms=[1e3 * seconds for seconds in sorted([*hits, *misses])],
            stands_for={"cache_hit_rate": rate},
        )

    def _prompts(self, config: BenchmarkConfig, count: int) -> list[str]:
        draw = random.Random(self._seed)
        found: list[str] = []
        different: list[str] = []
        for number in range(count):
            # By numbers, not by chance: the share of repetitions is what was asked for.
            repeated = number - len(different)
            is_repeated = different and math.ceil(self._repeat_ratio * (number + 1) - _ROUNDING) > repeated
            if is_repeated:
                found.append(draw.choice(different[-self._cache_size :]))
            else:
                different.append(self.new_prompt(config))
                found.append(different[-1])
        return found
