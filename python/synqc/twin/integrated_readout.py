"""Readout of a shot as one point in the IQ plane: fields that ring up, decay meanwhile, a boxcar, noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synqc.errors import InputError

__all__ = ["IntegratedReadout"]


@dataclass(frozen=True)
class IntegratedReadout:
    """A square readout pulse on a resonator, whose output is averaged over the pulse.

    The field of level l follows d alpha/dt = -(kappa/2 + i d_l) alpha - i eps from an empty resonator; when the level
    jumps the field goes on from where it was. Its integral is exact for every shot, whenever its jumps come.

    Args:
        kappa_mhz: Linewidth / 2 pi.
        shifts_mhz: Resonator frequency minus drive frequency for each of the three levels.
        drive_mhz: eps / 2 pi.
        duration_ns: Of pulse and average.
        efficiency: Of phase-preserving detection: the noise of each quadrature has variance 1 / duration where the
            signal is sqrt(2 efficiency kappa) alpha, so that 1 is an ideal amplifier of both quadratures.

    Examples:
        >>> readout = IntegratedReadout()
        >>> readout.centres.shape
        (3,)
        >>> 4 < readout.signal_to_noise < 8
        True

    Source: Gambetta et al., PRA 77, 012112 (2008), for the fields.
    """

    kappa_mhz: float = 4.0
    shifts_mhz: tuple[float, float, float] = (2.5, 0.0, -5.0)
    drive_mhz: float = 3.5
    duration_ns: float = 1000.0
    efficiency: float = 0.35

    def __post_init__(self) -> None:
        for name in ("kappa_mhz", "drive_mhz", "duration_ns"):
            if not 0 < getattr(self, name) < math.inf:
                raise InputError(f"Argument `{name}` must be finite and greater than 0, but is {getattr(self, name)}.")
        if len(self.shifts_mhz) != 3 or not all(map(math.isfinite, self.shifts_mhz)):
            raise InputError(f"Argument `shifts_mhz` must be three finite numbers, but is {self.shifts_mhz}.")
        if not 0 < self.efficiency <= 1:
            raise InputError(f"Argument `efficiency` must be above 0 and at most 1, but is {self.efficiency}.")

    @property
    def deviation(self) -> float:
        """Standard deviation of each quadrature of a point."""
        return 1 / math.sqrt(self.duration_ns * 1e-3)

    @cached_property
    def centres(self) -> Any:
        """Mean point (complex128, (3,)) of shots that stay in each level."""
        stay = np.full((3, 1), np.inf)
        return self._mean_points(np.arange(3)[:, None], stay)

    @property
    def signal_to_noise(self) -> float:
        """Distance of the centres of |0> and |1> in standard deviations."""
        return float(abs(self.centres[0] - self.centres[1])) / self.deviation

    def sample(
        self, levels: NDArray[np.int64], down_per_us: float, up_per_us: float, generator: np.random.Generator
    ) -> Any:
        """Points of shots.

        Args:
            levels (int64, (shots,)): Level of each shot at the start.
            down_per_us: Rate from |1> to |0>; from |2> to |1> it is twice that.
            up_per_us: Rate from |0> to |1>; from |1> to |2> it is twice that.
            generator: Of the noise.

        Returns:
            Points (complex128, (shots,)).
        """
        path, times = _paths(levels, down_per_us, up_per_us, self.duration_ns * 1e-3, generator)
        noise = generator.standard_normal((len(levels), 2)) @ np.array([1, 1j])
        return self._mean_points(path, times) + self.deviation * noise

    def traces(
        self,
        levels: NDArray[np.int64],
        down_per_us: float,
        up_per_us: float,
        window_ns: float,
        sample_ns: float,
        generator: np.random.Generator,
    ) -> Any:
        """Records of shots sample by sample, also after the pulse; a level jumps at the edge of a sample.

        Args:
            levels (int64, (shots,)): Level of each shot at the start.
            down_per_us: As of `sample`.
            up_per_us: As of `sample`.
            window_ns: How long is recorded.
            sample_ns: Length of a sample.
            generator: Of jumps and noise.

        Returns:
            Means over each sample (complex128, (shots, samples)), whose quadratures have variance 1 / sample.
        """
        samples, step = round(window_ns / sample_ns), 1e-3 * sample_ns
        path, ends = _paths(levels, down_per_us, up_per_us, samples * step, generator)
        turn = 2 * math.pi
        rates = turn * (self.kappa_mhz / 2 + 1j * np.array(self.shifts_mhz))
        decays, means = np.exp(-rates * step), -np.expm1(-rates * step) / (rates * step)
        shots = np.arange(len(levels))
        field = np.zeros(len(levels), complex)
        record = np.empty((len(levels), samples), complex)
        for k in range(samples):
            is_on = max(0.0, min(1.0, self.duration_ns / sample_ns - k))
            steady = -1j * turn * self.drive_mhz * is_on / rates
            now = path[shots, (ends <= (k + 0.5) * step).sum(axis=1).clip(max=path.shape[1] - 1)]
            record[:, k] = steady[now] + (field - steady[now]) * means[now]
            field = steady[now] + (field - steady[now]) * decays[now]
        noise = generator.standard_normal((*record.shape, 2)) @ np.array([1, 1j]) / math.sqrt(step)
        return math.sqrt(2 * self.efficiency * turn * self.kappa_mhz) * record + noise

    def _mean_points(self, path: NDArray[np.int64], ends: NDArray[np.float64]) -> Any:
        """Averages over the pulse of the fields of shots that follow `path` (shots, jumps + 1) until `ends`."""
        turn = 2 * math.pi
        duration = self.duration_ns * 1e-3
        rates = turn * (self.kappa_mhz / 2 + 1j * np.array(self.shifts_mhz))
        steady = -1j * turn * self.drive_mhz / rates
        field = np.zeros(len(path), complex)
        total = np.zeros(len(path), complex)
        begin = np.zeros(len(path))
        for level, end in zip(path.T, ends.T, strict=True):
            stop = np.minimum(end, duration)
            elapsed = stop - begin
            decayed = np.exp(-rates[level] * elapsed)
            total += steady[level] * elapsed + (field - steady[level]) * (1 - decayed) / rates[level]
            field = steady[level] + (field - steady[level]) * decayed
            begin = stop
        return math.sqrt(2 * self.efficiency * turn * self.kappa_mhz) * total / duration


def _paths(
    levels: NDArray[np.int64], down: float, up: float, duration: float, generator: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Levels of each shot in turn (shots, jumps + 1), and when it leaves each (shots, jumps + 1)."""
    rates_down = down * np.array([0.0, 1.0, 2.0])
    rates_up = up * np.array([1.0, 2.0, 0.0])
    leaving = rates_down + rates_up
    path, ends = [levels], []
    now = np.zeros(len(levels))
    while True:
        level = path[-1]
        with np.errstate(divide="ignore"):
            now = now + generator.standard_exponential(len(levels)) / leaving[level]
        ends.append(now)
        if not (now < duration).any():
            return np.stack(path, axis=1), np.stack(ends, axis=1)
        goes_down = generator.random(len(levels)) * leaving[level] < rates_down[level]
        path.append(np.clip(np.where(goes_down, level - 1, level + 1), 0, 2))
