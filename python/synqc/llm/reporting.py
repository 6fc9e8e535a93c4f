"""What language models are asked, as metrics of the process."""

from __future__ import annotations

from synqc import metrics
from synqc.llm.completion import Spent

__all__ = ["call_timer", "count_malformed", "count_tokens", "record_first_delta"]

call_timer = metrics.timer(
    "synqc_llm_call", "Time of one call of a language model, repeated attempts included.", ["model"]
)
_tokens = metrics.counter("synqc_llm_tokens_total", "Tokens, as servers count them.", ["model", "kind"])
_malformed = metrics.counter("synqc_llm_malformed_total", "Answers that were not in the form asked for.", ["model"])
_first_delta = metrics.histogram(
    "synqc_llm_first_delta_seconds", "From asking to the first part of a stream.", ["model"], unit="seconds"
)


def count_tokens(model: str, spent: Spent) -> None:
    """Counts what a call cost."""
    for kind, tokens in (("prompt", spent.prompt_tokens), ("completion", spent.completion_tokens)):
        if tokens:
            _tokens.labels(model=model, kind=kind).add(tokens)


def count_malformed(model: str) -> None:
    """Counts an answer that was no use."""
    _malformed.labels(model=model).add()


def record_first_delta(model: str, seconds: float) -> None:
    """Records how long a reader of a stream saw nothing."""
    _first_delta.labels(model=model).record(seconds)
