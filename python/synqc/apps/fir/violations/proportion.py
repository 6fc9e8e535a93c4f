"""Proportion of so many cases, with its confidence interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from synqc.llm.wilson_interval import wilson_interval

__all__ = ["Proportion"]


@dataclass(frozen=True)
class Proportion:
    """Count of so many cases.

    Args:
        count: Those that are.
        of: All.

    Examples:
        >>> print(Proportion(20, 30))
        20 of 30 (67 %; 49 to 81 % at 95 %)
        >>> print(Proportion(0, 0))
        0 of 0
    """

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """From 0 to 1; None of nothing."""
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, at 95 %."""
        return wilson_interval(self.count, self.of)

    def to_plain(self) -> dict[str, Any]:
        """As JSON says it."""
        return {"count": self.count, "of": self.of, "value": self.value, "interval_95": list(self.interval)}

    def __str__(self) -> str:
        if self.value is None:
            return "0 of 0"
        low, high = self.interval
        return f"{self.count} of {self.of} ({100 * self.value:.0f} %; {100 * low:.0f} to {100 * high:.0f} % at 95 %)"
