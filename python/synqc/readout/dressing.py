"""What coupling, detuning and anharmonicity make of a transmon and its resonator."""

from __future__ import annotations

import math
from dataclasses import dataclass

from synqc.errors import InputError

__all__ = ["Dressing", "dressing"]


@dataclass(frozen=True)
class Dressing:
    """Figures of the dispersive regime, to second order in the coupling.

    Args:
        chi_mhz: What each of three levels adds to the resonator's bare frequency, as `Resonator` takes them.
        dispersive_shift_mhz: Half of what the excited level adds to the resonator's frequency, (f_1 - f_0) / 2, which
            is negative for a transmon below its resonator.
        purcell_per_us: Decay rate of |1> through the resonator, kappa (g / D)^2.
        critical_photons: (D / 2 g)^2, where the dispersive approximation ends.
    """

    chi_mhz: tuple[float, float, float]
    dispersive_shift_mhz: float
    purcell_per_us: float
    critical_photons: float

    @property
    def purcell_t1_us(self) -> float:
        """The longest T1 that the resonator leaves."""
        return 1 / self.purcell_per_us if self.purcell_per_us > 0 else math.inf


def dressing(*, g_mhz: float, detuning_mhz: float, anharmonicity_mhz: float, kappa_mhz: float) -> Dressing:
    """Level shifts, Purcell decay and critical photons of a transmon in the dispersive regime.

    Second order in g / D: at g / D = 0.075 shifts are 2 % and the Purcell rate 1.7 % from exact diagonalisation.

    Args:
        g_mhz: Coupling / 2 pi of the 0-1 transition; that of 1-2 is sqrt(2) as large.
        detuning_mhz: Frequency of the 0-1 transition minus the resonator's, D / 2 pi.
        anharmonicity_mhz: Of the transmon, / 2 pi; negative.
        kappa_mhz: Linewidth / 2 pi.

    Raises:
        InputError: A transition lies within five couplings of the resonator, where there is no dispersive regime.

    Examples:
        >>> found = dressing(g_mhz=150.0, detuning_mhz=-2000.0, anharmonicity_mhz=-300.0, kappa_mhz=5.0)
        >>> round(found.dispersive_shift_mhz, 5), round(found.purcell_per_us, 6), round(found.critical_photons, 2)
        (-1.46739, 0.176715, 44.44)

    Source: Koch et al., PRA 76, 042319 (2007), section III C; Blais et al., RMP 93, 025005 (2021), section IV.
    """
    for name, value in (
        ("g_mhz", g_mhz), ("detuning_mhz", detuning_mhz), ("anharmonicity_mhz", anharmonicity_mhz),
        ("kappa_mhz", kappa_mhz),
    ):  # fmt: skip
        if not math.isfinite(value):
            raise InputError(f"Argument `{name}` must be finite, but is {value}.")
    if not g_mhz > 0:
        raise InputError(f"Argument `g_mhz` must be greater than 0, but is {g_mhz}.")
    if not kappa_mhz > 0:
        raise InputError(f"Argument `kappa_mhz` must be greater than 0, but is {kappa_mhz}.")
    transitions = [detuning_mhz + k * anharmonicity_mhz for k in range(3)]
    if min(abs(one) / math.sqrt(k + 1) for k, one in enumerate(transitions)) < 5 * g_mhz:
        raise InputError(
            f"Argument `detuning_mhz` must leave five couplings ({5 * g_mhz:g} MHz, times sqrt(k) for the k-th "
            f"transition) between the resonator and each transition, but is {detuning_mhz:g}."
        )
    pushes = [(k + 1) * g_mhz**2 / one for k, one in enumerate(transitions)]
    chi = (-pushes[0], pushes[0] - pushes[1], pushes[1] - pushes[2])
    return Dressing(
        chi_mhz=chi,
        dispersive_shift_mhz=(chi[1] - chi[0]) / 2,
        purcell_per_us=2 * math.pi * kappa_mhz * (g_mhz / detuning_mhz) ** 2,
        critical_photons=(detuning_mhz / (2 * g_mhz)) ** 2,
    )
