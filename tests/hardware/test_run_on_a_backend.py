"""`Experiment.run(on=)` and `synqc run --on`: a backend's figures are a Run like any other."""

import json
import math

import numpy as np
import pytest
from qiskit_ibm_runtime.fake_provider import FakeManilaV2

import synqc
from synqc.cli import main
from synqc.errors import InputError, UnknownName
from synqc.hardware.ibm import IbmBackend


@pytest.fixture(scope="module")
def run():
    asked = synqc.Experiment(probe_strength=0.4, qubits=2)
    manila = IbmBackend(FakeManilaV2(), pairs=[(0, 1), (4, 3)])
    return asked.run(200, seed=5, on=manila, keep_records=True)


def test_a_backends_run_has_every_figure(run):
    assert run.emulated
    assert run.backend["name"] == "ibm:fake_manila"
    assert abs(float(run.fidelity) - 0.94) < 5 * run.fidelity.standard_error + 0.03
    assert float(run.success) == float(run.fidelity) == float(run.objective_score)
    assert float(run.backaction) == pytest.approx((1 - math.sqrt(0.84)) / 2)
    assert float(run.latency_us) == pytest.approx(sum(run.latency_terms.values()))
    assert run.probe.eps_pulse == pytest.approx(0.4)
    assert run.bits.shape == (1, 2, 200)
    assert run.records.shape == (1, 2, 200, 1)
    assert set(np.unique(run.records)) == {-1.0, 1.0}
    assert float(run.p1[0]) == run.bits[0, 0].mean()
    assert run.history[0].qubits[1].mean_record.value == pytest.approx(run.records[0, 1].mean())


def test_a_backends_run_is_saved_shown_and_drawn(run, tmp_path):
    again = synqc.load(run.save(tmp_path / "run.npz"))
    assert again == run
    assert again.emulated
    assert again.backend == run.backend
    assert str(run).startswith("circuit on ibm:fake_manila  [emulated]")
    assert json.loads(run.to_json())["backend"]["layout"] == [[0, 1], [4, 3]]
    for kind in ("summary", "latency", "history"):
        assert "ibm:fake_manila (emulated)" in str(run.plot(kind).layout.title)


@pytest.mark.parametrize("kind", ["records", "bloch"])
def test_a_picture_that_simulates_anew_is_not_passed_off_as_a_backends(run, kind):
    with pytest.raises(InputError, match="which simulates anew, for a run that ibm:fake_manila played"):
        run.plot(kind)


def test_the_same_seed_gives_the_same_run():
    asked = synqc.Experiment(probe_strength=0.4, qubits=1)
    one, other = (asked.run(50, seed=8, on="ibm:fake_manila") for _ in range(2))
    assert one == other


def test_figures_that_nobody_measured_are_no_numbers():
    run = synqc.Experiment(qubits=1, second_angle=1.0, objective="minimize-latency").run(50, seed=8, on="ibm:aer")
    assert math.isnan(float(run.fidelity))
    assert math.isnan(float(run.objective_score))
    assert 0 < float(run.success) < 1


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"on": "fake_manila"}, UnknownName, "`on` must be"),
        ({"on": "ibm:fake_manilla"}, UnknownName, "near it: 'fake_manila'"),
        ({"on": "imb:fake_manila"}, UnknownName, "near it: ibm"),
        ({"on": "braket:braket_md"}, UnknownName, "`on` must be .*near it: braket:braket_dm"),
        ({"on": "ibm:"}, UnknownName, "`on` must be"),
        ({"on": "ionq:simulator"}, InputError, "takes a job"),
        ({"on": "braket:arn:aws:braket:::device/qpu/x"}, InputError, "takes a job"),
        ({"on": 7}, InputError, "`on` must be a name or an adapter of synqc.hardware, but is int"),
        ({"on": "ibm:aer", "iterations": 2}, InputError, "`iterations` must be 1"),
    ],
)
def test_what_no_backend_can_play_is_refused(options, error, words):
    with pytest.raises(error, match=words):
        synqc.Experiment(qubits=1).run(10, **options)


def test_a_run_is_not_resumed_on_a_backend(run):
    with pytest.raises(InputError, match="`resume_from` must be None"):
        synqc.Experiment(qubits=1).run(10, on="ibm:aer", resume_from=run)


def test_a_machine_is_not_played_here():
    machine = IbmBackend(FakeManilaV2())
    object.__setattr__(machine.capabilities, "emulated", False)
    with pytest.raises(InputError, match="submit a job"):
        synqc.Experiment(qubits=1).run(10, on=machine)


def test_the_command_runs_on_a_backend(capsys):
    arguments = ["run", "--on", "ibm:fake_manila", "--qubits", "1", "--shots", "50", "--seed", "3", "--json", "--quiet"]
    assert main(arguments) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["emulated"] is True
    assert document["backend"]["name"] == "ibm:fake_manila"
