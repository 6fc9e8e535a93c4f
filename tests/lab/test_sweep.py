"""Sweeps: the same numbers whatever the order, the workers, or how often they were interrupted."""

import dataclasses
import importlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

import synqc
from synqc.cache import DiskCache, MemoryCache
from synqc.errors import InputError

sweeps = importlib.import_module("synqc.lab.sweep")  # the package shows the function of that name

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


def test_a_grid_shows_value_error_and_skewness_of_each_points_run():
    grid = synqc.sweep(experiment(), AXES, shots=200, iterations=2, seed=1)
    for i, strength in enumerate(AXES["probe_strength"]):
        for k, duration in enumerate(AXES["probe_duration_ns"]):
            point = {"probe_strength": strength, "probe_duration_ns": duration}
            run = experiment(**point).run(200, iterations=2, seed=sweeps._seed_of_point(1, point))
            for name, figure in {**run.kpis(), "success": run.success}.items():
                assert grid.at(**point)[name] == figure, name
                assert grid[name][i, k] == figure.value, name
                assert grid.error(name)[i, k] == figure.standard_error, name
            assert (grid["g"][i, k], grid["s"][i, k]) == (run.probe.g, run.probe.s)
            assert grid["eps_pulse"][i, k] == run.probe.eps_pulse
            assert grid["shots_used"][i, k] == run.shots_used == 400
            assert grid.error("g")[i, k] == 0
            assert len({run.success.value, run.success.standard_error, run.success.skewness}) == 3


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_an_executor_gives_the_same_numbers(pool):
    here = synqc.sweep(experiment(), AXES, shots=200, seed=1)
    with pool(2) as executor:
        there = synqc.sweep(experiment(), AXES, shots=200, seed=1, executor=executor)
    for name in here.names:
        np.testing.assert_array_equal(here[name], there[name])


@pytest.fixture(params=["memory", "disk", "path"])
def cache(request, tmp_path):
    if request.param == "memory":
        yield MemoryCache(max_entries=1000)
    elif request.param == "disk":
        with DiskCache(tmp_path / "points.db") as opened:
            yield opened
    else:
        yield tmp_path / "points.db"


def test_a_repeated_sweep_runs_only_what_is_missing_and_gives_the_same_numbers(cache):
    whole = synqc.sweep(experiment(), AXES, shots=200, seed=1)
    first = synqc.sweep(experiment(), {**AXES, "probe_strength": [0.4]}, shots=200, seed=1, cache=cache)
    second = synqc.sweep(experiment(), AXES, shots=200, seed=1, cache=cache)
    assert (first.reused, second.reused) == (0, 2)
    assert "2 from the cache" in repr(second)
    for name in whole.names:
        np.testing.assert_array_equal(second[name], whole[name])
    assert synqc.sweep(experiment(), AXES, shots=200, seed=1, cache=cache).reused == 6


def test_what_was_run_otherwise_is_not_reused(cache):
    synqc.sweep(experiment(), AXES, shots=200, seed=1, cache=cache)
    for changed in (
        dict(shots=201, seed=1),
        dict(shots=200, seed=2),
        dict(shots=200, seed=1, iterations=2),
    ):
        assert synqc.sweep(experiment(), AXES, cache=cache, **changed).reused == 0
    assert synqc.sweep(experiment(t1_us=50.0, t2_us=40.0), AXES, shots=200, seed=1, cache=cache).reused == 0


def test_a_repeated_point_costs_less_than_running_it(cache):
    axes = {"probe_strength": [k / 20 for k in range(20)]}

    def seconds():
        start = time.perf_counter()
        grid = synqc.sweep(experiment(), axes, shots=200_000, cache=cache, progress=False)
        return time.perf_counter() - start, grid.reused

    first, second = seconds(), seconds()
    assert (first[1], second[1]) == (0, 20)
    assert second[0] < first[0]


def test_a_rule_nobody_can_know_the_content_of_is_always_run():
    cache = MemoryCache(max_entries=100)

    def rule(batch):
        return None

    for _ in range(2):
        grid = synqc.sweep(experiment(adaptive_rule=rule), {"probe_strength": [0.2]}, shots=100, cache=cache)
        assert grid.reused == 0
    assert len(cache) == 0


def test_a_cache_makes_the_seed_of_a_sweep_the_same_every_time():
    cache = MemoryCache(max_entries=100)
    grids = [synqc.sweep(experiment(), {"probe_strength": [0.2]}, shots=100, cache=cache) for _ in range(2)]
    assert grids[0].seed == grids[1].seed
    assert grids[1].reused == 1


def test_an_executor_fills_the_cache_too():
    cache = MemoryCache(max_entries=100)
    with ThreadPoolExecutor(2) as executor:
        synqc.sweep(experiment(), AXES, shots=200, seed=1, executor=executor, cache=cache)
    assert synqc.sweep(experiment(), AXES, shots=200, seed=1, cache=cache).reused == 6


def test_a_killed_sweep_loses_no_finished_point(tmp_path):
    path = tmp_path / "sweep.db"
    program = f"""
import synqc
synqc.sweep(synqc.Experiment(qubits=1, levels=2), {{"probe_strength": [k / 400 for k in range(400)]}},
            shots=20000, seed=1, cache={str(path)!r}, progress=lambda done, total: print(done, flush=True))
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        finished = int(line)
        if finished >= 10:
            break
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    axes = {"probe_strength": [k / 400 for k in range(20)]}
    again = synqc.sweep(experiment(), axes, shots=20000, seed=1, cache=path)
    assert again.reused >= finished
    assert not again.partial


def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("dear diary\n")
    with pytest.raises(InputError, match=r"notes\.txt"):
        synqc.sweep(experiment(), AXES, shots=100, seed=1, cache=path)
    assert path.read_text() == "dear diary\n"


def test_what_is_no_cache_is_refused():
    with pytest.raises(InputError, match="Argument `cache`"):
        synqc.sweep(experiment(), AXES, shots=100, cache={})


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
    with pytest.raises(InputError, match="was not run"):
        grid.at(probe_strength=1.0, probe_duration_ns=200)


@pytest.mark.parametrize("point", [1, 2, 4, 6])
def test_a_stop_between_two_points_keeps_every_finished_point(point, monkeypatch):
    """It comes when nothing was asked to stop yet, but no shot of the next point has run."""
    stop, run, begun = synqc.StopFlag(), synqc.Experiment.run, []

    def run_after_a_stop(self, *arguments, **options):
        begun.append(self)
        if len(begun) == point:
            stop.stop()
        return run(self, *arguments, **options)

    monkeypatch.setattr(synqc.Experiment, "run", run_after_a_stop)
    grid = synqc.sweep(experiment(), AXES, shots=50, seed=1, stop=stop)
    assert grid.partial
    assert len(begun) == point
    assert np.isfinite(grid["fidelity"]).sum() == point - 1
    assert "stopped" in repr(grid)


def test_a_stop_at_any_time_keeps_every_finished_point():
    """Whenever it comes: between two points, in a point's first microseconds, in its middle."""
    seed = int.from_bytes(os.urandom(4), "little")
    chance = random.Random(seed)
    axes = {"probe_strength": [k / 100 for k in range(100)]}
    stopped = 0
    for _ in range(40):
        stop, finished = synqc.StopFlag(), []
        after, wait = chance.randrange(1, 8), chance.choice([0.0, chance.uniform(0, 3e-4), chance.uniform(0, 5e-3)])

        def progress(done, total, stop=stop, finished=finished, after=after, wait=wait):
            finished.append(done)
            if done == after:
                threading.Thread(target=lambda: (time.sleep(wait), stop.stop())).start()

        grid = synqc.sweep(experiment(), axes, shots=2000, seed=1, stop=stop, progress=progress)
        assert np.isfinite(grid["fidelity"]).sum() == finished[-1], f"seed {seed}"
        stopped += grid.partial
    assert stopped > 20, f"seed {seed}"  # others were through before the stop came


def test_ctrl_c_between_two_points_keeps_every_finished_point():
    left = [3]

    def interrupts(batch):
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt

    grid = synqc.sweep(experiment(adaptive_rule=interrupts), AXES, shots=50, seed=1)
    assert grid.partial
    assert np.isfinite(grid["fidelity"]).sum() == 2
    left[0] = 1
    with pytest.raises(KeyboardInterrupt):
        synqc.sweep(experiment(adaptive_rule=interrupts), AXES, shots=50, seed=1)


def test_a_stopped_point_is_never_cached():
    cache, stop = MemoryCache(max_entries=100), synqc.StopFlag()
    axes = {"probe_strength": [0.1, 0.2, 0.3]}
    synqc.sweep(experiment(), {"probe_strength": [0.1]}, shots=100, seed=1, cache=cache)
    assert cache.stats().entries == 1
    threading.Timer(0.1, stop.stop).start()  # far within the first point
    stopped = synqc.sweep(experiment(), axes, shots=2_000_000_000, seed=1, cache=cache, stop=stop)
    assert stopped.partial
    assert np.isnan(stopped["fidelity"]).all()
    assert cache.stats().entries == 1
    assert not synqc.sweep(experiment(), axes, shots=100, seed=1, cache=cache).partial
    assert cache.stats().entries == 3


# Another value for every argument of Experiment, each of which must reach the key of a point.
CHANGED = {
    "preset": "ibm_fez", "target": "ibm-qpu", "envelope": "cosine", "probe_strength": 0.31, "probe_duration_ns": 121.0,
    "adaptive_rule": "kalman", "objective": "info-vs-damage", "qubits": 2, "device_seed": 1, "t1_us": 77.0,
    "t2_us": 55.0, "tphi_us": 88.0, "efficiency": 0.41, "detuning_khz": 3.0, "amplitude_error": 0.011, "spread": 0.07,
    "gamma_max_per_us": 3.3, "decision_latency_ns": 123.0, "levels": 3, "thermal_population": 0.03, "drift": "none",
    "first_angle": 1.5, "first_axis": 0.1, "second_angle": 1.6, "second_axis": 0.1, "drag_beta": 0.9,
    "drag_detuning": False, "edge_fraction": 0.2, "samples": [0.5, 1.0, 0.5],
    "interpolate_samples": True, "probe_mapping": "pulse", "probe_bins": 2, "probe_steps": 16,
    "probe_ringdown_ns": 30.0, "stark_correction": False,
}  # fmt: skip


def key_of(point, shots=100, iterations=1, seed=5):
    return sweeps.Order((0,), point, shots, iterations, seed).key()


@pytest.mark.filterwarnings("ignore:Argument .* has no effect")
def test_every_argument_of_an_experiment_and_of_its_device_changes_a_points_key():
    names = {item.name for item in dataclasses.fields(synqc.Experiment) if item.init}
    # An argument that is new must stand in the table: whoever adds it says here what changes with it.
    missing = names - set(CHANGED)
    keys = {"": key_of(experiment())}
    for name in names - missing:
        keys[name] = key_of(experiment(**{name: CHANGED[name]}))
    keys |= {"shots": key_of(experiment(), shots=101), "iterations": key_of(experiment(), iterations=2)}
    keys |= {"seed": key_of(experiment(), seed=6)}
    assert len(set(keys.values())) == len(keys)
    assert not missing


def test_two_devices_of_one_name_have_different_keys():
    device = synqc.device("transmon-default")
    figures = {
        "t1_us": 91.0, "t2_us": 41.0, "efficiency": 0.43, "detuning_khz": 4.0, "spread": 0.03, "gamma_max_per_us": 2.9,
        "thermal_population": 0.02, "amplitude_error": 0.013,
    }  # fmt: skip
    keys = [key_of(experiment(preset=device))]
    keys += [key_of(experiment(preset=device.replace(**{name: value}))) for name, value in figures.items()]
    assert len(set(keys)) == len(keys)


def test_a_preset_whose_figures_are_others_now_has_another_key(monkeypatch):
    before = key_of(experiment())
    corrected = synqc.device("transmon-default").replace(t1_us=91.0)
    monkeypatch.setattr(synqc.Experiment, "device", property(lambda self: corrected))
    assert key_of(experiment()) != before


def test_the_version_and_the_instruction_set_change_a_points_key(monkeypatch):
    before = key_of(experiment())
    monkeypatch.setattr(sweeps, "__version__", "0.0.0")
    another_version = key_of(experiment())
    monkeypatch.undo()
    found = dict(synqc._core.build_info())
    monkeypatch.setattr(sweeps._core, "build_info", lambda: {**found, "simd_level": "another"})
    assert len({before, another_version, key_of(experiment())}) == 3


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
    assert dataset.latency_us.attrs["units"] == dataset.latency_us_error.attrs["units"] == "µs"
    grid = synqc.sweep(experiment(), AXES, shots=200, seed=1)
    for name in grid.names:
        np.testing.assert_array_equal(dataset[name], grid[name])
    for name in ("fidelity", "success", "objective_score", "backaction"):
        np.testing.assert_array_equal(dataset[f"{name}_error"], grid.error(name))
    assert not np.isclose(dataset.success, dataset.success_error).any()
    assert (dataset.attrs["seed"], dataset.attrs["partial"]) == (1, 0)
