"""The laboratory's main job, 50,000 shots on four qubits, beside QuTiP and dynamiqs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from synqc.benchmarks.laboratory.peers import import_dynamiqs, import_qutip, qutip_smesolve
from synqc.benchmarks.laboratory.shot_model import ShotModel, shot_models
from synqc.benchmarks.measurement import Measurement, Setting, WrongAnswer, refuse_unless
from synqc.lab.experiment import Experiment
from synqc.lab.run import Run
from synqc.lab.smesolve import smesolve
from synqc.measure.turns import interleaved, ratio

__all__ = ["measure_against_dynamiqs", "measure_against_qutip", "measure_run"]

_SHOTS = 50_000
_DEVIATIONS = 4.5
# A peer's bias in units of the sampling error that the run has: with it, the peer's whole error is a twentieth larger.
_TOLERATED_BIAS = 1 / 3
_QUTIP_SOLVERS = ("euler", "platen", "rouchon")
_STEP_COUNTS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)


def _checked_run(experiment: Experiment, models: list[ShotModel]) -> tuple[Run, str]:
    """A run whose every mean agrees with the master equation, and that in words."""
    run = experiment.run(_SHOTS, seed=1)
    worst = 0.0
    for model, qubit in zip(models, run.history[-1].qubits, strict=True):
        worst = max(worst, abs(qubit.fidelity.value - model.exact_fidelity) / qubit.fidelity.standard_error)
    refuse_unless(worst < _DEVIATIONS, f"A fidelity lies {worst:.3g} standard errors from the master equation's.")
    return run, (
        f"mean fidelities of all qubits within {worst:.2g} standard errors of the master equation's; error of the "
        f"register's mean "
        f"{run.fidelity.standard_error:.1e}"
    )


def measure_run(setting: Setting) -> Mapping[str, Measurement]:
    """A run of an experiment that has run before, bits kept as by default."""
    experiment = Experiment()
    _, proof = _checked_run(experiment, shot_models(experiment))
    clocks = interleaved(
        {
            "all": lambda: experiment.run(_SHOTS, seed=1),
            "one": lambda: experiment.run(_SHOTS, seed=1, threads=1),
            "fresh": lambda: Experiment().run(_SHOTS, seed=1),
        },
        repetitions=setting.repetitions,
        least_seconds=0.05,
    )
    return {
        "ensemble": Measurement(
            1e3 * clocks["all"].median,
            1e3 * clocks["all"].best,
            proof=proof,
            details=(
                f"On one thread {1e3 * clocks['one'].median:.3g} ms, {1e3 * clocks['one'].best:.3g} at best; with a "
                f"new Experiment each "
                f"time, its pulses compiled afresh, {1e3 * clocks['fresh'].median:.3g} ms",
            ),
        )
    }


def _steps_needed(model: ShotModel, scheme: str, allowed: float) -> int:
    """Fewest steps for which the scheme's mean state, without sampling noise, is off by less than `allowed`."""
    for steps in _STEP_COUNTS:
        result = smesolve(
            np.zeros_like(model.start), model.start, [0, model.duration], model.unseen, [model.monitored],
            eta=model.efficiency, ntraj=1, seeds=1,
            method=scheme, dt=model.duration / steps, eigenvalue_tolerance=math.inf, threads=1, progress=False,
        )  # fmt: skip
        if result.stats["weak_error"] <= allowed:
            return steps
    raise WrongAnswer(f"{scheme} needs more than {_STEP_COUNTS[-1]} steps for an error of {allowed:.2g}.")


def measure_against_qutip(setting: Setting) -> Mapping[str, Measurement]:
    """QuTiP samples the same shots with as few steps as keep its means right, and is granted perfect parallelism."""
    qutip = import_qutip()
    experiment = Experiment()
    models = shot_models(experiment)
    run, proof = _checked_run(experiment, models)
    allowed = _TOLERATED_BIAS * run.fidelity.standard_error
    trajectories = 20 if setting.quick else 50

    def peer(model: ShotModel, solver: str, steps: int, count: int = trajectories) -> Any:
        seen, lost = math.sqrt(model.efficiency), math.sqrt(1 - model.efficiency)
        return qutip_smesolve(
            np.zeros_like(model.start), model.start, np.array([0, model.duration]),
            unseen=[*model.unseen, lost * model.monitored],
            seen=[seen * model.monitored], watched=[model.fidelity], trajectories=count, steps=steps, solver=solver,
        )  # fmt: skip

    steps = {solver: _steps_needed(models[0], solver, allowed) for solver in _QUTIP_SOLVERS}
    trial = interleaved(
        {name: partial(peer, models[0], name, steps[name], 10) for name in _QUTIP_SOLVERS},
        repetitions=3,
        least_seconds=0,
    )
    solver = min(_QUTIP_SOLVERS, key=lambda name: trial[name].best)

    count = 200 if setting.quick else 1000
    answer = peer(models[0], solver, steps[solver], count)
    mean, deviation = float(answer.average_expect[0][-1].real), float(answer.std_expect[0][-1])
    distance = abs(mean - models[0].exact_fidelity) / (deviation / math.sqrt(count))
    refuse_unless(
        distance < _DEVIATIONS, f"QuTiP's fidelity lies {distance:.3g} standard errors from the master equation's."
    )
    own = run.history[-1].qubits[0].fidelity.standard_error * math.sqrt(_SHOTS)

    clocks = interleaved(
        {"ours": lambda: experiment.run(_SHOTS, seed=1), "peer": lambda: peer(models[0], solver, steps[solver])},
        repetitions=setting.repetitions,
    )
    per_shot = 1e3 * clocks["peer"].median / trajectories
    scale = _SHOTS * experiment.qubits / trajectories / setting.threads
    return {
        "ensemble-vs-qutip": Measurement(
            ratio(clocks["peer"], clocks["ours"]) * scale,
            proof=(
                f"{proof}; QuTiP's mean of {count} trajectories within {distance:.2g} of its own. Deviation of one "
                f"shot {own:.4f} here, "
                f"{deviation:.4f} there, so that equal shots give equal errors"
            ),
            details=(
                f"QuTiP {qutip.__version__}, '{solver}' in {steps[solver]} steps, the fastest of "
                + ", ".join(f"{name} ({needed} steps)" for name, needed in steps.items())
                + f" whose means are off by less than {allowed:.1e}: {per_shot:.3g} ms a shot, measured on "
                f"{trajectories} and scaled by the number of shots, divided by {setting.threads} threads as if it "
                f"lost nothing; it is spared "
                "both drives, the Hamiltonian between them, and readout",
                f"Experiment.run: {1e3 * clocks['ours'].median:.3g} ms",
            ),
        )
    }


def measure_against_dynamiqs(setting: Setting) -> Mapping[str, Measurement]:
    """dynamiqs samples the same shots, all at once, compiled before the clock starts."""
    dynamiqs, jax = import_dynamiqs()
    experiment = Experiment()
    models = shot_models(experiment)
    run, proof = _checked_run(experiment, models)
    steps = _steps_needed(models[0], "rouchon", _TOLERATED_BIAS * run.fidelity.standard_error)
    duration, efficiency = models[0].duration, models[0].efficiency
    method = dynamiqs.method.Rouchon1(dt=duration / steps)

    def sample(hamiltonian: Any, jumps: Any, start: Any, observable: Any, keys: Any) -> Any:
        result = dynamiqs.dsmesolve(
            hamiltonian, list(jumps), [0.0] * (len(jumps) - 1) + [efficiency], start, (0.0, duration), keys,
            exp_ops=[observable], method=method, save_states=False,
        )  # fmt: skip
        fidelity = result.expects[:, 0, -1].real
        return fidelity.mean(), fidelity.std()

    compiled = jax.jit(sample)
    inputs = [
        tuple(
            [dynamiqs.asqarray(part) for part in group] if isinstance(group, list) else dynamiqs.asqarray(group)
            for group in (np.zeros_like(model.start), [*model.unseen, model.monitored], model.start, model.fidelity)
        )
        for model in models
    ]
    keys = [jax.random.split(jax.random.key(seed), _SHOTS) for seed in range(len(models))]

    def peer(qubit: int) -> Any:
        return jax.block_until_ready(compiled(*inputs[qubit], keys[qubit]))

    distances = []
    for qubit, model in enumerate(models):
        mean, deviation = peer(qubit)
        distances.append(abs(float(mean) - model.exact_fidelity) / (float(deviation) / math.sqrt(_SHOTS)))
    refuse_unless(
        max(distances) < _DEVIATIONS,
        f"A fidelity of dynamiqs lies {max(distances):.3g} standard errors from the master equation's.",
    )
    turns = itertools.cycle(range(len(models)))
    clocks = interleaved(
        {"ours": lambda: experiment.run(_SHOTS, seed=1), "peer": lambda: peer(next(turns))},
        repetitions=setting.repetitions,
        least_seconds=0.05,
    )
    # A call samples one qubit of the register.
    register = len(models)
    return {
        "ensemble-vs-dynamiqs": Measurement(
            ratio(clocks["peer"], clocks["ours"]) * register,
            proof=f"{proof}; those of dynamiqs within {max(distances):.2g}",
            details=(
                f"dynamiqs {dynamiqs.__version__} on JAX {jax.__version__}, Rouchon1 in {steps} steps, single "
                f"precision as by default, all "
                f"processors: {1e3 * clocks['peer'].median * register:.4g} ms, timed one qubit at a time; it is "
                f"spared both drives, the Hamiltonian between them, readout and splitting keys",
                f"Experiment.run: {1e3 * clocks['ours'].median:.3g} ms",
            ),
        )
    }
