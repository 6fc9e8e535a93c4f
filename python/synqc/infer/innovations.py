"""Tests of innovations: what a record holds beyond what its model expected, white noise if the model is right."""

from __future__ import annotations

import math

import numpy as np

from synqc.infer.goodness_of_fit import FitTest
from synqc.infer.likelihood import RealArray

__all__ = ["innovation_tests"]

_LAGS = 20


def innovation_tests(innovations: RealArray) -> list[FitTest]:
    """Mean, variance, Ljung-Box and spectrum of innovations.

    Args:
        innovations (float64, (records, bins)): (record - expected mean) / expected deviation; NaN where nothing was
            recorded. Under the right model they are uncorrelated, of mean 0 and variance 1.

    Source: Ljung and Box, Biometrika 65, 297 (1978); for the largest ordinate of a periodogram, Fisher, Proc. R. Soc. A
    125, 54 (1929), with the variance known.
    """
    from scipy.special import gammaincc
    from scipy.stats import chi2

    seen = innovations[np.isfinite(innovations)]
    count = len(seen)
    mean = float(seen.mean()) * math.sqrt(count)
    squares = seen**2
    spread = math.sqrt(max(float(np.var(squares)), 1.0) / count)
    variance = (float(squares.mean()) - 1) / spread
    tests = [
        FitTest("mean", mean, _two_sided(mean), "innovations have a mean: the record has an offset or another scale"),
        FitTest(
            "variance",
            variance,
            _two_sided(variance),
            "innovations have not the variance of the noise: the record's gain is not what the model says",
        ),
    ]
    filled = np.where(np.isfinite(innovations), innovations, 0.0)
    bins = filled.shape[1]
    lags = min(_LAGS, bins - 1)
    if lags >= 1:
        products = [float((filled[:, k:] * filled[:, :-k]).sum()) for k in range(1, lags + 1)]
        present = np.isfinite(innovations).astype(np.float64)
        pairs = [max(float((present[:, k:] * present[:, :-k]).sum()), 1.0) for k in range(1, lags + 1)]
        power = float(squares.mean())
        statistic = sum(product**2 / pair for product, pair in zip(products, pairs, strict=True)) / power**2
        tests.append(
            FitTest(
                "ljung-box",
                statistic,
                float(chi2.sf(statistic, lags)),
                "innovations are correlated in time: the dynamics or the bandwidth of the record is another",
            )
        )
    frequencies = (bins - 1) // 2
    if frequencies >= 2:
        own = np.maximum(np.sqrt((filled**2).sum(axis=1, keepdims=True)), 1e-300)
        periodogram = np.abs(np.fft.rfft(filled / own, axis=1)[:, 1 : frequencies + 1]) ** 2
        total = float(periodogram.sum(axis=0).max())
        records = filled.shape[0]
        tail = float(gammaincc(records, total))
        tests.append(
            FitTest(
                "spectrum",
                total / records,
                -math.expm1(frequencies * math.log1p(-min(tail, 1 - 1e-16))),
                "innovations have a line in their spectrum: a frequency, or an interference, that the model lacks",
            )
        )
    return tests


def _two_sided(deviations: float) -> float:
    return math.erfc(abs(deviations) / math.sqrt(2))
