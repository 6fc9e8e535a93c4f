"""A defect near a qubit's frequency: the decay it induces, and how it switches."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from synqc.errors import InputError

__all__ = ["TwoLevelSystem", "telegraph_allan_variance"]


@dataclass(frozen=True)
class TwoLevelSystem:
    """A defect that exchanges its excitation with a qubit and loses it, while its frequency jumps between two values.

    Args:
        coupling_khz: g / 2 pi.
        decay_per_us: Rate at which the defect loses its excitation; it dephases by half of that.
        detunings_mhz: Frequency of the qubit minus that of the defect, in each of its two positions.
        switching_rate_per_s: Rate of jumps from each position to the other.

    Examples:
        >>> defect = TwoLevelSystem(20.0, 1.0, (0.0, 0.3), switching_rate_per_s=10.0)
        >>> round(defect.decay(0.0), 7), round(defect.decay(0.3), 8)
        (0.0677564, 0.00410562)
    """

    coupling_khz: float
    decay_per_us: float
    detunings_mhz: tuple[float, float]
    switching_rate_per_s: float

    def __post_init__(self) -> None:
        if not 0 <= self.coupling_khz < math.inf:
            raise InputError(f"Argument `coupling_khz` must be finite and at least 0, but is {self.coupling_khz}.")
        if not 0 < self.decay_per_us < math.inf:
            raise InputError(f"Argument `decay_per_us` must be finite and greater than 0, but is {self.decay_per_us}.")
        if len(self.detunings_mhz) != 2 or not all(map(math.isfinite, self.detunings_mhz)):
            raise InputError(f"Argument `detunings_mhz` must be two finite numbers, but is {self.detunings_mhz}.")
        if not 0 <= self.switching_rate_per_s < math.inf:
            raise InputError(
                f"Argument `switching_rate_per_s` must be finite and at least 0, but is {self.switching_rate_per_s}."
            )

    def decay(self, detuning_mhz: float) -> float:
        """Rate (1/us) of the slow decay of a qubit this far from the defect, exact in the coupling.

        With one excitation in all, amplitudes follow the Hamiltonian ((D, g), (g, -i gamma / 2)); its eigenvalue of
        least decay is taken: gamma/2 - sqrt(gamma^2/4 - 4 g^2) on resonance, for 4 g < gamma. Weakly coupled it is
        2 g^2 (gamma/2) / ((gamma/2)^2 + D^2).

        Args:
            detuning_mhz: Frequency of the qubit minus that of the defect.
        """
        coupling = 2 * math.pi * 1e-3 * self.coupling_khz
        distance = complex(2 * math.pi * detuning_mhz, self.decay_per_us / 2)
        root = cmath.sqrt(distance**2 + 4 * coupling**2)
        middle = complex(2 * math.pi * detuning_mhz, -self.decay_per_us / 2)
        return min(-(middle + root).imag, -(middle - root).imag)


def telegraph_allan_variance(averaging: ArrayLike, *, amplitude: float, correlation_time: float) -> Any:
    """Allan variance of a telegraph signal of +-v: v^2 (2 a - 3 + 4 exp(-a) - exp(-2 a)) / a^2, a = averaging / tau_0.

    Args:
        averaging (float64, ...): Averaging times, greater than 0, in the unit of `correlation_time`.
        amplitude: v.
        correlation_time: tau_0 = 1 / (2 * rate of switching each way).

    Returns:
        Variances (float64, ...).

    Examples:
        >>> telegraph_allan_variance([0.5, 5.0], amplitude=1.0, correlation_time=1.0).round(6).tolist()
        [0.232973, 0.281076]

    Source: integral of the autocorrelation v^2 exp(-|t| / tau_0) over two neighbouring intervals.
    """
    a = np.asarray(averaging, dtype=np.float64) / correlation_time
    if not (np.isfinite(a).all() and (a > 0).all()):
        raise InputError("Argument `averaging` must be finite and greater than 0 in every element, but is not.")
    return amplitude**2 * (2 * a + 4 * np.expm1(-a) - np.expm1(-2 * a)) / a**2
