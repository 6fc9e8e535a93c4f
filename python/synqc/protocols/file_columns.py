"""What was set at each point of a file, under whatever name and in whatever unit its program wrote it."""

from __future__ import annotations

from typing import Any

import numpy as np

from synqc.errors import InputError

__all__ = ["column_of", "is_column", "unit_in_name"]

_OTHER_NAMES = {
    "delay_us": ("delay", "wait", "wait_time", "idle_time", "tau", "delay_ns", "delay_s"),
    "duration_us": ("duration", "length", "pulse_duration", "pulse_length", "duration_ns"),
    "phase_rad": ("phase", "relative_phase", "second_phase"),
    "amplitude": ("amp", "amp_prefactor", "relative_amplitude"),
    "pulses": ("number_of_pulses", "n_pulses", "nb_of_pulses", "flips"),
    "coefficient": ("beta", "drag", "alpha_prefactor"),
    "cliffords": ("depth", "depths", "length", "number_of_cliffords"),
    "tone_amplitude": ("readout_amplitude", "amp_prefactor", "amplitude"),
    "readout_amplitude": ("amp_prefactor", "readout_power", "amplitude"),
    "readout_duration_ns": ("readout_length", "integration_length", "duration"),
    "readout_shift_mhz": ("detuning", "readout_detuning", "frequency_shift"),
    "drive_shift_khz": ("detuning", "drive_detuning", "frequency_shift"),
}
_SCALES = {
    "us": {"us": 1.0, "µs": 1.0, "ns": 1e-3, "ms": 1e3, "s": 1e6},
    "ns": {"ns": 1.0, "us": 1e3, "µs": 1e3, "s": 1e9},
    "rad": {"rad": 1.0, "deg": np.pi / 180, "2pi": 2 * np.pi},
    "khz": {"khz": 1.0, "kHz": 1.0, "Hz": 1e-3, "MHz": 1e3, "GHz": 1e6},
    "mhz": {"mhz": 1.0, "MHz": 1.0, "kHz": 1e-3, "Hz": 1e-6, "GHz": 1e3},
    "": {"": 1.0, "1": 1.0},
}


def unit_in_name(name: str) -> str:
    """Unit that a name of this package ends in.

    Examples:
        >>> unit_in_name("delay_us"), unit_in_name("pulses")
        ('us', '')
    """
    last = name.rpartition("_")[2]
    return last if last in _SCALES and "_" in name else ""


def is_column(name: str, column: str) -> bool:
    """Whether what a file calls `name` may be this column of settings.

    Examples:
        >>> is_column("idle_time", "delay_us"), is_column("idle_time", "phase_rad")
        (True, False)
    """
    return name == column or name in _OTHER_NAMES.get(column, ())


def column_of(column: str, values: Any, unit: str, name: str) -> Any:
    """Values of a file in the unit of a column.

    Args:
        column: Of a protocol's settings.
        values: Of the file.
        unit: Theirs.
        name: What the file calls them, for complaints.

    Raises:
        InputError: The unit is none of what is set here.

    Examples:
        >>> column_of("delay_us", np.array([500.0]), "ns", "wait").tolist()
        [0.5]
    """
    scales = _SCALES[unit_in_name(column)]
    if unit not in scales:
        raise InputError(
            f"Argument `units` must give {name!r} one of {', '.join(repr(one) for one in scales)}, but gives {unit!r}."
        )
    return np.asarray(values, np.float64) * scales[unit]
