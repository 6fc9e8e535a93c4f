"""The drive of a readout resonator, and pulses that empty it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synqc.errors import InputError
from synqc.readout.resonator import Resonator

__all__ = ["ReadoutPulse", "depletion_pulse"]


@dataclass(frozen=True)
class ReadoutPulse:
    """Constant pieces of drive, one after the other from time 0; off afterwards.

    Args:
        durations_ns: Length of each piece.
        amplitudes: Complex amplitude of each, in units of `Resonator.drive_mhz`.

    Examples:
        >>> ReadoutPulse((400.0, 50.0), (1.0, -0.5)).duration_ns
        450.0
    """

    durations_ns: tuple[float, ...]
    amplitudes: tuple[complex, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "durations_ns", tuple(float(duration) for duration in self.durations_ns))
        object.__setattr__(self, "amplitudes", tuple(complex(amplitude) for amplitude in self.amplitudes))
        if len(self.durations_ns) != len(self.amplitudes):
            raise InputError(
                f"Argument `amplitudes` must have one entry per duration, {len(self.durations_ns)}, "
                f"but has {len(self.amplitudes)}."
            )
        if not all(0 <= duration < math.inf for duration in self.durations_ns):
            raise InputError(
                f"Argument `durations_ns` must be finite and at least 0 in every entry, but is {self.durations_ns}."
            )
        if not np.isfinite(self.amplitudes).all():
            raise InputError(f"Argument `amplitudes` must be finite in every entry, but is {self.amplitudes}.")

    @classmethod
    def square(cls, duration_ns: float, amplitude: complex = 1.0) -> ReadoutPulse:
        """One piece."""
        return cls((duration_ns,), (amplitude,))

    @property
    def duration_ns(self) -> float:
        """Of all pieces."""
        return math.fsum(self.durations_ns)

    def then(self, other: ReadoutPulse) -> ReadoutPulse:
        """This pulse with another right behind it.

        Examples:
            >>> ReadoutPulse.square(400.0).then(ReadoutPulse.square(50.0, -1.0)).durations_ns
            (400.0, 50.0)
        """
        return ReadoutPulse(self.durations_ns + other.durations_ns, self.amplitudes + other.amplitudes)


def depletion_pulse(
    resonator: Resonator,
    duration_ns: float,
    *,
    after: ReadoutPulse | None = None,
    levels: Sequence[int] = (0, 1),
    largest_amplitude: float = math.inf,
) -> ReadoutPulse:
    """Pulse of equal pieces, one per level, after which the resonator is empty whichever of the levels it was.

    With the drive midway between two levels the two amplitudes are real; otherwise they are complex.

    Args:
        resonator: What is emptied. It must be linear: the pulse is exact for its classical fields.
        duration_ns: Of the whole pulse.
        after: The pulse before it; a drive of amplitude 1 that has been on for long if not given.
        levels: For which levels the resonator shall be empty.
        largest_amplitude: Bound on the modulus of each amplitude.

    Returns:
        The pieces to append to the readout pulse, by `ReadoutPulse.then`.

    Raises:
        InputError: The bound is too low for this duration, or the levels cannot be told apart.

    Examples:
        >>> resonator = Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0)
        >>> pulse = depletion_pulse(resonator, 100.0)
        >>> [round(amplitude.real, 6) for amplitude in pulse.amplitudes]
        [-2.25489, 0.676625]

    Source: the two-step pulse of McClure et al., Phys. Rev. Applied 5, 011001 (2016).
    """
    if not (duration_ns > 0 and math.isfinite(duration_ns)):
        raise InputError(f"Argument `duration_ns` must be finite and greater than 0, but is {duration_ns}.")
    chosen = list(dict.fromkeys(levels))
    if not chosen or not all(0 <= level < resonator.levels for level in chosen):
        raise InputError(f"Argument `levels` must be some of 0 to {resonator.levels - 1}, but is {tuple(levels)}.")
    if resonator.drive_mhz == 0:
        raise InputError("Argument `resonator` must have a drive, but its `drive_mhz` is 0.")
    decays = np.pi * resonator.kappa_mhz + 2j * np.pi * np.array(resonator.level_detunings_mhz)[chosen]
    drive = 2 * np.pi * resonator.drive_mhz
    fields = -1j * drive / decays if after is None else resonator.fields(after, [after.duration_ns])[chosen, 0]
    step = duration_ns * 1e-3 / len(chosen)
    # Each piece leaves -i eps (1 - exp(-l step)) / l, which decays over the pieces behind it.
    pieces_left = np.arange(len(chosen))[::-1]
    response = (-1j * drive * -np.expm1(-decays * step) / decays)[:, None] * np.exp(
        -decays[:, None] * step * pieces_left
    )
    if np.linalg.matrix_rank(response, tol=1e-10 * np.abs(response).max()) < len(chosen):
        raise InputError("Argument `levels` must have different shifts, but some are the same.")
    amplitudes = np.linalg.solve(response, -fields * np.exp(-decays * step * len(chosen)))
    if np.abs(amplitudes).max() > largest_amplitude:
        raise InputError(
            f"Argument `largest_amplitude` must be at least {np.abs(amplitudes).max():.6g} for a depletion of "
            f"{duration_ns:g} ns, but is {largest_amplitude:g}; a longer one needs less."
        )
    return ReadoutPulse((duration_ns / len(chosen),) * len(chosen), tuple(amplitudes.tolist()))
