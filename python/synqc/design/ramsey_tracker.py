"""Tracker of a detuning from single Ramsey shots, which asks two phases in turn and tests its own lock."""

from __future__ import annotations

import copy
import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synqc.errors import InputError

__all__ = ["RamseySetting", "RamseyTracker"]

_LOCK_SHOTS = 120
_LOST = 4.0  # deviations that the last shots may fall short of what was expected
_SHORTEST, _GOLDEN = (
    0.6,
    (math.sqrt(5) - 1) / 2,
)  # waits are spread evenly over a range by multiples of the golden ratio
_GRID_SHARE = 0.5  # grid step over the smallest posterior deviation


@dataclass(frozen=True)
class RamseySetting:
    """A Ramsey shot: the excited share is (1 + V exp(-wait / T2) cos(2 pi detuning wait + phase)) / 2.

    Args:
        wait_us: Free evolution.
        phase_rad: Phase of the second pulse.
    """

    wait_us: float
    phase_rad: float


class RamseyTracker:
    """Posterior of a detuning on a grid, shot by shot.

    The wait is at most 1 / deviation of the posterior and `longest_wait_us`, and never the same for long, because all
    frequencies a whole number of turns apart look alike to one wait. Shots ask slope and top of the fringe in turn:
    mid-fringe alone leaves one run in ten on a wrong fringe for ever, silently. Where shots show less than was expected
    the lock is lost, and the search begins anew.

    Args:
        range_khz: The detuning is looked for within plus and minus this.
        contrast: V of the fringe.
        t2_us: T2 of the fringe.
        longest_wait_us: None for the wait at which a shot tells most per time: T2 / 2 without dead time, T2 with much.
        dead_time_us: Dead time of a shot, besides its wait.

    Examples:
        >>> tracker = RamseyTracker(range_khz=1000.0, contrast=0.95, t2_us=50.0)
        >>> setting = tracker.next_setting()
        >>> tracker.observe(setting, excited=True)
        >>> tracker.is_locked
        True
    """

    def __init__(
        self,
        *,
        range_khz: float,
        contrast: float,
        t2_us: float,
        longest_wait_us: float | None = None,
        dead_time_us: float = 0.0,
    ) -> None:
        for name, value in (("range_khz", range_khz), ("t2_us", t2_us)):
            if not (value > 0 and math.isfinite(value)):
                raise InputError(f"Argument `{name}` must be finite and greater than 0, but is {value}.")
        if not 0 < contrast < 1:
            raise InputError(f"Argument `contrast` must be between 0 and 1, but is {contrast}.")
        if not (dead_time_us >= 0 and math.isfinite(dead_time_us)):
            raise InputError(f"Argument `dead_time_us` must be finite and at least 0, but is {dead_time_us}.")
        self._longest = _most_telling_wait(t2_us, dead_time_us) if longest_wait_us is None else longest_wait_us
        if not self._longest > 0:
            raise InputError(f"Argument `longest_wait_us` must be greater than 0, but is {longest_wait_us}.")
        self._contrast, self._t2 = contrast, t2_us
        # A hundred shots at the longest wait leave a deviation of a tenth of a radian over it.
        step = _GRID_SHARE * 0.1 / (2e-3 * math.pi * self._longest)
        self._grid = np.linspace(-range_khz, range_khz, 2 * math.ceil(range_khz / step) + 1)
        self.losses_of_lock = 0
        self._weights = self._flat()
        self._recent: deque[tuple[float, float]] = deque(maxlen=_LOCK_SHOTS)
        self._shots = 0

    def anew(self) -> RamseyTracker:
        """A tracker like this one that has seen nothing yet."""
        other = copy.copy(self)
        other.losses_of_lock = 0
        other._weights = self._flat()
        other._recent = deque(maxlen=_LOCK_SHOTS)
        other._shots = 0
        return other

    @property
    def detuning_khz(self) -> float:
        """Posterior mean."""
        return float(self._weights @ self._grid)

    @property
    def deviation_khz(self) -> float:
        """Posterior deviation."""
        mean = self.detuning_khz
        return math.sqrt(float(self._weights @ (self._grid - mean) ** 2))

    @property
    def is_locked(self) -> bool:
        """Whether the last shots showed what was expected of them."""
        return self._innovation() >= -_LOST

    def next_setting(self) -> RamseySetting:
        """The next shot: on the slope of the fringe and on its top in turn, at the posterior mean."""
        share = _SHORTEST + (1 - _SHORTEST) * math.fmod((self._shots // 2) * _GOLDEN, 1.0)
        wait = share * min(1 / (2e-3 * math.pi * self.deviation_khz), self._longest)
        turned = 2e-3 * math.pi * self.detuning_khz * wait
        offset = -math.pi / 2 if self._shots % 2 == 0 else 0.0
        return RamseySetting(wait, math.remainder(offset - turned, 2 * math.pi))

    def observe(self, setting: RamseySetting, *, excited: bool) -> None:
        """Take a shot's outcome into account; where the lock is lost, begin anew.

        Args:
            setting: Setting of the shot.
            excited: Outcome of the shot: whether |1> was read.
        """
        angle = 2e-3 * math.pi * self._grid * setting.wait_us + setting.phase_rad
        visible = self._contrast * math.exp(-setting.wait_us / self._t2)
        excited_share = (1 + visible * np.cos(angle)) / 2
        expected = float(self._weights @ excited_share)
        # Weighed by how much the fringe was expected to show: its slopes tell nothing of a lost lock.
        weight = expected - 0.5
        self._recent.append((weight * (float(excited) - expected), weight**2 * expected * (1 - expected)))
        likelihood = excited_share if excited else 1 - excited_share
        weights = self._weights * likelihood
        self._weights = weights / weights.sum()
        self._shots += 1
        if not self.is_locked:
            self.losses_of_lock += 1
            self._weights = self._flat()
            self._recent.clear()
            self._shots = 0

    def _flat(self) -> NDArray[np.float64]:
        return np.full(len(self._grid), 1 / len(self._grid))

    def _innovation(self) -> float:
        """By how many deviations the last shots showed more of the fringe than was expected."""
        if len(self._recent) < _LOCK_SHOTS // 2:
            return 0.0
        surplus = sum(weighed for weighed, _ in self._recent)
        return surplus / math.sqrt(sum(variance for _, variance in self._recent))


def _most_telling_wait(t2: float, dead_time: float) -> float:
    """Where wait^2 exp(-2 wait / T2) / (wait + dead time), the information of a shot per time, is largest."""
    linear = t2 - 2 * dead_time
    return (linear + math.sqrt(linear**2 + 16 * t2 * dead_time)) / 4
