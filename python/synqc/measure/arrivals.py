"""When requests of an open loop are meant to be sent, whatever becomes of those before."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from synqc.errors import InputError

__all__ = ["ArrivalKind", "arrival_times"]

ArrivalKind = Literal["even", "poisson"]


def arrival_times(rate: float, seconds: float, kind: ArrivalKind = "even", seed: int = 0) -> NDArray[np.float64]:
    """Intended times of sending, in seconds from the start (float64, (n,)), increasing.

    Args:
        rate: Requests per second.
        seconds: How long.
        kind: `even`: the same time apart; `poisson`: as from many independent clients.
        seed: Seed of the draws of `poisson`.

    Raises:
        InputError: An argument is out of its range, or not one request falls into the time.

    Examples:
        >>> arrival_times(4, 1).tolist()
        [0.0, 0.25, 0.5, 0.75]
        >>> 900 < len(arrival_times(100, 10, "poisson", seed=3)) < 1100
        True
    """
    for name, value in (("rate", rate), ("seconds", seconds)):
        if not 0 < value < 1e9:
            raise InputError(f"Argument `{name}` must be above 0, but is {value}.")
    if kind == "even":
        return np.arange(max(1, round(rate * seconds))) / rate
    if kind != "poisson":
        raise InputError(f"Argument `arrivals` must be 'even' or 'poisson', but is {kind!r}.")
    generator = np.random.default_rng(seed)
    mean = rate * seconds
    gaps = generator.exponential(1 / rate, int(mean + 10 * mean**0.5 + 20))
    times = np.cumsum(gaps)
    within = times[times < seconds]
    if not len(within):
        raise InputError(f"No request falls into {seconds:g} s at {rate:g} a second: the time must be longer.")
    return np.asarray(within)
