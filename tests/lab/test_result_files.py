"""Runs and sweeps in files of every form: read back equal, whole or not at all, readable by what others use."""

import functools
import math
import random

import numpy as np
import pytest

import synqc
from synqc.errors import DocumentError, InputError
from synqc.lab.result_files import SUFFIXES

PACKAGES = {".nc": "h5netcdf", ".h5": "h5netcdf", ".hdf5": "h5netcdf", ".zarr": "zarr", ".parquet": "pyarrow"}


@pytest.fixture(params=SUFFIXES)
def suffix(request):
    if (package := PACKAGES.get(request.param)) is not None:
        pytest.importorskip(package, reason="this form of file needs it")
    return request.param


@functools.cache
def run():
    return synqc.Experiment("ibm_fez", qubits=2, probe_bins=3).run(40, iterations=2, seed=1, keep_records=True)


@functools.cache
def grid():
    axes = {
        "probe_strength": [0.1, 0.7],
        "target": ["sim-local", "ionq"],
        "t1_us": [None, 200.0],
        "preset": [synqc.device("ibm_fez"), "ion-chain"],
    }
    return synqc.sweep(synqc.Experiment(qubits=1), axes, shots=20, seed=3, progress=False)


RESULTS = {
    "run": run,
    "without bits": lambda: synqc.Experiment(qubits=1).run(20, seed=1, keep_bits=False),
    "one shot": lambda: synqc.Experiment(qubits=1).run(1, seed=1, keep_records=True),
    "own rule": lambda: synqc.Experiment(qubits=1, adaptive_rule=lambda batch: None).run(20, seed=1),
    "a device of one's own": lambda: synqc.Experiment(synqc.device("ibm_fez").replace(name="mine")).run(20, seed=1),
    "sweep": grid,
}


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_is_read_back_equal(name, suffix, tmp_path):
    result = RESULTS[name]()
    path = result.save(tmp_path / f"result{suffix}")
    assert path == tmp_path / f"result{suffix}"
    again = synqc.load(path)
    if name == "own rule":  # which no file can hold
        assert again.to_dict() == result.to_dict()
        assert np.array_equal(again.bits, result.bits)
    else:
        assert again == result
        assert synqc.load(again.save(tmp_path / f"again{suffix}")) == result


def test_a_file_takes_the_place_of_a_former_one_and_leaves_nothing_beside(suffix, tmp_path):
    first, second = run(), run().experiment.run(30, seed=2)
    first.save(tmp_path / f"run{suffix}")
    second.save(tmp_path / f"run{suffix}")
    assert synqc.load(tmp_path / f"run{suffix}") == second
    assert [path.name for path in tmp_path.iterdir()] == [f"run{suffix}"]


def test_what_cannot_be_written_leaves_the_former_file(suffix, tmp_path, monkeypatch):
    path = run().save(tmp_path / f"run{suffix}")
    other = run().experiment.run(30, seed=2)
    monkeypatch.setattr(type(other.experiment), "to_dict", lambda self: {"preset": object()})
    with pytest.raises(TypeError):
        other.save(path)
    monkeypatch.undo()
    assert synqc.load(path) == run()
    assert len(list(tmp_path.iterdir())) == 1


def test_a_damaged_file_is_a_document_error_or_the_same_result(suffix, tmp_path, seed):
    if suffix == ".zarr":
        pytest.skip("is a folder of many files, each of which may be missing for good reasons")
    dice = random.Random(seed)
    whole = run().save(tmp_path / f"run{suffix}").read_bytes()
    path = tmp_path / f"damaged{suffix}"
    refused = 0
    for turn in range(25):
        path.write_bytes(whole[: dice.randrange(len(whole))])
        try:
            assert synqc.load(path) == run()
        except DocumentError:
            refused += 1
        except BaseException as error:
            pytest.fail(f"seed {seed}, turn {turn}: {error!r}")
    assert refused > 20, seed


def test_a_file_of_something_else_is_refused(suffix, tmp_path):
    path = tmp_path / f"other{suffix}"
    if suffix == ".zarr":
        path.mkdir()
    else:
        path.write_bytes(b"something else")
    with pytest.raises(DocumentError, match=f"other.{suffix[1:]} is not readable as one"):
        synqc.load(path)


@pytest.mark.parametrize("name", ["grid.csv", "grid.NC", "grid.npz.gz"])
def test_a_sweep_under_an_unknown_suffix_is_refused_with_the_known_ones(name, tmp_path):
    with pytest.raises(InputError, match=r"end with \.npz, \.nc, \.h5, \.hdf5, \.zarr or \.parquet, but is"):
        grid().save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_sweep_that_was_stopped_is_read_back_as_far_as_it_came(suffix, tmp_path):
    stop = synqc.StopFlag()
    axes = {"probe_strength": [0.1, 0.2, 0.3]}
    cut = synqc.sweep(
        synqc.Experiment(qubits=1), axes, shots=20, seed=1, stop=stop, progress=lambda done, total: stop.stop()
    )
    again = synqc.load(cut.save(tmp_path / f"cut{suffix}"))
    assert again == cut
    assert again.partial
    assert len(again) == len(list(again)) == 1


def test_others_read_netcdf_and_hdf5(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(run().save(tmp_path / "run.h5")) as file:
        assert file["bits"].shape == (2, 2, 40)
        assert file["detuning_khz"].attrs["units"] in ("kHz", b"kHz")
        assert np.array_equal(file["records"][()], run().records)
    xarray = pytest.importorskip("xarray")
    with xarray.open_dataset(grid().save(tmp_path / "grid.nc"), engine="h5netcdf") as dataset:
        assert dataset["fidelity"].dims == ("probe_strength", "target", "t1_us", "preset")
        assert np.array_equal(dataset["fidelity"], grid()["fidelity"])
        assert math.isnan(dataset["t1_us"][0])


def test_others_read_parquet(tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pandas.read_parquet(run().save(tmp_path / "run.parquet"))
    assert frame["fidelity"].tolist() == run().fidelity_series[0].ravel().tolist()
    assert np.array_equal(np.stack(frame["bits"]).reshape(run().bits.shape), run().bits)
    table = pandas.read_parquet(grid().save(tmp_path / "grid.parquet"))
    assert table["fidelity"].tolist() == grid()["fidelity"].ravel().tolist()


def test_a_run_as_a_table_says_what_its_history_says():
    pytest.importorskip("pandas")
    frame = run().to_pandas()
    for (iteration, qubit), row in frame.iterrows():
        here = run().history[iteration].qubits[qubit]
        assert (row["fidelity"], row["fidelity_error"]) == tuple(here.fidelity)
        assert row["success"] == here.success.value
        assert row["detuning_khz"] == here.detuning_khz
        assert row["shots"] == 40
        assert row["device_time_s"] == run().history[iteration].device_time_s
    assert frame.attrs["seed"] == 1


def test_a_sweep_as_a_table_says_what_its_points_say():
    pytest.importorskip("pandas")
    frame = grid().to_pandas()
    assert len(frame) == len(grid()) == 16
    for (_, row), point in zip(frame.iterrows(), grid(), strict=True):
        here = grid().at(**point)
        assert (row["probe_strength"], row["target"]) == (point["probe_strength"], point["target"])
        for name, figure in here.items():
            assert (row[name], row[f"{name}_error"]) == (figure.value, figure.standard_error), (point, name)
    assert frame["shots_used"].dtype == np.int64
