"""What a protocol asks an instrument to play: rotations, delays, drives and tones, and with which settings."""

from __future__ import annotations

import math
from dataclasses import dataclass

from synqc.errors import InputError

__all__ = ["Circuit", "Delay", "Drive", "ReadoutTone", "Rotation", "Settings"]


@dataclass(frozen=True)
class Delay:
    """A time without a drive.

    Args:
        duration_us: At least 0.
    """

    duration_us: float

    def __post_init__(self) -> None:
        if not 0 <= self.duration_us < math.inf:
            raise InputError(f"Argument `duration_us` must be finite and at least 0, but is {self.duration_us}.")


@dataclass(frozen=True)
class Rotation:
    """One drive pulse, meant to turn the qubit by an angle about an axis in the equatorial plane.

    Args:
        angle_rad: What the pulse would turn by if the settings were right; its amplitude is proportional to that.
        phase_rad: Of the axis: 0 for x, pi / 2 for y.
        drag: DRAG coefficient of this pulse; the settings' if None.
    """

    angle_rad: float
    phase_rad: float = 0.0
    drag: float | None = None

    def __post_init__(self) -> None:
        for name in ("angle_rad", "phase_rad"):
            if not math.isfinite(getattr(self, name)):
                raise InputError(f"Argument `{name}` must be finite, but is {getattr(self, name)}.")
        if self.drag is not None and not math.isfinite(self.drag):
            raise InputError(f"Argument `drag` must be finite or None, but is {self.drag}.")


@dataclass(frozen=True)
class Drive:
    """A square pulse of any length.

    Args:
        duration_us: At least 0.
        rabi_khz: Rabi frequency that it would have if the settings were right.
        detuning_khz: Its frequency minus that of the rotations.
    """

    duration_us: float
    rabi_khz: float
    detuning_khz: float = 0.0

    def __post_init__(self) -> None:
        _check_lengths(self, "duration_us", "rabi_khz")
        if not math.isfinite(self.detuning_khz):
            raise InputError(f"Argument `detuning_khz` must be finite, but is {self.detuning_khz}.")


@dataclass(frozen=True)
class ReadoutTone:
    """A square pulse on a readout resonator, of which nothing is recorded: it dephases qubits and shifts them.

    Args:
        duration_ns: At least 0.
        amplitude: In units of the instrument's readout pulse, as `Settings.readout_amplitude`.
        resonator: Number of the qubit whose resonator is driven; the own one if None.
    """

    duration_ns: float
    amplitude: float = 1.0
    resonator: int | None = None

    def __post_init__(self) -> None:
        _check_lengths(self, "duration_ns", "amplitude")


def _check_lengths(operation: object, *names: str) -> None:
    for name in names:
        if not 0 <= getattr(operation, name) < math.inf:
            raise InputError(f"Argument `{name}` must be finite and at least 0, but is {getattr(operation, name)}.")


Circuit = tuple[Delay | Rotation | Drive | ReadoutTone, ...]
"""Operations in order, from the ground state to a readout."""


@dataclass(frozen=True)
class Settings:
    """What an instrument plays pulses with, and what calibrations change.

    Args:
        drive_shift_khz: Added to the frequency that the drive has had.
        pi_amplitude: Amplitude of a pi pulse, in units of what it has been.
        drag: DRAG coefficient beta: the second quadrature is -beta times the slope of the first over the nominal
            anharmonicity.
        centres: Points in the IQ plane to which shots of |0>, |1> and |2> are assigned; the instrument's own if None.
        readout_duration_ns: Length of the readout pulse and of its average; the instrument's own if None.
        readout_amplitude: Of the readout pulse, in units of what it has been.
        readout_shift_mhz: Added to the frequency that the readout pulse has had.
    """

    drive_shift_khz: float = 0.0
    pi_amplitude: float = 1.0
    drag: float = 0.0
    centres: tuple[complex, ...] | None = None
    readout_duration_ns: float | None = None
    readout_amplitude: float = 1.0
    readout_shift_mhz: float = 0.0

    def __post_init__(self) -> None:
        for name in ("drive_shift_khz", "pi_amplitude", "drag", "readout_amplitude", "readout_shift_mhz"):
            if not math.isfinite(getattr(self, name)):
                raise InputError(f"Argument `{name}` must be finite, but is {getattr(self, name)}.")
        if self.readout_duration_ns is not None and not 0 < self.readout_duration_ns < math.inf:
            raise InputError(
                "Argument `readout_duration_ns` must be finite and greater than 0, or None, but is "
                f"{self.readout_duration_ns}."
            )
        if self.centres is not None and len(self.centres) != 3:
            raise InputError(f"Argument `centres` must hold three points or be None, but holds {len(self.centres)}.")
