"""Adaptive designs against the best fixed ones of equal wall time, on simulated devices."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import cast

import numpy as np
from numpy.typing import NDArray

from synqc.design.decay_tracker import DecayTracker
from synqc.design.ramsey_tracker import RamseyTracker
from synqc.errors import InputError

__all__ = ["DesignComparison", "compare_decay_designs", "compare_ramsey_designs"]

RealArray = NDArray[np.float64]

_LENGTHS = 12  # fixed designs that are tried, by their longest wait
_CELLS_AT_ONCE = 1 << 20  # of a table of settings and grid points


@dataclass(frozen=True)
class DesignComparison:
    """Errors of both designs on the same devices, which spent the same wall time.

    Args:
        adaptive (float64, (devices,)): Errors of the tracker: kHz of a detuning; of T1 the distance of logarithms.
        fixed (float64, (devices,)): Errors of the best fixed design, whose shots are all used by the likelihood.
        adaptive_shots: On average.
        fixed_shots: Shots of the fixed design.
        longest_wait_us: Longest wait of the fixed design, whose waits are spread evenly up to it. It was chosen for
            the least mean error on other devices.
    """

    adaptive: RealArray = field(repr=False)
    fixed: RealArray = field(repr=False)
    adaptive_shots: float
    fixed_shots: int
    longest_wait_us: float

    @property
    def gain(self) -> float:
        """Median error of the fixed design over that of the adaptive one."""
        return float(np.median(self.fixed) / np.median(self.adaptive))


@dataclass(frozen=True)
class _Task:
    """What is measured, and how well outcomes of single shots tell it.

    Args:
        grid: Values that are told apart.
        draw: Makes the truth of so many devices.
        chances: Chances of |1> for values (v,), at waits (s,) in the given phases (s,): (v, s).
        phases: In turn.
        error: Error of an estimate.
    """

    grid: RealArray
    draw: Callable[[np.random.Generator, int], RealArray]
    chances: Callable[[RealArray, RealArray, RealArray], RealArray]
    phases: tuple[float, ...]
    error: Callable[[RealArray, RealArray], RealArray]

    def fixed_settings(self, longest: float, dead_time: float, wall_time: float) -> tuple[RealArray, RealArray]:
        """Waits evenly up to the longest one, each in every phase, as many as there is time for."""
        per_round = len(self.phases)
        rounds = max(1, int((wall_time / per_round - longest / 2) / (longest / 2 + dead_time)))
        waits = np.repeat(longest * np.arange(1, rounds + 1) / rounds, per_round)
        return waits, np.tile(self.phases, rounds)

    def errors_of_fixed(
        self, settings: tuple[RealArray, RealArray], truths: RealArray, generator: np.random.Generator
    ) -> RealArray:
        """Of the most probable value, given one shot at each setting."""
        excited = (generator.random((len(truths), len(settings[0]))) < self.chances(truths, *settings)).astype(float)
        highest, found = np.full(len(truths), -math.inf), np.empty(len(truths))
        for some in np.array_split(self.grid, 1 + len(self.grid) * len(settings[0]) // _CELLS_AT_ONCE):
            chances = np.clip(self.chances(some, *settings), 1e-12, 1 - 1e-12)
            heights = excited @ np.log(chances / (1 - chances)).T + np.log1p(-chances).sum(axis=1)
            top = np.argmax(heights, axis=1)
            height = heights[np.arange(len(truths)), top]
            found = np.where(height > highest, some[top], found)
            highest = np.maximum(height, highest)
        return self.error(found, truths)


def _compare(
    task: _Task,
    lengths: Iterable[float],
    adapt: Callable[[float, np.random.Generator], tuple[float, int]],
    dead_time_us: float,
    wall_time_us: float,
    devices: int,
    seed: int,
) -> DesignComparison:
    for_choice, for_truths, for_fixed, for_adaptive = np.random.default_rng(seed).spawn(4)
    training = task.draw(for_choice, devices)
    best, settings = math.inf, None
    for longest in lengths:
        tried = task.fixed_settings(longest, dead_time_us, wall_time_us)
        mean = float(task.errors_of_fixed(tried, training, for_choice).mean())
        if mean < best:
            best, settings = mean, tried
    assert settings is not None
    truths = task.draw(for_truths, devices)
    adapted = [adapt(float(truth), for_adaptive) for truth in truths]
    return DesignComparison(
        task.error(np.array([value for value, _ in adapted]), truths),
        task.errors_of_fixed(settings, truths, for_fixed),
        float(np.mean([shots for _, shots in adapted])),
        len(settings[0]),
        float(settings[0][-1]),
    )


def compare_ramsey_designs(
    *,
    range_khz: float,
    contrast: float,
    t2_us: float,
    dead_time_us: float,
    wall_time_us: float,
    devices: int,
    seed: int,
) -> DesignComparison:
    """`RamseyTracker` against the best fixed sweep of waits in two phases, for a detuning that stands still.

    Detunings are uniform within plus and minus the range. The fixed design has one shot at each of as many waits as
    there is time for, and the maximum of their likelihood; its longest wait, T2 / 16 to 3 T2, is chosen on other
    devices.

    Args:
        range_khz: Detunings that are possible, either way.
        contrast: V of the fringe.
        t2_us: T2 of the fringe.
        dead_time_us: Dead time of a shot, besides its wait.
        wall_time_us: What each design may take.
        devices: To average over.
        seed: Seed of devices and outcomes.

    Raises:
        InputError: A number is out of range.

    Examples:
        >>> found = compare_ramsey_designs(
        ...     range_khz=500.0, contrast=0.95, t2_us=20.0, dead_time_us=5.0, wall_time_us=1000.0, devices=5, seed=1
        ... )
        >>> found.adaptive.shape, found.fixed.shape
        ((5,), (5,))
    """
    _check(dead_time_us, wall_time_us, 6 * t2_us, devices)
    step = 0.05 / (2e-3 * math.pi * t2_us)
    points = 2 * math.ceil(range_khz / step) + 1
    tracker_at_start = RamseyTracker(range_khz=range_khz, contrast=contrast, t2_us=t2_us, dead_time_us=dead_time_us)

    def chances(detunings: RealArray, waits: RealArray, phases: RealArray) -> RealArray:
        angles = 2e-3 * math.pi * np.multiply.outer(detunings, waits) + phases
        return (1 + contrast * np.exp(-waits / t2_us) * np.cos(angles)) / 2

    def adapt(truth: float, generator: np.random.Generator) -> tuple[float, int]:
        tracker = tracker_at_start.anew()
        left, shots = wall_time_us, 0
        while True:
            setting = tracker.next_setting()
            left -= setting.wait_us + dead_time_us
            if left < 0:
                return tracker.detuning_khz, shots
            chance = chances(np.array([truth]), np.array([setting.wait_us]), np.array([setting.phase_rad]))[0, 0]
            tracker.observe(setting, excited=bool(generator.random() < chance))
            shots += 1

    task = _Task(
        np.linspace(-range_khz, range_khz, points),
        lambda generator, count: generator.uniform(-range_khz, range_khz, count),
        chances,
        (0.0, -math.pi / 2),
        lambda found, truths: cast(RealArray, np.abs(found - truths)),
    )
    lengths = np.geomspace(t2_us / 16, 3 * t2_us, _LENGTHS)
    return _compare(task, lengths, adapt, dead_time_us, wall_time_us, devices, seed)


def compare_decay_designs(
    *,
    shortest_t1_us: float,
    longest_t1_us: float,
    dead_time_us: float,
    wall_time_us: float,
    devices: int,
    seed: int,
) -> DesignComparison:
    """`DecayTracker` against the best fixed sweep of waits, for a T1 that stands still and readout without errors.

    T1 is uniform in its logarithm. The fixed design has one shot at each of as many waits as there is time for, and the
    maximum of their likelihood; its longest wait, half of the shortest T1 to three times the longest, is chosen on
    other devices.

    Args:
        shortest_t1_us: T1 is at least this ..
        longest_t1_us: .. and at most this.
        dead_time_us: Dead time of a shot, besides its wait; greater than 0, for without it ever shorter waits would be
            best.
        wall_time_us: What each design may take.
        devices: To average over.
        seed: Seed of devices and outcomes.

    Raises:
        InputError: A number is out of range.

    Examples:
        >>> found = compare_decay_designs(
        ...     shortest_t1_us=10.0, longest_t1_us=300.0, dead_time_us=5.0, wall_time_us=5000.0, devices=5, seed=1
        ... )
        >>> found.adaptive.shape, found.fixed.shape
        ((5,), (5,))
    """
    _check(dead_time_us, wall_time_us, 6 * longest_t1_us, devices)
    if dead_time_us == 0:
        raise InputError(f"Argument `dead_time_us` must be greater than 0, but is {dead_time_us}.")
    bounds = {"shortest_t1_us": shortest_t1_us, "longest_t1_us": longest_t1_us}

    def chances(t1: RealArray, waits: RealArray, _: RealArray) -> RealArray:
        return cast(RealArray, np.exp(-waits / t1[:, None]))

    def adapt(truth: float, generator: np.random.Generator) -> tuple[float, int]:
        tracker = DecayTracker(**bounds, dead_time_us=dead_time_us)
        left, shots = wall_time_us, 0
        while True:
            setting = tracker.next_setting()
            left -= setting.wait_us + dead_time_us
            if left < 0:
                return tracker.t1_us, shots
            tracker.observe(setting, excited=bool(generator.random() < math.exp(-setting.wait_us / truth)))
            shots += 1

    task = _Task(
        np.geomspace(shortest_t1_us, longest_t1_us, 2001),
        lambda generator, count: np.exp(generator.uniform(math.log(shortest_t1_us), math.log(longest_t1_us), count)),
        chances,
        (0.0,),
        lambda found, truths: cast(RealArray, np.abs(np.log(found / truths))),
    )
    lengths = np.geomspace(shortest_t1_us / 2, 3 * longest_t1_us, _LENGTHS)
    return _compare(task, lengths, adapt, dead_time_us, wall_time_us, devices, seed)


def _check(dead_time_us: float, wall_time_us: float, least: float, devices: int) -> None:
    if not (dead_time_us >= 0 and math.isfinite(dead_time_us)):
        raise InputError(f"Argument `dead_time_us` must be finite and at least 0, but is {dead_time_us}.")
    if not (wall_time_us >= least and math.isfinite(wall_time_us)):
        raise InputError(
            f"Argument `wall_time_us` must be finite and at least {least:g}, two shots of the longest wait, "
            f"but is {wall_time_us}."
        )
    if devices < 1:
        raise InputError(f"Argument `devices` must be at least 1, but is {devices}.")
