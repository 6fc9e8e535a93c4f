"""A qubit's readout resonator as classical fields, one per level of the qubit: no Fock space."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synqc import _core
from synqc.errors import InputError

if TYPE_CHECKING:
    from synqc.readout.pulse import ReadoutPulse

__all__ = ["Resonator"]

_US_PER_NS = 1e-3


@dataclass(frozen=True)
class Resonator:
    """A driven resonator that each level of a qubit shifts, and the chain that records its output.

    d alpha_l/dt = -(kappa/2 + i d_l) alpha_l - i eps(t), d_l the resonator's frequency with the qubit in level l minus
    the drive's. Given the level the field is a coherent state of this amplitude, exactly, as long as the resonator is
    linear. Its nonlinearity, and transitions of the qubit that strong readout induces (between levels of the model or
    beyond them), are not modelled: `synqc.readout.validity` says how far photons are from where they matter.

    Args:
        kappa_mhz: Linewidth kappa / 2 pi.
        chi_mhz: What each level adds to the resonator's frequency; one number c is short for (c, -c), which is half
            the distance of the frequencies with |0> and |1>.
        drive_mhz: Amplitude eps / 2 pi at which a pulse has amplitude 1.
        detuning_mhz: Middle of the resonator's frequencies with |0> and |1>, minus the drive's.
        phase: Of the detected quadrature, in rad: the record shows Re(alpha exp(-i phase)).
        efficiency: Share of the information in one quadrature that reaches the record: homodyne detection of a
            noiseless chain has 1. `synqc.readout.single_quadrature_efficiency` measures it.
        delay_ns: Time from the resonator to the record.
        thermal_photons: Of the bath the resonator decays into; they dephase the qubit.
        critical_photons: Photons at which the dispersive approximation ends, (D / 2 g)^2; infinite if unknown, and
            then nothing is checked against it.

    Examples:
        >>> from synqc.readout import ReadoutPulse
        >>> resonator = Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0)
        >>> pulse = ReadoutPulse.square(500.0)
        >>> float(resonator.dephasing(pulse, 500.0).round(6))
        0.541634
        >>> resonator.fields(pulse, [0.0, 100.0, 500.0]).shape
        (2, 3)

    Source: Gambetta et al., PRA 77, 012112 (2008), section III; for thermal photons Clerk and Utami, PRA 75, 042302
    (2007).
    """

    kappa_mhz: float
    chi_mhz: float | tuple[float, ...]
    drive_mhz: float = 0.0
    detuning_mhz: float = 0.0
    phase: float = 0.0
    efficiency: float = 1.0
    delay_ns: float = 0.0
    thermal_photons: float = 0.0
    critical_photons: float = math.inf

    def __post_init__(self) -> None:
        if not (self.kappa_mhz > 0 and math.isfinite(self.kappa_mhz)):
            raise InputError(f"Argument `kappa_mhz` must be finite and greater than 0, but is {self.kappa_mhz}.")
        if not isinstance(self.chi_mhz, int | float):
            object.__setattr__(self, "chi_mhz", tuple(float(shift) for shift in self.chi_mhz))
        if not 2 <= len(self.shifts_mhz) <= 3 or not all(map(math.isfinite, self.shifts_mhz)):
            raise InputError(
                f"Argument `chi_mhz` must be one finite number, or one for each of two or three levels, "
                f"but is {self.chi_mhz}."
            )
        for name in ("drive_mhz", "detuning_mhz", "phase"):
            if not math.isfinite(getattr(self, name)):
                raise InputError(f"Argument `{name}` must be finite, but is {getattr(self, name)}.")
        if not 0 <= self.efficiency <= 1:
            raise InputError(f"Argument `efficiency` must be between 0 and 1, but is {self.efficiency}.")
        for name in ("delay_ns", "thermal_photons"):
            if not 0 <= getattr(self, name) < math.inf:
                raise InputError(f"Argument `{name}` must be finite and at least 0, but is {getattr(self, name)}.")
        if not self.critical_photons > 0:
            raise InputError(f"Argument `critical_photons` must be greater than 0, but is {self.critical_photons}.")

    @cached_property
    def shifts_mhz(self) -> tuple[float, ...]:
        """What each level adds to the resonator's frequency."""
        return (self.chi_mhz, -self.chi_mhz) if isinstance(self.chi_mhz, int | float) else self.chi_mhz

    @property
    def levels(self) -> int:
        """Levels of the qubit that are told apart."""
        return len(self.shifts_mhz)

    @property
    def level_detunings_mhz(self) -> tuple[float, ...]:
        """Resonator frequency minus drive frequency for each level."""
        middle = (self.shifts_mhz[0] + self.shifts_mhz[1]) / 2
        return tuple(shift - middle + self.detuning_mhz for shift in self.shifts_mhz)

    def steady_photons(self) -> NDArray[np.float64]:
        """Photons (float64, (levels,)) for each level long after a drive of amplitude 1 was switched on.

        Examples:
            >>> Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0).steady_photons().round(5).tolist()
            [0.61538, 0.61538]
        """
        detunings = np.array(self.level_detunings_mhz)
        return np.asarray(self.drive_mhz**2 / (self.kappa_mhz**2 / 4 + detunings**2))

    def fields(self, pulse: ReadoutPulse, times_ns: ArrayLike) -> Any:
        """Amplitude alpha of each level that is there from the start.

        Args:
            pulse: Drive, from an empty resonator at time 0.
            times_ns (float64, (t,)): At least 0.

        Returns:
            Fields (complex128, (levels, t)).
        """
        return self._fields_under(pulse).at(_times_us(times_ns))

    def photons(self, pulse: ReadoutPulse, times_ns: ArrayLike) -> Any:
        """Photons |alpha|^2 (float64, (levels, t)) for each level."""
        return np.abs(self.fields(pulse, times_ns)) ** 2

    def information(self, pulse: ReadoutPulse, times_ns: ArrayLike, levels: tuple[int, int] = (0, 1)) -> Any:
        """What left the resonator until each time and tells two levels apart: g = kappa/2 * integral |da|^2 dt.

        A matched filter of a homodyne record of all of it has SNR^2 = 8 efficiency g, of a heterodyne one half of that.

        Args:
            pulse: Drive, from an empty resonator at time 0.
            times_ns (float64, (t,) or one number): At least 0.
            levels: Which two.

        Returns:
            g (float64, the shape of `times_ns`).
        """
        return self._of_pair("information", pulse, times_ns, levels)

    def inside(self, pulse: ReadoutPulse, times_ns: ArrayLike, levels: tuple[int, int] = (0, 1)) -> Any:
        """What still sits in the resonator at each time: |da|^2 / 2 (float64, the shape of `times_ns`)."""
        pair = self._checked_pair(levels)
        fields = self.fields(pulse, np.ravel(times_ns))
        return (np.abs(fields[pair[0]] - fields[pair[1]]) ** 2 / 2).reshape(np.shape(times_ns))

    def dephasing(self, pulse: ReadoutPulse, times_ns: ArrayLike, levels: tuple[int, int] = (0, 1)) -> Any:
        """Minus the logarithm of what the coherence of two levels shrinks to until each time.

        Without thermal photons it is `information` + `inside`, at every time. What thermal photons add is that of a
        bath in its steady state.

        Args:
            pulse: Drive, from an empty resonator at time 0.
            times_ns (float64, (t,) or one number): At least 0.
            levels: Which two.

        Returns:
            Dephasing (float64, the shape of `times_ns`).
        """
        return -self._of_pair("log_coherence", pulse, times_ns, levels).real

    def stark_phase(self, pulse: ReadoutPulse, times_ns: ArrayLike, levels: tuple[int, int] = (0, 1)) -> Any:
        """Phase (rad) that a pulse adds to the coherence rho_jk: the integral of the ac-Stark shift of f_k - f_j.

        The shift is (shift_k - shift_j) Re(alpha_j conj(alpha_k)) at every moment, ring-up included.

        Args:
            pulse: Drive, from an empty resonator at time 0.
            times_ns (float64, (t,) or one number): At least 0.
            levels: Which two, (j, k).

        Returns:
            Phase (float64, the shape of `times_ns`).
        """
        return self._of_pair("log_coherence", pulse, times_ns, levels).imag

    def _of_pair(self, of: str, pulse: ReadoutPulse, times_ns: ArrayLike, levels: tuple[int, int]) -> Any:
        pair = self._checked_pair(levels)
        function = getattr(self._fields_under(pulse), of)
        return function(*pair, _times_us(np.ravel(times_ns))).reshape(np.shape(times_ns))

    def _checked_pair(self, levels: tuple[int, int]) -> tuple[int, int]:
        if len(levels) != 2 or not all(0 <= level < self.levels for level in levels):
            raise InputError(f"Argument `levels` must be two of 0 to {self.levels - 1}, but is {levels}.")
        return levels

    def _fields_under(self, pulse: ReadoutPulse) -> _core.ResonatorFields:
        turn = 2 * math.pi
        return _core.ResonatorFields(
            linewidth=turn * self.kappa_mhz,
            detunings=[turn * detuning for detuning in self.level_detunings_mhz],
            thermal_photons=self.thermal_photons,
            durations=[duration * _US_PER_NS for duration in pulse.durations_ns],
            amplitudes=[turn * self.drive_mhz * amplitude for amplitude in pulse.amplitudes],
        )


def _times_us(times_ns: ArrayLike) -> NDArray[np.float64]:
    times = np.atleast_1d(np.asarray(times_ns, np.float64)) * _US_PER_NS
    if not (np.isfinite(times).all() and (times >= 0).all()):
        raise InputError("Argument `times_ns` must be finite and at least 0 in every element, but is not.")
    return times
