"""What numbers a pipeline may be given."""

from __future__ import annotations

import math
import operator
from typing import Any

__all__ = ["is_whole", "seconds_in"]


def seconds_in(value: Any) -> float | None:
    """A number of seconds as a float; None if it is no number, negative or not finite."""
    try:
        seconds = math.nan if isinstance(value, str | bytes | bytearray) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds < math.inf else None


def is_whole(value: Any, *, least: int) -> bool:
    """Whether it is an integer of at least `least` that the core can hold."""
    try:
        return least <= operator.index(value) < 2**31
    except TypeError:
        return False
