"""Quantiles of a score from figures of the device and a setting, by boosted trees."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from synqc.errors import InputError, MissingExtra
from synqc.recommender.history import ENVELOPES, FIGURES, RULES, PastRun, Setting
from synqc.recommender.past_runs import PastRuns

__all__ = ["LEAST_RUNS", "QUANTILES", "QuantileModel"]

QUANTILES: Final = (0.1, 0.5, 0.9)
LEAST_RUNS: Final = 200
"""Runs of a goal below which trees only repeat noise."""
_TREES = 40
_TREES_OF_MEAN = 200
_MOST_ROWS = 40_000
_COLUMNS = 2 + len(ENVELOPES) + len(RULES)


class QuantileModel:
    """Boosted trees for three quantiles of one goal's score.

    Scores are compressed to sign(s) log(1 + |s|) before, for those of "minimize-latency" reach far down; quantiles come
    back through the inverse unharmed.

    Settings are ranked by their mean merit, which trees learn from fewer runs than a quantile of the score.

    Args:
        boosters: One of LightGBM's for each of `QUANTILES`.
        mean: The one of the mean merit: the share of its device's runs that a setting is better than.
        runs: They were fitted to.
    """

    def __init__(self, boosters: Sequence[Any], mean: Any, runs: int) -> None:
        self._boosters = boosters
        self._mean = mean
        self.runs = runs

    @classmethod
    def fitted(cls, history: Sequence[PastRun], goal: str, *, threads: int = 1) -> QuantileModel:
        """Fit to the runs of a goal.

        Raises:
            InputError: There are less than 200.
            MissingExtra: LightGBM is not installed.
        """
        of_goal = (
            history.of_goal(goal) if isinstance(history, PastRuns) else [run for run in history if run.goal == goal]
        )
        runs = [run for run in of_goal if math.isfinite(run.score)]
        if len(runs) < LEAST_RUNS:
            raise InputError(
                f"Argument `history` must hold at least {LEAST_RUNS} runs of {goal} for a model, but holds {len(runs)}."
            )
        runs_in_all = len(runs)
        runs = runs[
            :: -(-runs_in_all // _MOST_ROWS)
        ]  # of more, trees of this size learn nothing that these do not show
        lightgbm = _lightgbm()
        table = _table([run.figures for run in runs], [run.setting for run in runs])
        scores = _compressed(np.array([run.score for run in runs]))
        weights = _weights(runs)
        parameters = {
            "objective": "quantile", "num_leaves": 31, "learning_rate": 0.15, "min_data_in_leaf": 5, "max_bin": 63,
            "num_threads": threads, "verbosity": -1, "deterministic": True, "force_row_wise": True, "seed": 1,
        }  # fmt: skip
        data = lightgbm.Dataset(table, label=scores, weight=weights, params=parameters, free_raw_data=False)
        boosters = [
            lightgbm.train({**parameters, "alpha": quantile}, data, num_boost_round=_TREES) for quantile in QUANTILES
        ]
        merits = lightgbm.Dataset(table, label=_merits(runs, scores), params=parameters)
        mean = lightgbm.train({**parameters, "objective": "regression"}, merits, num_boost_round=_TREES_OF_MEAN)
        return cls(boosters, mean, runs_in_all)

    def quantiles(self, figures: Mapping[str, float], settings: Sequence[Setting]) -> NDArray[np.float64]:
        """Quantiles of the score of settings on one device: (3, settings), in order where trees cross."""
        table = _table_of_device(figures, settings)
        found = np.stack([booster.predict(table, num_threads=1) for booster in self._boosters])
        return _expanded(np.sort(found, axis=0))

    def ranked(self, figures: Mapping[str, float], settings: Sequence[Setting]) -> list[Setting]:
        """Settings, that of the greatest mean merit first."""
        means = self._mean.predict(_table_of_device(figures, settings), num_threads=1)
        return [settings[k] for k in np.argsort(-means, kind="stable")]


def _table_of_device(figures: Mapping[str, float], settings: Sequence[Setting]) -> NDArray[np.float64]:
    """`_table` of one device, whose figures are the same in each row."""
    table = np.empty((len(settings), len(FIGURES) + _COLUMNS))
    table[:, : len(FIGURES)] = [figures.get(name, math.nan) for name in FIGURES]
    table[:, len(FIGURES) :] = [_words_as_numbers(setting) for setting in settings]
    return table


def _table(figures: Sequence[Mapping[str, float]], settings: Sequence[Setting]) -> NDArray[np.float64]:
    """A row per run: figures of its device, then the setting, a column of 0 and 1 for each word."""
    rows = np.empty((len(settings), len(FIGURES) + _COLUMNS))
    known: dict[int, list[float]] = {}
    for row, of_device, setting in zip(rows, figures, settings, strict=True):
        numbers = known.get(id(of_device))
        if numbers is None:
            numbers = known[id(of_device)] = [of_device.get(name, math.nan) for name in FIGURES]
        row[: len(FIGURES)] = numbers
        row[len(FIGURES) :] = _words_as_numbers(setting)
    return rows


@lru_cache(20_000)
def _words_as_numbers(setting: Setting) -> tuple[float, ...]:
    """Of a setting: its numbers, and 0 or 1 for each word that it may hold."""
    return (
        setting.probe_strength, setting.probe_duration_ns, *(float(setting.envelope == word) for word in ENVELOPES),
        *(float(setting.adaptive_rule == word) for word in RULES),
    )  # fmt: skip


def _merits(runs: Sequence[PastRun], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of its device's runs that each one is better than, 0 to 1.

    Devices differ more from each other than settings do on one, and settings that fail more from good ones than these
    among themselves: of bare scores, trees learn both first, and the order of good settings last.
    """
    places: dict[tuple[float, ...], list[int]] = {}
    known: dict[int, tuple[float, ...]] = {}
    for place, run in enumerate(runs):
        key = known.get(id(run.figures))
        if key is None:
            key = known[id(run.figures)] = tuple(run.figures.get(name, math.nan) for name in FIGURES)
        places.setdefault(key, []).append(place)
    found = np.empty(len(scores))
    for of_device in places.values():
        order = np.argsort(scores[of_device], kind="stable")
        found[np.array(of_device)[order]] = np.arange(len(of_device)) / len(of_device)
    return found


def _weights(runs: Sequence[PastRun]) -> NDArray[np.float64]:
    """By the error of the score, bounded below by the usual one: a run of 10^6 shots is not worth 1000 others."""
    errors = np.array([run.standard_error for run in runs])
    usual = float(np.median(errors[errors > 0])) if (errors > 0).any() else 1.0
    return 1.0 / (1.0 + (errors / usual) ** 2)


def _compressed(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sign(scores) * np.log1p(np.abs(scores))


def _expanded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sign(values) * np.expm1(np.abs(values))


def _lightgbm() -> Any:
    try:
        import lightgbm
    except ImportError as error:
        raise MissingExtra("The model needs LightGBM: pip install 'synqc[recommend]'.") from error
    return lightgbm
