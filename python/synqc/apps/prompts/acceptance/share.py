"""Share with its interval: Clopper and Pearson's exact limits of a binomial proportion."""

from __future__ import annotations

from dataclasses import dataclass

from synqc.apps.prompts.acceptance._numbers import probability, whole_number
from synqc.errors import InputError, MissingExtra

__all__ = ["Share", "exact_share"]


@dataclass(frozen=True)
class Share:
    """A share of counted cases.

    Args:
        count: Cases that have the property.
        of: Cases in all.
        value: count / of; None without cases.
        low, high: Exact limits at the level: whatever the true share is, they enclose it at least that often.
        level: 0.95, say.
    """

    count: int
    of: int
    value: float | None
    low: float
    high: float
    level: float

    def __str__(self) -> str:
        if self.value is None:
            return "unknown (no cases)"
        return f"{self.value:.1%} ({self.count} of {self.of}; {self.low:.1%} to {self.high:.1%} at {self.level:.0%})"


def exact_share(count: int, of: int, *, level: float = 0.95) -> Share:
    """The share `count / of` with exact limits.

    Raises:
        InputError: More cases with the property than cases, or a level not between 0 and 1.
        MissingExtra: SciPy is not installed.

    Examples:
        >>> print(exact_share(0, 100))
        0.0% (0 of 100; 0.0% to 3.6% at 95%)

    Source: C. Clopper, E. Pearson, Biometrika 26 (1934), 404.
    """
    of = whole_number("of", of, least=0, most=2**53)
    count = whole_number("count", count, least=0, most=2**53)
    if count > of:
        raise InputError(f"Argument `count` must be at most `of`, {of}, but is {count}.")
    level = probability("level", level, inside=True)
    if of == 0:
        return Share(0, 0, None, 0.0, 1.0, level)
    try:
        from scipy.special import betaincinv
    except ImportError as error:
        raise MissingExtra("Exact intervals need SciPy: pip install 'synqc[prompts]'.") from error
    tail = (1 - level) / 2
    low = 0.0 if count == 0 else float(betaincinv(count, of - count + 1, tail))
    high = 1.0 if count == of else float(betaincinv(count + 1, of - count, 1 - tail))
    return Share(count, of, count / of, low, high, level)
