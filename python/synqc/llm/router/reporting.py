"""Metrics of routers. Labels are names of a configuration: what clients send never becomes one."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from synqc import metrics

__all__ = ["count_attempt", "count_choice", "count_request", "record_overhead"]

_requests = metrics.counter("synqc_llm_router_requests_total", "Requests, by what came of them.", ["model", "outcome"])
_attempts = metrics.counter(
    "synqc_llm_router_attempts_total", "Calls of deployments, by their cause of failure or ok.", ["deployment", "cause"]
)
_choices = metrics.counter(
    "synqc_llm_router_choices_total",
    "Choices, by strategy; degradation says why it is another than was asked for.",
    ["strategy", "degradation"],
)
_overhead = metrics.histogram(
    "synqc_llm_router_overhead_seconds", "Time of a request in which no deployment was being asked.", unit="seconds"
)


_MOST_KNOWN = 1024


def count_request(model: str, outcome: str) -> None:
    """Counts a request that has ended."""
    _requests_of(model, outcome).add()


def count_attempt(deployment: str, cause: str) -> None:
    """Counts a call that has ended."""
    _attempts_of(deployment, cause).add()


def count_choice(strategy: str, degradation: str) -> None:
    """Counts a choice."""
    _choices_of(strategy, degradation or "none").add()


def record_overhead(seconds: float) -> None:
    """Records a request's."""
    _overhead.record(seconds)


# A series is found once: looking it up takes longer than counting.


@lru_cache(maxsize=_MOST_KNOWN)
def _requests_of(model: str, outcome: str) -> Any:
    return _requests.labels(model=model, outcome=outcome)


@lru_cache(maxsize=_MOST_KNOWN)
def _attempts_of(deployment: str, cause: str) -> Any:
    return _attempts.labels(deployment=deployment, cause=cause)


@lru_cache(maxsize=_MOST_KNOWN)
def _choices_of(strategy: str, degradation: str) -> Any:
    return _choices.labels(strategy=strategy, degradation=degradation)
