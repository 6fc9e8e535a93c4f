"""Rabi by duration, on resonance and over a range of frequencies: square pulses of one amplitude."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from synqc.errors import InputError
from synqc.infer import Curve, Parameter
from synqc.protocols.analysis import Analysis
from synqc.protocols.circuit import Circuit, Drive, Settings
from synqc.protocols.count_protocol import READOUT_ERRORS, CountProtocol
from synqc.protocols.curves import Chevron, RabiDecay, Referenced

__all__ = ["RabiChevron", "RabiDuration"]


@dataclass(frozen=True, kw_only=True)
class RabiDuration(CountProtocol):
    """One square pulse of many durations: Rabi frequency, and the decay of the oscillation.

    On resonance it decays with (1 / T1 + 1 / T2) / 2.

    Args:
        durations_us: Of the pulse.
        rabi_khz: What the Rabi frequency should be; it is sought between half of that and one and a half times.

    Examples:
        >>> from synqc.twin import HiddenQubit, Twin
        >>> protocol = RabiDuration()
        >>> found = protocol.analyse(protocol.run(Twin([HiddenQubit(rabi_scale=1.04)], seed=2)[0]))
        >>> abs(found.values["rabi_khz"] - 208) < 0.3, found.verdict
        (True, 'good')

    Source: Torrey, Phys. Rev. 76, 1059 (1949), for the decay.
    """

    durations_us: tuple[float, ...] = tuple(float(duration) for duration in np.linspace(0.0, 75.0, 76))
    rabi_khz: float = 200.0

    reported = ("rabi_khz", "decay_us")

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_rabi(self.rabi_khz)

    @property
    def curve(self) -> Curve:
        """A decaying oscillation."""
        return Referenced(RabiDecay())

    def plan(self, gate_ns: float) -> tuple[list[Circuit], list[tuple[float, ...]]]:
        """A circuit for each duration."""
        return [(Drive(duration, self.rabi_khz),) for duration in self.durations_us], [
            (duration,) for duration in self.durations_us
        ]

    def searched(self, settings: Any) -> dict[str, Parameter]:
        """Half of what it should be to one and a half times; decays from a hundredth of the longest to twenty times."""
        longest = float(settings[:, 1].max())
        return {
            "rabi_khz": Parameter(0.5 * self.rabi_khz, 1.5 * self.rabi_khz),
            "decay_us": Parameter(longest / 100, 20 * longest, start=longest),
            **READOUT_ERRORS,
        }

    def next(self, analysis: Analysis) -> RabiDuration:
        """Durations up to one and a half times the decay that was found; half as long ones where nothing was."""
        longest = max(self.durations_us)
        wanted = longest / 2 if analysis.verdict == "not determined" else 1.5 * analysis.values["decay_us"]
        return replace(self, durations_us=tuple(duration * wanted / longest for duration in self.durations_us))

    def corrected(self, settings: Settings, analysis: Analysis) -> Settings:
        """Amplitude over what was found."""
        return replace(settings, pi_amplitude=settings.pi_amplitude * self.rabi_khz / analysis.values["rabi_khz"])


@dataclass(frozen=True, kw_only=True)
class RabiChevron(CountProtocol):
    """One square pulse of many durations and frequencies: Rabi frequency and detuning.

    Args:
        durations_us: Of the pulse: short beside T1 and T2.
        drive_shifts_khz: Frequencies of the pulse, minus that of the drive.
        rabi_khz: What the Rabi frequency should be; it is sought between half of that and one and a half times.

    Examples:
        >>> from synqc.twin import HiddenQubit, Twin
        >>> protocol = RabiChevron()
        >>> found = protocol.analyse(protocol.run(Twin([HiddenQubit(detuning_khz=-310.0)], seed=2)[0]))
        >>> abs(found.values["detuning_khz"] + 310) < 12, abs(found.values["rabi_khz"] - 1000) < 5
        (True, True)
    """

    shots: int = 20
    durations_us: tuple[float, ...] = tuple(float(duration) for duration in np.linspace(0.05, 2.0, 21))
    drive_shifts_khz: tuple[float, ...] = tuple(float(shift) for shift in np.linspace(-2000.0, 2000.0, 17))
    rabi_khz: float = 1000.0

    reported = ("rabi_khz", "detuning_khz")

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_rabi(self.rabi_khz)

    @property
    def curve(self) -> Curve:
        """Oscillations that are faster and lower off resonance."""
        return Referenced(Chevron())

    def plan(self, gate_ns: float) -> tuple[list[Circuit], list[tuple[float, ...]]]:
        """A circuit for each duration at each frequency."""
        points: list[tuple[float, ...]] = [
            (duration, shift) for shift in self.drive_shifts_khz for duration in self.durations_us
        ]
        return [(Drive(duration, self.rabi_khz, shift),) for duration, shift in points], points

    def searched(self, settings: Any) -> dict[str, Parameter]:
        """Detunings among the frequencies."""
        points = settings[settings[:, 0] < 0]
        longest = float(points[:, 1].max())
        return {
            "rabi_khz": Parameter(0.5 * self.rabi_khz, 1.5 * self.rabi_khz),
            "detuning_khz": Parameter(float(points[:, 2].min()), float(points[:, 2].max())),
            "damping": Parameter(-0.05 / longest, 1 / longest, start=0.0),
            **READOUT_ERRORS,
        }

    def next(self, analysis: Analysis) -> RabiChevron:
        """Frequencies about the one that was found, half as far apart; twice as far where none was."""
        middle = sum(self.drive_shifts_khz) / len(self.drive_shifts_khz)
        if analysis.verdict == "not determined":
            return replace(self, drive_shifts_khz=tuple(middle + 2 * (one - middle) for one in self.drive_shifts_khz))
        found = analysis.values["detuning_khz"]
        return replace(self, drive_shifts_khz=tuple(found + (one - middle) / 2 for one in self.drive_shifts_khz))

    def corrected(self, settings: Settings, analysis: Analysis) -> Settings:
        """The drive on the qubit, and amplitude over what was found."""
        return replace(
            settings,
            drive_shift_khz=settings.drive_shift_khz + analysis.values["detuning_khz"],
            pi_amplitude=settings.pi_amplitude * self.rabi_khz / analysis.values["rabi_khz"],
        )


def _check_rabi(rabi_khz: float) -> None:
    if not 0 < rabi_khz < math.inf:
        raise InputError(f"Argument `rabi_khz` must be finite and greater than 0, but is {rabi_khz}.")
