"""Moments of events: as many as asked between two ends, in order, by the order statistics of a distribution."""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from synqc import generate
from synqc.apps.synth.errors import ValidationError

__all__ = ["MOST_EVENTS", "event_times"]

MOST_EVENTS: Final = 10_000_000
"""Of one data set: all of their times are in memory, 8 bytes each."""


def event_times(start: datetime, end: datetime, distribution: str, count: int, seed: int | str) -> NDArray[np.int64]:
    """Milliseconds of events after the start, in order; none is after the end.

    A Poisson process that has so many events within the range has them where uniform ones are. Normal ones have their
    middle in the middle and six deviations between the ends, which cut them off.

    Args:
        start: First moment there may be.
        end: Last moment there may be.
        distribution: "uniform", "poisson" or "normal".
        count: Number of all events.
        seed: Seed of the times.

    Raises:
        ValidationError: There are more than 10,000,000.

    Examples:
        >>> from datetime import datetime
        >>> event_times(datetime(2026, 1, 1), datetime(2026, 1, 2), "normal", 3, 7).tolist()
        [35107610, 36428640, 56374621]
    """
    if count > MOST_EVENTS:
        raise ValidationError(f"Option `count` must be at most {MOST_EVENTS} of events, but is {count}.")
    table = generate.Table({"at": generate.Number("uniform", {"low": 0.0, "high": 1.0})}, name="events")
    shares = generate.make(table, rows=count, seed=seed).column("at")
    if distribution == "normal":
        normal = NormalDist()
        least = normal.cdf(-3.0)
        shares = np.array([0.5 + normal.inv_cdf(least + (1 - 2 * least) * one) / 6 for one in shares.tolist()])
    span = int((end - start) / timedelta(milliseconds=1))
    return np.sort(np.minimum(np.floor(shares * (span + 1)).astype(np.int64), span))
