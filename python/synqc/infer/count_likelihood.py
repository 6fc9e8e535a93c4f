"""Likelihood of counts: how often each outcome was seen at each setting of a protocol."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from synqc.errors import InputError, ShapeError
from synqc.infer.curves import Curve
from synqc.infer.goodness_of_fit import FitTest, GoodnessOfFit
from synqc.infer.likelihood import Likelihood, RealArray
from synqc.infer.parameter import Parameter

__all__ = ["CountLikelihood"]

_LEAST_PROBABILITY = 1e-15
_MOST_ENUMERATED = 2000  # shots; beyond, a point's deviance follows chi-squared
_LEAST_POINTS_FOR_RUNS = 8


class CountLikelihood(Likelihood):
    """How likely parameters make counts: binomial for two outcomes, multinomial for more.

    No error bars enter: a likelihood of counts is right for few shots, and for probabilities near 0 and 1, where
    weights made from the counts bias a fit.

    Args:
        curve: How outcomes depend on parameters and settings: `Decay`, `Ramsey`, `Echo`, `Rabi`, or your own `Curve`.
        settings (float64, (points,) or (points, columns)): What was set, in the curve's columns.
        counts (int, (points,) or (points, outcomes)): How often outcome 1 was seen, or each.
        parameters: Of the curve; those that are neither here nor in `known` are readout errors of 0.
        shots (int or (points,)): Shots of each point; not needed where all outcomes are counted.
        known: Values of parameters that are not inferred.

    Raises:
        ShapeError: Arrays do not fit the curve or each other.
        InputError: A name is unknown or missing, or counts are no counts of so many shots.

    Examples:
        >>> from synqc.infer import Echo
        >>> echo = CountLikelihood(Echo(), [10.0, 60.0], [60, 265], {"t2_us": Parameter(1.0, 500.0)}, shots=1000)
        >>> echo.log_likelihood([80.0]) > echo.log_likelihood([40.0])
        True
    """

    def __init__(
        self,
        curve: Curve,
        settings: ArrayLike,
        counts: ArrayLike,
        parameters: Mapping[str, Parameter],
        *,
        shots: ArrayLike | None = None,
        known: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(parameters)
        self.curve = curve
        self.settings = _as_settings(settings, curve)
        self.counts = _as_counts(counts, shots, len(self.settings), curve.outcomes)
        self._log_arrangements = _log_arrangements(self.counts)
        self._known = {"p0_given_1": 0.0, "p1_given_0": 0.0} | dict(known or {})
        for name in (*parameters, *(known or {})):
            if name not in curve.names:
                where = "parameters" if name in parameters else "known"
                raise InputError(
                    f"Argument `{where}` must have names among {', '.join(curve.names)}, but has {name!r}."
                )
        for name, parameter in parameters.items():
            if not parameter.shared:
                raise InputError(f"Argument `parameters[{name!r}]` must be shared: there is one curve, but is not.")
            if name.endswith("_us") and not parameter.lower > 0:
                raise InputError(
                    f"Argument `parameters[{name!r}]` must have a `lower` greater than 0, but has {parameter.lower}."
                )
        missing = [name for name in curve.names if name not in parameters and name not in self._known]
        if missing:
            raise InputError(f"Argument `known` must hold {', '.join(missing)}, or `parameters`, but neither does.")

    def log_likelihood(self, values: ArrayLike) -> float:
        """Natural logarithm of the probability of the counts at `values` (p,)."""
        probabilities, _ = self._probabilities(self._vector(values))
        return float((self.counts * np.log(probabilities)).sum()) + self._log_arrangements

    def log_likelihood_and_gradient(self, values: ArrayLike) -> tuple[float, RealArray]:
        """The same with its derivatives (p,)."""
        probabilities, slopes = self._probabilities(self._vector(values))
        value = float((self.counts * np.log(probabilities)).sum()) + self._log_arrangements
        weights = self.counts / probabilities
        return value, np.array([float((weights * slopes[name]).sum()) for name in self.names])

    def scan_points(self, name: str) -> int:
        """What the curve says."""
        return self.curve.scan_points(self.settings, name, self._parameters[name].width)

    def goodness_of_fit(self, values: ArrayLike) -> GoodnessOfFit:
        """Deviance, and whether residuals change their sign as often as chance would have it.

        The deviance's mean and variance are summed over all counts that a point may show, so that few shots are judged
        as fairly as many. Source of the runs test: Wald and Wolfowitz, Ann. Math. Stat. 11, 147 (1940).
        """
        vector = self._vector(values)
        probabilities, _ = self._probabilities(vector)
        shots = self.counts.sum(axis=1)
        expected = shots[:, None] * probabilities
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(self.counts > 0, self.counts * np.log(self.counts / expected), 0.0)
        deviance = 2 * float(terms.sum())
        return GoodnessOfFit(
            (
                self._deviance_test(deviance, probabilities, shots),
                self._runs_test(self.counts[:, -1] - expected[:, -1]),
            )
        )

    def _deviance_test(self, deviance: float, probabilities: RealArray, shots: RealArray) -> FitTest:
        from scipy.special import gammaincc

        complaint = "counts scatter more about the curve than shots explain: another curve, or drift"
        outcomes = probabilities.shape[1]
        freedom = len(shots) * (outcomes - 1) - len(self.names)
        if freedom <= 0:
            return FitTest("deviance", deviance, 1.0, complaint)
        mean, variance = float(len(shots) * (outcomes - 1)), 2.0 * len(shots) * (outcomes - 1)
        if outcomes == 2:
            moments = [_deviance_moments(int(n), float(p)) for n, p in zip(shots, probabilities[:, 1], strict=True)]
            mean, variance = (float(sum(moment)) for moment in zip(*moments, strict=True))
        # Fitted parameters take their share of both.
        share = freedom / (len(shots) * (outcomes - 1))
        mean, variance = mean * share, variance * share
        return FitTest(
            "deviance", deviance, float(gammaincc(mean**2 / variance, deviance * mean / variance)), complaint
        )

    def _runs_test(self, residuals: RealArray) -> FitTest:
        order = np.lexsort((self.settings[:, 0], *self.settings[:, 1:].T))
        signs = np.sign(residuals[order])
        signs = signs[signs != 0]
        above, below = int((signs > 0).sum()), int((signs < 0).sum())
        count = above + below
        complaint = "residuals keep their sign for many points: the curve has another shape"
        if count < _LEAST_POINTS_FOR_RUNS or above == 0 or below == 0:
            return FitTest("runs", 0.0, 1.0, complaint)
        runs = 1 + int((signs[1:] != signs[:-1]).sum())
        expected = 1 + 2 * above * below / count
        variance = (expected - 1) * (expected - 2) / (count - 1)
        deviations = (runs + 0.5 - expected) / math.sqrt(variance)
        return FitTest("runs", deviations, min(1.0, math.erfc(-deviations / math.sqrt(2)) / 2), complaint)

    def _probabilities(self, vector: RealArray) -> tuple[RealArray, dict[str, RealArray]]:
        values = self._known | {name: float(value) for name, value in zip(self.names, vector, strict=True)}
        probabilities, slopes = self.curve.probabilities(self.settings, values)
        return np.clip(probabilities, _LEAST_PROBABILITY, None), slopes


def _log_arrangements(counts: RealArray) -> float:
    """Of the outcomes among the shots, which no parameter changes."""
    shots = sum(math.lgamma(total + 1) for total in counts.sum(axis=1))
    return shots - sum(math.lgamma(count + 1) for count in counts.ravel())


def _deviance_moments(shots: int, probability: float) -> tuple[float, float]:
    """Mean and variance of the deviance of a binomial count."""
    from scipy.stats import binom

    if shots > _MOST_ENUMERATED:
        return 1.0, 2.0
    k = np.arange(shots + 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ones = np.where(k > 0, k * np.log(k / (shots * probability)), 0.0)
        zeros = np.where(k < shots, (shots - k) * np.log((shots - k) / (shots * (1 - probability))), 0.0)
    weights = binom.pmf(k, shots, probability)
    deviances = 2 * (ones + zeros)
    used = weights > 0
    mean = float((weights[used] * deviances[used]).sum())
    return mean, float((weights[used] * (deviances[used] - mean) ** 2).sum())


def _as_settings(settings: ArrayLike, curve: Curve) -> RealArray:
    array = np.asarray(settings, dtype=np.float64)
    if array.ndim == 1 and len(curve.columns) == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] != len(curve.columns) or len(array) == 0:
        raise ShapeError(
            f"Argument `settings` must have shape (points, {len(curve.columns)}), {', '.join(curve.columns)}, "
            f"but has shape {array.shape}."
        )
    if not np.isfinite(array).all():
        raise InputError("Argument `settings` must be finite in every element, but is not.")
    return array


def _as_counts(counts: ArrayLike, shots: ArrayLike | None, points: int, outcomes: int) -> RealArray:
    array = np.asarray(counts, dtype=np.float64)
    if array.ndim == 1 and outcomes == 2:
        if shots is None:
            raise InputError("Argument `shots` must be given where one outcome is counted, but is None.")
        everything = np.broadcast_to(np.asarray(shots, dtype=np.float64), array.shape)
        array = np.stack([everything - array, array], axis=1)
    if array.shape != (points, outcomes):
        raise ShapeError(
            f"Argument `counts` must have shape ({points},) or ({points}, {outcomes}), but has shape {array.shape}."
        )
    if not (np.isfinite(array).all() and (array >= 0).all() and (array == np.round(array)).all()):
        raise InputError("Argument `counts` must be whole numbers from 0 to `shots`, but is not.")
    return array
