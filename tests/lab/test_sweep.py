"""Sweeps: the same numbers whatever the order, the workers, or how often they were interrupted."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

import synqc
from synqc.errors import DocumentError, InputError

AXES = {"probe_strength": [0.0, 0.4, 1.0], "probe_duration_ns": [50, 200]}


def experiment(**arguments):
    return synqc.Experiment(**{"qubits": 1, "levels": 2, **arguments})


def test_grid_has_named_axes_and_information_grows_with_strength():
    grid = synqc.sweep(experiment(), AXES, shots=200, seed=1)
    assert grid.dims == ("probe_strength", "probe_duration_ns")
    assert grid.shape == grid["fidelity"].shape == (3, 2)
    assert (grid["information_bits"][0] == 0).all()
    assert (np.diff(grid["information_bits"], axis=0) > 0).all()
    assert not grid.partial


def test_points_do_not_depend_on_the_grid_around_them():
    whole = synqc.sweep(experiment(), AXES, shots=200, seed=1)
    part = synqc.sweep(experiment(), {"probe_duration_ns": [200], "probe_strength": [1.0, 0.4]}, shots=200, seed=1)
    assert whole["fidelity"][2, 1] == part["fidelity"][0, 0]
    assert whole["fidelity"][1, 1] == part["fidelity"][0, 1]


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_an_executor_gives_the_same_numbers(pool):
    here = synqc.sweep(experiment(), AXES, shots=200, seed=1)
    with pool(2) as executor:
        there = synqc.sweep(experiment(), AXES, shots=200, seed=1, executor=executor)
    for name in here.names:
        np.testing.assert_array_equal(here[name], there[name])


def test_a_resumed_sweep_runs_only_what_is_missing_and_gives_the_same_numbers(tmp_path):
    path = tmp_path / "sweep.jsonl"
    whole = synqc.sweep(experiment(), AXES, shots=200, seed=1)
    first = synqc.sweep(experiment(), {**AXES, "probe_strength": [0.4]}, shots=200, seed=1, path=path)
    second = synqc.sweep(experiment(), AXES, shots=200, seed=1, path=path)
    assert (first.reused, second.reused) == (0, 2)
    np.testing.assert_array_equal(second["fidelity"], whole["fidelity"])
    assert synqc.sweep(experiment(), AXES, shots=200, seed=1, path=path).reused == 6


def test_what_was_run_otherwise_is_not_reused(tmp_path):
    path = tmp_path / "sweep.jsonl"
    synqc.sweep(experiment(), AXES, shots=200, seed=1, path=path)
    for changed in (
        dict(shots=201, seed=1),
        dict(shots=200, seed=2),
        dict(shots=200, seed=1, iterations=2),
    ):
        assert synqc.sweep(experiment(), AXES, path=path, **changed).reused == 0
    assert synqc.sweep(experiment(t1_us=50.0, t2_us=40.0), AXES, shots=200, seed=1, path=path).reused == 0


def test_a_line_cut_short_is_run_again(tmp_path):
    path = tmp_path / "sweep.jsonl"
    whole = synqc.sweep(experiment(), AXES, shots=200, seed=1, path=path)
    path.write_bytes(path.read_bytes()[:-30])
    again = synqc.sweep(experiment(), AXES, shots=200, seed=1, path=path)
    assert again.reused == 5
    np.testing.assert_array_equal(again["fidelity"], whole["fidelity"])
    assert synqc.sweep(experiment(), AXES, shots=200, seed=1, path=path).reused == 6


def test_a_killed_sweep_loses_no_finished_point(tmp_path):
    path = tmp_path / "sweep.jsonl"
    program = f"""
import synqc
synqc.sweep(synqc.Experiment(qubits=1, levels=2), {{"probe_strength": [k / 400 for k in range(400)]}},
            shots=20000, seed=1, path={str(path)!r})
"""
    process = subprocess.Popen([sys.executable, "-c", program])
    while not path.exists() or path.stat().st_size < 3000:
        time.sleep(0.01)
        assert process.poll() is None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    lines = path.read_text().splitlines()
    finished = sum(1 for line in lines if line.endswith("}") and json.loads(line))
    axes = {"probe_strength": [k / 400 for k in range(len(lines))]}
    again = synqc.sweep(experiment(), axes, shots=20000, seed=1, path=path)
    assert again.reused >= finished - 1
    assert not again.partial


def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("dear diary\n")
    with pytest.raises(DocumentError, match="Argument `path`"):
        synqc.sweep(experiment(), AXES, shots=100, seed=1, path=path)
    assert path.read_text() == "dear diary\n"


def test_a_stopped_sweep_keeps_what_it_has():
    stop = synqc.StopFlag()
    seen = []

    def progress(done, total):
        seen.append(done)
        if done == 2:
            stop.stop()

    grid = synqc.sweep(experiment(), AXES, shots=200, seed=1, stop=stop, progress=progress)
    assert grid.partial
    assert np.isfinite(grid["fidelity"]).sum() == 2
    assert "stopped" in repr(grid)


@pytest.mark.parametrize(
    ("axes", "word"),
    [({}, "axes"), ({"colour": [1]}, "colour"), ({"probe_strength": []}, "probe_strength"),
     ({"probe_strength": 0.5}, "probe_strength"), ({"probe_strength": [0.1, 2.0]}, "probe_strength"),
     ({"target": "ionq"}, "target")],
)  # fmt: skip
def test_bad_axes_are_refused_before_anything_runs(axes, word, tmp_path):
    with pytest.raises(InputError, match=word):
        synqc.sweep(experiment(), axes, shots=100, seed=1)


def test_names_and_objects_can_be_swept():
    grid = synqc.sweep(experiment(), {"adaptive_rule": ["none", "kalman"], "preset": ["transmon-default", "ibm_fez"]},
                       shots=300, seed=1)  # fmt: skip
    assert set(grid.at(adaptive_rule="kalman", preset="ibm_fez")) >= {"fidelity", "information_bits"}
    with pytest.raises(InputError, match="preset"):
        grid.at(adaptive_rule="kalman", preset="nowhere")


def test_to_xarray_selects_by_value():
    pytest.importorskip("xarray", reason="needs the xarray extra")
    dataset = synqc.sweep(experiment(), AXES, shots=200, seed=1).to_xarray()
    assert float(dataset.information_bits.sel(probe_strength=0.0, probe_duration_ns=50)) == 0
    assert dataset.latency_us.attrs["units"] == "µs"
