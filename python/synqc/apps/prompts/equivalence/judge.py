"""Answer equivalence: whether a model's answer equals the reference, decided by several voters within a second."""

from __future__ import annotations

import math
import threading
from typing import Any

from synqc.apps.prompts.equivalence.judgement import judge_plainly
from synqc.apps.prompts.equivalence.judging_pool import JudgingPool
from synqc.apps.prompts.equivalence.verdict import Verdict, Vote
from synqc.errors import InputError

__all__ = ["close_judges", "judge_equivalence", "start_judges"]

_MOST_LETTERS = 20_000  # longer texts never reach a judge: no voter reads them
_lock = threading.Lock()
_pool: JudgingPool | None = None


def judge_equivalence(
    reference: str,
    answer: str,
    *,
    question: str | None = None,
    deadline_s: float = 1.0,
    pool: JudgingPool | None = None,
) -> Verdict:
    """Whether an answer equals the reference: equal, unequal, or unknown.

    Voters: the texts; exact fractions; a root separation bound that proves algebraic numbers equal; interval arithmetic
    that proves numbers and functions unequal; values at random points for functions; factors of polynomials for
    equations; units; and SymPy, which may confirm but never outvotes the others. All but the first run in a process of
    their own that is killed on time. A definite integral is its value; "+ C" stands for any constant.

    Unknown is what is neither proved nor nearly certain: a rounded number beside an exact one, different words,
    notation with two readings that matter, a missing unit.

    Args:
        reference: The right answer, LaTeX or plain.
        answer: What a model said; its last box, or what follows "the answer is", counts.
        question: What was asked: tells units, choices, and whether "+ C" may stand for a constant.
        deadline_s: Time for judging, 0.05 to 60 s; that to start the first process is not part of it.
        pool: Pool of processes; by default one that all calls share.

    Raises:
        InputError: An argument is no text, or the deadline out of its range.
        MissingExtra: python-flint or SymPy is not installed.

    Examples:
        >>> judge_equivalence(r"\\frac{\\sqrt{2}}{2}", "1/sqrt(2)").kind
        'equal'
        >>> judge_equivalence("1/3", "1/2", question=r"Evaluate \\int_0^1 x^2 dx.").kind
        'unequal'
        >>> judge_equivalence("pi", "3.14").kind
        'unknown'
    """
    # check
    for name, text in (("reference", reference), ("answer", answer), ("question", question)):
        if not isinstance(text, str) and not (name == "question" and text is None):
            raise InputError(f"Argument `{name}` must be a text, but is {type(text).__name__}.")
    deadline = _deadline(deadline_s)
    # call
    if reference == answer and reference.strip():
        vote = Vote("exact", "equal", "They are the same text.")
        return Verdict("equal", "exact", 1.0, vote.detail, (vote,))
    if max(len(reference), len(answer)) > _MOST_LETTERS:
        return Verdict.unknown(f"An answer is longer than {_MOST_LETTERS} letters.")
    asked = (question or "")[-_MOST_LETTERS:]
    plain = judge_plainly(reference, answer, asked)
    return plain if plain is not None else (pool or _shared_pool()).judge(reference, answer, asked, deadline)


def start_judges() -> None:
    """Start a judging process in the background, ahead of the first question, which otherwise waits for it."""
    _shared_pool().start_in_background()


def close_judges() -> None:
    """End the judging processes; the next question starts new ones."""
    global _pool
    with _lock:
        pool, _pool = _pool, None
    if pool is not None:
        pool.close()


def _shared_pool() -> JudgingPool:
    global _pool
    with _lock:
        if _pool is None:
            _pool = JudgingPool()
        return _pool


def _deadline(value: Any) -> float:
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise InputError(f"Argument `deadline_s` must be a number of seconds, but is {value!r}.")
    seconds = float(value)
    if math.isnan(seconds) or not 0.05 <= seconds <= 60:
        raise InputError(f"Argument `deadline_s` must be from 0.05 to 60 s, but is {seconds}.")
    return seconds
