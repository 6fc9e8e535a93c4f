"""Posterior of one or two parameters on a grid: exact whatever its shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import numpy as np

from synqc.errors import InputError
from synqc.infer.fit import Fit
from synqc.infer.likelihood import Likelihood, RealArray

__all__ = ["GridPosterior", "grid_posterior"]

_DEVIATIONS = 6.0


@dataclass(frozen=True)
class GridPosterior:
    """Probability of each grid point.

    Args:
        grids: Values (g,) of each parameter, by name, in the order of the axes.
        probability (float64, (g,) or (g, g)): Sums to 1.
    """

    grids: dict[str, RealArray]
    probability: RealArray = field(repr=False)

    def marginal(self, name: str) -> RealArray:
        """Probability (g,) of each value of one parameter."""
        axis = self._axis(name)
        others = tuple(k for k in range(self.probability.ndim) if k != axis)
        return cast(RealArray, self.probability.sum(axis=others))

    def mean(self, name: str) -> float:
        """Posterior mean."""
        return float(self.marginal(name) @ self.grids[name])

    def interval(self, name: str, probability: float = 0.68268949) -> tuple[float, float]:
        """Interval with as much probability below as above it."""
        if not 0 < probability < 1:
            raise InputError(f"Argument `probability` must be between 0 and 1, but is {probability}.")
        grid = self.grids[name]
        half = (grid[1] - grid[0]) / 2
        edges = np.concatenate([grid - half, [grid[-1] + half]])
        below = np.concatenate([[0.0], np.cumsum(self.marginal(name))])
        low, high = np.interp([(1 - probability) / 2, (1 + probability) / 2], below / below[-1], edges)
        return float(low), float(high)

    def _axis(self, name: str) -> int:
        if name not in self.grids:
            raise InputError(f"Argument `name` must be one of {', '.join(self.grids)}, but is {name!r}.")
        return list(self.grids).index(name)


def grid_posterior(likelihood: Likelihood, points: int = 201, around: Fit | None = None) -> GridPosterior:
    """Posterior of the one or two parameters of a likelihood.

    Args:
        likelihood: Of one or two parameters.
        points: Along each axis.
        around: A fit, of which six standard deviations to each side are looked at; None for all within the bounds.

    Raises:
        InputError: There are more than two parameters, or fewer than three points.

    Examples:
        >>> import numpy as np
        >>> from synqc.infer import CountLikelihood, Decay, Parameter
        >>> decay = CountLikelihood(Decay(), [50.0], [37], {"t1_us": Parameter(1.0, 400.0)}, shots=100)
        >>> low, high = grid_posterior(decay, 801).interval("t1_us")
        >>> low < 50.0 < high
        True
    """
    names = likelihood.names
    if len(names) > 2:
        raise InputError(f"Argument `likelihood` must have one or two parameters, but has {len(names)}.")
    if points < 3:
        raise InputError(f"Argument `points` must be at least 3, but is {points}.")
    grids = {}
    for k, (name, parameter) in enumerate(zip(names, likelihood.parameters, strict=True)):
        low, high = parameter.lower, parameter.upper
        if around is not None:
            reach = _DEVIATIONS * float(np.sqrt(around.covariance[k, k]))
            low, high = max(low, around.best[k] - reach), min(high, around.best[k] + reach)
        grids[name] = np.linspace(low, high, points)
    mesh = np.stack([axis.ravel() for axis in np.meshgrid(*grids.values(), indexing="ij")], axis=1)
    heights = likelihood.log_likelihoods(list(mesh)) + [likelihood.log_prior(point) for point in mesh]
    weights = np.exp(heights - heights.max())
    return GridPosterior(grids, (weights / weights.sum()).reshape([points] * len(names)))
