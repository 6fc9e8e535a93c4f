"""Runs are values: pickled, copied, compared by content, saved under the one suffix that holds all of them."""

import copy
import json
import multiprocessing
import pickle

import pytest

import synqc
from synqc.errors import DocumentError, InputError

EXPERIMENT = synqc.Experiment(qubits=2, probe_bins=3)


def made(seed, **arguments):
    return EXPERIMENT.replace(**arguments).run(60, seed=seed, keep_records=True)


@pytest.fixture(scope="module")
def run():
    return made(1)


def test_a_pickled_run_is_the_run(run):
    again = pickle.loads(pickle.dumps(run))
    assert again == run
    assert again.fidelity == run.fidelity
    assert (again.bits == run.bits).all()
    assert (again.records == run.records).all()
    assert again.interrupted is False
    assert pickle.loads(pickle.dumps(again)) == run


def test_a_figure_that_is_no_number_is_equal_to_itself():
    one = synqc.Experiment(qubits=1).run(1, seed=1)
    assert pickle.loads(pickle.dumps(one)) == one


def test_processes_return_runs(run):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(made, (1,)) == run


def test_a_copy_is_the_run(run):
    assert copy.copy(run) is run
    assert copy.deepcopy([run])[0] is run


@pytest.mark.parametrize("other", [lambda: made(2), lambda: made(1, probe_strength=0.3)])
def test_other_runs_are_unequal(run, other):
    assert run != other()


def test_equal_runs_are_one_in_a_set(run):
    again = made(1)
    assert run == again
    assert {run, again} == {run}
    assert run != "run"


def test_records_count(run):
    assert EXPERIMENT.run(60, seed=1) != run


def test_a_pickle_that_was_damaged_is_refused(run):
    rebuild, (experiment, content, interrupted) = run.__reduce__()
    with pytest.raises(DocumentError):
        rebuild(experiment, content[:-100], interrupted)


def test_a_file_is_found_by_the_name_it_was_saved_under(run, tmp_path):
    assert synqc.load(run.save(tmp_path / "run")) == run
    assert synqc.load(tmp_path / "run") == run
    with pytest.raises(FileNotFoundError, match=r"other\.npz"):
        synqc.load(tmp_path / "other")


@pytest.mark.parametrize("name", ["run.json", "run.csv", "run.npz.old", "run.NPZ"])
def test_another_suffix_is_refused_and_nothing_written(run, tmp_path, name):
    with pytest.raises(InputError, match=r"`path` must end with \.npz, \.nc, \.h5, \.hdf5, \.zarr or \.parquet"):
        run.save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_named(run, tmp_path):
    with pytest.raises(FileNotFoundError) as refused:
        run.save(tmp_path / "nowhere" / "run")
    assert refused.value.filename == str(tmp_path / "nowhere")


def test_an_interrupted_run_stays_so(run):
    stopped = synqc.lab.run.Run(run.experiment, run._raw, interrupted=True)
    assert pickle.loads(pickle.dumps(stopped)).interrupted is True
    assert json.loads(stopped.to_json())["seed"] == run.seed
