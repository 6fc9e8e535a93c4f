"""Tests of whether data look like what a fitted model makes."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LEAST_PROBABILITY", "FitTest", "GoodnessOfFit"]

LEAST_PROBABILITY = 0.002
"""Below it a test speaks against the model: five tests of healthy data raise one false alarm in a hundred fits."""


@dataclass(frozen=True)
class FitTest:
    """One test of a fitted model.

    Args:
        name: Of the test.
        statistic: What was computed.
        p_value: How probable a statistic as extreme is if the model is right.
        complaint: What it means if that is hardly probable.
    """

    name: str
    statistic: float
    p_value: float
    complaint: str

    @property
    def passed(self) -> bool:
        """Whether it finds nothing wrong."""
        return self.p_value >= LEAST_PROBABILITY


@dataclass(frozen=True)
class GoodnessOfFit:
    """All tests of one fit.

    Args:
        tests: What was tested.

    Examples:
        >>> GoodnessOfFit((FitTest("mean", 4.5, 7e-6, "residuals have a mean"),)).complaints
        ('residuals have a mean',)
    """

    tests: tuple[FitTest, ...]

    @property
    def complaints(self) -> tuple[str, ...]:
        """Of the tests that failed."""
        return tuple(test.complaint for test in self.tests if not test.passed)

    @property
    def passed(self) -> bool:
        """Whether no test speaks against the model."""
        return not self.complaints

    def __getitem__(self, name: str) -> FitTest:
        for test in self.tests:
            if test.name == name:
                return test
        raise KeyError(name)
