"""Checks of numbers that several rules share."""

from __future__ import annotations

import math
from typing import Any

from synqc.errors import InputError

__all__ = ["probability", "whole_number"]


def whole_number(name: str, value: Any, *, least: int, most: int) -> int:
    """The value as an int between two limits; InputError with the argument's name for anything else."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise InputError(f"Argument `{name}` must be a whole number, but is {value!r}.")
    number = int(value.__index__())
    if not least <= number <= most:
        raise InputError(f"Argument `{name}` must be between {least} and {most}, but is {number}.")
    return number


def probability(name: str, value: Any, *, inside: bool = False) -> float:
    """The value as a float from 0 to 1, without these two if it must lie inside."""
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise InputError(f"Argument `{name}` must be a probability, but is {value!r}.")
    number = float(value)
    if math.isnan(number) or not 0 <= number <= 1 or (inside and number in (0, 1)):
        words = "above 0 and below 1" if inside else "from 0 to 1"
        raise InputError(f"Argument `{name}` must be a probability {words}, but is {number}.")
    return number
