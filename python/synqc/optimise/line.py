"""The way from the program to the qubit: the converter's steps, and the line's linear filter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synqc.errors import InputError
from synqc.optimise._scipy import signal

__all__ = ["LineFilter", "Quantisation"]

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class LineFilter:
    """A linear filter of the line on the grid of samples, as cryoscope measures it.

    a[0] y[k] = sum_j b[j] x[k - j] - sum_(j > 0) a[j] y[k - j], with nothing before the pulse.

    Args:
        feedforward: b, of an FIR filter or the upper part of an IIR one.
        feedback: a; (1,) for an FIR filter.
        tail_samples: Samples after the program during which the line still rings and the qubit still turns.

    Examples:
        >>> LineFilter((0.5, 0.5), tail_samples=1).applied(np.array([[1.0, 1.0]])).tolist()
        [[0.5, 1.0, 0.5]]
    """

    feedforward: tuple[float, ...]
    feedback: tuple[float, ...] = (1.0,)
    tail_samples: int = 0

    def __post_init__(self) -> None:
        if not self.feedback or self.feedback[0] == 0:
            raise InputError(f"Argument `feedback` must begin with a number other than 0, but is {self.feedback}.")
        if self.tail_samples < 0:
            raise InputError(f"Argument `tail_samples` must not be negative, but is {self.tail_samples}.")

    def applied(self, program: Reals) -> Reals:
        """What arrives (c, k + tail) of a program (c, k)."""
        padded = np.pad(program, ((0, 0), (0, self.tail_samples)))
        arrived: Reals = signal().lfilter(self.feedforward, self.feedback, padded, axis=-1)
        return arrived

    def pulled_back(self, slopes: Reals) -> Reals:
        """Gradient with respect to the program: the same filter, backwards in time."""
        reverse = signal().lfilter(self.feedforward, self.feedback, slopes[:, ::-1], axis=-1)[:, ::-1]
        kept: Reals = reverse[:, : slopes.shape[1] - self.tail_samples]
        return kept


@dataclass(frozen=True)
class Quantisation:
    """The steps of a converter: 2^bits values from -full_scale_mhz up, 0 among them.

    Args:
        bits: Resolution.
        full_scale_mhz: What its largest value makes of a control.

    Examples:
        >>> Quantisation(bits=3, full_scale_mhz=4.0).rounded(np.array([0.4, 0.6, 9.0])).tolist()
        [0.0, 1.0, 3.0]
    """

    bits: int
    full_scale_mhz: float

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= 32:
            raise InputError(f"Argument `bits` must be between 1 and 32, but is {self.bits}.")
        if not self.full_scale_mhz > 0:
            raise InputError(f"Argument `full_scale_mhz` must be positive, but is {self.full_scale_mhz}.")

    @property
    def step_mhz(self) -> float:
        """Distance of neighbouring values."""
        return float(2 * self.full_scale_mhz / 2**self.bits)

    def rounded(self, program: Reals) -> Reals:
        """The nearest values that the converter has."""
        half = 2 ** (self.bits - 1)
        return np.clip(np.round(program / self.step_mhz), -half, half - 1) * self.step_mhz
