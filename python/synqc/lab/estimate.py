"""A number and how far it may be off."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar

from synqc.errors import MissingExtra

if TYPE_CHECKING:
    from uncertainties.core import AffineScalarFunc

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

    Arithmetic propagates errors to first order, and to that order the skewness with them. An estimate used twice is one
    quantity: `f - f` is exactly 0, and `f / (f + g)` knows that both hold f. Two estimates are taken for independent:
    that is right for runs with different seeds, and not for two figures of one run, which share its shots. Order is
    that of the values. NumPy and pandas keep estimates as objects, with their errors; `np.array(them, dtype=float)` and
    `math.sqrt` take the values alone, `estimate ** 0.5` does not.

    Examples:
        >>> fidelity = Estimate(0.98765, 0.00021)
        >>> float(fidelity)
        0.98765
        >>> print(fidelity)
        0.98765(21)
        >>> print(1 - fidelity, fidelity - fidelity, fidelity / Estimate(0.98, 0.001))
        0.01235(21) 0 1.0078(11)
        >>> fidelity > 0.95, round(fidelity, 3)
        (True, 0.988)
        >>> value, standard_error = fidelity
        >>> print(Estimate(0.0275, 0.0))
        0.0275
        >>> print(Estimate(1.0, float("nan")))
        1(?)

    Source: Brown, Cai and DasGupta, Statistical Science 16, 101 (2001), for counts; Johnson, J. Am. Stat. Assoc. 73,
    536 (1978), for means; JCGM 100:2008 (GUM), section 5, for arithmetic.
    """

    value: float
    standard_error: float
    skewness: float = 0.0

    _terms: ClassVar[dict[_Source, float] | None] = None
    """Of an instance: what its error is a sum of, independent deviations with their coefficients; None until asked."""

    __array_ufunc__: ClassVar[None] = None
    """NumPy's numbers leave arithmetic with an estimate to it, instead of dropping its error."""

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

    def to_ufloat(self) -> AffineScalarFunc:
        """The estimate in the package uncertainties, where one used twice stays one quantity; without its skewness.

        Raises:
            MissingExtra: uncertainties is not installed.

        Examples:
            >>> f, g = Estimate(0.9, 0.01), Estimate(0.8, 0.02)
            >>> difference = (f + g).to_ufloat() - g.to_ufloat()
            >>> round(difference.nominal_value, 12), round(difference.std_dev, 12)
            (0.9, 0.01)
        """
        try:
            from uncertainties.core import AffineScalarFunc, LinearCombination, Variable
        except ImportError as error:
            raise MissingExtra("to_ufloat() needs uncertainties: pip install 'synqc[uncertainties]'.") from error
        for source in self._deviations():
            if source.variable is None:
                source.variable = Variable(0.0, source.standard_error)
        terms = {source.variable: coefficient for source, coefficient in self._deviations().items()}
        return AffineScalarFunc(self.value, LinearCombination(terms))

    def _deviations(self) -> Mapping[_Source, float]:
        if self._terms is None:
            own = {} if self.standard_error == 0 else {_Source(self.standard_error, self.skewness): 1.0}
            object.__setattr__(self, "_terms", own)
        assert self._terms is not None
        return self._terms

    def _followed_by(self, value: float, *slopes: tuple[Estimate, float]) -> Estimate:
        """A function of estimates: its value, and its derivative by each."""
        terms: dict[_Source, float] = {}
        for one, slope in slopes:
            for source, coefficient in one._deviations().items():
                terms[source] = terms.get(source, 0.0) + slope * coefficient
        terms = {source: coefficient for source, coefficient in terms.items() if coefficient != 0}
        variance = sum((coefficient * source.standard_error) ** 2 for source, coefficient in terms.items())
        third = sum(
            source.skewness * (coefficient * source.standard_error) ** 3 for source, coefficient in terms.items()
        )
        found = Estimate(value, math.sqrt(variance), third / variance**1.5 if variance > 0 else 0.0)
        object.__setattr__(found, "_terms", terms)
        return found

    def __add__(self, other: Estimate | float) -> Estimate:
        if (right := _estimate(other)) is None:
            return NotImplemented
        return self._followed_by(self.value + right.value, (self, 1.0), (right, 1.0))

    def __sub__(self, other: Estimate | float) -> Estimate:
        if (right := _estimate(other)) is None:
            return NotImplemented
        return self._followed_by(self.value - right.value, (self, 1.0), (right, -1.0))

    def __mul__(self, other: Estimate | float) -> Estimate:
        if (right := _estimate(other)) is None:
            return NotImplemented
        return self._followed_by(self.value * right.value, (self, right.value), (right, self.value))

    def __truediv__(self, other: Estimate | float) -> Estimate:
        if (right := _estimate(other)) is None:
            return NotImplemented
        ratio = self.value / right.value
        return self._followed_by(ratio, (self, 1 / right.value), (right, -ratio / right.value))

    def __pow__(self, exponent: float) -> Estimate:
        if not isinstance(exponent, Real):
            return NotImplemented
        found = self.value**exponent
        if isinstance(found, complex):
            raise ValueError(f"A negative estimate ({self}) has no real power {exponent:g}.")
        if not self._deviations() or exponent == 0:
            return Estimate(found, 0.0)
        return self._followed_by(found, (self, exponent * self.value ** (exponent - 1)))

    def __neg__(self) -> Estimate:
        return self._followed_by(-self.value, (self, -1.0))

    def __pos__(self) -> Estimate:
        return self

    def __abs__(self) -> Estimate:
        return -self if self.value < 0 else self

    def __radd__(self, other: float) -> Estimate:
        return self + other

    def __rsub__(self, other: float) -> Estimate:
        return -self + other

    def __rmul__(self, other: float) -> Estimate:
        return self * other

    def __rtruediv__(self, other: float) -> Estimate:
        if (left := _estimate(other)) is None:
            return NotImplemented
        return left / self

    def __lt__(self, other: Estimate | float) -> bool:
        return NotImplemented if (right := _estimate(other)) is None else self.value < right.value

    def __le__(self, other: Estimate | float) -> bool:
        return NotImplemented if (right := _estimate(other)) is None else self.value <= right.value

    def __gt__(self, other: Estimate | float) -> bool:
        return NotImplemented if (right := _estimate(other)) is None else self.value > right.value

    def __ge__(self, other: Estimate | float) -> bool:
        return NotImplemented if (right := _estimate(other)) is None else self.value >= right.value

    def __round__(self, digits: int | None = None) -> float:
        return round(self.value, digits)

    def __iter__(self) -> Iterator[float]:
        """Its value, then its standard error."""
        return iter((self.value, self.standard_error))

    def __float__(self) -> float:
        return self.value

    def __format__(self, specification: str) -> str:
        return format(self.value, specification) if specification else str(self)

    def _repr_html_(self) -> str:
        if math.isnan(self.standard_error):
            remark = "error unknown"
        elif self.standard_error == 0:
            remark = "exact"
        else:
            low, high = (f"{end:.6g}" for end in self.interval(2))
            remark = f"95 %: {low} to {high}"
        return f'<span><b>{self}</b> <span style="opacity:.75;margin-left:8px">{remark}</span></span>'

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


class _Source:
    """An independent deviation: what one measurement may be off, whoever uses it. Equal to itself alone."""

    __slots__ = ("skewness", "standard_error", "variable")

    def __init__(self, standard_error: float, skewness: float) -> None:
        self.standard_error = standard_error
        self.skewness = skewness
        self.variable: Any = None


def _estimate(number: object) -> Estimate | None:
    """An estimate, or a number as an exact one; None for anything else."""
    if isinstance(number, Estimate):
        return number
    return Estimate(float(number), 0.0) if isinstance(number, Real) else None
