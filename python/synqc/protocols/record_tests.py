"""Tests of records that need no other model than the one fitted: did anything change, is anything missing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from synqc.infer import CountLikelihood, FitTest

__all__ = ["drift_test", "homogeneity_test", "missing_test", "repeats_test", "responds", "spectrum_test"]

_LEAST_SHOTS_FOR_REPEATS = 20
_LEAST_INFORMATION = 1e-9
_LEAST_GAIN = 10.0
_LEAST_CHANCE = 1e-15


def missing_test(counted: Any, shots: int) -> FitTest:
    """Whether all shots that were asked for are there.

    Args:
        counted (int64, (sweeps, points, outcomes)): Counts.
        shots: Asked for at each point of each sweep.
    """
    asked = shots * counted.shape[0] * counted.shape[1]
    lost = asked - int(counted.sum())
    return FitTest(
        "missing",
        lost / asked,
        0.0 if lost else 1.0,
        f"{lost} of {asked} shots are missing, whose outcomes are unknown",
    )


def homogeneity_test(counted: Any) -> FitTest:
    """Whether each point shows the same in all sweeps: Pearson's chi-squared with its exact mean.

    Args:
        counted (int64, (sweeps, points, 2)): Counts.
    """
    from scipy.special import gammaincc

    complaint = "points change from sweep to sweep: something drifted"
    totals = counted.sum(axis=0)
    shots, everything = counted.sum(axis=2), totals.sum(axis=1)
    used = (totals > 0).all(axis=1)
    if len(counted) < 2 or not used.any():
        return FitTest("homogeneity", 0.0, 1.0, complaint)
    share = totals[used, 1] / everything[used]
    expected = shots[:, used] * share
    spread = expected * (1 - share)
    statistic = float(((counted[:, used, 1] - expected) ** 2 / spread).sum())
    freedom = (len(counted) - 1) * int(used.sum())
    # Drawn without replacement from the point's outcomes, which widens the mean by N / (N - 1).
    mean = (len(counted) - 1) * float((everything[used] / (everything[used] - 1)).sum())
    return FitTest("homogeneity", statistic, float(gammaincc(freedom / 2, statistic * freedom / mean / 2)), complaint)


def drift_test(likelihood: CountLikelihood, counted: Any, values: Mapping[str, float]) -> FitTest:
    """Whether any fitted parameter moved between sweeps: score test, the strongest against a drifting parameter.

    Args:
        likelihood: What was fitted to all sweeps together.
        counted (int64, (sweeps, points, 2)): Counts.
        values: All parameters of the curve, fitted or known.
    """
    from scipy.special import gammaincc

    complaint = "a parameter moved between sweeps"
    if len(counted) < 2:
        return FitTest("drift", 0.0, 1.0, complaint)
    probabilities, slopes = likelihood.curve.probabilities(likelihood.settings, values)
    one = np.clip(probabilities[:, 1], 1e-9, 1 - 1e-9)
    slope = np.array([slopes[name][:, 1] for name in likelihood.names])
    shots = counted.sum(axis=2)
    # In units of each parameter's error, so that those that the data leave open can be told and left out.
    total = np.sqrt((slope**2 / (one * (1 - one)) * shots.sum(axis=0)).sum(axis=1))
    slope = slope[total > 0] / total[total > 0, None]
    weights = slope / (one * (1 - one))
    scores = (counted[:, :, 1] - shots * one) @ weights.T
    information = np.einsum("sp,ip,jp->sij", shots, weights, slope)
    inverse = np.linalg.pinv(information, rcond=_LEAST_INFORMATION, hermitian=True)
    whole = np.linalg.pinv(information.sum(axis=0), rcond=_LEAST_INFORMATION, hermitian=True)
    change = scores - np.einsum("sij,j->si", information, whole @ scores.sum(axis=0))
    statistic = float(np.einsum("si,sij,sj->", change, inverse, change))
    rank = int(np.linalg.matrix_rank(information.sum(axis=0), rtol=_LEAST_INFORMATION, hermitian=True))
    p_value = float(gammaincc((len(counted) - 1) * rank / 2, statistic / 2)) if rank else 1.0
    return FitTest("drift", statistic, p_value, complaint)


def repeats_test(counted: Any, one: Any) -> FitTest:
    """Whether neighbouring points have the same count more often than by chance: a buffer that was read twice.

    Args:
        counted (int64, (sweeps, points, 2)): Counts, in the order in which they were taken.
        one (float64, (points,)): Fitted probability of outcome 1.
    """
    from scipy.stats import binom, poisson

    complaint = "neighbouring points repeat each other's counts: points were read twice"
    shots = int(counted.sum(axis=2).max())
    if shots < _LEAST_SHOTS_FOR_REPEATS:
        return FitTest("repeats", 0.0, 1.0, complaint)
    chances = binom.pmf(np.arange(shots + 1), shots, np.clip(one, 0, 1)[:, None])
    expected = len(counted) * float((chances[1:] * chances[:-1]).sum())
    seen = int((counted[:, 1:] == counted[:, :-1]).all(axis=2).sum())
    return FitTest("repeats", seen / expected, float(poisson.sf(seen - 1, expected)), complaint)


def spectrum_test(residuals: Any) -> FitTest:
    """Whether standardised residuals, in the order of the settings, oscillate: largest line of their spectrum.

    Args:
        residuals (float64, (points,)): White with variance 1 if the model is right.
    """
    lines = np.abs(np.fft.rfft(residuals)[1 : (len(residuals) + 1) // 2]) ** 2 / len(residuals)
    complaint = "residuals oscillate: a frequency is not in the model"
    if len(lines) == 0:
        return FitTest("spectrum", 0.0, 1.0, complaint)
    largest = float(lines.max())
    return FitTest("spectrum", largest, -math.expm1(len(lines) * math.log1p(-math.exp(-largest))), complaint)


def responds(totals: Any, fitted: Any) -> bool:
    """Whether outcomes depend on the settings: the curve is likelier than a constant by more than noise would be.

    The largest of as many independent fringes as there are points gains e^10 by chance once in e^10.

    Args:
        totals (int64, (points, 2)): Counts.
        fitted (float64, (points, 2)): Probabilities of the fitted curve.
    """
    shares = totals.sum(axis=0) / totals.sum()
    constant = float((totals.sum(axis=0) * np.log(np.maximum(shares, _LEAST_CHANCE))).sum())
    curve = float((totals * np.log(np.maximum(fitted, _LEAST_CHANCE))).sum())
    return curve - constant > _LEAST_GAIN + math.log(len(totals))
