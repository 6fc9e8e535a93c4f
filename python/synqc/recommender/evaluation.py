"""Regret of each way to choose, on sessions and presets that it has not seen, by a judge that simulates."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from synqc.errors import InputError, MissingExtra
from synqc.recommender.history import DEFAULT, PastRun, Setting, usual_settings
from synqc.recommender.methods import METHODS
from synqc.recommender.quantile_model import LEAST_RUNS

__all__ = ["SEEN", "TRIES", "UNSEEN", "Evaluation", "Regret", "evaluate"]

TRIES: Final = (1, 3, 10)
SEEN: Final = "leave one session out"
UNSEEN: Final = "leave one preset out"
_SIMPLEST_FIRST = ("default", "best past run", "model")
_LEAST_SESSIONS = 3

Judge = Callable[[PastRun, Setting], float]
"""True score of a setting on the device of a run and for its goal, as well as it can be known."""


@dataclass(frozen=True)
class Regret:
    """How far choices stay behind the best.

    Args:
        mean: Mean of (best - chosen) / (best - median) over sessions: 0 is the best, 1 an average setting.
        standard_error: Over sessions; None of a single one.
        sessions: That it was judged on.
    """

    mean: float
    standard_error: float | None
    sessions: int


@dataclass(frozen=True)
class Evaluation:
    """Outcome of an evaluation, for one goal.

    Args:
        goal: The objective.
        runs: Number of its runs in the history.
        sessions: Number of sessions of these runs.
        regrets: By protocol, number of tries and method.
        notes: Methods that could not be evaluated, and why.
    """

    goal: str
    runs: int
    sessions: int
    regrets: Mapping[str, Mapping[int, Mapping[str, Regret]]]
    notes: tuple[str, ...]

    def winner(self, protocol: str) -> str | None:
        """Method of the least regret at one try; the simplest of equal ones; None if nothing was judged.

        Never "random": a draw that was lucky here is another one next time.
        """
        found = self.regrets.get(protocol, {}).get(1, {})
        usable = [name for name in _SIMPLEST_FIRST if name in found]
        return min(usable, key=lambda name: found[name].mean) if usable else None

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self) | {"notes": list(self.notes)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Evaluation:
        """What `to_dict` made, also through JSON, whose keys are texts."""
        regrets = {
            protocol: {
                int(tries): {name: Regret(**regret) for name, regret in methods.items()}
                for tries, methods in of_tries.items()
            }
            for protocol, of_tries in plain["regrets"].items()
        }
        return cls(plain["goal"], plain["runs"], plain["sessions"], regrets, tuple(plain["notes"]))


def evaluate(
    history: Sequence[PastRun], goal: str, judge: Judge, *, candidates: Sequence[Setting] | None = None,
    most_sessions: int = 10, most_candidates: int = 100, seed: int = 0,
) -> Evaluation:  # fmt: skip
    """Judge each method on sessions that it has not seen, and on presets that it has not seen.

    A method is given the history without the session, or without all of its preset, and says in which order it would
    try settings. Regret is of the best of the first n by the judge, never by the noisy log.

    Args:
        history: Past runs.
        goal: The objective; runs of others are not looked at.
        judge: Simulates; called some `most_sessions` times `most_candidates` times, once for each session and setting.
        candidates: Settings to choose from; None: `usual_settings()`.
        most_sessions: Sessions to judge on, drawn.
        most_candidates: Settings that say what is best and what is average, drawn.
        seed: Seed of all that is drawn.

    Raises:
        InputError: There are runs of less than 3 sessions for the goal.
    """
    chance = random.Random(seed)
    runs = [run for run in history if run.goal == goal and math.isfinite(run.score)]
    by_session: dict[str, list[PastRun]] = {}
    for run in runs:
        by_session.setdefault(run.session, []).append(run)
    if len(by_session) < _LEAST_SESSIONS:
        raise InputError(
            f"Argument `history` must hold runs of at least {_LEAST_SESSIONS} sessions for {goal}, but holds those of "
            f"{len(by_session)}."
        )
    all_settings = list(usual_settings() if candidates is None else candidates)
    some = chance.sample(all_settings, min(most_candidates, len(all_settings)))
    chosen = chance.sample(sorted(by_session), min(most_sessions, len(by_session)))
    judged = _Judged(judge, some)
    regrets: dict[str, dict[int, dict[str, Regret]]] = {}
    notes: list[str] = []
    presets = {run.preset for run in runs}
    for protocol in (SEEN, UNSEEN):
        if protocol == UNSEEN and len(presets) < 2:
            notes.append(f"{UNSEEN}: there is one preset, {next(iter(presets))}.")
            continue
        found: dict[int, dict[str, list[float]]] = {tries: {} for tries in TRIES}
        for session in chosen:
            here = by_session[session][0]
            seen = [
                run for run in runs
                if (run.session != session if protocol == SEEN else run.preset != here.preset)
            ]  # fmt: skip
            for name, method in METHODS.items():
                try:
                    order = method(seen, goal, here.preset, here.figures, some, chance)
                except (InputError, MissingExtra) as error:
                    words = f"{protocol}, {name}: {error}"
                    if words not in notes:
                        notes.append(words)
                    continue
                for tries in TRIES:
                    if order:
                        found[tries].setdefault(name, []).append(judged.regret(here, order[:tries]))
        regrets[protocol] = {
            tries: {name: _mean(values) for name, values in methods.items()} for tries, methods in found.items()
        }
    if len(runs) < LEAST_RUNS:
        notes.append(f"{len(runs)} runs of {goal}: a model needs {LEAST_RUNS}.")
    return Evaluation(goal, len(runs), len(by_session), regrets, tuple(notes))


class _Judged:
    """Scores that the judge has given, each asked for once."""

    def __init__(self, judge: Judge, candidates: Sequence[Setting]) -> None:
        self._judge = judge
        self._candidates = candidates
        self._scores: dict[tuple[str, Setting], float] = {}

    def regret(self, here: PastRun, tried: Sequence[Setting]) -> float:
        scores = [self._score(here, setting) for setting in (*self._candidates, DEFAULT)]
        of_tried = max(self._score(here, setting) for setting in tried)
        best, median = max(*scores, of_tried), float(np.median(scores))
        return 0.0 if best == median else (best - of_tried) / (best - median)

    def _score(self, here: PastRun, setting: Setting) -> float:
        key = (here.session, setting)
        if key not in self._scores:
            self._scores[key] = self._judge(here, setting)
        return self._scores[key]


def _mean(values: Sequence[float]) -> Regret:
    error = float(np.std(values, ddof=1) / math.sqrt(len(values))) if len(values) > 1 else None
    return Regret(float(np.mean(values)), error, len(values))
