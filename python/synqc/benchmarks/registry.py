"""Which function measures which figures; modules are loaded when one of their figures is wanted."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from synqc.benchmarks.measurement import Measure

__all__ = ["measures_for"]

_MEASURED_BY = {
    "qubit-step": "kernels:measure_qubit_step",
    "qubit-step-vs-qutip": "trajectory_steps:measure_steps",
    "ensemble": "shot_ensembles:measure_run",
    "ensemble-vs-qutip": "shot_ensembles:measure_against_qutip",
    "ensemble-vs-dynamiqs": "shot_ensembles:measure_against_dynamiqs",
    "mesolve-constant": "master_equations:measure_constant",
    "mesolve-constant-vs-qutip": "master_equations:measure_constant",
    "mesolve-driven": "master_equations:measure_driven",
    "mesolve-driven-vs-qutip": "master_equations:measure_driven",
    "one-shot": "runs:measure_one_shot",
    "two-threads": "runs:measure_two_threads",
    "linear-in-shots": "runs:measure_linearity",
    "normals": "kernels:measure_normals",
    "random-share": "kernels:measure_random_share",
    "import": "processes:measure_import",
    "memory": "processes:measure_memory",
}


def measures_for(keys: Sequence[str]) -> list[tuple[tuple[str, ...], Measure]]:
    """Functions that measure `keys`, each once, with the wanted keys it answers."""
    wanted: dict[str, list[str]] = {}
    for key in keys:
        wanted.setdefault(_MEASURED_BY[key], []).append(key)
    measures = []
    for place, answered in wanted.items():
        module, _, function = place.partition(":")
        measures.append((tuple(answered), getattr(importlib.import_module(f"synqc.benchmarks.{module}"), function)))
    return measures
