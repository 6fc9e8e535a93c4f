"""Quantiles of Student's t distribution."""

from __future__ import annotations

import functools
import math

import numpy as np

from synqc.errors import InputError

__all__ = ["student_quantile"]

_POINTS = 40_001


@functools.cache
def student_quantile(probability: float, freedom: int) -> float:
    """Value that a t variable with `freedom` degrees stays below with a probability, to 1e-5 of itself up to 0.9999.

    With t = sqrt(freedom) tan(phi) the density becomes cos(phi) to the power freedom - 1, which is summed.

    Raises:
        InputError: The probability is not between 0.5 and 1, or there is no degree of freedom.

    Examples:
        >>> round(student_quantile(0.975, 4), 3), round(student_quantile(0.995, 9), 3)
        (2.776, 3.25)
    """
    if not 0.5 <= probability < 1:
        raise InputError(f"Argument `probability` must be at least 0.5 and below 1, but is {probability}.")
    if freedom < 1:
        raise InputError(f"Argument `freedom` must be at least 1, but is {freedom}.")
    angles = np.linspace(0, math.pi / 2, _POINTS)
    density = np.cos(angles) ** (freedom - 1)
    summed = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    share = 0.5 + 0.5 * summed / summed[-1]
    angle = float(np.interp(probability, share, angles))
    return math.sqrt(freedom) * math.tan(angle)
