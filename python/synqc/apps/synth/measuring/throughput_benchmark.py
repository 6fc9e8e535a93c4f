"""Throughput Test: the rate that a number of workers reaches, and what happens to latency when that is offered."""

from __future__ import annotations

from synqc.apps.synth.measuring.benchmark_config import BenchmarkConfig
from synqc.apps.synth.measuring.benchmark_result import Check, SuiteResult
from synqc.apps.synth.measuring.performance_monitor import PerformanceMonitor
from synqc.apps.synth.measuring.suite import SuiteOfSubject, milliseconds
from synqc.measure import AnswerClock, closed_loop, open_loop

__all__ = ["ThroughputBenchmark"]

_MINIMUM, _TARGET, _OPTIMAL = 10.0, 50.0, 100.0
_OFFERED_SHARE = 0.7
_LEAST_OPEN = 100
_MOST_OPEN_SECONDS = 10.0


class ThroughputBenchmark(SuiteOfSubject):
    """`iterations` rounds of as many requests as may be under way, each sent when a worker has its answer; then 70 %
    of the rate that was reached, at intended times.

    Limits: at least 10 requests per second; 50 and 100 are told as target and optimum.
    """

    name = "Throughput Test"
    iterations = 10

    async def run(self, config: BenchmarkConfig, monitor: PerformanceMonitor) -> SuiteResult:
        """Measure once."""
        await self.warm_up(config)

        async def send(clock: AnswerClock) -> None:
            await self.ask(self.new_prompt(config), config, monitor, clock)

        requests = (config.iterations or self.iterations) * config.concurrency
        closed = (
            await closed_loop(send, workers=config.concurrency, requests=requests, timeout_s=config.timeout / 1000)
        ).require_answers()
        offered = _OFFERED_SHARE * closed.achieved_rate
        opened = await open_loop(
            send,
            rate=offered,
            seconds=min(max(_LEAST_OPEN, closed.requests) / offered, _MOST_OPEN_SECONDS),
            arrivals="poisson",
            seed=1,
            timeout_s=config.timeout / 1000,
            is_precise=False,
        )
        rate = closed.achieved_rate
        return SuiteResult(
            self.name,
            {
                "throughput_per_s": rate,
                "offered_per_s": opened.offered_rate,
                "achieved_per_s": opened.achieved_rate,
                "closed_p99_ms": milliseconds(closed.latency)["p99_ms"],
                "open_p50_ms": milliseconds(opened.latency)["p50_ms"],
                "open_p99_ms": milliseconds(opened.latency)["p99_ms"],
                "error_rate": (closed.failed + opened.failed + opened.unsent) / (closed.requests + opened.requests),
            },
            (
                Check("throughput_per_s", rate, _MINIMUM, "at least"),
                Check("throughput_per_s", rate, _TARGET, "at least", is_required=False),
                Check("throughput_per_s", rate, _OPTIMAL, "at least", is_required=False),
            ),
            (
                f"The rate is that of a closed loop of {config.concurrency} workers, whose latencies omit stalls; the "
                f"open loop offered {100 * _OFFERED_SHARE:.0f} % of it, and its latencies count from the intended time",
                *(["The open loop was saturated: its latencies are those of a queue that grows"] * opened.is_saturated),
            ),
            closed.requests + opened.requests,
            latencies_ms=(1e3 * opened.latency.values).tolist(),
            stands_for={"throughput": rate},
        )
