"""What one shot of a T1 curve tells, and when to look."""

from __future__ import annotations

import math

from synqc.design._unimodal import highest_point
from synqc.errors import InputError

__all__ = ["best_decay_wait", "decay_information"]

_LONGEST_WAIT = 10.0


def decay_information(wait: float) -> float:
    """Fisher information of one shot about ln T1: x^2 e^-x / (1 - e^-x), x the wait in units of T1.

    Args:
        wait: Between excitation and a readout without errors, in units of T1; greater than 0.

    Examples:
        >>> round(decay_information(1.593624), 6)
        0.64761
    """
    if not wait > 0:
        raise InputError(f"Argument `wait` must be greater than 0, but is {wait}.")
    return wait**2 / math.expm1(wait)


def best_decay_wait(dead_time: float | None = None) -> float:
    """Wait, in units of T1, that tells most about T1.

    Args:
        dead_time: Time of a shot besides the wait, in units of T1: the loss is then the time for a wanted error. None:
            the loss is the number of shots.

    Examples:
        >>> round(best_decay_wait(), 6)
        1.593624
    """
    if dead_time is None:
        return highest_point(decay_information, 1e-9, _LONGEST_WAIT)
    if not dead_time > 0:
        raise InputError(f"Argument `dead_time` must be greater than 0, but is {dead_time}.")
    return highest_point(lambda wait: decay_information(wait) / (wait + dead_time), 1e-9, _LONGEST_WAIT)
