"""One shot of the default experiment as its equations, written down apart from the engine: for peers, and to hold "
"answers against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synqc import _core
from synqc.benchmarks.measurement import Unavailable
from synqc.lab.experiment import Experiment

__all__ = ["ShotModel", "shot_models"]

ComplexArray = NDArray[np.complex128]

_MHZ = 2 * np.pi  # rad/us
_PULSE_SLICES = 250  # a fidelity is 6e-8 off, a thousandth of the sampling error of 200,000 shots


@dataclass(frozen=True)
class ShotModel:
    """What happens to one qubit between its two drives, in units of us and rad/us.

    Peers are spared the Hamiltonian: while the qubit idles it only turns coherences, which `fidelity` makes up for.
    (Decay from |2> does not quite commute with the anharmonicity; what that changes is far below any sampling error.)
    The quadrature record, which tells |2> alone, counts for them as unseen. Means stay as they are, and fewer steps do.

    Args:
        start: State (3, 3) after the first drive.
        unseen: Jump operators that nobody watches.
        monitored: Operator of the record in phase, Gamma included.
        efficiency: Efficiency of its detection, 0 to 1.
        duration: Length of the probe, us.
        fidelity: Observable (3, 3) at the end of the probe whose mean is the final fidelity, second drive included.
        exact_fidelity: Its mean by exponentials of the full generator.
    """

    start: ComplexArray
    unseen: tuple[ComplexArray, ...]
    monitored: ComplexArray
    efficiency: float
    duration: float
    fidelity: ComplexArray
    exact_fidelity: float


def _generator(hamiltonian: ComplexArray, jumps: list[ComplexArray]) -> ComplexArray:
    """Lindblad superoperator on row-stacked density matrices."""
    one = np.eye(len(hamiltonian))
    result = -1j * (np.kron(hamiltonian, one) - np.kron(one, hamiltonian.T))
    for jump in jumps:
        product = jump.conj().T @ jump
        result += np.kron(jump, jump.conj()) - (np.kron(product, one) + np.kron(one, product.T)) / 2
    return result


def _pulse(
    experiment: Experiment, idle: ComplexArray, jumps: list[ComplexArray], angle: float, axis: float, error: float
) -> ComplexArray:
    """Superoperator of a drive: a product of exponentials of short slices at their midpoints."""
    from scipy.linalg import expm

    device = experiment.device
    pulse = _core.Pulse(
        experiment.envelope, device.gate_ns, angle, axis=axis, drag_beta=experiment.drag_beta,
        drag_detuning=experiment.drag_detuning, anharmonicity_mhz=device.anharmonicity_mhz,
    )  # fmt: skip
    slice_ns = device.gate_ns / _PULSE_SLICES
    drives = _MHZ * np.asarray(pulse.at(list((np.arange(_PULSE_SLICES) + 0.5) * slice_ns)))
    lower = np.diag(np.sqrt(np.arange(1.0, len(idle))), 1)
    number = np.diag(np.arange(len(idle)))
    parts = [
        1e-3 * slice_ns * _generator(part.astype(complex), decays)
        for part, decays in ((idle, jumps), ((lower + lower.T) / 2, []), (1j * (lower.T - lower) / 2, []), (number, []))
    ]
    scales = np.column_stack(
        [np.ones(_PULSE_SLICES), (1 + error) * drives[:, 0], (1 + error) * drives[:, 1], drives[:, 2]]
    )
    slices = expm(np.einsum("sp,pij->sij", scales, np.array(parts)))
    while len(slices) > 1:  # later slices act from the left
        tail = slices[-1:] if len(slices) % 2 else slices[:0]
        slices = np.concatenate(
            [slices[1 : len(slices) - len(tail) : 2] @ slices[0 : len(slices) - len(tail) : 2], tail]
        )
    product: ComplexArray = slices[0]
    return product


def shot_models(experiment: Experiment) -> list[ShotModel]:
    """One model per qubit of the register, hidden calibration included."""
    try:
        from scipy.linalg import expm
    except ImportError as error:
        raise Unavailable(f"SciPy cannot be imported ({error}): pip install 'synqc[bench]'.") from error
    device = experiment.device
    levels = device.levels
    lower = np.diag(np.sqrt(np.arange(1.0, levels)), 1).astype(complex)
    number = np.diag(np.arange(levels)).astype(complex)
    duration = 1e-3 * experiment.probe_duration_ns
    dephasing = experiment.probe_strength**2 * device.gamma_max_per_us
    bath = device.thermal_population / (1 - 2 * device.thermal_population)
    # Where each level lies in the IQ plane for chi = kappa / 2; |0> and |1> at +1 and -1.
    fields = 1 / (1 + 1j * (2 * np.arange(levels) - 1))
    points = 2 * fields.imag + 1j * (2 * fields.real - 1)
    points[:2] = 1, -1
    models = []
    for qubit in experiment._core.qubits:
        rate = 1 / qubit["t1_us"] / (1 + 2 * bath)
        pure_dephasing = 1 / qubit["t2_us"] - 0.5 / qubit["t1_us"]
        decays = [
            np.sqrt(rate * (1 + bath)) * lower,
            np.sqrt(rate * bath) * lower.T,
            np.sqrt(2 * pure_dephasing) * number,
        ]
        idle = 1e-3 * _MHZ * qubit["hidden_detuning_khz"] * number
        idle += _MHZ * device.anharmonicity_mhz / 2 * (number @ number - number)
        looks = [np.sqrt(dephasing / 2) * np.diag(part).astype(complex) for part in (points.real, points.imag)]

        prepared = np.zeros((levels, levels), complex)
        prepared[0, 0], prepared[1, 1] = 1 - device.prepared_population, device.prepared_population
        ideal = _ideal(experiment, levels)
        drives: Any = [
            _pulse(experiment, idle, decays, angle, axis, qubit["hidden_amplitude_error"])
            for angle, axis in (
                (experiment.first_angle, experiment.first_axis),
                (experiment.second_angle, experiment.second_axis),
            )
        ]
        start = (drives[0] @ prepared.ravel()).reshape(levels, levels)
        # tr(P D2(rho)) = tr(D2^dag(P) rho); the adjoint of a superoperator is its conjugate transpose.
        pulled_back = (drives[1].conj().T @ ideal.ravel()).reshape(levels, levels)
        probed = (expm(duration * _generator(idle, [*decays, *looks])) @ start.ravel()).reshape(levels, levels)
        turn = np.exp(1j * duration * np.diag(idle).real)
        models.append(
            ShotModel(
                start=start,
                unseen=(*decays, looks[1]),
                monitored=looks[0],
                efficiency=device.efficiency,
                duration=duration,
                fidelity=turn[:, None] * pulled_back * turn.conj()[None, :],
                exact_fidelity=float(np.trace(pulled_back @ probed).real),
            )
        )
    return models


def _ideal(experiment: Experiment, levels: int) -> ComplexArray:
    """Projector on what perfect drives make of |0>."""
    state = np.array([1, 0], complex)
    for angle, axis in (
        (experiment.first_angle, experiment.first_axis),
        (experiment.second_angle, experiment.second_axis),
    ):
        turn = np.array([[0, np.exp(-1j * axis)], [np.exp(1j * axis), 0]])
        state = (np.cos(angle / 2) * np.eye(2) - 1j * np.sin(angle / 2) * turn) @ state
    projector = np.zeros((levels, levels), complex)
    projector[:2, :2] = np.outer(state, state.conj())
    return projector
