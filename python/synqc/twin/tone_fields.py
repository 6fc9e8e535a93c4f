"""Fields of readout resonators while a circuit goes on, and what they do to the coherences of its qubit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from synqc.twin.integrated_readout import IntegratedReadout

__all__ = ["ToneFields"]

_MHZ = 2 * math.pi
_EMPTY = 1e-8  # photons
_NOBODY = 1e-9  # of a population or coherence
_SOME_COHERENCE = 1e-3


class ToneFields:
    """One classical field per resonator and level of the qubit, exact as long as no rotation mixes levels.

    d alpha_l/dt = -(kappa/2 + i d_l) alpha_l - i eps, and rho_jk falls and turns by
    exp(-i (d_j - d_k) integral alpha_j conj(alpha_k) dt). Rotations are exact
    to the first order in the photons that are there meanwhile.

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

    @property
    def are_empty(self) -> bool:
        """Whether no field is left that could turn the qubit by a millionth."""
        return all(float((np.abs(field) ** 2).max()) < _EMPTY for field in self._fields.values())

    def through_rotation(self, slices: Sequence[Any], duration_us: float, state: Any) -> Any:
        """State (complex128, (9,)) after a rotation while fields ring down.

        Photons times the state obey the qubit's equation with the fields' own turns and decay, and change the state at
        every moment: exact to the first order in their number.

        Args:
            slices (each complex128, (9, 9)): Propagators, one after the other.
            duration_us: Duration of all together.
            state (complex128, (9,)): Before it.
        """
        step = duration_us / len(slices)
        plain = state
        for propagator in slices:
            plain = propagator @ plain
        change = np.zeros(9, complex)
        exponents = np.zeros(9, complex)
        steady = np.abs(plain) > _NOBODY
        for number, readout in self._resonators.items():
            field, turns = self._fields[number], self._turns[number]
            if not field.any():
                continue
            rates = math.pi * readout.kappa_mhz + 1j * turns
            fade = np.exp(-np.add.outer(rates, rates.conj()).ravel() * step / 2)
            source = -0.5j * step * np.subtract.outer(turns, turns).ravel()
            photons, own = np.outer(field, field.conj()).ravel() * state, np.zeros(9, complex)
            for propagator in slices:
                own = propagator @ (own + source * photons)
                photons = (propagator @ (photons * fade)) * fade
                own = own + source * photons
            exponents[steady] += own[steady] / plain[steady]
            change += own
            self._fields[number] = _fields_of(photons, plain, field * np.exp(-rates * duration_us))
        levels = np.arange(9) % 4 == 0
        return np.where(steady & ~levels, plain * np.exp(exponents), plain + change)


def _fields_of(photons: Any, state: Any, alone: Any) -> Any:
    """Fields whose products with that of |0> are what the photons of each coherence say; `alone` where it says nothing.

    Args:
        photons (complex128, (9,)): Times the state.
        state (complex128, (9,)): Density matrix of the qubit.
        alone (complex128, (3,)): Fields of a qubit that was let alone.
    """
    found = alone.copy()
    for level in range(len(found)):
        population = state[4 * level].real
        if population > _NOBODY and abs(alone[level]) > 0:
            found[level] *= math.sqrt(max(photons[4 * level].real, 0.0) / population) / abs(alone[level])
    for level in range(1, len(found)):
        if abs(state[level]) > _SOME_COHERENCE and abs(found[0]) > 0:
            found[level] = np.conj(photons[level] / state[level] / found[0])
    return found
