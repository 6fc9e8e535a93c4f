"""A suite: something with a name that measures a subject once."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

import numpy as np

from synqc.apps.synth.measuring.benchmark_config import BenchmarkConfig
from synqc.apps.synth.measuring.benchmark_result import SuiteResult
from synqc.apps.synth.measuring.performance_monitor import MonitoredRequest, PerformanceMonitor, stages_of
from synqc.apps.synth.measuring.subject import Subject, check_subject
from synqc.measure import AnswerClock, Seconds

__all__ = ["Suite", "SuiteOfSubject", "milliseconds", "sorted_seconds"]

_runs = itertools.count(1)
_waited_for: ContextVar[MonitoredRequest | None] = ContextVar("waited_for", default=None)


class Suite(Protocol):
    """What `BenchmarkRunner.register_suite` takes."""

    @property
    def name(self) -> str:
        """Its name, unique in a run."""

    async def run(self, config: BenchmarkConfig, monitor: PerformanceMonitor, /) -> SuiteResult:
        """Measure once, telling the monitor of every request."""


class SuiteOfSubject:
    """What the six suites share: prompts of their own, and one request that is timed and told to the monitor.

    Args:
        synth: What is measured.
        iterations: Requests, where the run does not say.
        max_tokens: Most tokens of each answer, where the run does not say.

    Raises:
        ValidationError: The subject lacks a method.
    """

    name = ""
    iterations = 10
    max_tokens = 100

    def __init__(self, synth: Any, *, iterations: int | None = None, max_tokens: int | None = None) -> None:
        self.synth: Subject = check_subject(synth)
        self.iterations = self.iterations if iterations is None else iterations
        self.max_tokens = self.max_tokens if max_tokens is None else max_tokens
        self.failures: Counter[str] = Counter()
        self._numbers = itertools.count()
        self._run = next(_runs)
        if callable(getattr(synth, "observe", None)):
            synth.observe(self._hear)

    def options(self, config: BenchmarkConfig) -> dict[str, Any]:
        """Options of each request."""
        return {"maxTokens": config.max_tokens or self.max_tokens}

    def new_prompt(self, config: BenchmarkConfig) -> str:
        """A prompt that no cache has."""
        return f"{config.prompt} ({self.name} {self._run}.{next(self._numbers)})."

    async def warm_up(self, config: BenchmarkConfig) -> None:
        """Requests that do not count; a failure is one of the suite."""
        self.failures.clear()
        for _ in range(config.warmup_iterations):
            await self.synth.generate(self.new_prompt(config), self.options(config))

    def failure_notes(self) -> list[str]:
        """How many requests failed by what, as a note."""
        told = ", ".join(f"{count} {name}" for name, count in self.failures.most_common())
        return [f"Failures: {told}"] if told else []

    async def ask(
        self, prompt: str, config: BenchmarkConfig, monitor: PerformanceMonitor, clock: AnswerClock | None = None
    ) -> Any:
        """One request; what the subject answered."""
        with monitor.request() as request, _listening(request):
            answer = await self.synth.generate(prompt, self.options(config))
            request.cached = bool(getattr(answer, "cached", False))
            request.tokens = int(getattr(answer, "tokensUsed", 0) or 0)
        if clock is not None:
            clock.chunk()
        return answer

    async def chunks(self, prompt: str, config: BenchmarkConfig, monitor: PerformanceMonitor) -> AsyncIterator[Any]:
        """One stream, chunk by chunk."""
        loop = asyncio.get_running_loop()
        with monitor.request() as request, _listening(request):
            began = loop.time()
            async for chunk in self.synth.generateStream(prompt, self.options(config)):
                if request.latency_s is None:
                    request.latency_s = loop.time() - began
                yield chunk
            if not request.stages:  # the subject tells none
                first_s = request.latency_s or 0.0
                request.stages = {"first_chunk": first_s, "generation": loop.time() - began - first_s}

    def _hear(self, record: Any) -> None:
        """A record of the subject's own: it knows the stages of the request that this task is waiting for."""
        request = _waited_for.get()
        if request is not None:
            request.stages = stages_of(record)


@contextmanager
def _listening(request: MonitoredRequest) -> Iterator[None]:
    _waited_for.set(request)
    try:
        yield
    finally:
        _waited_for.set(None)  # not a token: a stream may be left in another context


def milliseconds(times: Seconds, prefix: str = "") -> dict[str, float | None]:
    """Quantiles by name, in ms; None for what never ended.

    >>> milliseconds(Seconds(np.array([0.1, 0.2])))["p50_ms"]
    100.0
    """
    return {f"{prefix}{name}": value for name, value in times.to_dict().items() if name != "p99.9_ms"}


def sorted_seconds(values: Sequence[float], unended: int = 0) -> Seconds:
    """Times of a list."""
    return Seconds(np.sort(np.array(values, dtype=np.float64)), unended)
