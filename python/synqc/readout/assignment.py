"""How often each level is taken for which, with what the shots leave open."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from synqc.errors import InputError, ShapeError
from synqc.lab.estimate import Estimate

__all__ = ["AssignmentMatrix", "share"]


def share(count: float, total: float) -> Estimate:
    """A probability by its count: the share, with deviation and skewness of Jeffreys' posterior.

    Examples:
        >>> print(share(3, 1000))
        0.0030(19)

    Source: Brown, Cai and DasGupta, Statistical Science 16, 101 (2001).
    """
    if not total > 0:
        return Estimate(math.nan, math.nan)
    a, b = count + 0.5, total - count + 0.5
    deviation = math.sqrt(a * b / (a + b + 1)) / (a + b)
    skewness = 2 * (b - a) * math.sqrt(a + b + 1) / ((a + b + 2) * math.sqrt(a * b))
    return Estimate(count / total, deviation, skewness)


@dataclass(frozen=True)
class AssignmentMatrix:
    """Shots by the level that was prepared and the level they were assigned to.

    Args:
        counts (integers, (prepared, assigned)): Shots.

    Examples:
        >>> matrix = AssignmentMatrix.of([0, 0, 1, 1, 1], [0, 0, 1, 0, 1], levels=2)
        >>> matrix.counts.tolist()
        [[2, 0], [1, 2]]
        >>> print(matrix.probability(assigned=0, prepared=1))
        0.33(22)
    """

    counts: Any

    def __post_init__(self) -> None:
        counts = np.asarray(self.counts)
        if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
            raise ShapeError(f"Argument `counts` must have shape (levels, levels), but has shape {counts.shape}.")
        if not (np.issubdtype(counts.dtype, np.integer) and (counts >= 0).all()):
            raise InputError("Argument `counts` must be integers of at least 0, but is not.")
        counts = counts.copy()
        counts.setflags(write=False)
        object.__setattr__(self, "counts", counts)

    @classmethod
    def of(cls, prepared: ArrayLike, assigned: ArrayLike, *, levels: int) -> AssignmentMatrix:
        """Count shots of known level (integers, (shots,)) by what they were assigned to (integers, (shots,))."""
        truth, found = np.asarray(prepared), np.asarray(assigned)
        if truth.shape != found.shape or truth.ndim != 1:
            raise ShapeError(
                f"Argument `assigned` must have the shape (shots,) of `prepared`, but has shape {found.shape}."
            )
        for name, labels in (("prepared", truth), ("assigned", found)):
            if labels.size and not (labels.min() >= 0 and labels.max() < levels):
                raise InputError(f"Argument `{name}` must be between 0 and {levels - 1} in every element, but is not.")
        counts = np.bincount(truth * levels + found, minlength=levels**2)
        return cls(counts.reshape(levels, levels))

    @property
    def levels(self) -> int:
        """Rows."""
        return int(self.counts.shape[0])

    @property
    def probabilities(self) -> Any:
        """P(assigned | prepared) (float64, (prepared, assigned)); rows add up to 1, NaN where nothing was prepared."""
        totals = self.counts.sum(axis=1, keepdims=True)
        return self.counts / np.where(totals > 0, totals, np.nan)

    def probability(self, *, assigned: int, prepared: int) -> Estimate:
        """One entry with its error."""
        return share(int(self.counts[prepared, assigned]), int(self.counts[prepared].sum()))

    @property
    def average_error(self) -> Estimate:
        """Mean over prepared levels of the probability to be assigned to another: 1 - assignment fidelity."""
        errors = [share(int(row.sum() - row[level]), int(row.sum())) for level, row in enumerate(self.counts)]
        count = len(errors)
        variance = sum(error.standard_error**2 for error in errors)
        third = sum(error.skewness * error.standard_error**3 for error in errors)
        return Estimate(
            sum(error.value for error in errors) / count,
            math.sqrt(variance) / count,
            third / variance**1.5 if variance > 0 else 0.0,
        )

    @property
    def assignment_fidelity(self) -> Estimate:
        """1 - `average_error`: (P(0|0) + P(1|1)) / 2 for two levels."""
        error = self.average_error
        return Estimate(1 - error.value, error.standard_error, -error.skewness)

    @property
    def contrast(self) -> Estimate:
        """1 - P(1|0) - P(0|1), the other figure that is called fidelity; two levels.

        Raises:
            InputError: There are three levels.
        """
        if self.levels != 2:
            raise InputError(f"The contrast is that of two levels, but there are {self.levels}.")
        error = self.average_error
        return Estimate(1 - 2 * error.value, 2 * error.standard_error, -error.skewness)

    def corrected(self, observed: ArrayLike) -> Any:
        """Populations (float64, (levels,)) whose shots would be assigned in the `observed` shares, by least squares.

        They add up to 1 if `observed` does, but noise may make one negative.

        Args:
            observed (float64, (levels,)): Share of shots assigned to each level.
        """
        shares = np.asarray(observed, np.float64)
        if shares.shape != (self.levels,):
            raise ShapeError(f"Argument `observed` must have shape ({self.levels},), but has shape {shares.shape}.")
        return np.linalg.solve(self.probabilities.T, shares)
