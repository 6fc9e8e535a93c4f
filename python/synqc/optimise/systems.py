"""Systems whose controls are optimised: any Hamiltonian, and a transmon with its units."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synqc.errors import InputError

__all__ = ["RADIANS_PER_US_PER_MHZ", "ControlSystem", "Transmon"]

RADIANS_PER_US_PER_MHZ = 2 * math.pi


@dataclass(frozen=True, eq=False)
class ControlSystem:
    """A system of n levels, 2 to 9, under H(t) = drift + 2 pi sum_j f_j(t) controls[j], with f_j in MHz.

    Args:
        drift (complex128, (n, n)): Hamiltonian without controls, rad/us, Hermitian.
        controls (each complex128, (n, n)): Hermitian and without unit, as (b + b^dag) / 2.
        collapse (each complex128, (n, n)): Jump operators of a master equation, 1/sqrt(us); none: the system is closed.

    Examples:
        >>> sx = np.array([[0, 1], [1, 0]])
        >>> ControlSystem(np.zeros((2, 2)), [sx / 2]).levels
        2
    """

    drift: Any
    controls: Any
    collapse: Any = ()

    @property
    def levels(self) -> int:
        """Levels n."""
        return len(np.asarray(self.drift))

    def control_system(self) -> ControlSystem:
        """Itself: what every system of this module can be turned into."""
        return self

    def with_more_levels(self, more: int) -> None:
        """None: nobody but its maker knows what lies above."""

    def varied(self, amplitude_error: float, detuning_mhz: float, anharmonicity_mhz: float) -> ControlSystem:
        """With controls stronger by a share; a detuning or anharmonicity of an unknown system is refused."""
        if detuning_mhz or anharmonicity_mhz:
            raise InputError(
                "Argument `ensemble` must vary nothing but `amplitude_errors` for a ControlSystem, but varies detuning "
                "or anharmonicity: use Transmon."
            )
        return replace(self, controls=[(1 + amplitude_error) * np.asarray(one) for one in self.controls])


@dataclass(frozen=True)
class Transmon:
    """A transmon driven in both quadratures, in the frame of its drive.

    H = Delta b^dag b + (alpha / 2) b^dag b^dag b b + (Omega_x / 2)(b + b^dag) + (Omega_y / 2) i (b^dag - b), whose two
    controls are Omega_x / 2 pi and Omega_y / 2 pi in MHz.

    Args:
        anharmonicity_mhz: alpha / 2 pi; negative.
        levels: Levels kept, 2 to 9. Fewer than five flatter a fast pulse: see `OptimisedPulse.larger`.
        detuning_mhz: Delta / 2 pi, of the qubit from the drive.
        t1_us, t2_us: Decay and coherence times; None: none. They make the system open, and its gradient slower.

    Examples:
        >>> Transmon(anharmonicity_mhz=-300.0).control_system().drift.diagonal().real.round().tolist()
        [0.0, 0.0, -1885.0]

    Source: Krantz et al., Appl. Phys. Rev. 6, 021318 (2019), section IV.
    """

    anharmonicity_mhz: float
    levels: int = 3
    detuning_mhz: float = 0.0
    t1_us: float | None = None
    t2_us: float | None = None

    def __post_init__(self) -> None:
        if self.t1_us is not None and not self.t1_us > 0:
            raise InputError(f"Argument `t1_us` must be positive, but is {self.t1_us}.")
        if self.t2_us is not None and not self.t2_us > 0:
            raise InputError(f"Argument `t2_us` must be positive, but is {self.t2_us}.")
        if self.t1_us is not None and self.t2_us is not None and self.t2_us > 2 * self.t1_us:
            raise InputError(f"Argument `t2_us` must be at most 2 t1_us = {2 * self.t1_us}, but is {self.t2_us}.")

    def control_system(self) -> ControlSystem:
        """Its operators, in rad/us."""
        lower = lowering(self.levels)
        number = lower.conj().T @ lower
        pairs = number @ (number - np.eye(self.levels))
        drift = RADIANS_PER_US_PER_MHZ * (self.detuning_mhz * number + self.anharmonicity_mhz / 2 * pairs)
        controls = [(lower + lower.conj().T) / 2, 1j * (lower.conj().T - lower) / 2]
        return ControlSystem(drift, controls, self._collapse(lower, number))

    def _collapse(self, lower: NDArray[np.complex128], number: NDArray[np.complex128]) -> list[NDArray[np.complex128]]:
        decay = 0.0 if self.t1_us is None else 1 / self.t1_us
        dephasing = 0.0 if self.t2_us is None else 1 / self.t2_us - decay / 2
        jumps = [(decay, lower), (2 * dephasing, number)]
        return [math.sqrt(rate) * jump for rate, jump in jumps if rate > 0]

    def with_more_levels(self, more: int) -> Transmon | None:
        """The same transmon with `more` levels, None beyond 9."""
        return replace(self, levels=self.levels + more) if self.levels + more <= 9 else None

    def varied(self, amplitude_error: float, detuning_mhz: float, anharmonicity_mhz: float) -> ControlSystem:
        """As it is when its drive is stronger by a share, and its frequencies are off."""
        off = replace(
            self,
            detuning_mhz=self.detuning_mhz + detuning_mhz,
            anharmonicity_mhz=self.anharmonicity_mhz + anharmonicity_mhz,
        )
        return off.control_system().varied(amplitude_error, 0.0, 0.0)


def lowering(levels: int) -> NDArray[np.complex128]:
    """Lowering operator of an oscillator cut to `levels`."""
    return np.diag(np.sqrt(np.arange(1.0, levels)), 1).astype(np.complex128)


def as_columns(name: str, value: ArrayLike, rows: int) -> NDArray[np.complex128]:
    """Vectors as columns of `rows` rows, zeros below what was given."""
    given = np.asarray(value, np.complex128)
    columns = given[:, None] if given.ndim == 1 else given
    if columns.ndim != 2 or len(columns) > rows:
        raise InputError(f"Argument `{name}` must have at most {rows} rows, but has shape {given.shape}.")
    return np.vstack([columns, np.zeros((rows - len(columns), columns.shape[1]), np.complex128)])
