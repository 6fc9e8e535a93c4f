"""What language models are asked, as metrics of the process.

A request may carry any name of a model, so that a label is the name of one of the first hundred models that were asked,
and `other` for all that came later: series are bounded whatever clients send.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any, Final

from synqc import metrics
from synqc.llm.completion import Spent
from synqc.llm.outcome import Outcome

__all__ = [
    "MOST_MODELS", "OTHERS", "call_timer_of", "count_outcome", "count_requests", "count_tokens", "count_truncated",
    "record_first_delta",
]  # fmt: skip

_calls = metrics.timer("synqc_llm_call", "Time of one call of a language model, repeated attempts included.", ["model"])
_tokens = metrics.counter("synqc_llm_tokens_total", "Tokens, as servers count them.", ["model", "kind"])
_outcomes = metrics.counter(
    "synqc_llm_outcomes_total", "Calls of language models, by what came of them.", ["model", "outcome"]
)
_requests = metrics.counter("synqc_llm_requests_total", "Requests sent to servers, each attempt counted.", ["model"])
_malformed = metrics.counter("synqc_llm_malformed_total", "Answers that were not in the form asked for.", ["model"])
_truncated = metrics.counter(
    "synqc_llm_truncated_prompts_total", "Conversations of which a server read a part.", ["model"]
)
_first_delta = metrics.histogram(
    "synqc_llm_first_delta_seconds", "From asking to the first part of a stream.", ["model"], unit="seconds"
)


MOST_MODELS: Final = 100
OTHERS: Final = "other"
_MOST_KNOWN = 1024

_named: set[str] = set()
_naming = threading.Lock()


def _label_of(model: str) -> str:
    with _naming:
        if len(_named) < MOST_MODELS:
            _named.add(model)
        return model if model in _named else OTHERS


@lru_cache(maxsize=_MOST_KNOWN)
def call_timer_of(model: str) -> metrics.Timer:
    """Times one call of a model."""
    return _calls.labels(model=_label_of(model))


def count_tokens(model: str, spent: Spent) -> None:
    """Counts what a call cost."""
    for kind, tokens in (("prompt", spent.prompt_tokens), ("completion", spent.completion_tokens)):
        if tokens:
            _tokens_of(model, kind).add(tokens)


def count_outcome(model: str, outcome: Outcome) -> None:
    """Counts what came of a call."""
    _outcomes_of(model, outcome.value).add()
    if outcome in (Outcome.MALFORMED, Outcome.EMPTY):
        _malformed.labels(model=_label_of(model)).add()


def count_requests(model: str, requests: int) -> None:
    """Counts requests that went out."""
    if requests:
        _requests_of(model).add(requests)


def count_truncated(model: str) -> None:
    """Counts a conversation that was not read to its end."""
    _truncated.labels(model=_label_of(model)).add()


def record_first_delta(model: str, seconds: float) -> None:
    """Records how long a reader of a stream saw nothing."""
    _first_delta.labels(model=_label_of(model)).record(seconds)


# A series is found once: every call counts in several, and looking them up takes longer than counting.


@lru_cache(maxsize=_MOST_KNOWN)
def _tokens_of(model: str, kind: str) -> Any:
    return _tokens.labels(model=_label_of(model), kind=kind)


@lru_cache(maxsize=_MOST_KNOWN)
def _outcomes_of(model: str, outcome: str) -> Any:
    return _outcomes.labels(model=_label_of(model), outcome=outcome)


@lru_cache(maxsize=_MOST_KNOWN)
def _requests_of(model: str) -> Any:
    return _requests.labels(model=_label_of(model))
