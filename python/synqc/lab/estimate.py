"""A number and how far it may be off."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Estimate"]


@dataclass(frozen=True)
class Estimate:
    """A value with its standard error; 0 where the value is exact.

    Args:
        value: The estimate.
        standard_error: One standard deviation of the estimate.

    Examples:
        >>> fidelity = Estimate(0.98765, 0.00021)
        >>> float(fidelity)
        0.98765
        >>> print(fidelity)
        0.98765(21)
        >>> print(Estimate(0.0275, 0.0))
        0.0275
    """

    value: float
    standard_error: float

    def __float__(self) -> float:
        return self.value

    def __format__(self, specification: str) -> str:
        return format(self.value, specification) if specification else str(self)

    def __str__(self) -> str:
        """The value with its error in the last two digits, as metrologists write it: 0.98765(21)."""
        if not self.standard_error > 0:
            return f"{self.value:.6g}"
        exponent = f"{self.standard_error:.1e}".split("e")[1]
        decimals = 1 - int(exponent)
        if decimals <= 0:
            return f"{self.value:.0f}({self.standard_error:.0f})"
        digits = round(self.standard_error * 10**decimals)
        return f"{self.value:.{decimals}f}({digits})"
