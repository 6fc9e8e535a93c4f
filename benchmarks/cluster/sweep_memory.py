"""Memory of the process that begins a large sweep as jobs, waits for it and reads it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping

from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless

__all__ = ["measure_sweep_memory"]

_SWEEP = """
import pathlib, sys
import synqc
from synqc.cluster import points_work, sweep_by_jobs
from synqc.jobs import Worker, open_ledger
from synqc.measure import peak_resident_bytes
rows, columns = int(sys.argv[2]), int(sys.argv[3])
axes = {"probe_strength": [k / rows for k in range(rows)], "probe_duration_ns": [5 + k for k in range(columns)]}
experiment, asked = synqc.Experiment(qubits=1, levels=2), {"shots": 1, "seed": 4, "progress": False}
with open_ledger(pathlib.Path(sys.argv[1])) as ledger, Worker(ledger, {"sweep_points": points_work()}):
    some = {name: values[:2] for name, values in axes.items()}
    same = sweep_by_jobs(ledger, experiment, some, **asked) == synqc.sweep(experiment, some, **asked)
    before = peak_resident_bytes()
    grid = sweep_by_jobs(ledger, experiment, axes, **asked)
print(peak_resident_bytes() - before, grid["fidelity"].size, int(same and not grid.partial))
"""


def measure_sweep_memory(setting: Setting) -> Mapping[str, Measurement]:
    """A process of its own; the worker is a thread of it."""
    rows, columns = (10, 100) if setting.quick else (100, 1000)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", _SWEEP, folder, str(rows), str(columns)]
        answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    grown, points, is_whole = (int(word) for word in answer)
    refuse_unless(is_whole == 1 and points == rows * columns, "the sweep is not whole, or not that of a local one.")
    return {"sweep-jobs-memory": Measurement(grown / points, proof="a part of it is the local sweep, and all is there")}
