"""Exact propagators of a three-level transmon: what a pulse or a delay does to its density matrix."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from synqc.errors import MissingExtra

__all__ = ["LEVELS", "TransmonPropagators"]

LEVELS = 3
_LOWERING = np.diag(np.sqrt(np.arange(1.0, LEVELS)), 1).astype(complex)
_NUMBER = np.diag(np.arange(float(LEVELS))).astype(complex)
_ONE = np.eye(LEVELS)
_MHZ = 2 * math.pi
_KHZ = 2e-3 * math.pi
_TAYLOR_ORDER = 13  # 0.5^14 / 14! = 7e-16

Superoperator = Any


class TransmonPropagators:
    """Superoperators (9, 9) on row-stacked density matrices, for one set of parameters.

    d rho/dt = -i[H, rho] + sum D[L] rho in the frame of the drive, with H = Delta n + alpha/2 n (n - 1) +
    (x/2)(b + b^dag) + (y/2) i(b^dag - b) and L = sqrt(down) b, sqrt(up) b^dag, sqrt(2 / Tphi) n. A pulse is a raised
    cosine in samples of one nanosecond, as a waveform generator holds them: the propagator of each sample is exact.

    Args:
        detuning_khz: Frequency of the qubit minus that of the drive.
        anharmonicity_mhz: alpha / 2 pi.
        down_per_us: Rate from |1> to |0>.
        up_per_us: Rate from |0> to |1>.
        tphi_us: Pure dephasing time.

    Examples:
        >>> still = TransmonPropagators(0.0, -300.0, down_per_us=0.02, up_per_us=0.0, tphi_us=100.0)
        >>> excited = np.zeros(9, complex)
        >>> excited[4] = 1.0
        >>> round(float((still.delay(50.0) @ excited)[4].real), 9)
        0.367879441
    """

    def __init__(
        self, detuning_khz: float, anharmonicity_mhz: float, *, down_per_us: float, up_per_us: float, tphi_us: float
    ) -> None:
        hamiltonian = _KHZ * detuning_khz * _NUMBER + _MHZ * anharmonicity_mhz / 2 * _NUMBER @ (_NUMBER - _ONE)
        self._at_rest = (
            _commutator(hamiltonian)
            + down_per_us * _dissipator(_LOWERING)
            + up_per_us * _dissipator(_LOWERING.conj().T)
            + 2 / tphi_us * _dissipator(_NUMBER)
        )
        self._delays: dict[float, Superoperator] = {}
        self._drives: dict[tuple[float, float, float], Superoperator] = {}
        self._pulses: dict[tuple[float, float, float, int], Superoperator] = {}
        self._slices: dict[tuple[float, float, float, int, int], list[Superoperator]] = {}

    def delay(self, duration_us: float) -> Superoperator:
        """Of a time without a drive."""
        if duration_us not in self._delays:
            self._delays[duration_us] = _exponential()(duration_us * self._at_rest)
        return self._delays[duration_us]

    def drive(self, duration_us: float, rabi_khz: float, detuning_khz: float) -> Superoperator:
        """Of a square pulse about x, whose frequency is off the frame's by `detuning_khz`."""
        key = (duration_us, rabi_khz, detuning_khz)
        if key not in self._drives:
            in_its_frame = self._at_rest - _KHZ * detuning_khz * _commutator(_NUMBER) + _KHZ * rabi_khz * _DRIVE_X
            levels = np.subtract.outer(np.arange(LEVELS), np.arange(LEVELS)).ravel()
            back = np.exp(-1j * _KHZ * detuning_khz * duration_us * levels)
            self._drives[key] = back[:, None] * _exponential()(duration_us * in_its_frame)
        return self._drives[key]

    def pulse(self, angle_rad: float, phase_rad: float, drag_mhz: float, gate_ns: int) -> Superoperator:
        """Of a raised cosine.

        Args:
            angle_rad: Integral of its amplitude.
            phase_rad: Of its axis.
            drag_mhz: The second quadrature is -1 / (2 pi * this) times the slope of the first; infinite for none.
            gate_ns: Its length, in whole nanoseconds.
        """
        key = (angle_rad, phase_rad, drag_mhz, gate_ns)
        if key not in self._pulses:
            if phase_rad:
                self._pulses[key] = _about_axis(self.pulse(angle_rad, 0.0, drag_mhz, gate_ns), phase_rad)
            else:
                (self._pulses[key],) = self._along_x(angle_rad, drag_mhz, gate_ns, 1)
        return self._pulses[key]

    def pulse_slices(
        self, angle_rad: float, phase_rad: float, drag_mhz: float, gate_ns: int, slices: int
    ) -> list[Superoperator]:
        """`pulse` in parts of equal numbers of samples, but for rounding, for whoever has something happen meanwhile.

        Args:
            angle_rad, phase_rad, drag_mhz, gate_ns: As of `pulse`.
            slices: At most `gate_ns`.
        """
        key = (angle_rad, phase_rad, drag_mhz, gate_ns, slices)
        if key not in self._slices:
            if phase_rad:
                along = self.pulse_slices(angle_rad, 0.0, drag_mhz, gate_ns, slices)
                self._slices[key] = [_about_axis(one, phase_rad) for one in along]
            else:
                self._slices[key] = self._along_x(angle_rad, drag_mhz, gate_ns, slices)
        return self._slices[key]

    def _along_x(self, angle_rad: float, drag_mhz: float, gate_ns: int, slices: int) -> list[Superoperator]:
        middles = (np.arange(gate_ns) + 0.5) / gate_ns
        length_us = gate_ns * 1e-3
        x = angle_rad / length_us * (1 - np.cos(2 * math.pi * middles))
        slope = angle_rad / length_us**2 * 2 * math.pi * np.sin(2 * math.pi * middles)
        y = -slope / (_MHZ * drag_mhz)
        drives = x[:, None, None] * _DRIVE_X + y[:, None, None] * _DRIVE_Y
        samples, found = _exponentials(1e-3 * (self._at_rest + drives)), []
        for part in np.array_split(np.arange(gate_ns), slices):
            total = np.eye(LEVELS**2, dtype=complex)
            for sample in samples[part]:
                total = sample @ total
            found.append(total)
        return found


def _about_axis(along_x: Superoperator, phase_rad: float) -> Superoperator:
    """A pulse about another axis is the one about x between turns about z."""
    turned = np.exp(-1j * phase_rad * np.subtract.outer(np.arange(LEVELS), np.arange(LEVELS))).ravel()
    return turned.conj()[:, None] * along_x * turned


def _exponentials(generators: Any) -> Any:
    """Of many small matrices (samples, 9, 9) at once: Taylor's series to rounding, after halvings to a norm of 1/2."""
    norm = float(np.abs(generators).sum(axis=1).max())
    halvings = max(0, math.ceil(math.log2(2 * norm)))
    scaled = generators / 2**halvings
    term = total = np.broadcast_to(np.eye(LEVELS**2), generators.shape)
    for order in range(1, _TAYLOR_ORDER + 1):
        term = term @ scaled / order
        total = total + term
    for _ in range(halvings):
        total = total @ total
    return total


def _commutator(hamiltonian: Any) -> Superoperator:
    return -1j * (np.kron(hamiltonian, _ONE) - np.kron(_ONE, hamiltonian.T))


def _dissipator(jump: Any) -> Superoperator:
    lost = jump.conj().T @ jump
    return np.kron(jump, jump.conj()) - (np.kron(lost, _ONE) + np.kron(_ONE, lost.T)) / 2


def _exponential() -> Callable[[Superoperator], Superoperator]:
    try:
        from scipy.linalg import expm
    except ImportError as error:
        raise MissingExtra("A twin needs the package scipy: pip install 'synqc[twin]'.") from error
    return expm  # type: ignore[no-any-return]


_DRIVE_X = _commutator((_LOWERING + _LOWERING.conj().T) / 2)
_DRIVE_Y = _commutator(1j * (_LOWERING.conj().T - _LOWERING) / 2)
