"""Budgets: what a call could cost at most is reserved before it, and what it did cost is settled after it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from synqc.errors import InputError
from synqc.llm.router.budget_journal import BudgetJournal
from synqc.llm.router.errors import BudgetExceeded

__all__ = ["PICODOLLARS", "Budget", "BudgetState", "Reservation"]

PICODOLLARS: Final = 1_000_000
"""In a micro-dollar. A micro-dollar per million tokens is a pico-dollar per token, so that sums are whole numbers."""


@dataclass(frozen=True)
class BudgetState:
    """What has become of a budget, in micro-dollars, each rounded up.

    Args:
        limit: What may be spent in a period.
        spent: What servers counted.
        uncounted: What calls may have cost at most whose tokens no server told: broken off, left, timed out.
        reserved: What calls under way may cost at most.
    """

    limit: int
    spent: int
    uncounted: int
    reserved: int

    @property
    def left(self) -> int:
        """What can still be reserved."""
        return max(0, self.limit - self.spent - self.uncounted - self.reserved)


class Budget:
    """An amount of money that calls may cost; never exceeded, whatever happens at once. Any thread may use it.

    Args:
        microdollars: The limit.
        period_s: It begins anew after so many seconds, counted from the epoch; None: never.
        clock: Seconds since the epoch.

    Raises:
        InputError: An argument is out of its range.

    Examples:
        >>> budget = Budget(1_000_000)
        >>> reservation = budget.reserve(250_000 * PICODOLLARS)
        >>> reservation.settle(1_234_567)
        >>> budget.state()
        BudgetState(limit=1000000, spent=2, uncounted=0, reserved=0)
    """

    def __init__(
        self, microdollars: int, *, period_s: float | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        _check_limit(microdollars)
        if period_s is not None and not (0 < period_s < math.inf):
            raise InputError(f"Argument `period_s` must be a number of seconds above 0, but is {period_s!r}.")
        self.microdollars, self.period_s = microdollars, period_s
        self._clock = clock
        self._lock = threading.Lock()
        self._period = self._present()
        self._spent = self._uncounted = self._reserved = 0  # pico-dollars
        self._journal: BudgetJournal | None = None
        self._name = ""

    def keep_in(self, journal: BudgetJournal, name: str) -> None:
        """Go on from what a journal says of it, and write down everything from now on.

        Args:
            journal: Journal of one or more budgets.
            name: Name of this one in it.
        """
        with self._lock:
            self._begin_anew()
            kept = journal.kept(name).in_period(self._period)
            self._period, self._spent, self._uncounted = kept.period, kept.spent, kept.uncounted
            self._journal, self._name = journal, name

    def change_limit(self, microdollars: int) -> None:
        """Another limit from now on; what was spent stays spent.

        Raises:
            InputError: It is no whole number from 0.
        """
        _check_limit(microdollars)
        with self._lock:
            self.microdollars = microdollars

    def reserve(self, picodollars: int) -> Reservation:
        """Set aside what a call could cost at most.

        Raises:
            BudgetExceeded: There is not so much left; with `retry_after_s` where the budget begins anew. With status
                503: it cannot be written down.
        """
        with self._lock:
            self._begin_anew()
            taken = self._spent + self._uncounted + self._reserved
            if taken + picodollars > self.microdollars * PICODOLLARS:
                left = _dollars(max(0, self.microdollars * PICODOLLARS - taken))
                raise BudgetExceeded(
                    f"The request could cost ${_dollars(picodollars)}, but ${left} of "
                    f"${_dollars(self.microdollars * PICODOLLARS)} is left.",
                    status=429, retry_after_s=self._until_anew_s(), should_retry=False,
                )  # fmt: skip
            number = 0
            if self._journal is not None:
                try:
                    number = self._journal.reserve(self._name, self._period, picodollars)
                except OSError as error:
                    raise BudgetExceeded(
                        f"What the request could cost cannot be written down: {error.strerror}.", status=503,
                        should_retry=True,
                    ) from None  # fmt: skip
            self._reserved += picodollars
            return Reservation(self, picodollars, self._period, number)

    def state(self) -> BudgetState:
        """What has become of it."""
        with self._lock:
            self._begin_anew()
            return BudgetState(self.microdollars, *map(_up, (self._spent, self._uncounted, self._reserved)))

    def _present(self) -> int:
        return 0 if self.period_s is None else int(self._clock() // self.period_s)

    def _until_anew_s(self) -> float | None:
        return None if self.period_s is None else (self._period + 1) * self.period_s - self._clock()

    def _begin_anew(self) -> None:
        period = self._present()
        if period > self._period:  # a clock that goes back does not give the money twice
            self._period, self._spent, self._uncounted = period, 0, 0

    def _settle(self, reserved: int, spent: int, uncounted: int, period: int, number: int) -> None:
        with self._lock:
            self._begin_anew()
            if self._journal is not None and number:
                self._journal.settle(number, spent, uncounted)
            self._reserved -= reserved
            # What was begun in a period is paid in it; of what is over nobody asks any more.
            if period == self._period:
                self._spent += spent
                self._uncounted += uncounted


class Reservation:
    """Money set aside for one call. It ends once, by `settle` or `keep`; further endings change nothing."""

    __slots__ = ("_budget", "_number", "_open", "_period", "picodollars")

    def __init__(self, budget: Budget, picodollars: int, period: int, number: int) -> None:
        self._budget, self.picodollars, self._period, self._number = budget, picodollars, period, number
        self._open = True

    def settle(self, picodollars: int) -> None:
        """The call cost so much."""
        self._end(picodollars, 0)

    def keep(self) -> None:
        """Nobody knows what the call cost: it counts as the most it could have."""
        self._end(0, self.picodollars)

    def _end(self, spent: int, uncounted: int) -> None:
        if self._open:
            self._open = False
            self._budget._settle(self.picodollars, spent, uncounted, self._period, self._number)


def _check_limit(microdollars: int) -> None:
    if not isinstance(microdollars, int) or isinstance(microdollars, bool) or microdollars < 0:
        raise InputError(f"Argument `microdollars` must be a whole number from 0, but is {microdollars!r}.")


def _up(picodollars: int) -> int:
    return -(-picodollars // PICODOLLARS)


def _dollars(picodollars: int) -> str:
    """>>> _dollars(1_250_000 * PICODOLLARS)
    '1.25'
    """
    dollars, micro = divmod(_up(picodollars), 1_000_000)
    return f"{dollars}.{micro:06d}".rstrip("0").rstrip(".")
