"""Maximum of a function with one hump."""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["highest_point"]

_GOLDEN = (math.sqrt(5) - 1) / 2


def highest_point(function: Callable[[float], float], low: float, high: float, tolerance: float = 1e-9) -> float:
    """Golden-section search between `low` and `high`, to a relative `tolerance` of their distance."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = function(left), function(right)
    end = tolerance * (high - low)
    while high - low > end:
        if at_left < at_right:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = function(right)
        else:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = function(left)
    return (low + high) / 2
