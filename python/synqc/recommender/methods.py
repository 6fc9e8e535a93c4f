"""Ways to choose a setting: three baselines and a model, each an order in which settings would be tried."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from synqc.recommender.history import DEFAULT, PastRun, Setting
from synqc.recommender.past_runs import PastRuns
from synqc.recommender.quantile_model import QuantileModel

__all__ = ["METHODS", "Method", "best_past_runs"]

Method = Callable[
    [Sequence[PastRun], str, str, Mapping[str, float], Sequence[Setting], random.Random], Sequence[Setting]
]
"""Of the history, goal, preset, figures, candidates and chance: settings, the first one first."""


def _default(
    history: Sequence[PastRun], goal: str, preset: str, figures: Mapping[str, float],
    candidates: Sequence[Setting], chance: random.Random,
) -> Sequence[Setting]:  # fmt: skip
    return [DEFAULT]


def _random(
    history: Sequence[PastRun], goal: str, preset: str, figures: Mapping[str, float],
    candidates: Sequence[Setting], chance: random.Random,
) -> Sequence[Setting]:  # fmt: skip
    return chance.sample(list(candidates), len(candidates))


def best_past_runs(history: Sequence[PastRun], goal: str, preset: str) -> list[PastRun]:
    """As `PastRuns.best`, of any history."""
    return (history if isinstance(history, PastRuns) else PastRuns(history)).best(goal, preset)


def _best_past_run(
    history: Sequence[PastRun], goal: str, preset: str, figures: Mapping[str, float],
    candidates: Sequence[Setting], chance: random.Random,
) -> Sequence[Setting]:  # fmt: skip
    return [run.setting for run in best_past_runs(history, goal, preset)]


def _model(
    history: Sequence[PastRun], goal: str, preset: str, figures: Mapping[str, float],
    candidates: Sequence[Setting], chance: random.Random,
) -> Sequence[Setting]:  # fmt: skip
    return QuantileModel.fitted(history, goal).ranked(figures, candidates)


METHODS: Final[Mapping[str, Method]] = {
    "default": _default, "best past run": _best_past_run, "random": _random, "model": _model,
}  # fmt: skip
