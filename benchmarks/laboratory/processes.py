"""Figures of whole processes: what an import costs and what a long run holds in memory."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from synqc.benchmarks.measurement import Measurement, Setting, WrongAnswer

__all__ = ["measure_import", "measure_memory"]

_IMPORT = """
import time
start = time.perf_counter()
{statement}
print(time.perf_counter() - start)
"""

_MEMORY = """
import json
from synqc import Experiment
from synqc.measure import peak_resident_bytes

few = Experiment().run({few}, seed=1, progress=False)
before = peak_resident_bytes() / 1e6
run = Experiment().run({shots}, seed=1, progress=False)
most = peak_resident_bytes() / 1e6
print(json.dumps([most, before, abs(run.fidelity.value - few.fidelity.value), few.fidelity.standard_error]))
"""


def _answer(program: str) -> Any:
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise WrongAnswer(f"A fresh interpreter failed: {answer.stderr.strip().splitlines()[-1]}")
    return json.loads(answer.stdout)


def measure_import(setting: Setting) -> Mapping[str, Measurement]:
    """Imports in fresh interpreters, in turns."""
    statements = {"numpy": "import numpy", "synqc": "import synqc", "door": "from synqc import Experiment"}
    seconds: dict[str, list[float]] = {name: [] for name in statements}
    for turn in range(setting.repetitions + 1):
        for name, statement in statements.items():
            value = float(_answer(_IMPORT.format(statement=statement)))
            if turn > 0:  # the first turn fills the disk cache
                seconds[name].append(value)
    turns = list(zip(seconds["synqc"], seconds["numpy"], strict=True))
    median = {name: 1e3 * statistics.median(values) for name, values in seconds.items()}
    return {
        "import": Measurement(
            statistics.median(synqc / numpy for synqc, numpy in turns),
            details=(
                f"import numpy {median['numpy']:.3g} ms, import synqc {median['synqc']:.3g} ms (names are loaded "
                f"when first used), "
                f"from synqc import Experiment {median['door']:.3g} ms, NumPy included",
            ),
        )
    }


def measure_memory(setting: Setting) -> Mapping[str, Measurement]:
    """Peak resident memory of a fresh interpreter that runs the default experiment, bits kept as by default."""
    shots = 10**5 if setting.quick else 10**7
    peak, before, distance, error = _answer(_MEMORY.format(few=10_000, shots=shots))
    if distance > 4.5 * error:
        raise WrongAnswer(
            f"Fidelities of a short and a long run differ by {distance}, which is more than 4.5 times {error}."
        )
    return {
        "memory": Measurement(
            peak,
            proof=f"fidelity agrees with that of 10,000 shots within {distance / error:.2g} standard errors",
            details=(f"{before:.3g} MB before; {shots:.0e} shots on 4 qubits, of which every bit is kept",),
        )
    }
