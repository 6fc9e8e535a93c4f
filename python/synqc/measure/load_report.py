"""What a load found: rates, latencies, and what is known of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from synqc.measure.errors import MeasuredNothing

__all__ = ["LoadReport", "Seconds"]

_QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)


@dataclass(frozen=True)
class Seconds:
    """Times of one kind, some of which never came to an end.

    Args:
        values: Those that did, in seconds, sorted (float64, (n,)).
        unended: How many did not: failures, and requests that were not sent. They count as longer than all others.
    """

    values: NDArray[np.float64]
    unended: int = 0

    def __len__(self) -> int:
        return len(self.values) + self.unended

    def quantile(self, q: float) -> float | None:
        """Value at rank ceil(q n); infinite where that one never ended; None of nothing.

        Examples:
            >>> times = Seconds(np.array([0.1, 0.2, 0.3]), unended=1)
            >>> times.quantile(0.5), times.quantile(0.99)
            (0.2, inf)
        """
        if not len(self):
            return None
        rank = max(1, math.ceil(q * len(self) - 1e-9))
        return float(self.values[rank - 1]) if rank <= len(self.values) else math.inf

    @property
    def mean(self) -> float | None:
        """Of those that ended."""
        return float(self.values.mean()) if len(self.values) else None

    def to_dict(self) -> dict[str, float | None]:
        """Milliseconds; None for what is infinite, or of nothing."""
        found = {f"p{100 * q:g}_ms": self.quantile(q) for q in _QUANTILES}
        found["mean_ms"] = self.mean
        found["max_ms"] = self.quantile(1.0)
        return {
            name: None if value is None or not math.isfinite(value) else 1e3 * value for name, value in found.items()
        }


@dataclass(frozen=True)
class LoadReport:
    """One load.

    Args:
        kind: `open`: sent at intended times whatever came back; `closed`: each worker sends when it has its answer.
        offered_rate: Requests per second that were meant to be sent; None in a closed loop, which offers what it gets.
        achieved_rate: Answers per second, from the first intended time to the last answer.
        seconds: That time.
        requests: Meant to be sent.
        answered: With success.
        failed: Without.
        unsent: Not sent because too many were under way.
        causes: Failures by their class or status.
        most_in_flight: Most that were under way at a time.
        mean_in_flight: Mean number of them, which is rate times latency (Little's law).
        latency: From the intended time of sending (open) or from sending (closed) to the last byte.
        lateness: From the intended time to the sending: what the generator itself adds; it is part of `latency`.
        first_chunk: From the intended time to the first chunk of any kind.
        first_reasoning: To the first thought, of answers that have one.
        first_content: To the first content.
        between_chunks: Mean time between chunks with content, per answer.
        between_tokens: Mean time between tokens, of answers whose usage is told.
        floor: The same load on a server that does nothing; None if it was not measured.
    """

    kind: Literal["open", "closed"]
    offered_rate: float | None
    achieved_rate: float
    seconds: float
    requests: int
    answered: int
    failed: int
    unsent: int
    causes: dict[str, int]
    most_in_flight: int
    mean_in_flight: float
    latency: Seconds
    lateness: Seconds
    first_chunk: Seconds
    first_reasoning: Seconds
    first_content: Seconds
    between_chunks: Seconds
    between_tokens: Seconds
    floor: LoadReport | None = field(default=None)

    @property
    def is_omitting(self) -> bool:
        """Whether stalls are hidden: a closed loop sends nothing while it waits (coordinated omission)."""
        return self.kind == "closed"

    @property
    def is_saturated(self) -> bool:
        """Whether less than 95 % of what was offered was achieved, so that latencies are those of a growing queue."""
        return self.offered_rate is not None and self.achieved_rate < 0.95 * self.offered_rate

    @property
    def error_rate(self) -> float:
        """Share of requests that failed or were not sent."""
        return (self.failed + self.unsent) / self.requests

    def require_answers(self) -> LoadReport:
        """This report.

        Raises:
            MeasuredNothing: Not one request was answered.
        """
        if not self.answered:
            raise MeasuredNothing(f"None of {self.requests} requests was answered: {_listed(self.causes)}.")
        return self

    def lines(self) -> list[str]:
        """For people."""
        if self.is_omitting:
            head = f"closed loop, OMITTING (stalls are seen once per worker): {self.achieved_rate:.4g} answers/s"
        else:
            head = f"open loop: offered {self.offered_rate:.4g}/s, achieved {self.achieved_rate:.4g}/s"
        found = [head + (", SATURATED" if self.is_saturated else "")]
        found.append(
            f"  {self.requests} requests: {self.answered} answered, {self.failed} failed, {self.unsent} not sent"
            + (f" ({_listed(self.causes)})" if self.causes else "")
            + f"; in flight {self.mean_in_flight:.3g} on average, {self.most_in_flight} at most"
        )
        since = "from sending" if self.is_omitting else "from the intended time of sending"
        found.append(f"  latency {since}: {_quantiles(self.latency)}")
        is_streamed = any(self.between_chunks.values > 0)
        for name, times in (
            ("first chunk", self.first_chunk),
            ("first reasoning", self.first_reasoning),
            ("first content", self.first_content),
            ("between chunks", self.between_chunks),
            ("between tokens", self.between_tokens),
        ):
            if is_streamed and len(times.values):
                found.append(f"  {name}: {_quantiles(times)}")
        if not self.is_omitting:
            found.append(f"  generator late by: {_quantiles(self.lateness)}")
        if self.floor is not None:
            found.append(f"  floor, of a server that does nothing: {_quantiles(self.floor.latency)}")
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain values, times in milliseconds."""
        return {
            "kind": self.kind,
            "omitting": self.is_omitting,
            "offered_rate": self.offered_rate,
            "achieved_rate": self.achieved_rate,
            "saturated": self.is_saturated,
            "seconds": self.seconds,
            "requests": self.requests,
            "answered": self.answered,
            "failed": self.failed,
            "unsent": self.unsent,
            "error_rate": self.error_rate,
            "causes": dict(self.causes),
            "most_in_flight": self.most_in_flight,
            "mean_in_flight": self.mean_in_flight,
            "latency": self.latency.to_dict(),
            "lateness": self.lateness.to_dict(),
            "first_chunk": self.first_chunk.to_dict(),
            "first_reasoning": self.first_reasoning.to_dict(),
            "first_content": self.first_content.to_dict(),
            "between_chunks": self.between_chunks.to_dict(),
            "between_tokens": self.between_tokens.to_dict(),
            "floor": None if self.floor is None else self.floor.to_dict(),
        }


def _listed(causes: dict[str, int]) -> str:
    return ", ".join(f"{count} {cause}" for cause, count in sorted(causes.items(), key=lambda one: -one[1])) or "none"


def _quantiles(times: Seconds) -> str:
    def words(q: float) -> str:
        value = times.quantile(q)
        if value is None:
            return "-"
        return f"{1e3 * value:.4g} ms" if math.isfinite(value) else "never"

    return f"p50 {words(0.5)}, p95 {words(0.95)}, p99 {words(0.99)}, max {words(1.0)}"
