"""Shapes of pulses: parameters to samples, and gradients of samples back to parameters (chain rule)."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from synqc.errors import InputError

__all__ = ["Cosine", "Drag", "Samples", "Shape", "Spline"]

Reals = NDArray[np.float64]


class Shape(Protocol):
    """A map from parameters to samples (c, k) in MHz; `moments` (k,) are middles of samples, as shares of the pulse."""

    def count(self, controls: int, samples: int) -> int:
        """Number of parameters."""

    def samples(self, parameters: Reals, controls: int, moments: Reals) -> Reals:
        """Samples (c, k), MHz."""

    def pull_back(self, parameters: Reals, slopes: Reals, moments: Reals) -> Reals:
        """Gradient with respect to the parameters, of slopes (c, k) with respect to the samples."""

    def guess(self, controls: int, moments: Reals, peak_mhz: float, random: np.random.Generator) -> Reals:
        """Parameters of a smooth random pulse with about that peak."""


@dataclass(frozen=True)
class Samples:
    """Every sample of every control is free."""

    def count(self, controls: int, samples: int) -> int:
        """One per sample and control."""
        return controls * samples

    def samples(self, parameters: Reals, controls: int, moments: Reals) -> Reals:
        """Themselves."""
        return parameters.reshape(controls, len(moments))

    def pull_back(self, parameters: Reals, slopes: Reals, moments: Reals) -> Reals:
        """Themselves."""
        return slopes.ravel()

    def guess(self, controls: int, moments: Reals, peak_mhz: float, random: np.random.Generator) -> Reals:
        """Four half waves of random height per control."""
        waves = np.sin(math.pi * np.outer(np.arange(1, 5), moments))
        return (peak_mhz / 2 * random.normal(size=(controls, 4)) @ waves).ravel()


class _Linear(ABC):
    """Shapes whose samples are linear in the parameters, the same functions for each control."""

    @abstractmethod
    def basis(self, moments: Reals) -> Reals:
        """Functions (p, k)."""

    def count(self, controls: int, samples: int) -> int:
        """As many per control as there are functions."""
        return controls * len(self.basis((np.arange(samples) + 0.5) / samples))

    def samples(self, parameters: Reals, controls: int, moments: Reals) -> Reals:
        """Their sum."""
        made: Reals = parameters.reshape(controls, -1) @ self.basis(moments)
        return made

    def pull_back(self, parameters: Reals, slopes: Reals, moments: Reals) -> Reals:
        """Overlaps with the functions."""
        return (slopes @ self.basis(moments).T).ravel()

    def guess(self, controls: int, moments: Reals, peak_mhz: float, random: np.random.Generator) -> Reals:
        """Random heights."""
        return peak_mhz / 2 * random.normal(size=controls * len(self.basis(moments)))


@dataclass(frozen=True)
class Cosine(_Linear):
    """Raised cosine, a (1 - cos(2 pi t / T)) / 2; the height a of each control is free."""

    def basis(self, moments: Reals) -> Reals:
        """The one function."""
        return (1 - np.cos(2 * math.pi * moments))[None] / 2


@dataclass(frozen=True)
class Spline(_Linear):
    """Cubic spline through `knots` free heights at equal distances, 0 with slope 0 at both ends.

    Args:
        knots: Free heights per control, inside the pulse.
    """

    knots: int

    def __post_init__(self) -> None:
        if self.knots < 1:
            raise InputError(f"Argument `knots` must be at least 1, but is {self.knots}.")

    def basis(self, moments: Reals) -> Reals:
        """The spline that is 1 at one knot and 0 at the others, for each."""
        from synqc.optimise._scipy import interpolate

        places = np.linspace(0, 1, self.knots + 2)
        heights = np.eye(self.knots + 2)[:, 1:-1]
        made: Reals = interpolate().CubicSpline(places, heights, bc_type="clamped")(moments).T
        return made


@dataclass(frozen=True)
class Drag:
    """Raised cosine on the first control, -beta / alpha times its derivative on the second; height and beta are free.

    Args:
        anharmonicity_mhz: alpha / 2 pi.
        duration_ns: Length of the pulse, which the derivative needs.

    Source: Motzoi et al., Phys. Rev. Lett. 103, 110501 (2009).
    """

    anharmonicity_mhz: float
    duration_ns: float

    def count(self, controls: int, samples: int) -> int:
        """Height and beta."""
        if controls != 2:
            raise InputError(f"Argument `shape` must fit {controls} controls, but Drag is for two quadratures.")
        return 2

    def _functions(self, moments: Reals) -> tuple[Reals, Reals]:
        in_phase = (1 - np.cos(2 * math.pi * moments)) / 2
        per_us = math.pi * np.sin(2 * math.pi * moments) / (self.duration_ns * 1e-3)
        return in_phase, -per_us / (2 * math.pi * self.anharmonicity_mhz)

    def samples(self, parameters: Reals, controls: int, moments: Reals) -> Reals:
        """Both quadratures."""
        in_phase, quadrature = self._functions(moments)
        made: Reals = parameters[0] * np.stack([in_phase, parameters[1] * quadrature])
        return made

    def pull_back(self, parameters: Reals, slopes: Reals, moments: Reals) -> Reals:
        """By height and by beta."""
        in_phase, quadrature = self._functions(moments)
        by_quadrature = slopes[1] @ quadrature
        return np.array([slopes[0] @ in_phase + parameters[1] * by_quadrature, parameters[0] * by_quadrature])

    def guess(self, controls: int, moments: Reals, peak_mhz: float, random: np.random.Generator) -> Reals:
        """A random height, and beta near 1/2, which is best on resonance."""
        return np.array([peak_mhz * random.normal(), 0.5 + 0.2 * random.normal()])
