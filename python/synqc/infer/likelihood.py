"""What every likelihood answers: its value, its gradient, and what priors make of them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synqc.errors import InputError, ShapeError
from synqc.infer.goodness_of_fit import GoodnessOfFit
from synqc.infer.parameter import Parameter

__all__ = ["Likelihood", "RealArray"]

RealArray = NDArray[np.float64]


class Likelihood(ABC):
    """How likely parameters make what was measured. `p` parameters, in the order of `names`.

    Its methods are what samplers ask for: `log_posterior` for emcee; `log_likelihood` and `prior_transform` for
    dynesty; `jax_log_posterior(likelihood)` inside programs of jax.

    Args:
        parameters: By name, with their bounds.
        copies: Of a parameter that is not shared; its names are then `name[0]`, `name[1]`, ..
    """

    has_kinks: ClassVar[bool] = False
    """Whether its slope bends within a deviation, so that its curvature at the top says little of its width."""

    def __init__(self, parameters: Mapping[str, Parameter], copies: int = 1) -> None:
        if not parameters:
            raise InputError("Argument `parameters` must name at least one, but is empty.")
        named: dict[str, Parameter] = {}
        for name, parameter in parameters.items():
            if not isinstance(parameter, Parameter):
                raise InputError(
                    f"Argument `parameters[{name!r}]` must be a Parameter, but is {type(parameter).__name__}."
                )
            if parameter.shared:
                named[name] = parameter
            else:
                named.update({f"{name}[{k}]": parameter for k in range(copies)})
        self._parameters = named

    @property
    def names(self) -> tuple[str, ...]:
        """Of the elements of a vector of parameters."""
        return tuple(self._parameters)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """In the order of `names`."""
        return tuple(self._parameters.values())

    @abstractmethod
    def log_likelihood(self, values: ArrayLike) -> float:
        """Natural logarithm of the probability, or density, of what was measured, at `values` (p,)."""

    @abstractmethod
    def log_likelihood_and_gradient(self, values: ArrayLike) -> tuple[float, RealArray]:
        """The same with its derivatives (p,) by the parameters."""

    @abstractmethod
    def goodness_of_fit(self, values: ArrayLike) -> GoodnessOfFit:
        """Whether what was measured looks like what the model at `values` (p,), fitted to it, makes."""

    @abstractmethod
    def scan_points(self, name: str) -> int:
        """How finely one parameter's range must be looked through for no maximum to be missed."""

    def log_likelihoods(self, points: Sequence[ArrayLike]) -> RealArray:
        """At many points (points, p)."""
        return np.array([self.log_likelihood(point) for point in points])

    def log_prior(self, values: ArrayLike) -> float:
        """Natural logarithm of the prior's density up to a constant; -inf outside the bounds."""
        total = 0.0
        for value, parameter in zip(self._vector(values), self.parameters, strict=True):
            if not parameter.lower <= value <= parameter.upper:
                return -math.inf
            if parameter.prior is not None:
                mean, deviation = parameter.prior
                total -= ((value - mean) / deviation) ** 2 / 2
        return total

    def log_posterior(self, values: ArrayLike) -> float:
        """log_likelihood + log_prior: the callable that emcee takes."""
        prior = self.log_prior(values)
        return prior if prior == -math.inf else prior + self.log_likelihood(values)

    def log_posterior_and_gradient(self, values: ArrayLike) -> tuple[float, RealArray]:
        """The same with its derivatives (p,); inside the bounds."""
        vector = self._vector(values)
        value, gradient = self.log_likelihood_and_gradient(vector)
        gradient = gradient.copy()
        for k, parameter in enumerate(self.parameters):
            if parameter.prior is not None:
                mean, deviation = parameter.prior
                gradient[k] -= (vector[k] - mean) / deviation**2
        return value + self.log_prior(vector), gradient

    def prior_transform(self, cube: ArrayLike) -> RealArray:
        """Values (p,) whose prior probabilities of being less are `cube` (p,): the callable that dynesty takes."""
        from scipy.special import ndtr, ndtri

        values = np.empty(len(self.names))
        for k, (share, parameter) in enumerate(zip(self._vector(cube), self.parameters, strict=True)):
            if parameter.prior is None:
                values[k] = parameter.lower + share * parameter.width
            else:
                mean, deviation = parameter.prior
                low, high = (ndtr((bound - mean) / deviation) for bound in (parameter.lower, parameter.upper))
                values[k] = mean + deviation * ndtri(low + share * (high - low))
        return values

    def _vector(self, values: ArrayLike) -> RealArray:
        vector = np.asarray(values, dtype=np.float64)
        if vector.shape != (len(self.names),):
            raise ShapeError(
                f"Argument `values` must have shape ({len(self.names)},), one per parameter, "
                f"but has shape {vector.shape}."
            )
        return vector
