"""What a run holds and hands on: arrays with nothing missing, files and datasets field by field."""

import dataclasses
import io
import os

import numpy as np
import pytest

import synqc
from synqc.lab.estimate import Estimate

ARRAYS = ("bits", "records", "records_quadrature", "record_moments")
RECORDS = ARRAYS[1:]


@pytest.fixture(scope="module")
def run():
    """Iterations, qubits and quadratures all differ; errors are unlike values."""
    experiment = synqc.Experiment(
        qubits=2, adaptive_rule="kalman", detuning_khz=150.0, probe_bins=3, probe_strength=0.5, levels=3
    )
    return experiment.run(300, iterations=3, seed=8, keep_records=True)


@pytest.mark.parametrize("target", list(synqc.targets()))
@pytest.mark.parametrize("preset", list(synqc.presets()))
def test_no_promised_array_has_a_value_missing(preset, target):
    run = synqc.Experiment(preset, target=target, qubits=2).run(50, seed=1, keep_records=True)
    for name in ARRAYS:
        assert np.isfinite(getattr(run, name)).all(), name
    assert set(np.unique(run.bits)) <= {0, 1}


@pytest.mark.parametrize(
    "arguments",
    [{"probe_strength": 0.0}, {"probe_duration_ns": 0.0}, {"levels": 4}, {"adaptive_rule": "bayes"},
     {"adaptive_rule": "rl"}, {"target": "classical-only"}, {"efficiency": 0.1}],
    ids=str,
)  # fmt: skip
def test_every_bin_of_every_kind_of_probe_is_there(arguments):
    run = synqc.Experiment(**{"qubits": 2, "probe_bins": 5, **arguments}).run(300, seed=1, keep_records=True)
    for name in RECORDS:
        values = getattr(run, name)
        assert values.shape[3] == 5
        assert np.isfinite(values).all(), name
    probed = not {"probe_strength", "probe_duration_ns"} & set(arguments)
    assert (np.ptp(run.records, axis=2) > 0).all() == probed
    assert (np.ptp(run.records_quadrature, axis=2) > 0).all() == probed


def test_a_rule_on_records_leaves_no_bin_out():
    class Rule:
        def second_angle_corrections(self, qubit, records):
            return 0.1 * records.mean(axis=1)

    run = synqc.Experiment(qubits=2, probe_bins=2, adaptive_rule=Rule()).run(100, seed=1, keep_records=True)
    for name in RECORDS:
        assert np.isfinite(getattr(run, name)).all(), name


@pytest.mark.parametrize("target", ["sim-local", "classical-only"])
def test_the_quadrature_of_two_levels_is_noise_of_its_own_with_the_records_spread(target):
    experiment = synqc.Experiment(
        target=target, qubits=2, levels=2, probe_bins=4, first_angle=0.0, probe_strength=0.5, thermal_population=0.0
    )
    run = experiment.run(20_000, seed=11, keep_records=True)
    in_phase, other = run.records[0], run.records_quadrature[0]
    deviation = np.sqrt(4 / run.probe.s)  # of a bin that holds a quarter of the dose
    error = deviation / np.sqrt(20_000)
    assert np.abs(other.mean(axis=1)).max() < 5 * error
    assert np.abs(in_phase.mean(axis=1) - 1).max() < 5 * error + 0.02
    np.testing.assert_allclose(other.std(axis=1), deviation, rtol=0.03)
    np.testing.assert_allclose(in_phase.std(axis=1), deviation, rtol=0.03)
    draws = [other[qubit, :, k] for qubit in range(2) for k in range(4)]
    draws += [in_phase[qubit, :, k] for qubit in range(2) for k in range(4)]
    together = np.abs(np.corrcoef(draws) - np.eye(16))
    assert together.max() < 5 / np.sqrt(20_000) + 0.01


def test_keeping_the_quadrature_changes_no_other_number():
    experiment = synqc.Experiment(qubits=2, probe_strength=0.5, adaptive_rule="bayes")
    kept, not_kept = (experiment.run(300, seed=3, keep_records=keep) for keep in (True, False))
    assert kept.bits.tobytes() == not_kept.bits.tobytes()
    assert kept.to_json() == not_kept.to_json()


def test_an_ancillas_outcome_is_one_real_number():
    run = synqc.Experiment(qubits=2, target="ibm-qpu", probe_strength=0.5).run(200, seed=1, keep_records=True)
    assert set(np.unique(run.records)) == {-1.0, 1.0}
    assert (run.records_quadrature == 0).all()
    assert (run.record_moments == 0).all()


def test_quadratures_and_moments_are_unlike_records(run):
    """What the tests below rely on."""
    arrays = [getattr(run, name).ravel() for name in RECORDS]
    for k, array in enumerate(arrays):
        for other in arrays[k + 1 :]:
            assert np.mean(array == other) < 0.01


def leaves_of(value, path=""):
    """Every number and word of nested dataclasses, tuples and dicts with the way to it."""
    if dataclasses.is_dataclass(value):
        for item in dataclasses.fields(value):
            yield from leaves_of(getattr(value, item.name), f"{path}.{item.name}")
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from leaves_of(part, f"{path}.{name}")
    elif isinstance(value, tuple):
        for k, part in enumerate(value):
            yield from leaves_of(part, f"{path}[{k}]")
    else:
        yield path, value


def public(run):
    """Every public figure of a run, by reflection."""
    hidden = {"experiment", "carry", *ARRAYS}  # `carry` is a former name
    names = [name for name in dir(type(run)) if not name.startswith("_") and name not in hidden]
    return {name: value for name in names if not callable(value := getattr(run, name))}


def test_a_file_gives_back_every_field(run, tmp_path):
    again = synqc.load(run.save(tmp_path / "run"))
    assert again.experiment == run.experiment
    expected, found = public(run), public(again)
    assert {"fidelity", "success", "settings", "history", "continuous_information_bits", "checkpoint"} <= set(expected)
    for name in ("fidelity_series", "one_fraction_series"):
        for mine, theirs in zip(expected.pop(name), found.pop(name), strict=True):
            np.testing.assert_array_equal(mine, theirs, err_msg=name)
    assert dict(leaves_of(found)) == dict(leaves_of(expected))
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(again, name), getattr(run, name), err_msg=name)
    assert again.to_json() == run.to_json()


def test_a_loaded_run_shows_its_last_iteration(run, tmp_path):
    again = synqc.load(run.save(tmp_path / "run"))
    first, last = run.history[0], run.history[-1]
    assert first.success != last.success
    assert [qubit.settings for qubit in first.qubits] != [qubit.settings for qubit in last.qubits]
    assert again.success == last.success
    assert again.fidelity == last.fidelity
    assert list(again.settings) == [qubit.settings for qubit in last.qubits]
    assert again.p1 == tuple(qubit.one_fraction for qubit in last.qubits)


def test_a_file_of_version_0_1_0_still_opens(run, tmp_path):
    """Its estimates had no skewness, and its probe one member more."""
    import json

    path = run.save(tmp_path / "run.npz")
    with np.load(path) as file:
        arrays = dict(file)

    def cut(value):
        if isinstance(value, dict):
            return {name: cut(part) for name, part in value.items()}
        if isinstance(value, list):
            is_estimate = len(value) == 3 and all(isinstance(part, float) for part in value)
            return value[:2] if is_estimate else [cut(part) for part in value]
        return value

    document = json.loads(arrays["document"].tobytes())
    carry = document["run"]["carry"]
    document["run"] = cut(document["run"])
    document["run"]["carry"] = carry
    document["run"]["probe"]["information_by_monte_carlo"] = True
    arrays["document"] = np.frombuffer(json.dumps(document).encode(), dtype=np.uint8)
    np.savez(path, **arrays)
    again = synqc.load(path)
    assert again.fidelity == Estimate(run.fidelity.value, run.fidelity.standard_error)
    assert again.probe == run.probe


def test_a_dataset_has_every_value_beside_its_error(run):
    pytest.importorskip("xarray", reason="needs the xarray extra")
    dataset = run.to_xarray()
    for name in ("fidelity", "one_fraction", "success", "mean_record"):
        figures = [[getattr(qubit, name) for qubit in iteration.qubits] for iteration in run.history]
        values = [[figure.value for figure in row] for row in figures]
        errors = [[figure.standard_error for figure in row] for row in figures]
        assert not np.isclose(values, errors).any()
        np.testing.assert_array_equal(dataset[name], values)
        np.testing.assert_array_equal(dataset[f"{name}_error"], errors)
    for name in ("detuning_khz", "detuning_deviation_khz", "true_detuning_khz"):
        expected = [[getattr(qubit, name) for qubit in iteration.qubits] for iteration in run.history]
        np.testing.assert_array_equal(dataset[name], expected)
    np.testing.assert_array_equal(dataset.device_time_s, [iteration.device_time_s for iteration in run.history])
    for name in ("backaction", "information_bits", "latency_us", "objective_score"):
        assert float(dataset[name]) == getattr(run, name).value
        assert float(dataset[f"{name}_error"]) == getattr(run, name).standard_error
    for name in ARRAYS:
        np.testing.assert_array_equal(dataset[name], getattr(run, name))
    assert (dataset.attrs["seed"], dataset.attrs["partial"]) == (8, 0)


def test_a_dataset_of_a_stopped_run_says_so():
    pytest.importorskip("xarray", reason="needs the xarray extra")
    stop = synqc.StopFlag()
    run = synqc.Experiment(qubits=1).run(
        500_000_000, seed=1, keep_bits=False, stop=stop, progress=lambda done, total: stop.stop() if done else None
    )
    assert run.partial
    assert run.to_xarray().attrs["partial"] == 1


def test_a_file_has_every_array_under_its_name(run, tmp_path):
    with np.load(run.save(tmp_path / "run")) as file:
        for stored, name in zip(("bits", "records_i", "records_q", "record_moments"), ARRAYS, strict=True):
            np.testing.assert_array_equal(file[stored], getattr(run, name))


def test_a_file_reaches_the_disk_before_it_gets_its_name(run, tmp_path, monkeypatch):
    done = []
    sync, replace = os.fsync, os.replace

    def recorded_sync(descriptor):
        status = os.fstat(descriptor)
        done.append(("synced", status.st_ino, status.st_size))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", recorded_sync)

    def recorded_replace(part, path):
        status = os.stat(part)
        done.append(("named", status.st_ino, status.st_size))
        replace(part, path)

    monkeypatch.setattr(os, "replace", recorded_replace)
    path = run.save(tmp_path / "run")
    whole = (path.stat().st_ino, path.stat().st_size)
    assert done == [("synced", *whole), ("named", *whole)]


def test_a_failed_save_leaves_what_was_there_and_nothing_else(run, tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    path.write_bytes(b"precious")

    def full_disk(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full_disk)
    with pytest.raises(OSError, match="No space"):
        run.save(path)
    assert os.listdir(tmp_path) == ["run.npz"]
    assert path.read_bytes() == b"precious"


def test_a_save_leaves_no_part_behind(run, tmp_path):
    run.save(tmp_path / "run")
    assert os.listdir(tmp_path) == ["run.npz"]


def test_the_services_file_of_records_has_both_quadratures():
    from synqc.apps.tds.engine import SynQcEngine, figures_of
    from synqc.apps.tds.models import RunConfiguration

    engine = SynQcEngine()
    config = RunConfiguration(
        hardware_target="sim-local", hardware_preset="transmon-default", drive_envelope="gaussian", probe_strength=0.4
    )
    result = engine.run(config, session_id="a session", seed=3, keep_records=True)
    replay = {
        "seed": 3, "batches": [[one.shots, one.iterations] for one in result.batches], "carry": None,
        "fidelity": figures_of(result.run)["fidelity"]["value"], "version": synqc.__version__,
    }  # fmt: skip
    with np.load(io.BytesIO(engine.records(config, "a session", replay))) as file:
        for name in ("bits", "records", "records_quadrature"):
            np.testing.assert_array_equal(file[name], getattr(result.run, name))
            assert np.isfinite(file[name]).all()
        assert np.mean(file["records"] == file["records_quadrature"]) < 0.01
