"""A number and how far it may be off."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Estimate"]

_LEAST_SKEWNESS = 1e-6
"""Below it a gamma distribution is a normal one to rounding."""


@dataclass(frozen=True)
class Estimate:
    """A value with its standard error: 0 where it is exact and nowhere else, NaN where one sample shows no spread.

    What the data leave open about the true value is often not symmetric: fifty successes of fifty may have a chance of
    0.98, but not of 1.02. `skewness` says how much, and `interval` takes it into account. Counts are judged by
    Jeffreys' posterior, means by the skewness of their samples.

    Args:
        value: The estimate.
        standard_error: One standard deviation of what the data leave open.
        skewness: Its third standardised moment; positive where the truth may lie further above than below.

    Examples:
        >>> fidelity = Estimate(0.98765, 0.00021)
        >>> float(fidelity)
        0.98765
        >>> print(fidelity)
        0.98765(21)
        >>> print(Estimate(0.0275, 0.0))
        0.0275
        >>> print(Estimate(1.0, float("nan")))
        1(?)

    Source: Brown, Cai and DasGupta, Statistical Science 16, 101 (2001), for counts; Johnson, J. Am. Stat. Assoc. 73,
    536 (1978), for means.
    """

    value: float
    standard_error: float
    skewness: float = 0.0

    def interval(self, sigmas: float = 1.0) -> tuple[float, float]:
        """Where the true value is with the probability that a normal value is within so many deviations.

        Args:
            sigmas: 1 holds the truth in 68 % of all runs, 2 in 95 %.

        Returns:
            Lower and upper end, which have `value` between them; both are `value` if it is exact, and NaN if its error
            is unknown.

        Examples:
            >>> import synqc
            >>> success = synqc.Experiment(qubits=1, probe_strength=0.1).run(50, seed=1).success
            >>> low, high = success.interval(2)
            >>> low < success.value - success.standard_error, high <= success.value + success.standard_error
            (True, True)
        """
        if math.isnan(self.standard_error):
            return math.nan, math.nan
        return min(self.value, self._quantile(-sigmas)), max(self.value, self._quantile(sigmas))

    def _quantile(self, deviations: float) -> float:
        """Of a gamma distribution with these moments, by Wilson and Hilferty; `quantile` of the core is the same."""
        skewness = self.skewness
        standardised = deviations
        if abs(skewness) > _LEAST_SKEWNESS:
            standardised = 2 / skewness * ((1 - skewness**2 / 36 + skewness * deviations / 6) ** 3 - 1)
        return self.value + self.standard_error * (skewness / 4 + standardised)

    def __float__(self) -> float:
        return self.value

    def __format__(self, specification: str) -> str:
        return format(self.value, specification) if specification else str(self)

    def __str__(self) -> str:
        """The value with its error in the last two digits, as metrologists write it: 0.98765(21); (?) if unknown."""
        if math.isnan(self.standard_error):
            return f"{self.value:.6g}(?)"
        if not self.standard_error > 0:
            return f"{self.value:.6g}"
        exponent = f"{self.standard_error:.1e}".split("e")[1]
        decimals = 1 - int(exponent)
        if decimals <= 0:
            return f"{self.value:.0f}({self.standard_error:.0f})"
        digits = round(self.standard_error * 10**decimals)
        return f"{self.value:.{decimals}f}({digits})"
