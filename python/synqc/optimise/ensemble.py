"""Systems that one pulse shall serve at once: errors of amplitude, detuning and anharmonicity."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from synqc.errors import InputError
from synqc.optimise.systems import ControlSystem, Transmon

__all__ = ["Ensemble"]


@dataclass(frozen=True)
class Ensemble:
    """Every combination of the errors listed; the cost is the weighted mean over them.

    Args:
        amplitude_errors: Relative errors of the drive, 0.01 for one per cent.
        detunings_mhz: Offsets of the qubit's frequency.
        anharmonicities_mhz: Offsets of the anharmonicity.
        weights: One weight per combination, in the order of itertools.product over the three; equal ones if not given.

    Examples:
        >>> len(Ensemble(amplitude_errors=(-0.1, 0.0, 0.1), detunings_mhz=(0.0, 1.0)).errors())
        6
    """

    amplitude_errors: tuple[float, ...] = (0.0,)
    detunings_mhz: tuple[float, ...] = (0.0,)
    anharmonicities_mhz: tuple[float, ...] = (0.0,)
    weights: tuple[float, ...] | None = None

    def errors(self) -> list[tuple[float, float, float]]:
        """(amplitude error, detuning, anharmonicity offset) of each member."""
        return list(product(self.amplitude_errors, self.detunings_mhz, self.anharmonicities_mhz))

    def members(self, system: ControlSystem | Transmon) -> list[ControlSystem]:
        """The systems themselves."""
        return [system.varied(*errors) for errors in self.errors()]

    def shares(self) -> NDArray[np.float64]:
        """Weights that sum to 1."""
        count = len(self.errors())
        weights = np.ones(count) if self.weights is None else np.asarray(self.weights, np.float64)
        if weights.shape != (count,) or not (weights >= 0).all() or not weights.sum() > 0:
            raise InputError(
                f"Argument `weights` must be {count} numbers, none negative and not all 0, but is {self.weights}."
            )
        shares: NDArray[np.float64] = weights / weights.sum()
        return shares
