"""What an instrument and a line bear: bounds of each control and of the modulus, slew, ends at zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synqc.errors import InputError, ShapeError

__all__ = ["Limits"]

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Limits:
    """Limits of the program, before the line's filter. All scale with it, so that a pulse is made to fit by a factor.

    Args:
        amplitude_mhz: Largest absolute value, one for all controls or one for each.
        modulus_mhz: Largest root of the sum of squares over the controls: of Omega_x and Omega_y, the drive itself.
        slew_mhz_per_ns: Largest change from sample to sample, from 0 before the pulse and to 0 after it, per ns.
        zero_ends: Whether the first and last sample are 0. For Samples; the other shapes end there by themselves.

    Examples:
        >>> Limits(100.0, modulus_mhz=120.0).worst(np.array([[90.0], [90.0]]), sample_ns=1.0) > 1
        True
    """

    amplitude_mhz: float | Sequence[float]
    modulus_mhz: float | None = None
    slew_mhz_per_ns: float | None = None
    zero_ends: bool = False

    def __post_init__(self) -> None:
        for name in ("amplitude_mhz", "modulus_mhz", "slew_mhz_per_ns"):
            value = getattr(self, name)
            if value is not None and not (np.asarray(value, float) > 0).all():
                raise InputError(f"Argument `{name}` must be positive, but is {value}.")

    def amplitudes(self, controls: int) -> Reals:
        """Bound of each control, MHz."""
        bounds = np.asarray(self.amplitude_mhz, np.float64)
        if bounds.shape not in ((), (controls,)):
            raise ShapeError(
                f"Argument `amplitude_mhz` must be one number or {controls}, but has shape {bounds.shape}."
            )
        return np.broadcast_to(bounds, (controls,))

    def excesses(self, program: Reals, sample_ns: float, bounds_too: bool) -> Reals:
        """Squares of value over limit, less 1, of whatever is limited: positive where a limit is exceeded."""
        parts = [(program / self.amplitudes(len(program))[:, None]) ** 2] if bounds_too else []
        if self.modulus_mhz is not None:
            parts.append((program**2).sum(axis=0) / self.modulus_mhz**2)
        if self.slew_mhz_per_ns is not None:
            parts.append((_steps(program) / (self.slew_mhz_per_ns * sample_ns)) ** 2)
        return np.concatenate([part.ravel() for part in parts]) - 1 if parts else np.empty(0)

    def pulled_back(self, program: Reals, sample_ns: float, bounds_too: bool, forces: Reals) -> Reals:
        """Gradient with respect to the program of sum(forces * excesses)."""
        slopes = np.zeros_like(program)
        at = 0
        if bounds_too:
            part = forces[: program.size].reshape(program.shape)
            slopes += 2 * part * program / self.amplitudes(len(program))[:, None] ** 2
            at = program.size
        if self.modulus_mhz is not None:
            slopes += 2 * forces[at : at + program.shape[1]] * program / self.modulus_mhz**2
            at += program.shape[1]
        if self.slew_mhz_per_ns is not None:
            steps = _steps(program)
            pulls = 2 * forces[at:].reshape(steps.shape) * steps / (self.slew_mhz_per_ns * sample_ns) ** 2
            slopes += pulls[:, :-1] - pulls[:, 1:]
        return slopes

    def worst(self, program: Reals, sample_ns: float) -> float:
        """Largest value over limit: at most 1 for a program that the instrument plays."""
        return float(np.sqrt(1 + self.excesses(program, sample_ns, True).max()))


def _steps(program: Reals) -> Reals:
    return np.diff(program, axis=1, prepend=0.0, append=0.0)
