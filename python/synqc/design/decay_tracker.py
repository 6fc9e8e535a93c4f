"""Tracker of T1 from single shots, which waits two times in turn and finds the shot at which T1 changed."""

from __future__ import annotations

import itertools
import math
from collections import deque
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from synqc.design.decay import best_decay_wait
from synqc.errors import InputError

__all__ = ["DecaySetting", "DecayTracker"]

_SHORT, _LONG = 0.6, 1.5
"""Of the best wait. Both in turn keep 0.89 of its information a shot, and 0.93 a time where half of T1 is dead time."""

_POINTS = 241  # of the grid, evenly spread over ln T1
_WINDOWS = (4, 8, 16, 32, 64, 128, 256)
"""Shots since which T1 may be another one."""

_EVIDENCE = math.log(1e4)
"""For a change, before it is believed: of healthy shots hardly one in 10,000 begins such a false alarm."""

_LOST = 4.0  # deviations by which the shots of a setting may differ from what is expected of them
_LEAST_SHOTS = 40  # of a setting, before that is asked


@dataclass(frozen=True)
class DecaySetting:
    """A shot: excite, wait, read.

    Args:
        wait_us: Between the excitation and the readout.
        is_long: Which of the two waits in turn it is.
    """

    wait_us: float
    is_long: bool


class DecayTracker:
    """Posterior of T1 on a grid, shot by shot; |1> is read with p1_given_0 + (p1_given_1 - p1_given_0) exp(-wait / T1).

    Two waits in turn, 0.6 and 1.5 of the best one at the posterior mean. One wait alone would explain anything it sees
    by some T1, a readout that got worse, too. At two, T1 must explain both; where it does not, the lock is lost. A T1
    that switches, as two-level systems make it, is found by the evidence that the last shots are of another T1 than
    those before; the posterior then is that of these shots alone, without a search anew.

    Args:
        shortest_t1_us: T1 is looked for from here ..
        longest_t1_us: .. to here, evenly in its logarithm.
        dead_time_us: Dead time of a shot besides the wait; at 0 a shot costs the same whatever its wait.
        p1_given_1: Chance to read |1> right behind the excitation.
        p1_given_0: Chance to read |1> when the qubit has decayed.

    Examples:
        >>> tracker = DecayTracker(shortest_t1_us=5.0, longest_t1_us=500.0, dead_time_us=20.0)
        >>> setting = tracker.next_setting()
        >>> tracker.observe(setting, excited=True)
        >>> tracker.is_locked, tracker.changes
        (True, 0)

    Source: for evidence of a change, Page, Biometrika 41, 100 (1954), with T1 integrated out.
    """

    def __init__(
        self,
        *,
        shortest_t1_us: float,
        longest_t1_us: float,
        dead_time_us: float = 0.0,
        p1_given_1: float = 1.0,
        p1_given_0: float = 0.0,
    ) -> None:
        if not (shortest_t1_us > 0 and math.isfinite(shortest_t1_us)):
            raise InputError(f"Argument `shortest_t1_us` must be finite and greater than 0, but is {shortest_t1_us}.")
        if not (longest_t1_us > shortest_t1_us and math.isfinite(longest_t1_us)):
            raise InputError(
                f"Argument `longest_t1_us` must be finite and greater than `shortest_t1_us` = {shortest_t1_us}, "
                f"but is {longest_t1_us}."
            )
        if not (dead_time_us >= 0 and math.isfinite(dead_time_us)):
            raise InputError(f"Argument `dead_time_us` must be finite and at least 0, but is {dead_time_us}.")
        if not 0 <= p1_given_0 < p1_given_1 <= 1:
            raise InputError(
                f"Argument `p1_given_1` must be at most 1 and greater than `p1_given_0` = {p1_given_0}, "
                f"but is {p1_given_1}."
            )
        self._grid = np.geomspace(shortest_t1_us, longest_t1_us, _POINTS)
        self._dead_time = dead_time_us
        self._offset, self._contrast = p1_given_0, p1_given_1 - p1_given_0
        self.changes = 0
        self._shots = 0
        self._prior = np.full(_POINTS, -math.log(_POINTS))
        self._logarithms = self._prior
        # After each of the last shots: sums, since the last change, of ln likelihoods on the grid and of ln
        # probabilities of the outcomes as they were expected.
        self._sums: deque[tuple[NDArray[np.float64], float]] = deque([(np.zeros(_POINTS), 0.0)], max(_WINDOWS) + 1)
        self._counts = np.zeros((2, 3))  # of each setting: shots, surplus, variance

    @property
    def t1_us(self) -> float:
        """Posterior mean."""
        return float(self._weights() @ self._grid)

    @property
    def deviation_us(self) -> float:
        """Posterior deviation."""
        weights = self._weights()
        return math.sqrt(float(weights @ (self._grid - weights @ self._grid) ** 2))

    @property
    def is_locked(self) -> bool:
        """Whether one T1 explains the shots of both waits since the last change."""
        shots, surplus, variance = self._counts.T
        return bool((np.abs(surplus) <= _LOST * np.sqrt(variance))[shots >= _LEAST_SHOTS].all())

    def next_setting(self) -> DecaySetting:
        """The next shot: the short wait and the long one in turn."""
        t1 = self.t1_us
        best = t1 * best_decay_wait(self._dead_time / t1 if self._dead_time > 0 else None)
        is_long = self._shots % 2 == 1
        return DecaySetting(best * (_LONG if is_long else _SHORT), is_long)

    def observe(self, setting: DecaySetting, *, excited: bool) -> None:
        """Take a shot's outcome into account; where T1 has changed, keep only the shots since then.

        Args:
            setting: Setting of the shot.
            excited: Outcome of the shot: whether |1> was read.
        """
        chances = self._offset + self._contrast * np.exp(-setting.wait_us / self._grid)
        weights = self._weights()
        expected = float(weights @ chances)
        spread = float(weights @ (chances - expected) ** 2)
        if spread < expected * (1 - expected) / 4:  # T1 is known well enough for the shot to test it
            row = self._counts[int(setting.is_long)]
            row += (1, excited - expected, expected * (1 - expected))
        self._take(np.log(np.maximum(chances if excited else 1 - chances, 1e-300)))
        self._look_for_change()

    def _take(self, likelihood: NDArray[np.float64]) -> None:
        gathered, expected = self._sums[-1]
        logarithms = self._logarithms + likelihood
        probability = _log_sum(logarithms)
        self._logarithms = logarithms - probability
        self._sums.append((gathered + likelihood, expected + probability))
        self._shots += 1

    def _look_for_change(self) -> None:
        gathered, expected = self._sums[-1]
        best, since = _EVIDENCE, 0
        for window in _WINDOWS:
            if window < len(self._sums):
                before, expected_before = self._sums[-1 - window]
                evidence = _log_sum(self._prior + gathered - before) - (expected - expected_before)
                if evidence > best:
                    best, since = evidence, window
        if since > 0:
            self._begin_with_last(since)

    def _begin_with_last(self, shots: int) -> None:
        kept = list(self._sums)[-1 - shots :]
        self.changes += 1
        self._logarithms = self._prior
        self._sums.clear()
        self._sums.append((np.zeros(_POINTS), 0.0))
        self._counts[:] = 0
        for (before, _), (after, _) in itertools.pairwise(kept):
            self._take(after - before)

    def _weights(self) -> NDArray[np.float64]:
        return cast(NDArray[np.float64], np.exp(self._logarithms))


def _log_sum(logarithms: NDArray[np.float64]) -> float:
    highest = float(logarithms.max())
    return highest + math.log(float(np.exp(logarithms - highest).sum()))
