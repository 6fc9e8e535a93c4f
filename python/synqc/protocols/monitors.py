"""Monitors: T1 and frequency over and over, and whether they stayed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from synqc.errors import InputError
from synqc.protocols.analysis import Verdict
from synqc.protocols.circuit import Circuit, Delay, Rotation
from synqc.protocols.instrument import Instrument
from synqc.protocols.ramsey import PULSE_PRECESSION
from synqc.protocols.record_tests import homogeneity_test, missing_test
from synqc.protocols.records import Records

__all__ = ["FrequencyMonitor", "T1Monitor", "TimeSeries", "allan_variance"]


def allan_variance(series: ArrayLike, averaged: int) -> float:
    """Half the mean square of the difference of neighbouring averages.

    Args:
        series (float64, (t,)): Equally far apart in time.
        averaged: How many values each average is of.

    Raises:
        InputError: There are fewer than two averages.

    Examples:
        >>> allan_variance([1.0, 3.0, 1.0, 3.0], 1), allan_variance([1.0, 3.0, 1.0, 3.0], 2)
        (2.0, 0.0)
    """
    values = np.asarray(series, np.float64)
    averages = len(values) // averaged
    if averages < 2:
        raise InputError(f"Argument `averaged` must be at most {len(values) // 2}, but is {averaged}.")
    means = values[: averages * averaged].reshape(averages, averaged).mean(axis=1)
    return float((np.diff(means) ** 2).mean() / 2)


@dataclass(frozen=True)
class TimeSeries:
    """A parameter in every window of a monitor.

    Args:
        name: Of the parameter.
        values (float64, (t,)): In each window; NaN where it is not determined.
        errors (float64, (t,)): Standard errors from shots alone.
        moved: Probability that chance alone spreads windows as widely.
        verdict: "good" if the parameter and the readout stayed, "suspicious" if one moved or shots are missing, "not
            determined" if no window knows the parameter.
        reasons: Why the verdict is not "good".
    """

    name: str
    values: Any
    errors: Any
    moved: float
    verdict: Verdict
    reasons: tuple[str, ...]

    def allan_deviation(self, averaged: int) -> float:
        """Square root of the Allan variance of averages over so many windows."""
        return math.sqrt(allan_variance(self.values, averaged))


def _judged_series(name: str, values: Any, errors: Any, records: Records, references: int) -> TimeSeries:
    """Windows are alike if their counts are: Pearson's chi-squared over all points, references for themselves."""
    counted = records.excited
    points = counted.shape[1] - references
    moved = homogeneity_test(counted[:, :points])
    reasons = [] if moved.passed else [f"{name} moves between windows"]
    if references and not homogeneity_test(counted[:, points:]).passed:
        reasons.append("errors of the readout move between windows")
    missing = missing_test(counted, records.shots)
    if not missing.passed:
        reasons.append(missing.complaint)
    if not np.isfinite(values).any():
        return TimeSeries(name, values, errors, moved.p_value, "not determined", ("no window determines it", *reasons))
    return TimeSeries(name, values, errors, moved.p_value, "suspicious" if reasons else "good", tuple(reasons))


@dataclass(frozen=True, kw_only=True)
class T1Monitor:
    """T1 in short windows: one delay, and the readout's errors from points of known level in all windows.

    Args:
        delay_us: Best at 1.6 T1: Fisher's information of a shot is x^2 exp(-x) / (1 - exp(-x)), x = delay / T1.
        shots: At the delay, and with each level prepared, in each window.
        windows: How many.

    Examples:
        >>> from synqc.twin import HiddenQubit, Twin
        >>> monitor = T1Monitor(delay_us=80.0, windows=20)
        >>> found = monitor.analyse(monitor.run(Twin([HiddenQubit(t1_us=60.0)], seed=2)[0]))
        >>> bool(abs(found.values.mean() - 60) < 5), found.verdict
        (True, 'good')
    """

    delay_us: float
    shots: int = 200
    windows: int = 50

    columns: ClassVar[tuple[str, ...]] = ("reference", "delay_us")

    def __post_init__(self) -> None:
        _check_windows(self)

    def run(self, device: Instrument) -> Records:
        """Measure all windows, the delay first and the references after it.

        Args:
            device: One qubit.
        """
        flip = Rotation(math.pi)
        circuits: list[Circuit] = [(flip, Delay(self.delay_us)), (), (flip,)]
        settings = [(-1.0, self.delay_us), (0.0, 0.0), (1.0, 0.0)]
        counts = [device.counts(circuits, self.shots) for _ in range(self.windows)]
        return Records("T1Monitor", self.columns, np.array(settings), np.array(counts), self.shots)

    def analyse(self, records: Records) -> TimeSeries:
        """T1 of each window: -delay / ln q, q the excited share."""
        counted = records.excited
        delay = float(np.asarray(records.settings)[0, 1])
        lowest, highest = (counted[:, k, 1].sum() / counted[:, k].sum() for k in (1, 2))
        shots = counted[:, 0].sum(axis=1)
        seen = counted[:, 0, 1] / shots
        excited = (seen - lowest) / (highest - lowest)
        with np.errstate(all="ignore"):
            values = np.where((excited > 0) & (excited < 1), -delay / np.log(excited), np.nan)
            slope = excited * delay / values**2 * (highest - lowest)
            errors = np.sqrt(seen * (1 - seen) / shots) / slope
        return _judged_series("t1_us", values, errors, records, references=2)

    def next(self, series: TimeSeries) -> T1Monitor:
        """A delay of 1.6 times the median T1."""
        typical = float(np.nanmedian(series.values)) if np.isfinite(series.values).any() else 4 * self.delay_us
        return replace(self, delay_us=1.593624 * typical)


@dataclass(frozen=True, kw_only=True)
class FrequencyMonitor:
    """Detuning in short windows: both phases at one delay, so that sign and contrast are seen.

    Args:
        delay_us: Detunings within half a turn in it are told apart.
        shots: Of each quadrature in each window.
        windows: How many.

    Examples:
        >>> from synqc.twin import HiddenQubit, Twin
        >>> monitor = FrequencyMonitor(delay_us=10.0, windows=20)
        >>> found = monitor.analyse(monitor.run(Twin([HiddenQubit(detuning_khz=-12.0)], seed=2)[0]))
        >>> bool(abs(found.values.mean() + 12) < 1), found.verdict
        (True, 'good')
    """

    delay_us: float
    shots: int = 200
    windows: int = 50

    columns: ClassVar[tuple[str, ...]] = ("reference", "delay_us", "phase_rad")

    def __post_init__(self) -> None:
        _check_windows(self)

    def run(self, device: Instrument) -> Records:
        """Measure both phases in each window.

        Args:
            device: One qubit.
        """
        quarter, phases = math.pi / 2, (0.0, math.pi, -math.pi / 2, math.pi / 2)
        circuits: list[Circuit] = [
            (Rotation(quarter), Delay(self.delay_us), Rotation(quarter, phase)) for phase in phases
        ]
        precession = self.delay_us + 2 * PULSE_PRECESSION * device.gate_ns * 1e-3
        counts = [device.counts(circuits, max(1, self.shots // 2)) for _ in range(self.windows)]
        settings = [(-1.0, precession, phase) for phase in phases]
        return Records("FrequencyMonitor", self.columns, np.array(settings), np.array(counts), max(1, self.shots // 2))

    def analyse(self, records: Records) -> TimeSeries:
        """Angle of both quadratures over the time; opposite phases take out the readout's errors."""
        counted = records.excited
        shots = counted.sum(axis=2)
        seen = counted[:, :, 1] / shots
        delay = float(np.asarray(records.settings)[0, 1])
        along, across = seen[:, 0] - seen[:, 1], seen[:, 2] - seen[:, 3]
        contrast = np.hypot(along, across)
        variances = seen * (1 - seen) / shots
        of_along, of_across = variances[:, :2].sum(axis=1), variances[:, 2:].sum(axis=1)
        variance = (of_along + of_across) / 2
        turn = 2e-3 * math.pi * delay
        with np.errstate(divide="ignore", invalid="ignore"):
            # What turns the angle is what lies across it.
            errors = np.sqrt(along**2 * of_across + across**2 * of_along) / contrast**2 / turn
        # Angles of a contrast within three errors of 0 are noise.
        values = np.where(contrast**2 > 9 * variance, np.arctan2(across, along) / turn, np.nan)
        return _judged_series("detuning_khz", values, errors, records, references=0)


def _check_windows(monitor: T1Monitor | FrequencyMonitor) -> None:
    if not 0 < monitor.delay_us < math.inf:
        raise InputError(f"Argument `delay_us` must be finite and greater than 0, but is {monitor.delay_us}.")
    for name in ("shots", "windows"):
        value = getattr(monitor, name)
        if not (isinstance(value, int) and value >= 2):
            raise InputError(f"Argument `{name}` must be a whole number of at least 2, but is {value}.")
