"""Requests under way and what became of those before: each is a ticket that ends once, whoever ends it how often."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from synqc import metrics
from synqc.apps.synth.option_names import CamelCase
from synqc.apps.synth.request_span import tell_span

__all__ = ["RequestCounts", "RequestRecord", "RequestTicket", "Requests"]

_log = logging.getLogger("synqc.synth")
_ended = metrics.counter("synqc_synth_requests_total", "Requests of synthetic data.", ("kind", "outcome"))
_seconds = metrics.histogram(
    "synqc_synth_request_seconds", "Time of requests that succeeded.", ("kind",), unit="seconds"
)


@dataclass(frozen=True)
class RequestRecord(CamelCase):
    """What became of one request, and where its time went.

    Args:
        kind: "text", "stream", or a kind of data.
        outcome: "ok", "failed" or "cancelled".
        cached: Whether no call was made for it.
        tokens: As servers counted.
        model: Model that answered; "" if none did.
        code: Code of the error's class; "" without one.
        began_s: On the monotonic clock.
        total_s: From the request to its end; the next ones are parts of it, and may leave a rest.
        queue_s: Waiting for a place.
        cache_s: Looking up and keeping.
        route_s: Choosing a model.
        model_s: While a model was being asked, its network included.
        first_chunk_s: Until the first part of a stream, from its beginning; None of what is no stream.
        parse_s: Reading answers into rows, and checking them.
    """

    kind: str
    outcome: str
    cached: bool
    tokens: int
    model: str
    code: str
    began_s: float
    total_s: float
    queue_s: float = 0.0
    cache_s: float = 0.0
    route_s: float = 0.0
    model_s: float = 0.0
    first_chunk_s: float | None = None
    parse_s: float = 0.0


@dataclass(frozen=True)
class RequestCounts(CamelCase):
    """Requests so far.

    Args:
        total: Begun.
        succeeded, failed, cancelled: By their end.
        in_flight: Begun and not ended.
        tokens: As servers counted.
        cache_hits: Those that succeeded without a call of their own.
        cache_misses: Those that succeeded with one.
        error_rate: Share of failures among those that succeeded or failed, 0 to 1.
        cache_hit_rate: Share of hits among hits and misses, 0 to 1; 0 before the first.
    """

    total: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    in_flight: int = 0
    tokens: int = 0
    cache_hits: int = 0
    cache_misses: int = 0

    @property
    def error_rate(self) -> float:
        return self.failed / max(1, self.failed + self.succeeded)

    @property
    def cache_hit_rate(self) -> float:
        return self.cache_hits / max(1, self.cache_hits + self.cache_misses)

    def to_dict(self) -> dict[str, Any]:
        """As plain values with names in camelCase."""
        return {**super().to_dict(), "errorRate": self.error_rate, "cacheHitRate": self.cache_hit_rate}


class RequestTicket:
    """One request under way; stages add their time to it.

    Args:
        requests: Where it counts.
        kind: Kind of request.
    """

    def __init__(self, requests: Requests, kind: str) -> None:
        self.kind = kind
        self.began_s = time.perf_counter()
        self.seconds: dict[str, float] = {}
        self.first_chunk_s: float | None = None
        self.tokens = 0
        self.model = ""
        self.cached = False
        self._requests = requests
        self._has_ended = False

    def add(self, stage: str, seconds: float) -> None:
        """Time of a stage: "queue", "cache", "route", "model" or "parse"."""
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds

    @property
    def elapsed_s(self) -> float:
        """Since the request."""
        return time.perf_counter() - self.began_s

    def end(self, error: BaseException | None = None) -> None:
        """It has ended; a second word changes nothing."""
        self._requests._end(self, error)


class Requests:
    """Counts of requests; any thread may begin and end them.

    Args:
        observe: Given a `RequestRecord` of each that has ended; it must be quick. What it raises is logged once.

    Examples:
        >>> requests = Requests()
        >>> ticket = requests.begin("text")
        >>> requests.counts().in_flight
        1
        >>> ticket.end(); ticket.end()
        >>> requests.counts().in_flight, requests.counts().succeeded
        (0, 1)
    """

    def __init__(self, observe: Callable[[RequestRecord], object] | None = None) -> None:
        self._lock = threading.Lock()
        self._total = self._succeeded = self._failed = self._cancelled = 0
        self._tokens = self._hits = self._misses = 0
        self._observers: tuple[Callable[[RequestRecord], object], ...] = () if observe is None else (observe,)
        self._has_complained = False

    def observe(self, observer: Callable[[RequestRecord], object]) -> None:
        """Tell somebody else, too, of each request that has ended."""
        with self._lock:
            self._observers = (*self._observers, observer)

    def begin(self, kind: str) -> RequestTicket:
        """One more is under way."""
        with self._lock:
            self._total += 1
        return RequestTicket(self, kind)

    def counts(self) -> RequestCounts:
        """Of one moment."""
        with self._lock:
            ended = self._succeeded + self._failed + self._cancelled
            return RequestCounts(
                self._total, self._succeeded, self._failed, self._cancelled, self._total - ended, self._tokens,
                self._hits, self._misses,
            )  # fmt: skip

    def _end(self, ticket: RequestTicket, error: BaseException | None) -> None:
        outcome = "ok" if error is None else "failed" if isinstance(error, Exception) else "cancelled"
        with self._lock:
            if ticket._has_ended:
                return
            ticket._has_ended = True
            if outcome == "ok":
                self._succeeded += 1
                self._hits += ticket.cached
                self._misses += not ticket.cached
            elif outcome == "failed":
                self._failed += 1
            else:
                self._cancelled += 1
            if not ticket.cached:
                self._tokens += ticket.tokens
        total_s = ticket.elapsed_s
        _ended.labels(kind=ticket.kind, outcome=outcome).add()
        if outcome == "ok":
            _seconds.labels(kind=ticket.kind).record(total_s)
        record = RequestRecord(
            ticket.kind, outcome, ticket.cached, ticket.tokens, ticket.model, str(getattr(error, "code", "")),
            ticket.began_s, total_s, **{f"{name}_s": seconds for name, seconds in ticket.seconds.items()},
            first_chunk_s=ticket.first_chunk_s,
        )  # fmt: skip
        tell_span(record)
        self._tell(record)

    def _tell(self, record: RequestRecord) -> None:
        for observer in self._observers:
            try:
                observer(record)
            except Exception as error:
                if not self._has_complained:
                    self._has_complained = True
                    _log.warning("An observer of requests fails: %s: %s.", type(error).__name__, error)
