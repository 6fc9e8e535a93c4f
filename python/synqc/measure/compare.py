"""Which of two is faster: pairs in random order, an interval that may be watched, and a stop when it has decided."""

from __future__ import annotations

import math
import random
import secrets
import time
from collections.abc import Callable
from typing import Final

from synqc.errors import InputError
from synqc.measure.comparison import Comparison, Verdict
from synqc.measure.confidence_sequence import ConfidenceSequence
from synqc.measure.errors import MeasuredNothing
from synqc.measure.fingerprint import fingerprint
from synqc.measure.power import simulated_power
from synqc.measure.subjects import SHORT_TURN_S, CallableSubject, Subject, Timed, rest, subject_of
from synqc.measure.turns import Times

__all__ = ["compare"]

_LEAST_SECONDS: Final = 1e-9
"""What a clock that did not move is taken for."""


def compare(
    a: Timed,
    b: Timed,
    *,
    least_effect: float = 0.02,
    planned_effect: float = 0.10,
    error_rate: float = 0.01,
    most_pairs: int = 2000,
    most_seconds: float = 30.0,
    least_seconds: float = SHORT_TURN_S,
    clock: Callable[[], float] = time.perf_counter,
    seed: int | None = None,
) -> Comparison:
    """Compare the times of two callables, commands or addresses.

    Both are timed once per pair, in an order that a coin decides; the logarithm of each pair's ratio is one
    difference. If a and b are the same code, heads and tails are equally likely whatever else the machine does, so
    that a false alarm has probability `error_rate` at most, however often the interval is looked at; beyond that it
    is assumed that noise multiplies the times of both alike. Stops as soon as there is a verdict.

    Args:
        a: The first: a callable without arguments, a command as words or one line, or an address (GET).
        b: The second, to which the verdict belongs.
        least_effect: Smallest share that matters; a difference within it makes them the same.
        planned_effect: Share for which the power is told.
        error_rate: Probability that the interval ever misses the truth.
        most_pairs: Pairs after which an open question is `inconclusive`.
        most_seconds: Time after which it is.
        least_seconds: Callables are called so often per turn, both equally, that the slower one takes about this long.
            Many short turns, which mostly fit between two interruptions, tell more than a few long ones.
        clock: Seconds; `time.thread_time` for functions that neither wait nor use other threads, and for commands: what
            else the machine does then hardly counts.
        seed: Seed of the coin; None draws one, which the answer tells.

    Returns:
        Verdict, ratio with interval, power, and every time.

    Raises:
        InputError: An argument is out of its range.
        MeasuredNothing: One of them failed, or there was no time for a single pair.

    Examples:
        >>> found = compare(lambda: sum(range(2000)), lambda: sum(range(20000)), least_seconds=0.002)
        >>> found.verdict
        'slower'
        >>> found.ratio > 1.5
        True
    """
    if not 0 < least_effect < 1:
        raise InputError(f"Argument `least_effect` must be between 0 and 1, but is {least_effect}.")
    if not planned_effect > least_effect:
        raise InputError(
            f"Argument `planned_effect` must be more than the least effect {least_effect}, but is {planned_effect}."
        )
    if most_pairs < 1:
        raise InputError(f"Argument `most_pairs` must be at least 1, but is {most_pairs}.")
    if not most_seconds > 0:
        raise InputError(f"Argument `most_seconds` must be above 0, but is {most_seconds}.")
    beyond = math.log1p(least_effect)
    sequence = ConfidenceSequence(error_rate=error_rate, watched=(beyond, -beyond))
    seed = secrets.randbelow(2**31) if seed is None else seed
    coin = random.Random(seed)
    subjects = [subject_of(timed, least_seconds=least_seconds, clock=clock) for timed in (a, b)]
    times: tuple[list[float], list[float]] = ([], [])
    verdict: Verdict = "inconclusive"
    try:
        for subject in subjects:
            subject.prepare()
        if isinstance(subjects[0], CallableSubject) and isinstance(subjects[1], CallableSubject):
            subjects[0].share_calls(subjects[1])
        end = time.monotonic() + most_seconds
        while len(sequence) < most_pairs and time.monotonic() < end:
            rest(clock)
            _time_pair(subjects, times, first=coin.getrandbits(1))
            sequence.add(math.log(times[1][-1] / times[0][-1]))
            verdict = _verdict_of(sequence)
            if verdict != "inconclusive":
                break
    finally:
        for subject in subjects:
            subject.close()
    if not len(sequence):
        raise MeasuredNothing(f"No pair was timed within {most_seconds:g} s.")
    low, high = sequence.interval()
    return Comparison(
        verdict=verdict,
        ratio=math.exp(sequence.centre),
        interval=(math.exp(low), math.exp(high)),
        least_effect=least_effect,
        planned_effect=planned_effect,
        power=simulated_power(
            sequence.differences,
            shift=math.log1p(planned_effect),
            beyond=beyond,
            pairs=len(sequence) if verdict == "inconclusive" else most_pairs,
            error_rate=error_rate,
            seed=seed,
        ),
        error_rate=error_rate,
        pairs=len(sequence),
        most_pairs=most_pairs,
        a=Times(tuple(times[0])),
        b=Times(tuple(times[1])),
        names=(subjects[0].name, subjects[1].name),
        seed=seed,
        machine=fingerprint(),
    )


def _time_pair(subjects: list[Subject], times: tuple[list[float], list[float]], *, first: int) -> None:
    for index in (first, 1 - first):
        times[index].append(max(subjects[index].seconds(), _LEAST_SECONDS))


def _verdict_of(sequence: ConfidenceSequence) -> Verdict:
    above, below = 0, 1  # watched: the least effect upwards and downwards
    if sequence.shows_above(above):
        return "slower"
    if sequence.shows_below(below):
        return "faster"
    if sequence.shows_above(below) and sequence.shows_below(above):
        return "same"
    return "inconclusive"
