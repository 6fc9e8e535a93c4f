"""Streaming Test: when the first chunk and the first content come, and when all is there."""

from __future__ import annotations

import asyncio
from typing import Any

from synqc.apps.synth.measuring.benchmark_config import BenchmarkConfig
from synqc.apps.synth.measuring.benchmark_result import Check, SuiteResult
from synqc.apps.synth.measuring.performance_monitor import PerformanceMonitor
from synqc.apps.synth.measuring.suite import SuiteOfSubject, milliseconds, sorted_seconds
from synqc.measure import AnswerClock, Part

__all__ = ["StreamingBenchmark"]


class StreamingBenchmark(SuiteOfSubject):
    """`iterations` streams of new prompts, one after another.

    Limits, of medians: first chunk 200 ms, whole answer 5 s. Whether there are 50 to 100 chunks is told; how an
    answer is cut is up to its server.

    Args:
        synth: What is measured.
        iterations: Streams.
        max_tokens: Most tokens of each answer.
        measure_first_chunk: False leaves the limit of the first chunk out.
    """

    name = "Streaming Test"
    max_tokens = 500

    def __init__(
        self,
        synth: Any,
        *,
        iterations: int | None = None,
        max_tokens: int | None = None,
        measure_first_chunk: bool = True,
    ) -> None:
        super().__init__(synth, iterations=iterations, max_tokens=max_tokens)
        self._measure_first_chunk = measure_first_chunk

    async def run(self, config: BenchmarkConfig, monitor: PerformanceMonitor) -> SuiteResult:
        """Measure once."""
        await self.warm_up(config)
        loop = asyncio.get_running_loop()
        streams = config.iterations or self.iterations
        chunk_times: list[float] = []
        content_times: list[float] = []
        totals: list[float] = []
        gaps: list[float] = []
        counts: list[int] = []
        failed = 0
        for _ in range(streams):
            began = loop.time()
            clock = AnswerClock(loop.time)
            try:
                async for chunk in self.chunks(self.new_prompt(config), config, monitor):
                    clock.chunk(Part.CONTENT if chunk else Part.NOTHING)
            except Exception as error:  # of whatever kind: it is counted, and told as the error rate
                failed += 1
                self.failures[type(error).__name__] += 1
                continue
            totals.append(loop.time() - began)
            counts.append(clock.chunks)
            chunk_times += [] if clock.first_chunk is None else [clock.first_chunk - began]
            content_times += [] if clock.first_content is None else [clock.first_content - began]
            gaps += [] if clock.between_chunks is None else [clock.between_chunks]
        empty = len(totals) - len(content_times)
        first_chunk = milliseconds(sorted_seconds(chunk_times, failed))
        total = milliseconds(sorted_seconds(totals, failed))
        chunks = sum(counts) / len(counts) if counts else None
        return SuiteResult(
            self.name,
            {
                "first_chunk_p50_ms": first_chunk["p50_ms"],
                "first_chunk_p95_ms": first_chunk["p95_ms"],
                "first_content_p50_ms": milliseconds(sorted_seconds(content_times, failed))["p50_ms"],
                "total_p50_ms": total["p50_ms"],
                "between_chunks_ms": milliseconds(sorted_seconds(gaps))["mean_ms"],
                "chunks": chunks,
                "empty_streams": float(empty),
                "error_rate": failed / streams,
            },
            (
                Check("first_chunk_p50_ms", first_chunk["p50_ms"], 200.0, is_required=self._measure_first_chunk),
                Check("total_p50_ms", total["p50_ms"], 5000.0),
                Check("empty_streams", float(empty), 0.0),
                Check("chunks", chunks, 50.0, "at least", is_required=False),
                Check("chunks", chunks, 100.0, is_required=False),
            ),
            ("Chunks are those of the server; a chunk may hold several tokens", *self.failure_notes()),
            streams,
            latencies_ms=[1e3 * seconds for seconds in sorted(totals)],
        )
