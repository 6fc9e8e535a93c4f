"""Tests of shots in the IQ plane that need no model: did a cloud move or change its shape, was one read twice."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from synqc.infer.goodness_of_fit import LEAST_PROBABILITY

__all__ = ["PARTS", "cloud_complaints"]

PARTS = 4
"""How often a protocol comes back to each cloud."""
_QUANTILES = (0.1, 0.5, 0.9)
_LEAST_SHOTS_OF_A_PART = 20


def cloud_complaints(clouds: Iterable[Any]) -> list[str]:
    """What is wrong with clouds whose shots were taken in `PARTS` parts, one after the other.

    Shots of a cloud that stayed are spread alike in all parts: each part's counts between quantiles of the whole cloud
    are those of a draw without replacement, whatever its shape. A gain or a phase that changes moves all clouds at
    once: medians of the parts over those of the whole are one complex number for all of them.

    Args:
        clouds (each complex128, (shots,)): In the order in which they were measured; NaN where a shot is missing.
    """
    rows = list(clouds)
    found = []
    if min(_probability_of_shapes(rows), _probability_of_gains(rows)) < LEAST_PROBABILITY / 2:
        found.append("clouds move between the parts of the run: gain, phase or what was prepared changes")
    if _is_repeated(rows):
        found.append("shots of one cloud are those of another, one by one: points were read twice")
    return found


def _parts_of(cloud: Any) -> list[Any]:
    return [part[~np.isnan(part)] for part in np.array_split(cloud, PARTS)]


def _probability_of_shapes(clouds: Sequence[Any]) -> float:
    """Pearson's chi-squared of parts and quantiles, over all clouds and both quadratures, with its exact mean."""
    from scipy.special import gammaincc

    statistic = mean = 0.0
    freedom = 0
    for cloud in clouds:
        parts = _parts_of(cloud)
        if min(len(part) for part in parts) < _LEAST_SHOTS_OF_A_PART:
            continue
        together = np.concatenate(parts)
        for quadrature in (np.real, np.imag):
            edges = np.quantile(quadrature(together), _QUANTILES)
            counts = np.array([np.bincount(np.searchsorted(edges, quadrature(part)), minlength=4) for part in parts])
            expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / len(together)
            used = expected.min(axis=0) > 0
            statistic += float(((counts - expected) ** 2 / np.maximum(expected, 1e-300))[:, used].sum())
            degrees = (PARTS - 1) * (int(used.sum()) - 1)
            mean += degrees * len(together) / (len(together) - 1)
            freedom += degrees
    return float(gammaincc(freedom / 2, statistic * freedom / mean / 2)) if freedom else 1.0


def _probability_of_gains(clouds: Sequence[Any]) -> float:
    """Chi-squared of a common complex factor of each part, from medians, whose variance is pi / 2 times that of means.

    Quadratures of a cloud have nearly one spread: decays meanwhile hardly change that of the middle of it.
    """
    from scipy.special import gammaincc

    gains, weight = np.zeros(PARTS, complex), 0.0
    for cloud in clouds:
        parts = _parts_of(cloud)
        if min(len(part) for part in parts) < _LEAST_SHOTS_OF_A_PART:
            continue
        together = np.concatenate(parts)
        middle = _median(together)
        spread = np.median(np.abs((together - middle).view(np.float64))) * 1.4826
        medians = np.array([_median(part) for part in parts])
        own = len(together) / PARTS / (math.pi / 2 * spread**2)
        gains += own * np.conj(middle) * medians
        weight += own * abs(middle) ** 2
    if weight == 0:
        return 1.0
    gains = gains / weight
    statistic = float((np.abs(gains - gains.mean()) ** 2).sum()) * weight
    return float(gammaincc(PARTS - 1, statistic / 2))


def _median(points: Any) -> complex:
    return complex(np.median(points.real), np.median(points.imag))


def _is_repeated(clouds: Sequence[Any]) -> bool:
    """Whether two parts, of whichever clouds, hold the same numbers in the same order."""
    seen = set()
    for cloud in clouds:
        for part in _parts_of(cloud):
            key = np.ascontiguousarray(part).tobytes()
            if len(part) >= _LEAST_SHOTS_OF_A_PART and key in seen:
                return True
            seen.add(key)
    return False
