"""From records to levels: by likelihood with decay, by a linear filter, and by clouds in the IQ plane."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from synqc.errors import InputError, ShapeError
from synqc.lab._whole_number import MOST_THREADS, whole_number
from synqc.lab.demodulation import Clouds
from synqc.readout.assignment import AssignmentMatrix
from synqc.readout.readout import Readout, ReadoutRecords

__all__ = ["CloudDiscriminator", "LikelihoodDiscriminator", "LinearDiscriminator"]


def _log_prior(prior: ArrayLike | None, levels: int) -> Any:
    if prior is None:
        return np.zeros(levels)
    shares = np.asarray(prior, np.float64)
    if shares.shape != (levels,) or not ((shares > 0).all() and abs(shares.sum() - 1) < 1e-9):
        raise InputError(
            f"Argument `prior` must be {levels} probabilities greater than 0 that add up to 1, but is {prior}."
        )
    return np.log(shares)


@dataclass(frozen=True)
class LikelihoodDiscriminator:
    """Most probable level at the start of a record, by its likelihood with decay, heating and fields that relax.

    No other function of the record errs less often on average, if the readout is what it is said to be: this is the
    bound by which learners are judged.

    Args:
        readout: The model of the records.
        prior (float64, (levels,)): Populations of the prepared levels; equal ones if not given.
        method: "forward" follows one mean field per level, in a time proportional to the bins; "exact" one for every
            bin a level may have begun in, in a time proportional to their square.

    Examples:
        >>> from synqc.readout import LevelRates, ReadoutPulse, Resonator
        >>> resonator = Resonator(kappa_mhz=5.0, chi_mhz=2.5, drive_mhz=3.0, efficiency=0.5)
        >>> readout = Readout(resonator, ReadoutPulse.square(800.0), rates=LevelRates.from_t1(30.0))
        >>> records = readout.simulate(np.arange(2000) % 2, seed=7)
        >>> matrix = LikelihoodDiscriminator(readout).assignment(records)
        >>> 0.005 < matrix.average_error.value < 0.04
        True

    Source: Gambetta et al., PRA 76, 012325 (2007).
    """

    readout: Readout
    prior: tuple[float, ...] | None = None
    method: Literal["forward", "exact"] = "forward"

    def __post_init__(self) -> None:
        _log_prior(self.prior, self.readout.levels)
        if self.method not in ("forward", "exact"):
            raise InputError(f'Argument `method` must be "forward" or "exact", but is {self.method!r}.')

    def log_likelihoods(self, records: ArrayLike, *, threads: int = 0) -> Any:
        """Logarithm of the likelihood of each level at the start, relative to a record of nothing but noise.

        Args:
            records: (shots, bins) as `ReadoutRecords.values`; NaN where a bin is missing.
            threads: At most so many; 0 for all.

        Returns:
            Logarithms (float64, (shots, levels)).
        """
        threads = whole_number("threads", threads, least=0, most=MOST_THREADS)
        rows = self.readout.rows_of(records)
        if self.method == "exact":
            return self.readout.model.exact_likelihoods(records=rows, threads=threads)
        starts = np.eye(self.readout.levels)
        return self.readout.model.filter(start_weights=starts, records=rows, keep_populations=False, threads=threads)[0]

    def posterior(self, records: ArrayLike, *, threads: int = 0) -> Any:
        """Probability of each level at the start given the record (float64, (shots, levels))."""
        logarithms = self.log_likelihoods(records, threads=threads) + _log_prior(self.prior, self.readout.levels)
        weights = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)

    def labels(self, records: ArrayLike, *, threads: int = 0) -> Any:
        """Most probable level at the start of each record (int64, (shots,))."""
        logarithms = self.log_likelihoods(records, threads=threads) + _log_prior(self.prior, self.readout.levels)
        return np.argmax(logarithms, axis=1)

    def information_bits(self, records: ReadoutRecords) -> float:
        """Mean information about the prepared level that a record holds, log2(posterior / prior), in bits."""
        posterior = self.posterior(records.values)
        prior = np.full(self.readout.levels, 1 / self.readout.levels) if self.prior is None else np.array(self.prior)
        chosen = np.arange(len(posterior)), records.prepared
        return float(np.mean(np.log2(np.maximum(posterior[chosen], 1e-300) / prior[records.prepared])))

    def assignment(self, records: ReadoutRecords) -> AssignmentMatrix:
        """Count records of known level by what they are taken for."""
        return AssignmentMatrix.of(records.prepared, self.labels(records.values), levels=self.readout.levels)


@dataclass(frozen=True)
class LinearDiscriminator:
    """Two levels by one weighted sum of the record and a threshold.

    Args:
        weights (float64 or complex128, (bins,)): Of the sum Re(sum_k w_k J_k).
        threshold: Level 0 above it.

    Examples:
        >>> from synqc.readout import ReadoutPulse, Resonator
        >>> resonator = Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0, efficiency=0.5)
        >>> readout = Readout(resonator, ReadoutPulse.square(1000.0), detection="homodyne")
        >>> matched = LinearDiscriminator.matched(readout)
        >>> records = readout.simulate(np.arange(20000) % 2, seed=3)
        >>> abs(matched.assignment(records).average_error.value - 0.132956) < 0.01
        True
    """

    weights: Any
    threshold: float

    def __post_init__(self) -> None:
        weights = np.array(self.weights)
        if weights.ndim != 1:
            raise ShapeError(f"Argument `weights` must have shape (bins,), but has shape {weights.shape}.")
        weights.setflags(write=False)
        object.__setattr__(self, "weights", weights)

    @classmethod
    def matched(cls, readout: Readout) -> LinearDiscriminator:
        """Matched weights of |0> and |1> without decay, and the threshold midway."""
        weights = readout.matched_weights()
        means = (weights * readout.mean_records()[:2]).sum(axis=1).real
        return cls(weights, float(means.mean()))

    @classmethod
    def trained(cls, records: ReadoutRecords, weights: ArrayLike | None = None) -> LinearDiscriminator:
        """From records of known level 0 or 1: the threshold that errs least often on them.

        Args:
            records: Of both levels, equally wide in all bins.
            weights (float64 or complex128, (bins,)): The matched ones of the mean records if not given.
        """
        values, prepared = np.asarray(records.values), np.asarray(records.prepared)
        if not ((prepared == 0).any() and (prepared == 1).any()) or not (prepared <= 1).all():
            raise InputError("Argument `records` must hold levels 0 and 1, and no other, but does not.")
        if weights is None:
            weights = np.conj(values[prepared == 0].mean(axis=0) - values[prepared == 1].mean(axis=0))
        used = np.asarray(weights)
        scores = (values @ used).real
        return cls(used, _best_threshold(scores[prepared == 0], scores[prepared == 1]))

    def scores(self, records: ArrayLike) -> Any:
        """Weighted sums (float64, (shots,))."""
        return (np.asarray(records) @ self.weights).real

    def labels(self, records: ArrayLike) -> Any:
        """0 or 1 for each record (int64, (shots,))."""
        return (self.scores(records) <= self.threshold).astype(np.int64)

    def assignment(self, records: ReadoutRecords) -> AssignmentMatrix:
        """Count records of known level by what they are taken for."""
        return AssignmentMatrix.of(records.prepared, self.labels(records.values), levels=2)


def _best_threshold(above: Any, below: Any) -> float:
    """Between the two neighbouring scores that part two samples with the least sum of error shares."""
    scores = np.concatenate([above, below])
    order = np.argsort(scores)
    steps = np.concatenate([np.full(len(above), 1 / len(above)), np.full(len(below), -1 / len(below))])[order]
    # Errors if everything up to this score is called 1: those of 0 so far, and those of 1 still to come.
    errors = np.concatenate([[1.0], 1 + np.cumsum(steps)])
    best = int(np.argmin(errors))
    ordered = np.concatenate([[-math.inf], scores[order], [math.inf]])
    low, high = ordered[best], ordered[best + 1]
    return (
        float(low + high) / 2
        if math.isfinite(low) and math.isfinite(high)
        else float(high if low == -math.inf else low)
    )


@dataclass(frozen=True)
class CloudDiscriminator:
    """Two or three levels by the nearest cloud of a weighted sum in the IQ plane: a Gaussian mixture.

    Args:
        weights (complex128, (bins,)): Of the complex sum over the record.
        clouds: Of the levels in the IQ plane, `synqc.lab.demodulation.Clouds`.
    """

    weights: Any
    clouds: Clouds

    @classmethod
    def trained(
        cls, records: ReadoutRecords, *, levels: int, weights: ArrayLike | None = None, refine: bool = False
    ) -> CloudDiscriminator:
        """From heterodyne records of known level.

        Args:
            records: Of every level.
            levels: Two or three.
            weights (complex128, (bins,)): The boxcar if not given.
            refine: Fit the mixture anew to the points without their labels, which forgives wrong preparations.

        Examples:
            >>> from synqc.readout import ReadoutPulse, Resonator
            >>> resonator = Resonator(kappa_mhz=5.0, chi_mhz=(2.0, -2.0, -6.0), drive_mhz=3.0)
            >>> readout = Readout(resonator, ReadoutPulse.square(800.0))
            >>> records = readout.simulate(np.arange(3000) % 3, seed=5)
            >>> found = CloudDiscriminator.trained(records, levels=3)
            >>> found.assignment(records).average_error.value < 0.05
            True
        """
        values = np.asarray(records.values)
        used = np.ones(values.shape[1]) if weights is None else np.asarray(weights)
        points = np.ascontiguousarray(values @ used, np.complex128)
        clouds = Clouds.from_labelled(points, records.prepared, levels=levels)
        return cls(used, clouds.fitted(points) if refine else clouds)

    def points(self, records: ArrayLike) -> Any:
        """Weighted sums (complex128, (shots,))."""
        return np.ascontiguousarray(np.asarray(records) @ self.weights, np.complex128)

    def labels(self, records: ArrayLike) -> Any:
        """Most probable level of each record (int32, (shots,))."""
        return self.clouds.labels(self.points(records))

    def assignment(self, records: ReadoutRecords) -> AssignmentMatrix:
        """Count records of known level by what they are taken for."""
        return AssignmentMatrix.of(records.prepared, self.labels(records.values), levels=len(self.clouds.means))
