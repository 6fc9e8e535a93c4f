"""A large sweep as jobs survives whoever begins it and whoever works on it, in memory that does not surprise."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scratch_postgresql import scratch_postgresql
from waiting import wait_until

import synqc
from synqc.cluster.sweep_jobs import KIND, sweep_of_job
from synqc.jobs import JobFilter, JobState, open_ledger
from synqc.lab.sweep import Grid
from synqc.storage.database import DatabaseLocation

SEED = 4
BYTES_PER_POINT = 500
"""Of the process that sweeps: 177 of figures, and what a point takes while it is submitted and read."""
LEEWAY = 80_000_000
WORKER_BYTES = 400_000_000

BEGIN = """
import json, sys
from pathlib import Path
import synqc
from synqc.cluster import sweep_by_jobs
from synqc.jobs import open_ledger
from synqc.measure import peak_resident_bytes
from synqc.storage.database import DatabaseLocation

asked = json.loads(sys.argv[1])
with open_ledger(DatabaseLocation(Path(asked["folder"]), asked["url"])) as ledger:
    experiment = synqc.Experiment(qubits=1, levels=2)
    axes = {"probe_strength": asked["strengths"], "probe_duration_ns": asked["durations"]}
    synqc.sweep(experiment, {"probe_strength": [0.1]}, shots=1, seed=1, progress=False)
    before = peak_resident_bytes()
    told = []

    def tell(done, total):
        if not told or done != told[-1]:
            told.append(done)
            print(json.dumps({"done": done, "total": total}), flush=True)

    grid = sweep_by_jobs(
        ledger, experiment, axes, shots=asked["shots"], seed=asked["seed"], threads=1,
        points_per_job=asked["points_per_job"], progress=tell,
    )
    grown = peak_resident_bytes() - before
    print(json.dumps({"partial": grid.partial, "grown": grown, "seen": told == sorted(told)}), flush=True)
"""


class Beginning:
    """A process that begins the sweep, or goes on with it, and reads it."""

    def __init__(self, asked):
        self.process = subprocess.Popen(
            [sys.executable, "-c", BEGIN, json.dumps(asked)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment_of(asked),
        )

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def told(self):
        lines, _ = self.process.communicate()
        assert self.process.returncode == 0
        return [json.loads(line) for line in lines.splitlines()]


def environment_of(asked):
    return {**os.environ, "SYNQC_DATABASE_URL": asked["url"], "SYNQC_STATE_DIR": asked["folder"]}


def worker_of(asked):
    command = [sys.executable, "-m", "synqc", "worker", "--kinds", KIND, "--lease", "2"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment_of(asked))


def peak_of(process):
    words = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in words if line.startswith("VmHWM:"))


@pytest.mark.parametrize(
    ("strengths", "durations", "shots", "points_per_job", "checked"),
    [
        pytest.param(12, 50, 20_000, 50, 3, id="600 points"),
        pytest.param(1000, 1000, 1, 1000, 20, id="a million points", marks=pytest.mark.deep),
    ],
)
def test_it_survives_kills_of_both_sides_and_is_the_local_sweep(
    tmp_path, seed, strengths, durations, shots, points_per_job, checked
):
    with scratch_postgresql() as url, open_ledger(DatabaseLocation(tmp_path, url)) as ledger:
        axes = {"strengths": [k / strengths for k in range(strengths)], "durations": [5 + k for k in range(durations)]}
        asked = {
            "folder": str(tmp_path), "url": url, "shots": shots, "seed": SEED, "points_per_job": points_per_job, **axes,
        }  # fmt: skip

        def ended():
            return ledger.counts(KIND).get(JobState.SUCCEEDED, 0)

        first, workers = Beginning(asked), [worker_of(asked), worker_of(asked)]
        try:
            wait_until(lambda: ended() >= 1, 3600)
            first.kill()
            workers[0].kill()
            workers[0].wait()
            before = ended()
            wait_until(lambda: ended() >= before + 1, 600)  # nobody waits for it, and it goes on
            told = Beginning(asked).told()
            peak = peak_of(workers[1])
        finally:
            for process in (*workers, first.process):
                process.kill()
                process.wait()
        points = strengths * durations
        assert told[-1]["seen"]
        assert not told[-1]["partial"]
        assert told[-2] == {"done": points, "total": points}
        assert told[-1]["grown"] < BYTES_PER_POINT * points + LEEWAY
        assert peak < WORKER_BYTES
        (batch,) = [job for job in ledger.jobs(JobFilter(kind=KIND, limit=2000)) if job.parent_id is None]
        experiment = synqc.Experiment(qubits=1, levels=2)
        swept = {"probe_strength": axes["strengths"], "probe_duration_ns": axes["durations"]}
        grid = sweep_of_job(ledger, batch.id, Grid(experiment, swept, shots=shots, seed=SEED, threads=1))
    # A point's seed follows from its values: rows of the grid are sweeps of their own.
    rows = sorted(random.Random(seed).sample(range(strengths), checked))
    swept["probe_strength"] = [axes["strengths"][row] for row in rows]
    here = synqc.sweep(experiment, swept, shots=shots, seed=SEED, threads=1, progress=False)
    for name in here.names:
        np.testing.assert_array_equal(grid[name][rows], here[name], err_msg=f"seed {seed}, {name}")
        np.testing.assert_array_equal(grid.error(name)[rows], here.error(name), err_msg=f"seed {seed}, {name}")
