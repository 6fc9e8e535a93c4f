"""Sweeps as jobs: the bytes of a local sweep, done by as many workers as there are, once, whatever happens to them."""

import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
from scratch_postgresql import scratch_postgresql
from waiting import wait_until

import synqc
from synqc.cluster import points_work, submit_sweep, sweep_by_jobs
from synqc.cluster.sweep_jobs import KIND
from synqc.errors import InputError
from synqc.jobs import JobFilter, JobState, Work, Worker, open_ledger
from synqc.storage.database import DatabaseLocation

AXES = {"probe_strength": [0.0, 0.4, 1.0], "probe_duration_ns": [50, 200.5], "adaptive_rule": ["none", "kalman"]}


def experiment(**arguments):
    return synqc.Experiment(**{"qubits": 1, "levels": 2, **arguments})


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request, tmp_path):
    if request.param == "sqlite":
        with open_ledger(tmp_path) as found:
            yield found
    else:
        with scratch_postgresql() as url, open_ledger(DatabaseLocation(tmp_path, url)) as found:
            yield found


@pytest.fixture
def sqlite(tmp_path):
    with open_ledger(tmp_path) as found:
        yield found


@pytest.mark.parametrize("some", [1, 5, None])
def test_jobs_give_the_bytes_of_a_local_sweep(ledger, some):
    with Worker(ledger, {KIND: points_work()}), Worker(ledger, {KIND: points_work()}):
        there = sweep_by_jobs(ledger, experiment(), AXES, shots=200, seed=4, points_per_job=some)
    here = synqc.sweep(experiment(), AXES, shots=200, seed=4)
    assert there == here
    assert there._rows.packed() == here._rows.packed()
    assert not there.partial


def test_a_device_and_complex_samples_reach_the_workers(sqlite):
    axes = {
        "preset": [synqc.device("transmon-default").replace(t1_us=71.5), "ibm_fez"],
        "samples": [[0.1, 1 + 0.2j, 0.1], [0.3, 1, 0.3]],
    }
    shaped = experiment(envelope="samples", samples=[1.0])
    with Worker(sqlite, {KIND: points_work()}):
        there = sweep_by_jobs(sqlite, shaped, axes, shots=100, seed=4)
    assert there == synqc.sweep(shaped, axes, shots=100, seed=4)


def test_the_same_sweep_is_the_same_batch_and_another_is_not(sqlite):
    asked = {"shots": 100, "seed": 4}
    first = submit_sweep(sqlite, experiment(), AXES, **asked)
    assert submit_sweep(sqlite, experiment(), AXES, **asked) == first
    others = {
        submit_sweep(sqlite, experiment(), AXES, shots=100, seed=5),
        submit_sweep(sqlite, experiment(), AXES, shots=101, seed=4),
        submit_sweep(sqlite, experiment(), AXES, shots=100, seed=4, iterations=2),
        submit_sweep(sqlite, experiment(t1_us=70.0, t2_us=40.0), AXES, **asked),
        submit_sweep(sqlite, experiment(), {**AXES, "probe_duration_ns": [50, 201.5]}, **asked),
        submit_sweep(sqlite, experiment(), AXES, shots=100, seed=4, points_per_job=5),
    }
    assert len({first, *others}) == 7


def test_what_was_done_is_not_done_again_by_a_later_call(sqlite):
    done = []

    def counted(job):
        done.append(job.id)
        return points_work().function(job)

    with Worker(sqlite, {KIND: Work(counted)}):
        first = sweep_by_jobs(sqlite, experiment(), AXES, shots=100, seed=4)
        again = sweep_by_jobs(sqlite, experiment(), AXES, shots=100, seed=4)
    assert first == again
    assert len(done) == len(set(done)) == 12


def test_a_stop_cancels_the_batch_keeps_finished_points_and_the_next_call_goes_on(sqlite):
    stop, axes = synqc.StopFlag(), {"probe_strength": [k / 300 for k in range(300)]}
    begun = threading.Event()

    def watched(job):
        begun.set()
        return points_work().function(job)

    def stop_soon():
        begun.wait(60)
        stop.stop()

    threading.Thread(target=stop_soon, daemon=True).start()
    with Worker(sqlite, {KIND: Work(watched)}):
        asked = {"shots": 300_000, "seed": 4, "points_per_job": 100}
        part = sweep_by_jobs(sqlite, experiment(), axes, stop=stop, **asked)
        assert part.partial
        whole = sweep_by_jobs(sqlite, experiment(), axes, **asked)
    assert not whole.partial
    finished = np.isfinite(part["fidelity"])
    np.testing.assert_array_equal(part["fidelity"][finished], whole["fidelity"][finished])


def test_a_job_that_cannot_be_done_leaves_its_points_out_with_a_warning(sqlite):
    def fails_in_part(job):
        if job.payload["first"] == 4:
            raise InputError("this one is not possible")
        return points_work().function(job)

    with Worker(sqlite, {KIND: Work(fails_in_part)}), pytest.warns(RuntimeWarning, match="this one is not possible"):
        grid = sweep_by_jobs(sqlite, experiment(), AXES, shots=50, seed=4, points_per_job=4)
    assert np.isfinite(grid["fidelity"].ravel()).tolist() == [True] * 4 + [False] * 4 + [True] * 4


def test_a_rule_that_is_a_function_is_refused_before_anything_is_stored(sqlite):
    for asked in (
        {"experiment": experiment(adaptive_rule=print), "axes": AXES | {"adaptive_rule": [print]}},
        {"experiment": experiment(), "axes": {"adaptive_rule": ["none", print]}},
    ):
        with pytest.raises(InputError, match="`adaptive_rule`"):
            submit_sweep(sqlite, asked["experiment"], asked["axes"], shots=50)
    with pytest.raises(InputError, match="probe_strength"):
        submit_sweep(sqlite, experiment(), {"probe_strength": [0.1, 1.5]}, shots=50)
    assert sqlite.jobs(JobFilter()) == []


@pytest.mark.deep
def test_a_killed_worker_process_loses_no_point(tmp_path):
    with scratch_postgresql() as url, open_ledger(DatabaseLocation(tmp_path, url)) as ledger:
        axes = {"probe_strength": [k / 40 for k in range(40)]}
        asked = {"shots": 100_000, "seed": 4, "points_per_job": 5}
        batch_id = submit_sweep(ledger, experiment(), axes, **asked)
        environment = {**os.environ, "SYNQC_DATABASE_URL": url, "SYNQC_STATE_DIR": str(tmp_path)}
        command = [sys.executable, "-m", "synqc", "worker", "--kinds", KIND, "--lease", "1"]
        workers = [subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) for _ in range(2)]
        try:
            wait_until(lambda: (ledger.job(batch_id).items or {}).get(JobState.RUNNING, 0) > 0)
            os.kill(workers[0].pid, signal.SIGKILL)
            there = sweep_by_jobs(ledger, experiment(), axes, **asked)
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
        assert there == synqc.sweep(experiment(), axes, shots=100_000, seed=4)


def test_workers_know_the_kind():
    from synqc.cli.worker import _WORKS

    assert _WORKS[KIND]().function is points_work().function
