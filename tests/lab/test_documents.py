"""Experiments and runs as JSON documents: what is written reads back, and what is refused is shown its place."""

import json
import math

import numpy as np
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
        experiment.to_json(), lambda name: synqc.device(name)._handle, _core.CompiledSegments(1)
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


def test_a_telemetry_row_has_its_members_in_order_and_no_number_that_json_lacks():
    row = _core.telemetry_document("2026-01-01T00:00:00.000Z", 'a"b\n', 0.975, 12.0, math.nan, 836, math.inf)
    assert list(json.loads(row)) == [
        "timestamp", "provider", "fidelity", "latency_us", "backaction", "shots_used", "shot_rate"
    ]  # fmt: skip
    assert json.loads(row)["provider"] == 'a"b\n'
    assert json.loads(row)["backaction"] is None
    assert json.loads(row)["shot_rate"] is None


def test_numbers_are_written_as_they_are():
    seed = int(np.random.default_rng().integers(2**31))
    for value in np.random.default_rng(seed).integers(0, 2**63, 1000, dtype=np.uint64).view(np.float64):
        if math.isfinite(value):
            row = _core.telemetry_document("", "", value, 0, 0, 0, 0)
            assert json.loads(row)["fidelity"] == value, f"seed {seed}"
