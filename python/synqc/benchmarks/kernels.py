"""Figures of single kernels, measured by the C++ benchmark programs that lie beside their code."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from synqc import _core
from synqc.benchmarks.measurement import Measurement, Setting, Unavailable, WrongAnswer
from synqc.benchmarks.stopwatch import interleaved
from synqc.lab.experiment import Experiment

__all__ = ["measure_normals", "measure_qubit_step", "measure_random_share"]

_PROGRAM_SECONDS = 300
_NORMALS = "philox_normals_4096_shots"
_UNIFORMS = "philox_uniforms_4096_shots"
_STEPS = "qubit_trajectory_steps_1024_shots_of_100_steps"


def _program(setting: Setting, room: str) -> Path:
    if setting.kernels is None:
        raise Unavailable(
            "Needs the C++ benchmark programs: build with -DSYNQC_BENCHMARKS=ON and pass --kernels BUILD_FOLDER."
        )
    name = f"{room}_perf"
    places = (setting.kernels / "cpp" / "synqc" / name, setting.kernels / name)
    for place in places:
        if place.is_file():
            return place
    raise Unavailable(f"{setting.kernels} holds no program {name}: build it with -DSYNQC_BENCHMARKS=ON.")


@lru_cache
def _rows(program: Path, only: str) -> dict[str, dict[str, Any]]:
    answer = subprocess.run(
        [str(program), "--json", "--only", only], capture_output=True, text=True, timeout=_PROGRAM_SECONDS, check=False
    )
    if answer.returncode != 0:
        raise WrongAnswer(f"{program.name} says: {answer.stderr.strip()}")
    rows = [json.loads(line) for line in answer.stdout.splitlines()]
    return {row["name"]: row for row in rows}


def _nanoseconds(setting: Setting, room: str, name: str) -> tuple[float, tuple[str, ...]]:
    """Cost at the level in use, and the other levels in words."""
    rows = _rows(_program(setting, room), name)
    level = str(_core.build_info()["simd_level"])
    here = rows.get(f"{name} [{level}]")
    if here is None:
        raise Unavailable(f"{room}_perf measures no {name} at {level}.")
    others = [
        f"{label.split('[')[1].rstrip(']')} {row['value']:.3g} ns" for label, row in rows.items() if row is not here
    ]
    return float(here["value"]), ((f"At other levels: {', '.join(others)}",) if others else ())


def measure_qubit_step(setting: Setting) -> Mapping[str, Measurement]:
    """One step of scheme S of a driven, monitored qubit, its random numbers included."""
    value, others = _nanoseconds(setting, "dynamics", _STEPS)
    return {
        "qubit-step": Measurement(
            value, proof="traces are 1 to 1e-14; the room's tests hold it to plain formulas", details=others
        )
    }


def measure_normals(setting: Setting) -> Mapping[str, Measurement]:
    """One normal number from its counter."""
    value, others = _nanoseconds(setting, "random", _NORMALS)
    return {"normals": Measurement(value, proof="equal to the scalar generator to 1e-14", details=others)}


def measure_random_share(setting: Setting) -> Mapping[str, Measurement]:
    """Cost of the random numbers of a shot, drawn alone, over the cost of the shot."""
    normal, _ = _nanoseconds(setting, "random", _NORMALS)
    uniform, _ = _nanoseconds(setting, "random", _UNIFORMS)
    step, _ = _nanoseconds(setting, "dynamics", _STEPS)
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
