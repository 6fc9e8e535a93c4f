"""Exact figures of a Drive-Probe-Drive circuit without noise, from the states of both branches of the probe."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synqc.hardware.circuit import DriveProbeDriveCircuit

__all__ = ["ExactFigures", "exact_figures"]

_X = np.array([[0, 1], [1, 0]], dtype=np.complex128)
_Y = np.array([[0, -1j], [1j, 0]], dtype=np.complex128)
_Z = np.diag([1.0 + 0j, -1.0])
_ONE = np.eye(2, dtype=np.complex128)
_IS_POLE = 1e-9


@dataclass(frozen=True)
class ExactFigures:
    """What one pair of a circuit does where nothing disturbs it.

    Args:
        fidelity: Mean of <psi_ideal|rho|psi_ideal> before the readout; psi_ideal is both drives without a probe.
        probabilities (float64, (2, 2)): Probabilities of the probe's outcome and readout, [probe, readout].
        ideal_outcome: What the readout of psi_ideal shows, or shows more often.
        reads_fidelity: Whether psi_ideal is |0> or |1>, so that the share of its outcome is the fidelity.
        backaction: Trace distance of the mean states after the probe and without it.
        information_bits: What the probe's outcome tells about |0> or |1> with equal priors.
    """

    fidelity: float
    probabilities: NDArray[np.float64]
    ideal_outcome: int
    reads_fidelity: bool
    backaction: float
    information_bits: float


def exact_figures(circuit: DriveProbeDriveCircuit, pair: int = 0) -> ExactFigures:
    """Figures of one pair of a circuit, by the product of its gates on four levels.

    Two half turns have the fidelity (1 + sqrt(1 - strength**2)) / 2 without a correction, 1 with that of gain 1, and
    1 - strength**2 with that of the wrong sign.

    Args:
        circuit: The circuit.
        pair: Which of its pairs.

    Examples:
        >>> round(exact_figures(DriveProbeDriveCircuit(strength=0.4)).fidelity, 4)
        0.9583
        >>> round(exact_figures(DriveProbeDriveCircuit.corrected(strength=0.4)).fidelity, 12)
        1.0
        >>> round(exact_figures(DriveProbeDriveCircuit.corrected(strength=0.4, gain=-1)).fidelity, 12)
        0.84
    """
    start = _rotation(circuit.first_angle, circuit.first_axis)[:, 0]
    final = [
        _rotation(circuit.second_angle + correction, circuit.second_axis) for correction in circuit.corrections[pair]
    ]
    ideal = _rotation(circuit.second_angle, circuit.second_axis) @ start
    branches = _probe_operators(circuit.ancilla_angle)
    ended = [turn @ branch @ start for turn, branch in zip(final, branches, strict=True)]
    after_probe = sum(np.outer(branch @ start, (branch @ start).conj()) for branch in branches)
    distance = np.linalg.eigvalsh(after_probe - np.outer(start, start.conj()))
    one = float(abs(ideal[1]) ** 2)
    return ExactFigures(
        fidelity=float(sum(abs(np.vdot(ideal, state)) ** 2 for state in ended)),
        probabilities=np.array([abs(state) ** 2 for state in ended]),
        ideal_outcome=int(one >= 0.5),
        reads_fidelity=min(one, 1 - one) < _IS_POLE,
        backaction=float(abs(distance).sum() / 2),
        information_bits=1 - _entropy((1 + circuit.strength) / 2),
    )


def _probe_operators(ancilla_angle: float) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Of outcomes 0 and 1 on the system, from the gates: system and ancilla stand in this order."""
    zz = np.kron(_Z, _Z)
    turn = np.cos(ancilla_angle / 2) * np.eye(4) - 1j * np.sin(ancilla_angle / 2) * zz
    gates = np.kron(_ONE, _about(np.pi / 2, _X)) @ turn @ np.kron(_ONE, _about(np.pi / 2, _Y))
    block = gates.reshape(2, 2, 2, 2)
    return block[:, 0, :, 0], block[:, 1, :, 0]


def _rotation(angle: float, axis: float) -> NDArray[np.complex128]:
    return _about(angle, np.cos(axis) * _X + np.sin(axis) * _Y)


def _about(angle: float, generator: NDArray[np.complex128]) -> NDArray[np.complex128]:
    turned: NDArray[np.complex128] = np.cos(angle / 2) * _ONE - 1j * np.sin(angle / 2) * generator
    return turned


def _entropy(probability: float) -> float:
    shares = np.array([probability, 1 - probability])
    shares = shares[shares > 0]
    return float(-(shares * np.log2(shares)).sum())
