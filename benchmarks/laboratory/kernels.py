"""Figures of single kernels, measured by the C++ benchmark programs that lie beside their code."""

from __future__ import annotations

from collections.abc import Mapping

from synqc.benchmarks.kernel_programs import nanoseconds
from synqc.benchmarks.measurement import Measurement, Setting
from synqc.lab.experiment import Experiment
from synqc.measure.turns import interleaved

__all__ = ["measure_normals", "measure_qubit_step", "measure_random_share"]

_NORMALS = "philox_normals_4096_shots"
_UNIFORMS = "philox_uniforms_4096_shots"
_STEPS = "qubit_trajectory_steps_1024_shots_of_100_steps"


def measure_qubit_step(setting: Setting) -> Mapping[str, Measurement]:
    """One step of scheme S of a driven, monitored qubit, its random numbers included."""
    value, others = nanoseconds(setting, "dynamics", _STEPS)
    return {
        "qubit-step": Measurement(
            value, proof="states and records are those of the plain loop over shots to 1e-11", details=others
        )
    }


def measure_normals(setting: Setting) -> Mapping[str, Measurement]:
    """One normal number from its counter."""
    value, others = nanoseconds(setting, "random", _NORMALS)
    return {"normals": Measurement(value, proof="equal to the scalar generator to 1e-14", details=others)}


def measure_random_share(setting: Setting) -> Mapping[str, Measurement]:
    """Cost of the random numbers of a shot, drawn alone, over the cost of the shot."""
    normal, _ = nanoseconds(setting, "random", _NORMALS)
    uniform, _ = nanoseconds(setting, "random", _UNIFORMS)
    step, _ = nanoseconds(setting, "dynamics", _STEPS)
    experiment = Experiment()
    shots = 50_000
    times = interleaved(
        {"run": lambda: experiment.run(shots, seed=1, threads=1, progress=False)},
        repetitions=setting.repetitions,
        least_seconds=0.05,
    )["run"]
    per_shot = 1e9 * times.median / (shots * experiment.qubits)
    # One counter gives two normals: a pair for the record in phase, a pair in quadrature (three levels), and one
    # uniform for the bit.
    drawn = 4 * normal + uniform
    return {
        "random-share": Measurement(
            100 * drawn / per_shot,
            details=(
                f"A shot takes {per_shot:.3g} ns, of which two pairs of normals and one uniform, drawn alone, take "
                f"{drawn:.3g} ns",
                f"In long qubit trajectories one normal takes {normal:.3g} of {step:.3g} ns a step: "
                f"{100 * normal / step:.0f} %",
            ),
        )
    }
