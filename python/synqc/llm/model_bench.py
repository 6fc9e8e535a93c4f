"""What a model is worth on this machine: how fast it reads and writes, how often a form fits, how well it says yes."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from synqc.llm.decide import decide
from synqc.llm.errors import LanguageModelError
from synqc.llm.message import Message
from synqc.llm.provider import Provider
from synqc.llm.request import JsonForm, Request

__all__ = ["ModelFigures", "measure_model"]

_WRITTEN: Final = 64
_READ_WORDS: Final = 160
_FORM: Final = JsonForm(
    "reading",
    {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 40},
            "level": {"type": "integer", "minimum": 0, "maximum": 9},
            "share": {"type": "number", "minimum": 0, "maximum": 1},
            "kind": {"type": "string", "enum": ["up", "down", "still"]},
            "tags": {"type": "array", "items": {"type": "string", "maxLength": 16}, "maxItems": 3},
        },
        "required": ["name", "level", "share", "kind", "tags"],
        "additionalProperties": False,
    },
    repair=False,
)
_QUESTIONS: Final = (
    ("Is water wet?", True), ("Is the sun a planet?", False), ("Is 7 larger than 5?", True),
    ("Is Paris the capital of Italy?", False), ("Do fish live in water?", True), ("Can dogs read books?", False),
    ("Is ice colder than steam?", True), ("Is a mouse larger than an elephant?", False),
    ("Is gold a metal?", True), ("Do plants need no light?", False), ("Is a week seven days long?", True),
    ("Is the moon made of cheese?", False), ("Do birds have wings?", True), ("Is zero larger than one?", False),
)  # fmt: skip


@dataclass(frozen=True)
class ModelFigures:
    """Figures of one model.

    Args:
        read_tokens_per_s: Speed of reading a conversation that the model has not seen; None: the server does not count.
        written_tokens_per_s: After the first token; None likewise.
        first_token_s: From a short question to the first token of its answer.
        forms_valid: Answers in a form that fitted its schema, of `forms`, without asking again. A number may be beyond
            its `maximum`, which grammars do not enforce.
        right_by_margin: Number of `questions` to be answered by yes or no that have the right sign of the margin of
            log-probabilities; None: the server gives none.
        right_calibrated: The same against a threshold learnt from the other questions.
    """

    read_tokens_per_s: float | None
    written_tokens_per_s: float | None
    first_token_s: float
    forms_valid: int
    forms: int
    right_by_margin: int | None
    right_calibrated: int | None
    questions: int


def measure_model(
    provider: Provider, model: str, *, forms: int = 8, say: Callable[[str], None] = lambda words: None
) -> ModelFigures:
    """Ask a model some thirty short questions, one after the other.

    Args:
        provider: Provider that is asked; a model of this process or of a server.
        model: Name.
        forms: How many answers in a form.
        say: Told what is being measured.

    Raises:
        LanguageModelError: It does not answer.
    """
    say("reading and writing")
    _timed(provider, model, "Hi.", 2)  # loads it
    short, written = _timed(provider, model, "Count from one to one hundred, in words.", _WRITTEN)
    long, _ = _timed(provider, model, f"{secrets.token_hex(8)} " + "river stone " * (_READ_WORDS // 2), 1)
    say("forms")
    valid = sum(_fits(provider, model, seed) for seed in range(forms))
    say("yes or no")
    margins = _margins(provider, model)
    return ModelFigures(
        _ratio(long.tokens_read, long.first_s), written, short.first_s, valid, forms,
        None if margins is None else _right(margins, 0.0),
        None if margins is None else _right_by_others(margins), len(_QUESTIONS),
    )  # fmt: skip


@dataclass(frozen=True)
class _Beginning:
    first_s: float
    tokens_read: int | None


def _timed(provider: Provider, model: str, text: str, most: int) -> tuple[_Beginning, float | None]:
    """When the first token came, and tokens per second after it."""
    request = Request(model=model, messages=(Message("user", text),), max_tokens=most, temperature=0.0)
    began, first = time.perf_counter(), None
    with provider.stream(request, partial=True) as stream:
        for _ in stream:
            first = first or time.perf_counter()
        ended, spent = time.perf_counter(), stream.spent
    first = first or ended
    read = spent.prompt_tokens
    if read is not None:
        read -= spent.cached_prompt_tokens or 0
    count = spent.completion_tokens
    written = None if count is None or count < 2 else _ratio(count - 1, ended - first)
    return _Beginning(first - began, read), written


def _fits(provider: Provider, model: str, seed: int) -> bool:
    question = Message("user", f"Describe reading number {seed} of an imaginary gauge as JSON.")
    request = Request(model=model, messages=(question,), form=_FORM, max_tokens=200, temperature=0.7, seed=seed)
    try:
        provider.complete(request)
    except LanguageModelError as error:
        if error.retryable or not error.answer:
            raise
        return False
    return True


def _margins(provider: Provider, model: str) -> list[float] | None:
    try:
        return [decide(question, provider=provider, model=model).margin for question, _ in _QUESTIONS]
    except LanguageModelError as error:
        if "log-probabilities" not in str(error):
            raise
        return None


def _right(margins: Sequence[float], threshold: float) -> int:
    return sum((margin > threshold) == answer for margin, (_, answer) in zip(margins, _QUESTIONS, strict=True))


def _right_by_others(margins: Sequence[float]) -> int:
    """Each question is judged by the threshold that is best for all others."""
    right = 0
    for left_out, (_, answer) in enumerate(_QUESTIONS):
        others = [place for place in range(len(margins)) if place != left_out]
        ordered = sorted(margins[place] for place in others)
        between = [(low + high) / 2 for low, high in pairwise(ordered)]

        def score(threshold: float, others: list[int] = others) -> int:
            return sum((margins[place] > threshold) == _QUESTIONS[place][1] for place in others)

        right += (margins[left_out] > max(between, key=score)) == answer
    return right


def _ratio(count: int | None, seconds: float) -> float | None:
    return None if count is None or seconds <= 0 else count / seconds
