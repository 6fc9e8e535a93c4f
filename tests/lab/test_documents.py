"""Experiments and runs as JSON documents: what is written reads back, and what is refused is shown its place."""

import json

import pytest

import synqc
from synqc import _core
from synqc.errors import DocumentError

EXPERIMENTS = [
    synqc.Experiment(),
    synqc.Experiment("ibm_fez", probe_strength=0.31, adaptive_rule="kalman", device_seed=2**64 - 1, drift="none"),
    synqc.Experiment(synqc.device("fluxonium-pilot").replace(t2_us=80.0), qubits=2, envelope="samples",
                     samples=[1, 0.5 - 0.25j], interpolate_samples=True),
    synqc.Experiment("ion-chain", target="aws-braket", levels=2, decision_latency_ns=4000, probe_mapping="pulse"),
]  # fmt: skip


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=range(len(EXPERIMENTS)))
def test_an_experiment_reads_back_equal_and_runs_the_same(experiment):
    again = synqc.Experiment.from_json(experiment.to_json())
    assert again.to_dict() == experiment.to_dict()
    assert again.run(200, seed=3).to_dict() == experiment.run(200, seed=3).to_dict()


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=range(len(EXPERIMENTS)))
def test_the_core_reads_the_request_that_python_makes(experiment):
    read = _core.read_experiment(
        experiment.to_json(), lambda name: synqc.device(name)._handle, _core.PropagatorCache(1)
    )
    arguments = (300, 2, 11, False, False, 0, None, None, None, None, None)
    there, _ = read.run(*arguments)
    here, _ = experiment._core.run(*arguments)
    assert _core.run_document(there) == _core.run_document(here)


def test_every_argument_of_an_experiment_is_read():
    known = set(synqc.Experiment().to_dict())
    with pytest.raises(DocumentError) as refusal:
        synqc.Experiment.from_json('{"no_such_argument": 1}')
    listed = {name for name in known if name in str(refusal.value)}
    assert listed == known


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ('{"probe_strength": 2}', "probe_strength"),
        ('{"preset": "nowhere"}', "(at $.preset)"),
        ('{"drift": [{"kind": "one-over-f"}]}', "(at $.drift[0]."),
        ('{"preset": {"device": 5}}', "(at $.preset.device)"),
        ('{"probe_strength": 0.1', "$"),
        (b"\xff{}", "$"),
        ("[]", "$"),
        ('{"qubits": 1e400}', "$"),
    ],
)
def test_a_refusal_names_the_place(document, path):
    with pytest.raises(DocumentError) as refusal:
        synqc.Experiment.from_json(document)
    assert path in str(refusal.value)


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=range(len(EXPERIMENTS)))
def test_a_run_written_by_the_core_equals_its_dict(experiment):
    run = experiment.run(150, iterations=2, seed=5)
    assert json.loads(run.to_json()) == run.to_dict()


def test_a_run_read_from_a_file_is_written_the_same(tmp_path):
    run = synqc.Experiment(qubits=2).run(100, seed=5)
    again = synqc.load(run.save(tmp_path / "run"))
    assert json.loads(again.to_json()) == json.loads(run.to_json())
