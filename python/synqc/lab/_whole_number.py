"""Counts as people give them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from synqc.errors import InputError

__all__ = ["MOST_THREADS", "whole_number"]

MOST_THREADS: Final = 1024


def whole_number(name: str, value: Any, *, least: int, most: int = 2**40) -> int:
    """The value as an int between two limits; InputError with the argument's name for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        if isinstance(value, (float, np.floating)) and float(value).is_integer():
            value = int(value)  # 1e5 shots are meant exactly
        else:
            raise InputError(f"Argument `{name}` must be a whole number, but is {value!r}.")
    if not least <= value <= most:
        raise InputError(f"Argument `{name}` must be between {least} and {most}, but is {value}.")
    return int(value)
