"""Sweeps on executors: the same bytes, few in flight, stops that reach workers, and workers that die."""

import functools
import importlib
import multiprocessing
import os
import signal
import threading
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from waiting import wait_until

import synqc
from synqc.errors import InputError
from synqc.lab._executor_calls import calls_on

AXES = {"probe_strength": [0.0, 0.4, 1.0], "probe_duration_ns": [50, 200]}
FORKSERVER = multiprocessing.get_context("forkserver")
FORKSERVER.set_forkserver_preload(["synqc.lab.sweep"])  # so that a new process is there at once
processes = functools.partial(ProcessPoolExecutor, mp_context=FORKSERVER)


def experiment(**arguments):
    return synqc.Experiment(**{"qubits": 1, "levels": 2, **arguments})


@pytest.fixture(scope="module")
def here():
    return synqc.sweep(experiment(), AXES, shots=200, seed=1)


@pytest.fixture(scope="module")
def pool():
    with processes(2) as found:
        yield found


def bytes_of(grid):
    return grid._rows.packed()


def test_processes_give_the_same_bytes(here, pool):
    there = synqc.sweep(experiment(), AXES, shots=200, seed=1, executor=pool)
    assert there == here
    assert bytes_of(there) == bytes_of(here)


@pytest.mark.deep
def test_loky_gives_the_same_bytes(here):
    loky = pytest.importorskip("joblib.externals.loky", reason="needs joblib")
    executor = loky.get_reusable_executor(max_workers=2)
    try:
        assert bytes_of(synqc.sweep(experiment(), AXES, shots=200, seed=1, executor=executor)) == bytes_of(here)
    finally:
        executor.shutdown(kill_workers=True)


@pytest.fixture(scope="module")
def dask():
    distributed = pytest.importorskip("distributed", reason="needs the extra cluster")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_a_dask_client_is_taken_as_it_is(here, dask):
    assert bytes_of(synqc.sweep(experiment(), AXES, shots=200, seed=1, executor=dask)) == bytes_of(here)
    assert bytes_of(synqc.sweep(experiment(), AXES, shots=200, seed=1, executor=dask.get_executor())) == bytes_of(here)


def test_a_dask_address_is_opened(here, dask):
    from synqc.cluster import open_executor

    with open_executor(dask.scheduler.address.replace("tcp://", "dask://")) as executor:
        assert bytes_of(synqc.sweep(experiment(), AXES, shots=200, seed=1, executor=executor)) == bytes_of(here)


def test_threads_of_a_point_do_not_change_the_figures(here, pool):
    assert synqc.sweep(experiment(), AXES, shots=200, seed=1, executor=pool, threads=2) == here
    assert synqc.sweep(experiment(), AXES, shots=200, seed=1, threads=1) == here
    with pytest.raises(InputError, match="`threads`"):
        synqc.sweep(experiment(), AXES, shots=200, seed=1, threads=-1)


def test_what_makes_an_executor_is_called_and_its_executor_closed(here):
    made = []

    def make():
        made.append(ThreadPoolExecutor(2))
        return made[-1]

    assert synqc.sweep(experiment(), AXES, shots=200, seed=1, executor=make) == here
    assert len(made) == 1
    with pytest.raises(RuntimeError):
        made[0].submit(print)


@pytest.mark.parametrize("wrong", [5, "processes", object()])
def test_what_is_no_executor_is_refused(wrong):
    with pytest.raises(InputError, match=r"Argument `executor` must have a method submit"):
        synqc.sweep(experiment(), AXES, shots=200, seed=1, executor=wrong)


def test_joblibs_parallel_is_told_from_its_executor():
    joblib = pytest.importorskip("joblib", reason="needs joblib")

    with pytest.raises(InputError, match="get_reusable_executor"):
        synqc.sweep(experiment(), AXES, shots=200, seed=1, executor=joblib.Parallel(2))


class CountingExecutor:
    """Does calls at once when it is asked for a result, and counts how many items it was given and not asked for."""

    def __init__(self):
        self.items = 0
        self.most = 0
        self.waiting = []

    def submit(self, function, *arguments):
        future = Future()
        self.items += len(arguments[1])
        self.most = max(self.most, self.items)
        self.waiting.append((future, function, arguments))
        threading.Timer(0.001, self.do_one).start()
        return future

    def do_one(self):
        future, function, arguments = self.waiting.pop(0)
        if future.set_running_or_notify_cancel():
            found = function(*arguments)
            self.items -= len(arguments[1])
            future.set_result(found)


@pytest.mark.parametrize("most", [1, 5])
def test_no_more_points_are_in_flight_than_were_allowed(most):
    executor, taken = CountingExecutor(), []

    def items():
        for number in range(40):
            taken.append(number)
            yield number

    found = dict(calls_on(executor, lambda item, stop, look: item + 0.5, items(), stop=None, max_in_flight=most))
    assert found == {number: number + 0.5 for number in range(40)}
    assert executor.most == most


def test_items_are_taken_when_there_is_room_for_them():
    executor, taken = CountingExecutor(), []

    def items():
        for number in range(10_000):
            taken.append(number)
            yield number

    found = calls_on(executor, lambda item, stop, look: item + 0.5, items(), stop=None, max_in_flight=3)
    next(found)
    assert len(taken) < 50
    found.close()


def slow_axes(points):
    return {"probe_strength": [k / points for k in range(points)]}


SLOW = 400_000_000  # shots of a point that takes far longer than a test waits


@pytest.mark.parametrize("kind", ["threads", "processes", "dask"])
def test_a_stop_reaches_points_that_workers_are_at(kind, request):
    if kind == "threads":
        executor = ThreadPoolExecutor(2)
        request.addfinalizer(executor.shutdown)
    else:
        executor = request.getfixturevalue("pool" if kind == "processes" else "dask")
    # Workers have begun, so that the stop finds them at work.
    synqc.sweep(experiment(), AXES, shots=50, seed=1, executor=executor)
    stop = synqc.StopFlag()
    threading.Timer(0.5, stop.stop).start()
    grid = synqc.sweep(experiment(), slow_axes(3), shots=SLOW, seed=1, executor=executor, stop=stop)
    assert grid.partial
    assert len(grid) == 0
    # They are free again: a short sweep ends, which waited for hours otherwise.
    again = synqc.sweep(experiment(), AXES, shots=50, seed=1, executor=executor)
    assert not again.partial


def test_a_stopped_sweep_on_an_executor_keeps_finished_points(pool):
    stop, seen = synqc.StopFlag(), []

    def progress(done, total):
        seen.append(done)
        if done == 2:
            stop.stop()

    grid = synqc.sweep(
        experiment(),
        slow_axes(2000),
        shots=20_000,
        seed=1,
        executor=pool,
        stop=stop,
        progress=progress,
        max_in_flight=2,
    )
    assert grid.partial
    assert np.isfinite(grid["fidelity"]).sum() == len(grid) == seen[-1] >= 2
    whole = synqc.sweep(experiment(), {"probe_strength": [next(iter(grid))["probe_strength"]]}, shots=20_000, seed=1)
    assert grid.at(**next(iter(grid))) == whole.at(**next(iter(grid)))


def killing_rule(folder, times):
    """A rule that ends its process, as often as it is told to, and afterwards does nothing."""
    return functools.partial(end_process, folder, times)


def end_process(folder, times, batch):
    for number in range(times):
        try:
            os.close(os.open(f"{folder}/{number}", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            continue
        os.kill(os.getpid(), signal.SIGKILL)


def idle_rule(batch):
    return None


@pytest.mark.parametrize("kind", ["processes", "factory", pytest.param("loky", marks=pytest.mark.deep)])
def test_a_sweep_goes_on_where_a_worker_is_killed(kind, tmp_path):
    axes = {"adaptive_rule": [idle_rule, killing_rule(tmp_path, 1)], "probe_strength": [k / 20 for k in range(10)]}
    if kind == "loky":
        loky = pytest.importorskip("joblib.externals.loky", reason="needs joblib")
        executor = loky.get_reusable_executor(max_workers=2)
    else:
        executor = processes(2) if kind == "processes" else functools.partial(processes, 2)
    grid = synqc.sweep(experiment(), axes, shots=50, seed=3, executor=executor)
    assert not grid.partial
    assert os.listdir(tmp_path) == ["0"]  # it was killed
    same = synqc.sweep(experiment(), {**axes, "adaptive_rule": [idle_rule]}, shots=50, seed=3)
    np.testing.assert_array_equal(grid["backaction"][0], same["backaction"][0])


def test_a_point_that_ends_every_worker_is_left_out_and_the_others_are_kept(tmp_path):
    axes = {"adaptive_rule": [idle_rule, killing_rule(tmp_path, 99)], "probe_strength": [0.1]}
    with pytest.warns(RuntimeWarning, match="1 calls were left out"):
        grid = synqc.sweep(experiment(), axes, shots=50, seed=3, executor=functools.partial(processes, 2))
    assert grid.partial
    assert np.isfinite(grid["fidelity"]).tolist() == [[True], [False]]


class BreakingExecutor:
    """Does so many calls, then is broken for good; nobody knows how it was made."""

    def __init__(self, calls):
        self.left = calls

    def submit(self, function, *arguments):
        if self.left == 0:
            raise BrokenExecutor("it is broken")
        self.left -= 1
        future = Future()
        future.set_result(function(*arguments))
        return future


def test_finished_points_of_an_executor_that_cannot_be_replaced_are_kept():
    with pytest.warns(RuntimeWarning, match="cannot be replaced"):
        grid = synqc.sweep(experiment(), AXES, shots=50, seed=1, executor=BreakingExecutor(2), max_in_flight=1)
    assert grid.partial
    assert len(grid) >= 2
    with pytest.raises(BrokenExecutor):
        synqc.sweep(experiment(), AXES, shots=50, seed=1, executor=BreakingExecutor(0))


def test_an_executor_that_breaks_every_time_is_given_up(tmp_path):
    made = []

    def make():
        made.append(BreakingExecutor(0))
        return made[-1]

    with pytest.raises(BrokenExecutor):
        synqc.sweep(experiment(), AXES, shots=50, seed=1, executor=make)
    assert 1 < len(made) < 10


def test_an_error_of_a_point_is_told(pool):
    with pytest.raises(ZeroDivisionError):
        synqc.sweep(experiment(adaptive_rule=divide), {"probe_strength": [0.1]}, shots=50, seed=1, executor=pool)


def divide(batch):
    return 1 / 0


def test_nothing_is_left_in_the_folder_of_temporary_files(pool, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.import_module("tempfile"), "tempdir", str(tmp_path))
    synqc.sweep(experiment(), AXES, shots=50, seed=1, executor=pool)
    wait_until(lambda: not os.listdir(tmp_path))


def test_rows_of_a_large_grid_take_what_a_plan_says():
    from synqc.cluster.sweep_plan import _BYTES_OF_A_ROW
    from synqc.lab.sweep import Rows

    rows = Rows((1000, 1000))
    assert rows._numbers.nbytes + rows._is_there.nbytes == 1_000_000 * _BYTES_OF_A_ROW
