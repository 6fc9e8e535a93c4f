"""Closed loops on shots: ask what to measure, tell what was counted, within a budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synqc.errors import InputError
from synqc.lab.estimate import Estimate

__all__ = ["ClosedLoop", "Searcher", "Trial"]

Reals = NDArray[np.float64]

_ELITE = 0.25
_LEAST_SPREAD = 0.02  # of the first one: noise of the counts must not freeze the search
_CONFIRMING = 0.2  # share of the budget


class Searcher(Protocol):
    """A search by ask and tell, such as `cma.CMAEvolutionStrategy`: smaller losses are better."""

    def ask(self) -> list[Reals]:
        """Points to try."""

    def tell(self, points: list[Reals], losses: list[float]) -> None:
        """What they lost."""


@dataclass(frozen=True, eq=False)
class Trial:
    """Parameters to run.

    Attributes:
        parameters (float64, (p,)): What to play.
        shots: How often.
        is_confirmation: Whether this is the answer, whose count is not searched any more.
    """

    parameters: Reals
    shots: int
    is_confirmation: bool = False


class _CrossEntropy:
    """Diagonal cross-entropy method: the next generation is drawn about the best quarter of the last.

    Source: Rubinstein and Kroese, The Cross-Entropy Method (2004), chapter 5.
    """

    def __init__(self, start: Reals, spread: Reals, population: int, random: np.random.Generator) -> None:
        self.mean = start
        self._spread = spread
        self._least = _LEAST_SPREAD * spread
        self._population = population
        self._random = random

    def ask(self) -> list[Reals]:
        drawn = self.mean + self._spread * self._random.normal(size=(self._population, len(self.mean)))
        return list(drawn)

    def tell(self, points: list[Reals], losses: list[float]) -> None:
        best = np.argsort(losses, kind="stable")[: max(2, round(_ELITE * len(points)))]
        elite = np.array(points)[best]
        # About the old mean: a generation that has to travel does not narrow while it does (as in CMA-ES).
        about_the_old_mean = np.sqrt(((elite - self.mean) ** 2).mean(axis=0))
        self._spread = np.maximum(about_the_old_mean, self._least)
        self.mean = elite.mean(axis=0)


class ClosedLoop:
    """A search over parameters of a pulse that sees nothing but counts, and spends no shot beyond its budget.

    Ask for trials, run each for its shots, tell how many succeeded; when `ask` gives the confirmation and it was told,
    `success` is the chance of success at `best`, from shots that the search did not choose by.

    Args:
        start (float64, (p,)): Parameters of the model's optimum.
        spread (float64, (p,)): How far the truth may be from them, one standard deviation.
        budget_shots: All shots, a fifth of which confirm the answer.
        shots_per_trial: Shots of a trial.
        population: Trials of a generation of the default search.
        searcher: Another search; the answer is then the best trial of its last generation.
        seed: Seed of the default search.

    Examples:
        >>> random = np.random.default_rng(5)
        >>> loop = ClosedLoop([0.0], [0.5], budget_shots=20_000, shots_per_trial=50, seed=1)
        >>> while trials := loop.ask():
        ...     chances = [np.cos(0.7 * (trial.parameters[0] - 0.6)) ** 2 for trial in trials]
        ...     loop.tell([random.binomial(trial.shots, p) for trial, p in zip(trials, chances)])
        >>> bool(abs(loop.best[0] - 0.6) < 0.15), loop.shots_used <= 20_000
        (True, True)
    """

    def __init__(
        self,
        start: ArrayLike,
        spread: ArrayLike,
        *,
        budget_shots: int,
        shots_per_trial: int,
        population: int = 16,
        searcher: Searcher | None = None,
        seed: int = 0,
    ) -> None:
        self._start = np.array(start, np.float64).ravel()
        spreads = np.broadcast_to(np.asarray(spread, np.float64), self._start.shape)
        if not (spreads > 0).all():
            raise InputError(f"Argument `spread` must be positive, but is {spread!r}.")
        if shots_per_trial < 1:
            raise InputError(f"Argument `shots_per_trial` must be at least 1, but is {shots_per_trial}.")
        if population < 4:
            raise InputError(f"Argument `population` must be at least 4, but is {population}.")
        self._default = _CrossEntropy(self._start, spreads, population, np.random.default_rng(seed))
        self._searcher: Searcher = searcher or self._default
        self._own = searcher is None
        self.budget_shots = budget_shots
        self._shots_per_trial = shots_per_trial
        self._for_search = budget_shots - max(shots_per_trial, round(_CONFIRMING * budget_shots))
        if self._for_search < population * shots_per_trial:
            raise InputError(
                f"Argument `budget_shots` must pay for a generation of {population} x {shots_per_trial} shots and the "
                f"confirmation, but is {budget_shots}."
            )
        self.best: Reals = self._start
        self.shots_used = 0
        self.success: Estimate | None = None
        self._open: list[Trial] = []

    def ask(self) -> list[Trial]:
        """The next trials; the confirmation when the budget of the search is spent, nothing after that."""
        if self._open:
            raise InputError(f"ask() must follow tell(), but {len(self._open)} trials have not been told.")
        if self.success is not None:
            return []
        points = [np.asarray(point, np.float64) for point in self._searcher.ask()]
        if self.shots_used + len(points) * self._shots_per_trial <= self._for_search:
            self._open = [Trial(point, self._shots_per_trial) for point in points]
        else:
            self._open = [Trial(self.best, self.budget_shots - self.shots_used, is_confirmation=True)]
        return list(self._open)

    def tell(self, successes: ArrayLike) -> None:
        """How many of each trial's shots succeeded, in the order of `ask`.

        Args:
            successes (integers, (n,)): Counts.
        """
        counts = np.asarray(successes)
        shots = np.array([trial.shots for trial in self._open])
        if counts.shape != shots.shape or not ((counts >= 0) & (counts <= shots)).all():
            raise InputError(
                f"Argument `successes` must be {len(shots)} counts within the shots asked for, but is {successes!r}."
            )
        trials, self._open = self._open, []
        self.shots_used += int(shots.sum())
        if trials[0].is_confirmation:
            self.success = _chance(int(counts[0]), trials[0].shots)
            return
        losses = [1 - count / trial.shots for count, trial in zip(counts, trials, strict=True)]
        self._searcher.tell([trial.parameters for trial in trials], losses)
        self.best = self._default.mean if self._own else trials[int(np.argmin(losses))].parameters


def _chance(successes: int, shots: int) -> Estimate:
    """Jeffreys' posterior, a beta distribution with half a count more on either side."""
    a, b = successes + 0.5, shots - successes + 0.5
    total = a + b
    error = float(np.sqrt(a * b / (total**2 * (total + 1))))
    skewness = float(2 * (b - a) * np.sqrt(total + 1) / ((total + 2) * np.sqrt(a * b)))
    return Estimate(successes / shots, error, skewness)
