"""Fixed-point numbers of instruments: what they can hold, and what does not fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synqc.errors import InputError

__all__ = ["FixedPoint"]


@dataclass(frozen=True)
class FixedPoint:
    """Signed numbers of `bits` bits, `fraction_bits` of them behind the point.

    Args:
        bits: All of them, the sign included.
        fraction_bits: Behind the binary point.

    Examples:
        >>> FixedPoint(bits=4, fraction_bits=2).rounded([0.3, -1.0]).tolist()
        [0.25, -1.0]
    """

    bits: int
    fraction_bits: int

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= 52:
            raise InputError(f"Argument `bits` must be between 1 and 52, but is {self.bits}.")

    @property
    def step(self) -> float:
        """Distance of neighbouring numbers."""
        return float(2.0**-self.fraction_bits)

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest number."""
        half = 2 ** (self.bits - 1)
        return -half * self.step, (half - 1) * self.step

    def rounded(self, values: ArrayLike, name: str = "values") -> NDArray[np.float64]:
        """The nearest numbers.

        Raises:
            InputError: A value does not fit, or is none.
        """
        given = np.asarray(values, np.float64)
        rounded: NDArray[np.float64] = np.round(given / self.step) * self.step
        lowest, highest = self.limits
        if not ((rounded >= lowest) & (rounded <= highest)).all():
            worst = given.ravel()[np.argmax(~((rounded >= lowest) & (rounded <= highest)))]
            raise InputError(f"Argument `{name}` must lie between {lowest} and {highest}, but one is {worst}.")
        return rounded
