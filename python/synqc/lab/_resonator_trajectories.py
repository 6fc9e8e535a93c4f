"""Trajectories of a qubit behind a resonator: records as the resonator emits them, and the states they leave."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from synqc.errors import InputError
from synqc.lab._operators import ComplexArray, RealArray
from synqc.lab._resonator_filter import QubitBehindResonator

__all__ = ["ResonatorTrajectories"]

_RATE_TIMES_STEP = 0.05
"""Of default steps: a record averaged over more than such a share of the field's motion has lost what it said of it."""

_STEPS_AT_ONCE = 1 << 18
"""Of all trajectories of a block together, whose records and states take some 200 bytes a step."""

_MOST_STEPS = 1 << 26


@dataclass(frozen=True)
class ResonatorTrajectories:
    """Draws trajectories and their records.

    A level is drawn, it decays at any moment, the field goes on from where it was, and a record of steps shows it: all
    of that exactly. The state is what an observer of the steps infers (`QubitBehindResonator.follow`).

    Args:
        qubit: With `times` at the edges of steps.
        ends (integers, (t,)): Which of these are the times to be shown, the first and the last among them.
        start (complex128, (2, 2)): State at time 0.
    """

    qubit: QubitBehindResonator
    ends: Any
    start: ComplexArray

    @classmethod
    def between(cls, qubit: QubitBehindResonator, start: ComplexArray, dt: float | None) -> ResonatorTrajectories:
        """Steps of at most `dt`, or short enough for the field, between the times of `qubit`."""
        if dt is not None and not (math.isfinite(dt) and dt > 0):
            raise InputError(f"Argument `dt` must be finite and greater than 0, but is {dt}.")
        longest = _RATE_TIMES_STEP / qubit.fastest_rate() if dt is None else dt
        times = qubit.times
        steps = np.ceil(np.diff(times) / longest * (1 - 1e-9)).clip(min=1)
        if steps.sum() > _MOST_STEPS:
            raise InputError(f"Argument `dt` must give at most 2**26 steps, but gives {steps.sum():.3g}.")
        ends = np.concatenate([[0], np.cumsum(steps.astype(np.int64))])
        edges = np.interp(np.arange(ends[-1] + 1), ends, times)
        return cls(replace(qubit, times=edges), ends, start)

    @property
    def longest_step(self) -> float:
        """In us."""
        return float(np.diff(self.qubit.times).max())

    @property
    def weak_error(self) -> float:
        """Trace distance of the mean state from the exact one: 0 without decay. NaN, unknown, with it: trajectories
        that decayed in different steps are inferred with the mean of their fields."""
        return 0.0 if math.isinf(self.qubit.t1_us) else math.nan

    def sample(
        self,
        *,
        watched: Sequence[ComplexArray],
        seeds: list[int],
        trajectories: int,
        keep_watched: bool,
        keep_measurement: bool,
        keep_states: bool,
        keep_final_states: bool,
        threads: int,
        progress: Callable[[int, int], object] | None,
    ) -> dict[str, Any]:
        """What `TrajectoryProgram.sample` returns, in its words; after Ctrl-C of the trajectories that are complete."""
        at_once = max(1, _STEPS_AT_ONCE // int(self.ends[-1]))
        gathered = _Gathered(list(watched), keep_watched, keep_measurement, keep_states, keep_final_states)
        draws = np.random.Generator(np.random.Philox(key=seeds[0]))
        try:
            for first in range(0, trajectories, at_once):
                count = min(at_once, trajectories - first)
                numbers = draws.random(count)
                if len(seeds) > 1:
                    own = seeds[first : first + count]
                    numbers = np.array([np.random.Generator(np.random.Philox(key=seed)).random() for seed in own])
                levels = (numbers >= self.qubit.levels_at_start(self.start)[0]).astype(np.int32)
                records = self._records(levels, seeds, first, threads)
                followed = self.qubit.follow(records, self.start, threads)
                measurement, innovations = self._between_times(records, followed.expected)
                gathered.add(followed.states[:, self.ends], measurement, innovations)
                if progress is not None:
                    progress(first + count, trajectories)
        except KeyboardInterrupt:
            pass  # smesolve says so where nothing is complete
        return gathered.as_raw()

    def _records(self, levels: Any, seeds: list[int], first: int, threads: int) -> RealArray:
        def drawn(some: Any, seed: int, shot: int) -> Any:
            return self.qubit.model.sample(
                levels=some.tolist(), seed=seed, experiment=0, channel=0, first_shot=shot, threads=threads
            )[0]

        if len(seeds) == 1:
            return np.asarray(drawn(levels, seeds[0], first))
        return np.concatenate([drawn(levels[k : k + 1], seeds[first + k], 0) for k in range(len(levels))])

    def _between_times(self, records: RealArray, expected: ComplexArray) -> tuple[RealArray, RealArray]:
        """Means of records, and sums of what they held beyond expectation, (count, 1 or 2, t - 1)."""
        durations = np.diff(self.qubit.times)
        if self.qubit.heterodyne:
            values = records.reshape(len(records), -1, 2).transpose(0, 2, 1)
            means = np.stack([expected.real, expected.imag], axis=1)
        else:
            values, means = records[:, None], expected.real[:, None]
        sums = np.add.reduceat(values * durations, self.ends[:-1], axis=2)
        surplus = np.add.reduceat((values - means) * durations, self.ends[:-1], axis=2)
        return sums / np.add.reduceat(durations, self.ends[:-1]), surplus


@dataclass
class _Gathered:
    """Sums over trajectories, and of each what is kept."""

    watched: list[ComplexArray]
    keep_watched: bool
    keep_measurement: bool
    keep_states: bool
    keep_final_states: bool
    count: int = 0
    kept: dict[str, list[Any]] = field(default_factory=dict)
    mean_state: Any = 0.0
    watched_mean: Any = 0.0
    squares: Any = 0.0

    def add(self, states: ComplexArray, measurement: RealArray, innovations: RealArray) -> None:
        here = len(states)
        values = np.empty((len(self.watched), *states.shape[:2]))
        for row, op in zip(values, self.watched, strict=True):
            row[:] = np.einsum("ij,ktji->kt", op, states).real
        after = self.count + here
        mean = values.mean(axis=1)
        shift = mean - self.watched_mean
        self.squares = self.squares + values.var(axis=1) * here + shift**2 * (self.count * here / after)
        self.watched_mean = self.watched_mean + shift * (here / after)
        self.mean_state = self.mean_state + (states.mean(axis=0) - self.mean_state) * (here / after)
        self.count = after
        for name, is_kept, rows in (
            ("watched", self.keep_watched, values), ("measurement", self.keep_measurement, measurement),
            ("innovations", self.keep_measurement, innovations), ("states", self.keep_states, states),
            ("final_states", self.keep_final_states, states[:, -1]),
        ):  # fmt: skip
            if is_kept:
                self.kept.setdefault(name, []).append(rows)

    def as_raw(self) -> dict[str, Any]:
        raw: dict[str, Any] = {"count": self.count}
        if self.count == 0:
            return raw
        raw |= {"average_states": self.mean_state, "watched_mean": self.watched_mean}
        raw["watched_variance"] = self.squares / self.count
        for name, rows in self.kept.items():
            raw[name] = np.concatenate(rows, axis=1 if name == "watched" else 0)
        return raw
