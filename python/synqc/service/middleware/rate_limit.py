"""How often somebody may ask."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Hashable

from synqc.service.middleware.refusal import Refusal

__all__ = ["RateLimit"]

_MOST_BUCKETS = 10_000


class RateLimit:
    """A bucket of requests for each who asks, that refills evenly.

    At most 10,000 buckets are kept; those that were not used for longest, and so are the fullest, go first.

    >>> limit = RateLimit(1)
    >>> limit.seconds_to_wait("a"), round(limit.seconds_to_wait("a")), limit.seconds_to_wait("b")
    (0.0, 60, 0.0)
    """

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    @property
    def clients(self) -> int:
        """How many buckets are kept."""
        return len(self._buckets)

    def seconds_to_wait(self, who: Hashable, *, take: bool = True) -> float:
        """0 where a request is left, which is then taken; else how long until there is one.

        Args:
            who: Whose bucket.
            take: False only looks.
        """
        now = time.monotonic()
        left, then = self._buckets.get(who, (float(self.per_minute), now))
        left = min(float(self.per_minute), left + (now - then) * self.per_minute / 60.0)
        if left < 1.0:
            if take:
                self._put(who, left, now)
            return (1.0 - left) * 60.0 / self.per_minute
        if take:
            self._put(who, left - 1.0, now)
        return 0.0

    def refusal(self, who: Hashable, *, take: bool = True) -> Refusal | None:
        """Why who asks has to wait; None where a request is left."""
        wait_s = self.seconds_to_wait(who, take=take)
        if not wait_s:
            return None
        words = f"At most {self.per_minute} requests per minute are answered."
        return Refusal(429, words, ((b"retry-after", str(math.ceil(wait_s)).encode()),))

    def _put(self, who: Hashable, left: float, now: float) -> None:
        self._buckets[who] = (left, now)
        self._buckets.move_to_end(who)
        if len(self._buckets) > _MOST_BUCKETS:
            self._buckets.popitem(last=False)
