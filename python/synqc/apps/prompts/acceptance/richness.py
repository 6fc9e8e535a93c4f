"""Species richness: how many distinct rows there are to find, and whether more are worth their price."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from synqc.apps.prompts.acceptance._numbers import probability, whole_number
from synqc.errors import InputError

__all__ = ["Coverage", "MoreRows", "Richness", "chao1", "good_turing", "worth_more"]


@dataclass(frozen=True)
class Richness:
    """Estimated number of distinct rows that the generator can make.

    Args:
        seen: Distinct rows so far.
        estimate: Distinct rows in all; a lower bound in expectation.
        low, high: Limits at the level, from a log-normal number of unseen rows.
        level: 0.95, say.
    """

    seen: int
    estimate: float
    low: float
    high: float
    level: float

    @property
    def unseen(self) -> float:
        """Distinct rows not seen yet, by the estimate."""
        return self.estimate - self.seen


@dataclass(frozen=True)
class Coverage:
    """Probability that the next row is one of those seen already.

    Args:
        rows: Rows so far, repeats included.
        seen_once: Distinct rows that came once.
        value: The estimate, 1 - seen_once / rows; None without rows.
        low, high: Limits at the level.
        level: 0.95, say.
    """

    rows: int
    seen_once: int
    value: float | None
    low: float
    high: float
    level: float


@dataclass(frozen=True)
class MoreRows:
    """Whether the next row is worth its price.

    Args:
        worth: Whether to go on.
        cost_per_distinct_row: Expected, in the unit of `cost_per_row`; infinite if no new row is expected.
        lowest_cost: The same at the lowest plausible coverage: it decides, so that chance alone does not stop a job.
        reason: One sentence with the figures.
    """

    worth: bool
    cost_per_distinct_row: float
    lowest_cost: float
    reason: str


def chao1(counts: Iterable[int], *, level: float = 0.95) -> Richness:
    """Chao's estimate of richness, in its bias-corrected form.

    Args:
        counts: How often each distinct row came, 1 or more each.
        level: Level of the interval.

    Raises:
        InputError: A count is no whole number of at least 1.

    Examples:
        >>> found = chao1([1] * 10 + [2] * 15 + [3] * 25)
        >>> found.seen, round(found.estimate, 2), found.low < found.estimate < found.high
        (50, 52.79, True)

    Source: A. Chao, Estimating the population size for capture-recapture data with unequal catchability, Biometrics 43
    (1987), 783.
    """
    times = _times(counts)
    level = probability("level", level, inside=True)
    seen = sum(times.values())
    rows = sum(count * number for count, number in times.items())
    if not rows:
        return Richness(0, 0.0, 0.0, math.inf, level)
    once, twice = times[1], times[2]
    shrink = (rows - 1) / rows
    unseen = shrink * once * (once - 1) / (2 * (twice + 1))
    if unseen == 0:
        # Nothing came once, or only one row did: the interval is that of a Poisson number of rows of the size seen.
        never = math.exp(-rows / seen)
        high = seen / max(1 - never, 1e-12) + _normal(level) * math.sqrt(seen * never) / max(1 - never, 1e-12)
        return Richness(seen, float(seen), float(seen), high, level)
    ratio, square = once * (2 * once - 1) ** 2, once**2 * twice * (once - 1) ** 2
    variance = (
        shrink * once * (once - 1) / (2 * (twice + 1))
        + shrink**2 * ratio / (4 * (twice + 1) ** 2)
        + shrink**2 * square / (4 * (twice + 1) ** 4)
    )
    spread = math.exp(_normal(level) * math.sqrt(math.log1p(variance / unseen**2)))
    return Richness(seen, seen + unseen, seen + unseen / spread, seen + unseen * spread, level)


def good_turing(counts: Iterable[int], *, level: float = 0.95) -> Coverage:
    """Good and Turing's estimate of sample coverage.

    Args:
        counts: How often each distinct row came, 1 or more each.
        level: Level of the interval, which is the normal one of Esty with one row more of each kind.

    Raises:
        InputError: A count is no whole number of at least 1.

    Examples:
        >>> found = good_turing([1] * 10 + [2] * 15 + [3] * 25)
        >>> found.rows, round(found.value, 3), 0 <= found.low < found.value < found.high <= 1
        (115, 0.913, True)

    Source: I. Good, The population frequencies of species, Biometrika 40 (1953), 237; W. Esty, A normal limit law for a
    nonparametric estimator of the coverage of a random sample, Ann. Statist. 11 (1983), 905.
    """
    times = _times(counts)
    level = probability("level", level, inside=True)
    rows = sum(count * number for count, number in times.items())
    if not rows:
        return Coverage(0, 0, None, 0.0, 1.0, level)
    once, twice = times[1], times[2]
    value = 1 - once / rows
    # One row more of each kind: no interval has width 0.
    variance = ((once + 1) * (1 - once / rows) + 2 * (twice + 1)) / rows**2
    spread = _normal(level) * math.sqrt(variance)
    return Coverage(rows, once, value, max(0.0, value - spread), min(1.0, value + spread), level)


def worth_more(
    counts: Iterable[int], *, cost_per_row: float, most_cost_per_distinct_row: float, level: float = 0.95
) -> MoreRows:
    """Stopping rule: whether a new distinct row still costs no more than it may.

    Args:
        counts: How often each distinct row came.
        cost_per_row: Mean price of a row, repeats included, in any unit.
        most_cost_per_distinct_row: What a new one may cost, in the same unit.
        level: Level of the interval of coverage; its lower limit must be too dear before the rule says stop.

    Raises:
        InputError: A number is out of its range.

    Examples:
        >>> worth_more([40] * 25, cost_per_row=2, most_cost_per_distinct_row=100).worth
        False
        >>> worth_more([1] * 25, cost_per_row=2, most_cost_per_distinct_row=100).worth
        True
    """
    for name, cost in (("cost_per_row", cost_per_row), ("most_cost_per_distinct_row", most_cost_per_distinct_row)):
        if isinstance(cost, bool) or not hasattr(cost, "__float__") or not 0 <= float(cost) < math.inf:
            raise InputError(f"Argument `{name}` must be a finite number of at least 0, but is {cost!r}.")
    coverage = good_turing(counts, level=level)
    if coverage.value is None:
        return MoreRows(True, float(cost_per_row), float(cost_per_row), "No rows yet.")
    expected = _per_new(cost_per_row, 1 - coverage.value)
    lowest = _per_new(cost_per_row, 1 - coverage.low)
    worth = lowest <= most_cost_per_distinct_row
    reason = (
        f"{coverage.value:.1%} of rows repeat ({coverage.low:.1%} to {coverage.high:.1%}): a new one costs "
        f"{expected:.4g} or, at the least, {lowest:.4g}, and may cost {float(most_cost_per_distinct_row):.4g}."
    )
    return MoreRows(worth, expected, lowest, reason)


def _per_new(cost: float, new: float) -> float:
    if cost == 0:
        return 0.0
    return float(cost) / new if new > 0 else math.inf


def _times(counts: Iterable[int]) -> Counter[int]:
    """How many distinct rows came once, twice, ..."""
    if isinstance(counts, (str, bytes)) or not isinstance(counts, Iterable):
        raise InputError(f"Argument `counts` must be an iterable of whole numbers, but is {type(counts).__name__}.")
    listed: list[Any] = list(counts)
    return Counter(whole_number("counts", count, least=1, most=2**53) for count in listed)


def _normal(level: float) -> float:
    """Two-sided quantile of the normal distribution."""
    return NormalDist().inv_cdf((1 + level) / 2)
