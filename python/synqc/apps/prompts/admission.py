"""Admission: whether one attempt more is likely to be needed for the rows that are missing."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable

__all__ = ["Admission", "attempts_for"]

_LATE = 0.1
"""Share of attempts that may take much longer than others, and are then as if they did not pass."""
_PATIENCE = 2.0
"""An attempt that takes so many times as long as any that passed is taken for one that does not."""
_FIRST_PATIENCE_S = 600.0
"""Before any has passed."""


class Admission:
    """Counts attempts by when they began, and not by when they ended.

    A discard ends sooner than a row, which takes more calls. Of many that begin together those that end first would say
    that hardly any pass, and if each were replaced as it ends, many more would be begun than anybody needs. So the rate
    of passing is that of attempts that began before all that are under way; of those that began later so many are
    expected to pass as that rate says, whatever has ended of them.

    Args:
        passed: Whether each attempt passed that ended before.
        clock: Seconds.

    Examples:
        >>> admission = Admission([])
        >>> for number in range(6):
        ...     admission.begin(number)
        >>> admission.wants_more(2)  # of six, two and one more are expected to pass
        False
        >>> admission.end(4, passed=False), admission.end(5, passed=False), admission.wants_more(2)
        (None, None, False)
        >>> admission.end(0, passed=False), admission.wants_more(2)
        (None, True)
    """

    def __init__(self, passed: Iterable[bool], clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        known = list(passed)
        self._judged, self._passed = len(known), sum(known)
        self._recent: dict[int, tuple[float, bool | None]] = {}
        """By number, in the order in which they began: when, and whether they passed, or None while under way."""
        self._recently_passed = 0
        self._longest_s = 0.0

    @property
    def rate(self) -> float:
        """By Laplace's rule of succession."""
        self._judge()
        return (self._passed + 1) / (self._judged + 2)

    def begin(self, number: int) -> None:
        """An attempt begins."""
        self._recent[number] = (self._clock(), None)

    def end(self, number: int, *, passed: bool) -> None:
        """An attempt ended."""
        found = self._recent.get(number)
        if found is None:  # it took so long that it was taken for one that does not pass
            self._passed += passed
            return
        begun_s, _ = found
        if passed:
            self._longest_s = max(self._longest_s, self._clock() - begun_s)
            self._recently_passed += 1
        self._recent[number] = (begun_s, passed)

    def wants_more(self, missing: int) -> bool:
        """Whether those that began are likely to be too few.

        Args:
            missing: Rows that are asked for and not there yet.
        """
        rate = self.rate
        return len(self._recent) < attempts_for(missing + self._recently_passed, rate)

    def _judge(self) -> None:
        patience_s = _PATIENCE * self._longest_s if self._longest_s else _FIRST_PATIENCE_S
        late = self._clock() - patience_s
        while self._recent:
            number, (begun_s, passed) = next(iter(self._recent.items()))
            if passed is None and begun_s > late:
                return
            del self._recent[number]
            self._judged += 1
            if passed:
                self._passed += 1
                self._recently_passed -= 1


def attempts_for(rows: int, rate: float) -> int:
    """Attempts of which enough pass with five chances in six, where a share of `rate` does.

    That is rows / rate, and one standard deviation more of what passes; where nearly all do, an answer may still take
    long, for which another one is ready.

    >>> attempts_for(20, 0.5), attempts_for(20, 1.0), attempts_for(1, 1.0)
    (47, 22, 2)
    """
    return max(1, math.ceil((rows + math.sqrt(rows * max(1 - rate, _LATE))) / rate))
