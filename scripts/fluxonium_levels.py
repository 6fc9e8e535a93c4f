"""Levels and drive elements of a fluxonium at half a flux quantum, as `fluxonium-pilot` lists them.

H = 4 E_C n^2 + E_L phi^2 / 2 - E_J cos(phi - pi), diagonalised in the oscillator basis of E_C and E_L. Energies are
printed in MHz in the frame rotating at k times the |0>-|1> frequency, the lowering part of the charge operator relative
to |0>-|1>. Elements between levels that are not neighbours rotate at multiples of the drive frequency in that frame and
are left out.

Usage: python scripts/fluxonium_levels.py [E_C E_J E_L (GHz)] [levels]
"""

import json
import sys

import numpy as np
from numpy.typing import NDArray

__all__ = ["fluxonium", "listed"]

OSCILLATOR_STATES = 160


def fluxonium(
    charging_ghz: float, josephson_ghz: float, inductive_ghz: float, *, states: int = OSCILLATOR_STATES
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Energies above the ground state (GHz) and magnitudes of the charge matrix, lowest first.

    Examples:
        Somoroff et al. (arXiv:2103.08578) publish 163 MHz for E_C, E_J, E_L = 1.08, 5.57, 0.64 GHz.

        >>> energies, _ = fluxonium(1.08, 5.57, 0.64)
        >>> round(1e3 * float(energies[1]))
        161
    """
    length = (8 * charging_ghz / inductive_ghz) ** 0.25
    lowering = np.diag(np.sqrt(np.arange(1, states)), 1)
    phase = length / np.sqrt(2) * (lowering + lowering.T)
    charge = 1j / (length * np.sqrt(2)) * (lowering.T - lowering)
    positions, modes = np.linalg.eigh(phase)
    cosine = modes @ np.diag(np.cos(positions - np.pi)) @ modes.T
    hamiltonian = 4 * charging_ghz * (charge @ charge).real + inductive_ghz / 2 * phase @ phase - josephson_ghz * cosine
    energies, vectors = np.linalg.eigh(hamiltonian)
    return energies - energies[0], np.abs(vectors.conj().T @ charge @ vectors)


def listed(charging_ghz: float, josephson_ghz: float, inductive_ghz: float, levels: int) -> dict[str, object]:
    """Members of a device document's `qubit`.

    Examples:
        >>> members = listed(1.0, 4.0, 0.9, 3)
        >>> members["frequency_ghz"], members["anharmonicity_mhz"]
        (0.49991, 2930.08)
    """
    energies, charge = fluxonium(charging_ghz, josephson_ghz, inductive_ghz)
    rotating = [1e3 * float(energies[k] - k * energies[1]) for k in range(levels)]
    lowering = [
        [round(float(charge[k, k + 1] / charge[0, 1]), 4) if column == k + 1 else 0 for column in range(levels)]
        for k in range(levels)
    ]
    return {
        "frequency_ghz": round(float(energies[1]), 5),
        "anharmonicity_mhz": round(rotating[2], 2),
        "level_energies_mhz": [round(energy, 2) if k > 1 else 0 for k, energy in enumerate(rotating)],
        "lowering_elements": lowering,
    }


if __name__ == "__main__":
    arguments = [float(word) for word in sys.argv[1:]] or [1.0, 4.0, 0.9]
    print(json.dumps(listed(*arguments[:3], levels=int(arguments[3]) if len(arguments) > 3 else 5), indent=2))
