"""Scans of the readout pulse: its length, its amplitude, its frequency."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from synqc.errors import InputError, ShapeError
from synqc.infer.goodness_of_fit import LEAST_PROBABILITY
from synqc.protocols.analysis import Analysis, Verdict
from synqc.protocols.circuit import Circuit, Rotation, Settings
from synqc.protocols.cloud_tests import PARTS, cloud_complaints
from synqc.protocols.instrument import Instrument
from synqc.readout.assignment import share

__all__ = ["IQScan", "ReadoutAtSetting", "ReadoutDuration", "ReadoutFrequency", "ReadoutPower"]

_LEAST_SHOTS = 100
_MEDIAN = math.pi / 2  # variance of a median, in that of a mean


@dataclass(frozen=True)
class IQScan:
    """Points of shots of both levels at each setting of a readout.

    Args:
        protocol: Its name.
        column: Of the setting.
        settings (float64, (settings,)): What was set.
        points (complex128, (settings, 2, shots)): With |0> prepared, and with |1>; NaN where a shot is missing.

    Raises:
        ShapeError: Arrays do not fit each other.
    """

    protocol: str
    column: str
    settings: ArrayLike
    points: ArrayLike

    def __post_init__(self) -> None:
        settings, points = np.array(self.settings, np.float64), np.array(self.points, np.complex128)
        if points.ndim != 3 or settings.ndim != 1 or points.shape[:2] != (len(settings), 2):
            raise ShapeError(
                f"Argument `points` must have shape ({settings.size}, 2, shots), but has shape {points.shape}."
            )
        for name, array in (("settings", settings), ("points", points)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)


@dataclass(frozen=True)
class ReadoutAtSetting:
    """What one setting of a scan is worth.

    Args:
        setting: What was set.
        errors: Shots of both levels, of the second half, that were taken for the other one (int, (2,)).
        shots: Behind them (int, (2,)).
        signal_to_noise: Distance of the centres in standard deviations.
        loose: Standard error of that.
    """

    setting: float
    errors: tuple[int, int]
    shots: tuple[int, int]
    signal_to_noise: float
    loose: float

    @property
    def assignment_error(self) -> float:
        """Mean of both levels'."""
        return sum(wrong / of for wrong, of in zip(self.errors, self.shots, strict=True)) / 2

    @property
    def deviation(self) -> float:
        """Standard error of `assignment_error`."""
        parts = [(wrong + 0.5) / (of + 1) for wrong, of in zip(self.errors, self.shots, strict=True)]
        return math.sqrt(sum(p * (1 - p) / of for p, of in zip(parts, self.shots, strict=True))) / 2


@dataclass(frozen=True, kw_only=True)
class _ReadoutScan(ABC):
    """Both levels at many settings; half of the shots set the line between the clouds, the other half judges it.

    All settings are gone through `PARTS` times, so that what changes meanwhile is noticed.
    """

    shots: int = 1000

    column: ClassVar[str]

    def __post_init__(self) -> None:
        if not (isinstance(self.shots, int) and self.shots >= _LEAST_SHOTS):
            raise InputError(
                f"Argument `shots` must be a whole number of at least {_LEAST_SHOTS}, but is {self.shots}."
            )
        if len(self.scanned) < 3:
            raise InputError(f"Argument `{self.column}` must have three settings or more, but has {len(self.scanned)}.")

    @property
    @abstractmethod
    def scanned(self) -> tuple[float, ...]:
        """Settings, in order."""

    @abstractmethod
    def set_to(self, settings: Settings, value: float) -> Settings:
        """Settings of the instrument with the readout at one of the scan's."""

    def run(self, device: Instrument) -> IQScan:
        """Prepare both levels at each setting, and come back to all settings; the instrument's are put back afterwards.

        Args:
            device: One qubit.
        """
        circuits: list[Circuit] = [(), (Rotation(math.pi),)]
        before, parts = device.settings, []
        try:
            for _ in range(PARTS):
                rows = []
                for value in self.scanned:
                    device.settings = replace(self.set_to(before, value), centres=None)
                    rows.append(device.points(circuits, self.shots // PARTS))
                parts.append(np.stack(rows))
        finally:
            device.settings = before
        points = np.concatenate(parts, axis=2)
        return IQScan(type(self).__name__, self.column, np.array(self.scanned), points)

    def at_settings(self, records: IQScan) -> tuple[ReadoutAtSetting, ...]:
        """What each setting is worth, of all that arrived at it.

        Args:
            records: Of this protocol.
        """
        points, settings = np.asarray(records.points), np.asarray(records.settings)
        return tuple(_judged(float(value), *row)[1] for value, row in zip(settings, points, strict=True))

    def analyse(self, records: IQScan) -> Analysis:
        """The best setting, and what the readout is worth there.

        The setting is chosen by the distance of the clouds and what decays meanwhile, seen in one half of the shots;
        the errors there are counted in the other half, so that the choice does not flatter them. The interval of the
        setting holds all settings that are not worse by more than chance.

        Args:
            records: Of this protocol.

        Raises:
            InputError: They are of another protocol.
        """
        if records.protocol != type(self).__name__:
            raise InputError(f"Argument `records` must be of {type(self).__name__}, but is of {records.protocol}.")
        points = np.asarray(records.points)
        arrived = ~np.isnan(points)
        if arrived.sum(axis=2).min() < _LEAST_SHOTS / 2:
            return Analysis({}, {}, {}, "not determined", (f"fewer than {_LEAST_SHOTS // 2} shots arrived",))
        pairs = [_judged(float(value), *row) for value, row in zip(np.asarray(records.settings), points, strict=True)]
        chosen_by, judged = [first for first, _ in pairs], [second for _, second in pairs]
        best = min(range(len(chosen_by)), key=lambda k: (chosen_by[k].assignment_error, -chosen_by[k].signal_to_noise))
        both = [(one.assignment_error + two.assignment_error) / 2 for one, two in pairs]
        widths = [math.hypot(one.deviation, two.deviation) / 2 for one, two in pairs]
        name = f"best_{self.column}"
        spans = [
            [
                one.setting
                for one, error, width in zip(judged, both, widths, strict=True)
                if error - both[best] <= sigmas * math.hypot(width, widths[best])
            ]
            for sigmas in (1.0, 2.0)
        ]
        there = judged[best]
        names = ("p1_given_0", "p0_given_1")
        errors = {key: share(wrong, of) for key, wrong, of in zip(names, there.errors, there.shots, strict=True)}
        values = {name: there.setting} | {key: error.value for key, error in errors.items()}
        values["signal_to_noise"] = there.signal_to_noise
        intervals = [
            {name: (min(span), max(span))}
            | {key: error.interval(sigmas) for key, error in errors.items()}
            | {
                "signal_to_noise": (
                    there.signal_to_noise - sigmas * there.loose,
                    there.signal_to_noise + sigmas * there.loose,
                )
            }
            for sigmas, span in zip((1.0, 2.0), spans, strict=True)
        ]
        missing = int((~arrived).sum())
        suspicious = [f"{missing} shots are missing, whose outcomes are unknown"] if missing else []
        suspicious += cloud_complaints(points.reshape(-1, points.shape[2])) + self._complaints(judged)
        verdict, reasons = _verdict(judged, best, len(spans[0]), suspicious, self.column)
        return Analysis(values, intervals[0], intervals[1], verdict, reasons)

    def _complaints(self, judged: list[ReadoutAtSetting]) -> list[str]:
        return []

    def corrected(self, settings: Settings, analysis: Analysis) -> Settings:
        """The best setting; centres must be found anew."""
        return replace(self.set_to(settings, analysis.values[f"best_{self.column}"]), centres=None)


@dataclass(frozen=True, kw_only=True)
class ReadoutDuration(_ReadoutScan):
    """Length of the readout pulse: longer ones tell levels apart better, until the qubit decays meanwhile.

    Args:
        shots: Of each level at each setting.
        durations_ns: Looked at.

    Examples:
        >>> from synqc.twin import HiddenQubit, Twin
        >>> protocol = ReadoutDuration()
        >>> found = protocol.analyse(protocol.run(Twin([HiddenQubit(t1_us=30.0)], seed=2)[0]))
        >>> 500 < found.values["best_readout_duration_ns"] < 3000
        True
    """

    durations_ns: tuple[float, ...] = (200.0, 400.0, 600.0, 800.0, 1000.0, 1300.0, 1700.0, 2200.0, 3000.0, 4000.0)

    column = "readout_duration_ns"

    @property
    def scanned(self) -> tuple[float, ...]:
        """Durations."""
        return self.durations_ns

    def set_to(self, settings: Settings, value: float) -> Settings:
        """With this duration."""
        return replace(settings, readout_duration_ns=value)

    def next(self, analysis: Analysis) -> ReadoutDuration:
        """Durations about the best; four times the shots where none is better."""
        if "best_readout_duration_ns" not in analysis.values:
            return replace(self, shots=4 * self.shots)
        best = analysis.values["best_readout_duration_ns"]
        factors = np.geomspace(0.5, 2.0, len(self.durations_ns))
        return replace(self, durations_ns=tuple(float(best * one) for one in factors), shots=4 * self.shots)


@dataclass(frozen=True, kw_only=True)
class ReadoutPower(_ReadoutScan):
    """Amplitude of the readout pulse. The distance of the clouds grows with it in proportion, or the verdict says so.

    Transitions that a strong readout induces show up as errors that grow again.

    Args:
        shots: Of each level at each setting.
        amplitudes: Looked at, in units of the present one.

    Examples:
        >>> from synqc.twin import HiddenQubit, Twin
        >>> protocol = ReadoutPower()
        >>> found = protocol.analyse(protocol.run(Twin([HiddenQubit()], seed=2)[0]))
        >>> found.values["best_readout_amplitude"] > 1
        True
    """

    amplitudes: tuple[float, ...] = (0.2, 0.35, 0.5, 0.65, 0.8, 1.0, 1.2, 1.5)

    column = "readout_amplitude"

    @property
    def scanned(self) -> tuple[float, ...]:
        """Amplitudes."""
        return self.amplitudes

    def set_to(self, settings: Settings, value: float) -> Settings:
        """With the amplitude times this."""
        return replace(settings, readout_amplitude=settings.readout_amplitude * value)

    def _complaints(self, judged: list[ReadoutAtSetting]) -> list[str]:
        from scipy.special import gammaincc

        amplitudes = np.array([one.setting for one in judged])
        distances = np.array([one.signal_to_noise for one in judged])
        weights = 1 / np.array([one.loose for one in judged]) ** 2
        slope = float((weights * amplitudes * distances).sum() / (weights * amplitudes**2).sum())
        statistic = float((weights * (distances - slope * amplitudes) ** 2).sum())
        if gammaincc((len(judged) - 1) / 2, statistic / 2) < LEAST_PROBABILITY:
            return ["the distance of the clouds is not proportional to the amplitude: a line or resonator saturates"]
        return []

    def next(self, analysis: Analysis) -> ReadoutPower:
        """Amplitudes up to twice the best."""
        if "best_readout_amplitude" not in analysis.values:
            return replace(self, shots=4 * self.shots)
        scale = 2 * analysis.values["best_readout_amplitude"] / max(self.amplitudes)
        return replace(self, amplitudes=tuple(amplitude * scale for amplitude in self.amplitudes))


@dataclass(frozen=True, kw_only=True)
class ReadoutFrequency(_ReadoutScan):
    """Frequency of the readout pulse: best where the resonator answers both levels most differently.

    Args:
        shots: Of each level at each setting.
        shifts_mhz: Looked at, from the present frequency.

    Examples:
        >>> from synqc.twin import HiddenQubit, Twin
        >>> protocol = ReadoutFrequency()
        >>> found = protocol.analyse(protocol.run(Twin([HiddenQubit()], seed=2)[0]))
        >>> 0 < found.values["best_readout_shift_mhz"] < 2.5, found.verdict
        (True, 'good')
    """

    shifts_mhz: tuple[float, ...] = tuple(float(one) for one in np.linspace(-6.0, 8.0, 15))

    column = "readout_shift_mhz"

    @property
    def scanned(self) -> tuple[float, ...]:
        """Shifts."""
        return self.shifts_mhz

    def set_to(self, settings: Settings, value: float) -> Settings:
        """With the frequency moved by this."""
        return replace(settings, readout_shift_mhz=settings.readout_shift_mhz + value)

    def next(self, analysis: Analysis) -> ReadoutFrequency:
        """Half the range about the best; four times the shots where none is better."""
        if "best_readout_shift_mhz" not in analysis.values:
            return replace(self, shots=4 * self.shots)
        middle, best = (max(self.shifts_mhz) + min(self.shifts_mhz)) / 2, analysis.values["best_readout_shift_mhz"]
        return replace(self, shifts_mhz=tuple(best + (shift - middle) / 2 for shift in self.shifts_mhz))


def _verdict(
    judged: list[ReadoutAtSetting], best: int, alike: int, suspicious: list[str], column: str
) -> tuple[Verdict, tuple[str, ...]]:
    left_open = []
    if judged[best].signal_to_noise < 1:
        left_open.append("the clouds lie on each other at every setting")
    elif alike == len(judged):
        left_open.append("no setting is better than another by more than chance")
    elif best in (0, len(judged) - 1):
        left_open.append(f"the best {column} may be beyond what was looked through")
    reasons = (*suspicious, *left_open)
    return ("not determined" if left_open else "suspicious" if suspicious else "good"), reasons


def _judged(setting: float, ground: Any, excited: Any) -> tuple[ReadoutAtSetting, ReadoutAtSetting]:
    """By the first half of the shots with the line of the second, and the other way round."""
    rows = [row[~np.isnan(row)] for row in (ground, excited)]
    halves = [[row[start::2] for row in rows] for start in (0, 1)]
    first = _by_line(setting, _centres(halves[1]), halves[0])
    second = _by_line(setting, _centres(halves[0]), halves[1])
    centres = _centres(rows)
    apart = centres[1] - centres[0]
    axis = apart / abs(apart) if apart else 1.0
    deviation = float(((rows[0] - centres[0]) * np.conj(axis)).imag.std())
    distance = abs(apart) / deviation
    loose = math.sqrt(sum(_MEDIAN / len(row) for row in rows) + distance**2 / (2 * len(rows[0])))
    return (
        replace(first, signal_to_noise=distance, loose=loose),
        replace(second, signal_to_noise=distance, loose=loose),
    )


def _centres(rows: list[Any]) -> list[complex]:
    return [complex(np.median(row.real), np.median(row.imag)) for row in rows]


def _by_line(setting: float, centres: list[complex], rows: list[Any]) -> ReadoutAtSetting:
    axis = centres[1] - centres[0]
    above = [((row - sum(centres) / 2) * np.conj(axis)).real > 0 for row in rows]
    wrong = (int(above[0].sum()), int((~above[1]).sum()))
    return ReadoutAtSetting(setting, wrong, (len(above[0]), len(above[1])), 0.0, 0.0)
