"""PerformanceMonitor: requests as they begin and end, in constant memory, and ten figures of them at any moment."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from synqc import metrics
from synqc.apps.synth.measuring.performance_metrics import STAGES, Evidence, PerformanceMetrics
from synqc.errors import InputError
from synqc.measure.memory_readings import resident_bytes

__all__ = ["MonitoredRequest", "PerformanceMonitor", "stages_of"]

_SLOWEST: Final = 1000
"""Requests of which the stages are remembered one by one."""
_MOST_MODELS: Final = 100
_MEMORY_EVERY: Final = 64
"""Ended requests between two looks at memory."""


class MonitoredRequest:
    """One request under way, which ends once, whoever ends it how often."""

    __slots__ = ("_has_ended", "_monitor", "_twin", "began", "cached", "latency_s", "model", "stages", "tokens")

    def __init__(self, monitor: PerformanceMonitor, began: float, twin: MonitoredRequest | None = None) -> None:
        self._monitor = monitor
        self._twin = twin
        self._has_ended = False
        self.began = began
        self.cached: bool | None = None
        """Whether the cache had it; None: it was not asked."""
        self.latency_s: float | None = None
        """What counts as its latency, such as the time to a stream's first chunk; None: its whole time."""
        self.tokens = 0
        self.model = ""
        self.stages: dict[str, float] = {}

    def stage(self, name: str, seconds: float) -> None:
        """Time of a stage, one of `STAGES`."""
        if name not in STAGES:
            raise InputError(f"Argument `name` must be one of {', '.join(STAGES)}, but is {name!r}.")
        self.stages[name] = self.stages.get(name, 0.0) + seconds

    def succeed(self, *, cached: bool | None = None, tokens: int = 0) -> None:
        """It has its answer."""
        if cached is not None:
            self.cached = cached
        self.tokens = tokens or self.tokens
        self._monitor._end(self, "ok")

    def fail(self) -> None:
        """It has none."""
        self._monitor._end(self, "failed")

    def cancel(self) -> None:
        """Nobody wanted the answer any more; it counts neither as a success nor as a failure."""
        self._monitor._end(self, "cancelled")


def _no_latencies() -> metrics.Histogram:
    return metrics.Registry().histogram("latency_seconds", "Latency.", unit="seconds", lowest=1e-6)


@dataclass
class _Span:
    """What was seen from a start to a stop; seconds on the monitor's clock and of processor time, bytes."""

    started: float
    flight_noted: float
    processor_started: float
    most_in_flight: int
    memory: int
    stopped: float | None = None
    processor_stopped: float = 0.0
    latencies: metrics.Histogram = field(default_factory=_no_latencies)
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    hits: int = 0
    lookups: int = 0
    tokens: int = 0
    total_latency: float = 0.0
    flight_seconds: float = 0.0
    told_seconds: float = 0.0
    staged_seconds: float = 0.0
    stages: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    slowest: list[tuple[float, int, float, dict[str, float]]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)
    models: Counter[str] = field(default_factory=Counter)


class PerformanceMonitor:
    """Watches requests from `start` to `stop`; any thread may tell it of them.

    A stream's latency is that to its first chunk; the places it takes and its stages count to its end.

    Args:
        limit: Most requests that may be under way, against which saturation is judged.
        clock: Seconds, as a function.
        beside: Another monitor, which is told of every request, too.

    Examples:
        >>> monitor = PerformanceMonitor()
        >>> monitor.start()
        >>> with monitor.request() as request:
        ...     request.cached = False
        >>> monitor.recordRequest(latencyMs=20.0, ok=True, cached=True, tokens=12)
        >>> found = monitor.getMetrics()
        >>> found.cacheHitRate, found.errorRate, monitor.in_flight, len(found.to_dict())
        (0.5, 0.0, 0, 10)
    """

    def __init__(
        self,
        *,
        limit: int | None = None,
        clock: Callable[[], float] = time.perf_counter,
        beside: PerformanceMonitor | None = None,
    ) -> None:
        if limit is not None and limit < 1:
            raise InputError(f"Argument `limit` must be at least 1, but is {limit}.")
        self._limit = limit
        self._clock = clock
        self._beside = beside
        self._lock = threading.Lock()
        self._in_flight = 0
        self._span = self._new_span()

    def start(self) -> None:
        """Begin to watch; figures of an earlier time are forgotten, requests under way are not."""
        with self._lock:
            self._span = self._new_span()

    def stop(self) -> PerformanceMetrics:
        """Stand still; the figures stay those of this moment."""
        with self._lock:
            if self._span.stopped is None:
                self._note_flight()
                self._span.stopped = self._clock()
                self._span.processor_stopped = time.process_time()
        return self.get_metrics()

    def begin(self) -> MonitoredRequest:
        """One more request is under way."""
        now = self._clock()
        with self._lock:
            self._note_flight(now)
            self._in_flight += 1
            self._span.most_in_flight = max(self._span.most_in_flight, self._in_flight)
        return MonitoredRequest(self, now, None if self._beside is None else self._beside.begin())

    @contextmanager
    def request(self) -> Iterator[MonitoredRequest]:
        """One request around a block; an exception is a failure, and leaving otherwise than by one a cancellation."""
        found = self.begin()
        try:
            yield found
        except Exception:
            found.fail()
            raise
        except BaseException:
            found.cancel()
            raise
        found.succeed()

    def record_request(
        self,
        *,
        latency_ms: float,
        ok: bool = True,
        cached: bool | None = None,
        tokens: int = 0,
        model: str = "",
        stages: Mapping[str, float] | None = None,
    ) -> None:
        """A request that has ended elsewhere.

        Args:
            latency_ms: Its time.
            ok: Whether it succeeded.
            cached: Whether the cache had it; None: it was not asked.
            tokens: As the server counted.
            model: Model that answered.
            stages: Seconds by stage.

        Raises:
            InputError: The time is negative, or a stage is not known.
        """
        if not latency_ms >= 0:
            raise InputError(f"Argument `latency_ms` must be at least 0, but is {latency_ms}.")
        found = self.begin()
        found.cached, found.tokens, found.model = cached, tokens, model
        try:
            for name, seconds in (stages or {}).items():
                found.stage(name, seconds)
        except InputError:
            found.cancel()
            raise
        self._end(found, "ok" if ok else "failed", latency_ms / 1000)

    def observe(self, record: Any) -> None:
        """A `RequestRecord` of an `AgenticSynth`: `AgenticSynth(observe=monitor.observe)`."""
        found = self.begin()
        found.latency_s = record.first_chunk_s
        found.cached, found.tokens, found.model = record.cached, record.tokens, record.model
        found.stages = stages_of(record)
        self._end(found, record.outcome, record.total_s)

    @property
    def in_flight(self) -> int:
        """Requests under way."""
        return self._in_flight

    def models(self) -> dict[str, int]:
        """Requests by model; beyond a hundred names all further ones count as `other`."""
        with self._lock:
            return dict(self._span.models)

    def get_metrics(self) -> PerformanceMetrics:
        """The ten figures, now or at the stop."""
        with self._lock:
            span = self._span
            now = self._clock() if span.stopped is None else span.stopped
            processor = time.process_time() if span.stopped is None else span.processor_stopped
            if span.stopped is None:
                self._note_flight(now)
                span.memory = max(span.memory, resident_bytes())
            seconds = max(now - span.started, 1e-9)
            ended = span.succeeded + span.failed
            slowest = [one[2:] for one in heapq.nlargest(max(1, -(-ended // 100)), span.slowest)]
            return PerformanceMetrics(
                throughput=span.succeeded / seconds,
                p50_latency_ms=self._quantile(0.5),
                p95_latency_ms=self._quantile(0.95),
                p99_latency_ms=self._quantile(0.99),
                avg_latency_ms=1e3 * span.total_latency / span.succeeded if span.succeeded else None,
                cache_hit_rate=span.hits / span.lookups if span.lookups else None,
                memory_usage_mb=span.memory / 1e6,
                cpu_usage_percent=100 * (processor - span.processor_started) / seconds,
                concurrent_requests=span.most_in_flight,
                error_rate=span.failed / ended if ended else None,
                evidence=Evidence(
                    requests=ended,
                    failures=span.failed,
                    cancelled=span.cancelled,
                    lookups=span.lookups,
                    seconds=seconds,
                    mean_in_flight=(span.flight_seconds + span.told_seconds) / seconds,
                    limit=self._limit,
                    stage_seconds=_with_rest(span.stages, span.staged_seconds),
                    slow_stage_seconds=_summed(slowest),
                ),
            )

    def _new_span(self) -> _Span:
        now = self._clock()
        return _Span(now, now, time.process_time(), self._in_flight, memory=resident_bytes())

    def _note_flight(self, now: float | None = None) -> None:
        now = self._clock() if now is None else now
        self._span.flight_seconds += self._in_flight * max(0.0, now - self._span.flight_noted)
        self._span.flight_noted = max(now, self._span.flight_noted)

    def _end(self, request: MonitoredRequest, outcome: str, seconds: float | None = None) -> None:
        now = self._clock()
        twin = request._twin
        if twin is not None:
            twin.cached, twin.tokens, twin.model, twin.stages, twin.latency_s = (
                request.cached, request.tokens, request.model, request.stages, request.latency_s,
            )  # fmt: skip
            twin._monitor._end(twin, outcome, seconds)
        with self._lock:
            span = self._span
            if request._has_ended:
                return
            request._has_ended = True
            self._note_flight(now)
            self._in_flight -= 1
            if span.stopped is not None:
                return
            told = seconds is not None
            seconds = now - request.began if seconds is None else seconds
            if told:
                span.told_seconds += seconds
            latency = seconds if request.latency_s is None else request.latency_s
            if outcome == "ok":
                span.succeeded += 1
                span.total_latency += latency
                span.latencies.record(latency)
                span.tokens += request.tokens
            elif outcome == "failed":
                span.failed += 1
            else:
                span.cancelled += 1
                return
            if request.cached is not None:
                span.lookups += 1
                span.hits += request.cached
            if request.model:
                name = request.model if request.model in span.models or len(span.models) < _MOST_MODELS else "other"
                span.models[name] += 1
            if request.stages:
                span.staged_seconds += seconds
                for name, part in request.stages.items():
                    span.stages[name] += part
                self._keep_if_slow(latency, seconds, request.stages)
            if (span.succeeded + span.failed) % _MEMORY_EVERY == 0:
                span.memory = max(span.memory, resident_bytes())

    def _keep_if_slow(self, latency: float, seconds: float, stages: dict[str, float]) -> None:
        entry = (latency, next(self._span.numbers), seconds, stages)
        if len(self._span.slowest) < _SLOWEST:
            heapq.heappush(self._span.slowest, entry)
        elif latency > self._span.slowest[0][0]:
            heapq.heapreplace(self._span.slowest, entry)

    def _quantile(self, q: float) -> float | None:
        found = self._span.latencies.quantile(q)
        return None if found is None else 1e3 * found

    # As JavaScript spells them

    def recordRequest(self, *, latencyMs: float, **named: Any) -> None:  # noqa: N802
        """`record_request`."""
        self.record_request(latency_ms=latencyMs, **named)

    getMetrics = get_metrics  # noqa: N815
    beginRequest = begin  # noqa: N815


def stages_of(record: Any) -> dict[str, float]:
    """Seconds by stage of a `RequestRecord`; the way to the model is part of its first chunk, or of generation."""
    model_s = max(0.0, record.model_s - record.route_s)
    before_s = record.queue_s + record.cache_s + record.route_s
    first_s = 0.0 if record.first_chunk_s is None else max(0.0, min(model_s, record.first_chunk_s - before_s))
    return {
        "queue": record.queue_s, "cache": record.cache_s, "route": record.route_s, "first_chunk": first_s,
        "generation": model_s - first_s, "parse": record.parse_s,
    }  # fmt: skip


def _with_rest(stages: Mapping[str, float], whole: float) -> dict[str, float]:
    found = {name: seconds for name, seconds in stages.items() if seconds > 0}
    rest = whole - sum(found.values())
    if found and rest > 0:
        found["rest"] = rest
    return found


def _summed(requests: list[tuple[float, dict[str, float]]]) -> dict[str, float]:
    stages: Counter[str] = Counter()
    for _, parts in requests:
        stages.update(parts)
    return _with_rest(stages, sum(seconds for seconds, _ in requests))
