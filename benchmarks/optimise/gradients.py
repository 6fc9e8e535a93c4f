"""Gradients of gates on a transmon."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from synqc import _core
from synqc.benchmarks.measurement import Measurement, Setting, import_peer, refuse_unless
from synqc.measure.turns import interleaved, ratio
from synqc.optimise import Gate, Transmon

__all__ = ["measure_gradient"]

_SAMPLE_US = 0.5e-3
_SAMPLES = 20


def measure_gradient(setting: Setting) -> Mapping[str, Measurement]:
    """Both give the gradient of the same full unitary's overlap; ours is also held against differences."""
    qubit = Transmon(anharmonicity_mhz=-300.0, levels=3)
    system = qubit.control_system()
    columns = Gate(_full_x()).columns(3)
    ours = _core.ControlEnsemble(
        [(system.drift, system.controls, [])], columns.start, columns.target, columns.kept, 0.0, _SAMPLE_US
    )
    on_the_qubit = Gate([[0, 1], [1, 0]]).columns(3)
    gate = _core.ControlEnsemble(
        [(system.drift, system.controls, [])],
        on_the_qubit.start, on_the_qubit.target, on_the_qubit.kept, 0.0, _SAMPLE_US,
    )  # fmt: skip
    amplitudes = 2 * np.pi * 100 * np.random.default_rng(1).normal(size=(2, _SAMPLES))
    _refuse_wrong_gradient(gate, amplitudes)

    pulses = import_peer("qutip_qtrl.pulseoptim")
    qutip = import_peer("qutip")
    optimiser = pulses.create_pulse_optimizer(
        qutip.Qobj(system.drift), [qutip.Qobj(control) for control in system.controls], qutip.qeye(3),
        qutip.Qobj(_full_x()), num_tslots=_SAMPLES, evo_time=_SAMPLES * _SAMPLE_US, dyn_type="UNIT",
        fid_params={"phase_option": "PSU"}, init_pulse_type="ZERO",
    )  # fmt: skip
    dynamics = optimiser.dynamics
    dynamics.initialize_controls(np.zeros((_SAMPLES, 2)))
    turn = iter(range(10**9))

    def by_qtrl() -> object:
        # Amplitudes that did not change would be answered from memory.
        dynamics.update_ctrl_amps(amplitudes.T * (1 + 1e-12 * next(turn)))
        return dynamics.fid_computer.get_fid_err_gradient()

    # Theirs is 1 - |tr| / 3, ours 1 - (3 + |tr|^2) / 12.
    theirs = np.array(by_qtrl()).T
    infidelity, _, gradients = ours.errors(amplitudes, True, 1)
    overlap = np.sqrt(12 * (1 - infidelity[0]) - 3)
    worst = float(np.abs(theirs * 2 * overlap * 3 / 12 - gradients[0]).max() / np.abs(gradients).max())
    refuse_unless(worst < 1e-5, f"qutip-qtrl's gradient differs from ours by {worst:.1e} of its largest element.")

    times = interleaved(
        {"ours": lambda: gate.errors(amplitudes, True, 1), "qtrl": by_qtrl},
        repetitions=setting.repetitions,
        clock=time.thread_time,
    )
    proof = f"ours within 1e-9 of central differences; qutip-qtrl's within {worst:.0e} of ours on the whole unitary"
    peer = f"qutip-qtrl {times['qtrl'].median * 1e6:.3g} us, ours {times['ours'].median * 1e6:.3g} us."
    return {
        "pulse-gradient": Measurement(times["ours"].median * 1e6, times["ours"].best * 1e6, proof),
        "pulse-gradient-vs-qtrl": Measurement(ratio(times["qtrl"], times["ours"]), proof=proof, details=(peer,)),
    }


def _full_x() -> np.ndarray:
    """X on the qubit, nothing on the third level."""
    return np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]], complex)


def _refuse_wrong_gradient(gate: object, amplitudes: np.ndarray) -> None:
    _, _, gradients = gate.errors(amplitudes, True, 1)  # type: ignore[attr-defined]
    step = 10.0

    def error(place: int, move: float) -> float:
        moved = amplitudes.copy()
        moved.flat[place] += move
        return float(gate.errors(moved, False, 1)[0][0])  # type: ignore[attr-defined]

    differences = [
        (8 * (error(k, step) - error(k, -step)) - error(k, 2 * step) + error(k, -2 * step)) / (12 * step)
        for k in range(amplitudes.size)
    ]
    worst = float(np.abs(gradients[0].ravel() - differences).max()) / _SAMPLE_US
    refuse_unless(worst < 1e-9, f"the gradient differs from central differences by {worst:.1e} per radian.")
