"""Confidence sequence for the centre of symmetric differences: an interval that may be looked at after every one."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from synqc.errors import InputError

__all__ = ["BETS", "FIRST_SCALE", "LEAST_SCALE", "NORMAL_QUARTILES", "SCALE_FROM", "ConfidenceSequence"]

BETS: Final = np.array([0.05, 0.1, 0.2, 0.4, 0.7, 0.95])
"""Shares of the evidence that are staked on each difference: small ones find small shifts in many differences, large
ones large shifts in few."""
FIRST_SCALE: Final = 0.05
"""That of the first differences, of which nothing is known."""
SCALE_FROM: Final = 5
"""Differences before the scale is taken from them."""
LEAST_SCALE: Final = 1e-4
_HALVINGS: Final = 50
NORMAL_QUARTILES: Final = 1.349
"""Standard deviations between the quartiles of a normal distribution."""


class ConfidenceSequence:
    """Interval for the centre of independent differences, each symmetric about it, that holds at all times at once.

    For a shift theta, a stake b < 1 and a scale s that knows only earlier differences, the products of
    1 + b tanh((d_i - theta) / s) are a supermartingale if the centre is at most theta, and those with -b if it is at
    least theta: each factor has mean 1 at the centre, because d and its mirror image are equally likely. By Ville's
    inequality such a product ever exceeds 1/alpha with probability alpha at most, whenever somebody stops to look.
    The mean over several stakes is such a product, too. No variance is assumed, and one wild difference counts like
    any large one.

    Args:
        error_rate: Probability that the interval ever misses the centre, both sides together.
        watched: Shifts for which the evidence is kept up to date at no cost (`evidence_above`, `evidence_below`).

    Raises:
        InputError: The rate is no probability between 0 and 0.5.

    Examples:
        >>> sequence = ConfidenceSequence(error_rate=0.05)
        >>> for difference in [0.11, 0.09, 0.1, 0.12, 0.08] * 6:
        ...     sequence.add(difference)
        >>> low, high = sequence.interval()
        >>> 0.08 < low < sequence.centre < high < 0.12
        True

    Source: Ville's inequality for sums of symmetric variables: de la Pena, A general class of exponential
        inequalities for martingales and ratios (1999); Howard, Ramdas, McAuliffe and Sekhon, Time-uniform,
        nonparametric, nonasymptotic confidence sequences (2021).
    """

    def __init__(self, *, error_rate: float = 0.01, watched: tuple[float, ...] = ()) -> None:
        if not 0 < error_rate <= 0.5:
            raise InputError(f"Argument `error_rate` must be above 0 and at most 0.5, but is {error_rate}.")
        self.error_rate = error_rate
        self._needed = math.log(2 / error_rate)
        self._differences: list[float] = []
        self._sorted: list[float] = []
        self._scales: list[float] = []
        self._shifts = np.array(watched, dtype=float)
        self._above = np.zeros((len(watched), len(BETS)))
        self._below = np.zeros((len(watched), len(BETS)))

    def add(self, difference: float) -> None:
        """Take one more difference.

        Raises:
            InputError: It is not finite.
        """
        if not math.isfinite(difference):
            raise InputError(f"Argument `difference` must be finite, but is {difference}.")
        scale = self._next_scale()
        if len(self._shifts):
            scores = np.tanh((difference - self._shifts) / scale)[:, None] * BETS
            self._above += np.log1p(scores)
            self._below += np.log1p(-scores)
        self._differences.append(difference)
        self._scales.append(scale)
        bisect.insort(self._sorted, difference)

    def __len__(self) -> int:
        return len(self._differences)

    @property
    def differences(self) -> NDArray[np.float64]:
        """All of them, in order (float64, (n,))."""
        return np.array(self._differences)

    @property
    def scale(self) -> float:
        """Robust standard deviation of the differences, from their quartiles; 0 while there are fewer than two."""
        count = len(self._sorted)
        if count < 2:
            return 0.0
        return (self._sorted[(3 * count) // 4] - self._sorted[count // 4]) / NORMAL_QUARTILES

    @property
    def centre(self) -> float:
        """Where the scores of the test add up to nothing: nearly as sure as a mean, and deaf to wild differences.

        Raises:
            InputError: There are no differences yet.
        """
        if not self._differences:
            raise InputError("There is no centre of no differences.")
        found = self.differences
        scale = max(self.scale, LEAST_SCALE)
        return _edge(
            lambda shift: float(np.tanh((found - shift) / scale).sum()) >= 0, self._sorted[0], self._sorted[-1]
        )

    def shows_above(self, watched: int) -> bool:
        """Whether the centre lies above the watched shift of that index, at half the error rate."""
        return _log_mean(self._above[watched]) >= self._needed

    def shows_below(self, watched: int) -> bool:
        """Whether the centre lies below the watched shift of that index, at half the error rate."""
        return _log_mean(self._below[watched]) >= self._needed

    def interval(self) -> tuple[float, float]:
        """Lower and upper end; infinite while there is too little to tell."""
        found = self.differences
        if not len(found):
            return -math.inf, math.inf
        scales = np.array(self._scales)

        def evidence(shift: float, sign: float) -> float:
            scores = np.tanh((found - shift) / scales)[:, None] * (sign * BETS)
            return _log_mean(np.log1p(scores).sum(axis=0))

        margin = 30 * float(scales.max())  # beyond it every tanh is 1
        lowest, highest = float(found.min()) - margin, float(found.max()) + margin
        low = _edge(lambda shift: evidence(shift, 1.0) >= self._needed, lowest, highest)
        high = -_edge(lambda shift: evidence(-shift, -1.0) >= self._needed, -highest, -lowest)
        return low, high

    def _next_scale(self) -> float:
        if len(self._differences) < SCALE_FROM:
            return FIRST_SCALE
        return max(self.scale, LEAST_SCALE)


def _log_mean(logs: NDArray[Any]) -> float:
    return float(np.logaddexp.reduce(logs)) - math.log(len(logs))


def _edge(holds: Callable[[float], bool], inside: float, outside: float) -> float:
    """Greatest shift for which a condition holds that ends somewhere, by halving; minus infinity if it never does."""
    if not holds(inside):
        return -math.inf
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        if holds(middle):
            inside = middle
        else:
            outside = middle
    return inside
