"""The length, power and frequency of a readout that serve a named goal best."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from synqc.errors import InputError, NumericalError
from synqc.readout.pulse import ReadoutPulse
from synqc.readout.readout import Readout
from synqc.readout.validity import validity

__all__ = ["OptimisedReadout", "ReadoutFigures", "optimise_readout", "readout_figures"]

Goal = Literal["fidelity", "information", "certification-time"]
_GOALS = ("fidelity", "information", "certification-time")

_SCORES = 401
"""Points of the grid over scores; 12 deviations beside the outermost means are on it."""

_BEYOND = 6.0


@dataclass(frozen=True)
class ReadoutFigures:
    """What one readout of |0> or |1> achieves by its matched sum.

    Args:
        assignment_fidelity: 1 - (P(1|0) + P(0|1)) / 2 with the best decision.
        information_bits: About the prepared level, where both are equally likely.
        chernoff_nats: Error exponent: telling |0> from |1> from n independent preparations, each read once, errs about
            as exp(-n chernoff_nats).
    """

    assignment_fidelity: float
    information_bits: float
    chernoff_nats: float

    def certification_time_ns(self, cycle_ns: float, target_error: float) -> float:
        """Time until so many readouts, one per cycle, tell which of two preparations it is, but for `target_error`."""
        return cycle_ns * math.log(1 / target_error) / self.chernoff_nats if self.chernoff_nats > 0 else math.inf


@dataclass(frozen=True)
class OptimisedReadout:
    """The best readout that was found.

    Args:
        readout: Resonator and pulse as they were best.
        figures: What it achieves.
        certification_time_ns: At the stated dead time and error.
        photons: The most that its resonator holds.
        at_bounds: Names of what is best at the end of its range, where more range may be better.
    """

    readout: Readout
    figures: ReadoutFigures
    certification_time_ns: float
    photons: float
    at_bounds: tuple[str, ...]


def readout_figures(readout: Readout) -> ReadoutFigures:
    """Figures of the matched sum of a record, without sampling.

    The sum of a shot that jumps at an edge of a bin is known but for Gaussian noise; its distribution is the mixture
    over all edges. Later jumps of the same shot are left out, so rates times the length of the record must be small.
    The likelihood of the whole record errs less often (`LikelihoodDiscriminator`).

    Args:
        readout: With two levels.

    Examples:
        >>> from synqc.readout import Resonator
        >>> resonator = Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0, efficiency=0.5)
        >>> readout = Readout(resonator, ReadoutPulse.square(1000.0), bins=200, detection="homodyne")
        >>> round(1 - readout_figures(readout).assignment_fidelity, 4)
        0.133
    """
    return _figures_at(readout, [readout.bins])[0]


def optimise_readout(
    readout: Readout,
    goal: Goal,
    *,
    duration_ns: tuple[float, float],
    drive_mhz: tuple[float, float] | None = None,
    detuning_mhz: tuple[float, float] | None = None,
    dead_time_ns: float = 0.0,
    target_error: float = 1e-3,
    largest_photons: float = math.inf,
) -> OptimisedReadout:
    """Length, power and frequency of a square pulse, for a goal of one's choice.

    Goals differ: the most faithful readout is not the most informative one where levels decay, and who wants to know
    soon which of two states is prepared again and again reads out at another length. Settings beyond a fifth of the
    critical photons are left out. Searched is a grid, which is narrowed round the best point three times.

    Args:
        readout: Two levels; its pulse, and the drive and detuning of its resonator, are what is chosen.
        goal: "fidelity", "information" in a readout, or "certification-time": the time until repeated preparations and
            readouts tell |0> from |1>.
        duration_ns: Shortest and longest pulse, which is the record as well.
        drive_mhz: Least and largest drive; that of the readout if not given.
        detuning_mhz: Lowest and highest; that of the readout if not given.
        dead_time_ns: Of every cycle, for preparation, depletion and reset.
        target_error: Of the certification.
        largest_photons: Bound beside that of the critical number.

    Raises:
        InputError: No setting is within the bounds.

    Examples:
        >>> from synqc.readout import LevelRates, Resonator
        >>> resonator = Resonator(kappa_mhz=5.0, chi_mhz=2.5, drive_mhz=2.0, efficiency=0.5)
        >>> readout = Readout(resonator, ReadoutPulse.square(1000.0), rates=LevelRates.from_t1(10.0))
        >>> faithful = optimise_readout(readout, "fidelity", duration_ns=(100.0, 4000.0))
        >>> informed = optimise_readout(readout, "certification-time", duration_ns=(100.0, 4000.0), dead_time_ns=5000.0)
        >>> faithful.figures.assignment_fidelity >= informed.figures.assignment_fidelity
        True
    """
    if goal not in _GOALS:
        raise InputError(f"Argument `goal` must be one of {', '.join(_GOALS)}, but is {goal!r}.")
    if not 0 < target_error < 1:
        raise InputError(f"Argument `target_error` must be between 0 and 1, but is {target_error}.")
    if not 0 <= dead_time_ns < math.inf:
        raise InputError(f"Argument `dead_time_ns` must be finite and at least 0, but is {dead_time_ns}.")
    resonator = readout.resonator
    ranges = {
        "duration_ns": _range("duration_ns", duration_ns),
        "drive_mhz": _range("drive_mhz", drive_mhz or (resonator.drive_mhz, resonator.drive_mhz)),
        "detuning_mhz": _range("detuning_mhz", detuning_mhz or (resonator.detuning_mhz, resonator.detuning_mhz)),
    }
    if not ranges["duration_ns"][0] > 0:
        raise InputError(f"Argument `duration_ns` must be greater than 0, but is {duration_ns}.")
    search = _Search(readout, goal, dead_time_ns, target_error, largest_photons)
    around = dict(ranges)
    for _ in range(4):
        grids = {
            name: np.unique(np.linspace(*span, 17 if name == "duration_ns" else 9)) for name, span in around.items()
        }
        search.look_at(grids)
        if search.best is None:
            raise InputError(
                "Argument `drive_mhz` must allow for a readout within the bounds on photons, but each has too many."
            )
        around = {name: _narrowed(grids[name], search.best[name], ranges[name]) for name in ranges}
    return search.result(ranges)


def _range(name: str, span: tuple[float, float]) -> tuple[float, float]:
    if len(span) != 2 or not (math.isfinite(span[0]) and math.isfinite(span[1]) and span[0] <= span[1]):
        raise InputError(f"Argument `{name}` must be a finite lower and upper bound, but is {span}.")
    return (float(span[0]), float(span[1]))


def _narrowed(grid: NDArray[np.float64], best: float, span: tuple[float, float]) -> tuple[float, float]:
    step = float(grid[1] - grid[0]) if len(grid) > 1 else 0.0
    return max(span[0], best - step), min(span[1], best + step)


class _Search:
    """The best setting so far."""

    def __init__(
        self, readout: Readout, goal: Goal, dead_time_ns: float, target_error: float, largest_photons: float
    ) -> None:
        self._readout, self._goal = readout, goal
        self._dead_time_ns, self._target_error = dead_time_ns, target_error
        self._largest_photons = largest_photons
        self._cost = math.inf
        self._figures: ReadoutFigures | None = None
        self.best: dict[str, float] | None = None

    def look_at(self, grids: dict[str, NDArray[np.float64]]) -> None:
        """Every point of a grid; all lengths of one drive share their fields."""
        durations = grids["duration_ns"]
        for drive, detuning in itertools.product(grids["drive_mhz"], grids["detuning_mhz"]):
            resonator = replace(self._readout.resonator, drive_mhz=float(drive), detuning_mhz=float(detuning))
            pulse = ReadoutPulse.square(float(durations[-1]))
            found = validity(resonator, pulse)
            if not found.is_inside or found.largest_photons > self._largest_photons:
                continue
            bins = max(self._readout.bins, 200)
            tried = replace(self._readout, resonator=resonator, pulse=pulse, duration_ns=None, bins=bins)
            ends = np.unique(np.clip(np.rint(durations / durations[-1] * bins), 1, bins).astype(int))
            for end, figures in zip(ends, _figures_at(tried, ends.tolist()), strict=True):
                duration = float(durations[-1] * end / bins)
                cost = self._cost_of(figures, duration)
                if cost < self._cost:
                    self._cost, self._figures = cost, figures
                    self.best = {
                        "duration_ns": duration, "drive_mhz": float(drive), "detuning_mhz": float(detuning)
                    }  # fmt: skip

    def _cost_of(self, figures: ReadoutFigures, duration_ns: float) -> float:
        if self._goal == "fidelity":
            return -figures.assignment_fidelity
        if self._goal == "information":
            return -figures.information_bits
        return figures.certification_time_ns(duration_ns + self._dead_time_ns, self._target_error)

    def result(self, ranges: dict[str, tuple[float, float]]) -> OptimisedReadout:
        """The best setting as a readout."""
        if self.best is None or self._figures is None:
            raise NumericalError("No setting was looked at.")
        resonator = replace(
            self._readout.resonator, drive_mhz=self.best["drive_mhz"], detuning_mhz=self.best["detuning_mhz"]
        )
        pulse = ReadoutPulse.square(self.best["duration_ns"])
        at_bounds = tuple(name for name, (low, high) in ranges.items() if low < high and self.best[name] in (low, high))
        return OptimisedReadout(
            readout=replace(self._readout, resonator=resonator, pulse=pulse, duration_ns=None),
            figures=self._figures,
            certification_time_ns=self._figures.certification_time_ns(
                self.best["duration_ns"] + self._dead_time_ns, self._target_error
            ),
            photons=validity(resonator, pulse).largest_photons,
            at_bounds=at_bounds,
        )


def _figures_at(readout: Readout, ends: Sequence[int]) -> list[ReadoutFigures]:
    """Figures of the records that end with each of these bins."""
    if readout.levels != 2:
        raise InputError(f"Argument `readout` must have two levels, but has {readout.levels}.")
    sums = _Sums(readout)
    return [sums.figures(end) for end in ends]


class _Sums:
    """Matched sums of shots that stay or jump at an edge, for records of every length up to the readout's."""

    def __init__(self, readout: Readout) -> None:
        model, self._bin_us = readout.model, readout.bin_us
        means = readout.mean_records()
        difference = means[0] - means[1]
        self._weights = np.conj(difference)
        self._noises = np.cumsum(np.abs(difference) ** 2) / self._bin_us
        self._stays = np.concatenate([np.zeros((2, 1)), np.cumsum((self._weights * means).real, axis=1)], axis=1)
        generator = np.zeros((2, 2)) if readout.rates is None else readout.rates.generator
        self._rates = -np.diag(generator)
        apart = model.signals[:, 0] - model.signals[:, 1]
        self._leaving = np.stack(
            [apart, -apart]
        )  # (from, edge): deviation of a field from the signal of the other level
        self._decays, self._shares = model.decays, model.shares
        self._edges_us = np.maximum(readout.edges_ns - readout.resonator.delay_ns, 0.0) * 1e-3

    def figures(self, end: int) -> ReadoutFigures:
        noise = math.sqrt(self._noises[end - 1])
        if noise == 0:
            return ReadoutFigures(0.5, 0.0, 0.0)
        components = [self._components(level, end) for level in (0, 1)]
        centres = np.concatenate([means for _, means in components])
        low, high = centres.min() - _BEYOND * noise, centres.max() + _BEYOND * noise
        points = np.linspace(low, high, max(_SCORES, int(8 * (high - low) / noise)))
        densities = [
            np.exp(-(((points[:, None] - means[None, :]) / noise) ** 2) / 2) @ weights for weights, means in components
        ]
        zero, one = (density / density.sum() for density in densities)
        return _figures_of(zero, one)

    def _components(self, level: int, end: int) -> tuple[Any, Any]:
        """Weights and mean sums of staying, and of a jump at each edge before `end`."""
        other = 1 - level
        stay = self._stays[level, end]
        if self._rates[level] == 0:
            return np.ones(1), np.array([stay])
        edges = np.arange(end)
        tail = np.zeros(end + 1, complex)  # what a deviation of 1 at an edge adds to the sum from there on
        for k in range(end - 1, -1, -1):
            tail[k] = self._weights[k] * self._shares[k, other] + self._decays[k, other] * tail[k + 1]
        kept = (self._leaving[level, :end] * tail[:end]).real
        means = self._stays[level, edges] + self._stays[other, end] - self._stays[other, edges] + kept
        low = np.concatenate([[0.0], (self._edges_us[1:end] + self._edges_us[: end - 1]) / 2])
        high = np.concatenate([low[1:], [(self._edges_us[end] + self._edges_us[end - 1]) / 2]])
        weights = np.exp(-self._rates[level] * low) - np.exp(-self._rates[level] * high)
        return np.append(weights, math.exp(-self._rates[level] * high[-1])), np.append(means, stay)


def _figures_of(zero: Any, one: Any) -> ReadoutFigures:
    """Of two distributions of the score on one grid."""
    error = float(np.minimum(zero, one).sum()) / 2
    both = (zero + one) / 2
    tiny = np.finfo(float).tiny
    bits = sum(
        float((share * np.log2(np.maximum(share, tiny) / np.maximum(both, tiny))).sum()) / 2 for share in (zero, one)
    )

    def overlap(power: float) -> float:
        return float((zero**power * one ** (1 - power)).sum())

    low, high = 0.0, 1.0
    for _ in range(60):  # the logarithm of the overlap is convex in the power
        first, second = low + (high - low) / 3, high - (high - low) / 3
        if overlap(first) < overlap(second):
            high = second
        else:
            low = first
    return ReadoutFigures(1 - error, max(bits, 0.0), max(-math.log(overlap((low + high) / 2)), 0.0))
