"""A step of a monitored qubit through `smesolve`, beside QuTiP's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from synqc.benchmarks.laboratory.peers import import_qutip, qutip_smesolve
from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.errors import NonPhysicalState
from synqc.lab.mesolve import mesolve
from synqc.lab.smesolve import smesolve
from synqc.measure.turns import interleaved, ratio

__all__ = ["measure_steps"]

_RABI = 2 * np.pi  # rad/us
_DEPHASING = 1.0  # 1/us
_EFFICIENCY = 0.4
_DURATION = 10.0  # us
_STEPS = 1000
_SOLVERS = ("euler", "milstein", "rouchon", "platen")
_TOLERATED_BIAS = 0.02  # trace distance
_DEVIATIONS = 4.5


def _bias(hamiltonian: Any, start: Any, times: Any, monitored: Any, scheme: str) -> float:
    """Distance of a scheme's mean state from the exact one, without sampling noise; infinite if it diverges."""
    try:
        result = smesolve(
            hamiltonian, start, times, sc_ops=[monitored], eta=_EFFICIENCY, ntraj=1, seeds=1, method=scheme,
            dt=_DURATION / _STEPS, store_measurement=False, eigenvalue_tolerance=math.inf, threads=1, progress=False,
        )  # fmt: skip
    except NonPhysicalState:
        return math.inf
    return float(result.stats["weak_error"])


def measure_steps(setting: Setting) -> Mapping[str, Measurement]:
    """Rabi oscillation looked at with efficiency 0.4: the same Hamiltonian, monitored operator and step on both "
    "sides."""
    qutip = import_qutip()
    sx, sz = np.array([[0, 1], [1, 0]], complex), np.diag([1, -1]).astype(complex)
    hamiltonian, monitored = _RABI / 2 * sx, math.sqrt(_DEPHASING / 2) * sz
    start, times = np.diag([1, 0]).astype(complex), np.array([0, _DURATION])
    seen, unseen = math.sqrt(_EFFICIENCY) * monitored, math.sqrt(1 - _EFFICIENCY) * monitored
    trajectories, peer_trajectories = (4_000, 4) if setting.quick else (40_000, 8)

    def ours() -> Any:
        return smesolve(
            hamiltonian, start, times, sc_ops=[monitored], eta=_EFFICIENCY, e_ops=[sz], ntraj=trajectories, seeds=1,
            dt=_DURATION / _STEPS, store_measurement=False, error_estimate=False, threads=1, progress=False,
        )  # fmt: skip

    def peer(solver: str, count: int = peer_trajectories) -> Any:
        return qutip_smesolve(
            hamiltonian,
            start,
            times,
            unseen=[unseen],
            seen=[seen],
            watched=[sz],
            trajectories=count,
            steps=_STEPS,
            solver=solver,
        )

    # The fastest of QuTiP's solvers whose means are right at this step is its best case.
    biases = {name: _bias(hamiltonian, start, times, monitored, name) for name in _SOLVERS}
    usable = [name for name in _SOLVERS if biases[name] < _TOLERATED_BIAS]
    trial = interleaved({name: partial(peer, name, 2) for name in usable}, repetitions=3, least_seconds=0)
    solver = min(usable, key=lambda name: trial[name].best)

    exact = float(mesolve(hamiltonian, start, times, [monitored], e_ops=[sz]).expect[0][-1])
    answer = ours()
    own_mean, own_error = float(answer.average_expect[0, -1]), float(answer.standard_errors[0, -1])
    count = 40 if setting.quick else 200
    other = peer(solver, count)
    peer_mean, peer_error = float(other.average_expect[0][-1]), float(other.std_expect[0][-1]) / np.sqrt(count)
    refuse_unless(
        abs(own_mean - exact) < _DEVIATIONS * own_error,
        f"smesolve gives {own_mean} +- {own_error}, but the mean is {exact}.",
    )
    refuse_unless(
        abs(peer_mean - exact) < _DEVIATIONS * peer_error,
        f"QuTiP gives {peer_mean} +- {peer_error}, but the mean is {exact}.",
    )

    clocks = interleaved({"ours": ours, "peer": lambda: peer(solver)}, repetitions=setting.repetitions)
    own_step = 1e9 * clocks["ours"].median / (trajectories * _STEPS)
    peer_step = 1e9 * clocks["peer"].median / (peer_trajectories * _STEPS)
    times_faster = ratio(clocks["peer"], clocks["ours"]) * trajectories / peer_trajectories
    return {
        "qubit-step-vs-qutip": Measurement(
            times_faster,
            proof=(
                f"<sz> after {_DURATION:g} us is {exact:.5f} by the master equation, {own_mean:.5f} +- "
                f"{own_error:.5f} here and "
                f"{peer_mean:.3f} +- {peer_error:.3f} by QuTiP ({count} trajectories)"
            ),
            details=(
                f"smesolve, one thread: {own_step:.3g} ns a step "
                f"({1e9 * clocks['ours'].best / (trajectories * _STEPS):.3g} at best)",
                f"QuTiP {qutip.__version__}, '{solver}', the fastest of {', '.join(usable)}: {peer_step / 1000:.3g} "
                f"us a step in "
                f"{peer_trajectories} trajectories",
                "Bias of the mean state at this step: "
                + ", ".join(f"{name} {bias:.1e}" for name, bias in biases.items())
                + f"; above {_TOLERATED_BIAS} a solver is not considered",
            ),
        )
    }
