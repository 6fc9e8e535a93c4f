"""Fields of readout resonators while a circuit goes on, and what they do to the coherences of its qubit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from synqc.twin.integrated_readout import IntegratedReadout

__all__ = ["ToneFields"]

_MHZ = 2 * math.pi


class ToneFields:
    """One classical field per resonator and level of the qubit, exact as long as no rotation mixes levels.

    d alpha_l/dt = -(kappa/2 + i d_l) alpha_l - i eps, and rho_jk falls and turns by
    exp(-i (d_j - d_k) integral alpha_j conj(alpha_k) dt). A rotation lets each field forget which level it belonged
    to: all take its mean over the levels. That is exact for empty resonators and for a qubit in one level.

    Args:
        resonators: By number.
        shift_mhz: Of the drive's frequency.

    Source: Gambetta et al., PRA 77, 012112 (2008).
    """

    def __init__(self, resonators: Mapping[int, IntegratedReadout], shift_mhz: float) -> None:
        self._resonators = dict(resonators)
        self._turns = {
            number: _MHZ * (np.array(readout.shifts_mhz) - shift_mhz) for number, readout in self._resonators.items()
        }
        self._fields = {number: np.zeros(3, complex) for number in self._resonators}

    def pass_time(self, duration_us: float, amplitudes: Mapping[int, float]) -> Any:
        """Let time pass; factors (complex128, (9,)) of the row-stacked density matrix.

        Args:
            duration_us: How long.
            amplitudes: Of the drives that are on, by resonator.
        """
        factor = np.ones(9, complex)
        for number, readout in self._resonators.items():
            field, turns = self._fields[number], self._turns[number]
            drive = _MHZ * readout.drive_mhz * amplitudes.get(number, 0.0)
            if drive == 0 and not field.any():
                continue
            rates = math.pi * readout.kappa_mhz + 1j * turns
            steady = -1j * drive / rates
            apart = field - steady
            both = rates[:, None] + rates.conj()
            overlap = (
                np.outer(steady, steady.conj()) * duration_us
                + np.outer(steady, apart.conj() * -np.expm1(-rates.conj() * duration_us) / rates.conj())
                + np.outer(apart * -np.expm1(-rates * duration_us) / rates, steady.conj())
                + np.outer(apart, apart.conj()) * -np.expm1(-both * duration_us) / both
            )
            factor *= np.exp(-1j * np.subtract.outer(turns, turns) * overlap).ravel()
            self._fields[number] = steady + apart * np.exp(-rates * duration_us)
        return factor

    def forget_levels(self, populations: Any) -> None:
        """Let all levels have the mean field, as after a rotation.

        Args:
            populations (float64, (3,)): Before it.
        """
        weights = populations / populations.sum()
        for number, field in self._fields.items():
            self._fields[number] = np.full(3, weights @ field)
