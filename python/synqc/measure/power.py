"""Power of a sequential comparison: how often it finds a difference, simulated with the noise it had."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from synqc.measure.confidence_sequence import BETS, FIRST_SCALE, LEAST_SCALE, NORMAL_QUARTILES, SCALE_FROM

__all__ = ["simulated_power"]

_REPLICAS: Final = 400
_MOST_CELLS: Final = 4_000_000
"""Of one block of replicas, so that memory stays small."""


def simulated_power(
    differences: NDArray[np.float64], *, shift: float, beyond: float, pairs: int, error_rate: float, seed: int
) -> float:
    """Share of replicas of a plan in which a true shift is found to lie beyond a bound.

    Each replica draws `pairs` differences from those seen, centred, with a random sign each, adds the shift, and asks
    at every moment whether the centre lies beyond the bound.

    Args:
        differences (float64, (n,)): Those seen; their own centre is removed.
        shift: True shift of the replicas.
        beyond: What it must be found to exceed.
        pairs: Length of the plan.
        error_rate: Error rate of the confidence sequence.
        seed: Seed of the replicas.

    Returns:
        Between 0 and 1, with a standard error of at most 0.025.

    Examples:
        >>> noise = np.random.default_rng(1).normal(0, 0.05, 100)
        >>> simulated_power(noise, shift=0.1, beyond=0.02, pairs=100, error_rate=0.01, seed=1) > 0.99
        True
        >>> simulated_power(noise, shift=0.1, beyond=0.02, pairs=5, error_rate=0.01, seed=1)
        0.0
    """
    if not len(differences) or pairs < 1:
        return 0.0
    residuals = differences - np.median(differences)
    generator = np.random.default_rng(seed)
    needed = math.log(2 / error_rate) + math.log(len(BETS))
    block = max(1, min(_REPLICAS, _MOST_CELLS // (pairs * len(BETS))))
    found = done = 0
    while done < _REPLICAS:
        count = min(block, _REPLICAS - done)
        drawn = generator.choice(residuals, (count, pairs)) * generator.choice((-1.0, 1.0), (count, pairs))
        scores = np.tanh((drawn + shift - beyond) / _scales(drawn))[..., None] * BETS
        evidence = np.cumsum(np.log1p(scores), axis=1)
        found += int((np.logaddexp.reduce(evidence, axis=2).max(axis=1) >= needed).sum())
        done += count
    return found / _REPLICAS


def _scales(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale that each replica knows at each difference, learnt anew whenever their number has doubled."""
    count, pairs = drawn.shape
    scales = np.full((count, pairs), FIRST_SCALE)
    seen = SCALE_FROM
    while seen < pairs:
        low, high = np.quantile(drawn[:, :seen], (0.25, 0.75), axis=1)
        scales[:, seen : 2 * seen] = np.maximum((high - low) / NORMAL_QUARTILES, LEAST_SCALE)[:, None]
        seen *= 2
    return scales
