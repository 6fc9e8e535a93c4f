"""Trackers in the full experiment: the right fringe, honest deviations, and nothing done before they know."""

from types import SimpleNamespace

import numpy as np
import pytest

import synqc

RULES = ("kalman", "bayes")


def runs_that_ended_off(rule, *, runs, seed):
    """Offsets of 250 to 1500 kHz either way, where 100 kHz are expected, after 300 calibration shots.

    Who was locked on a detuning that is not there, and who was not locked yet: few acquisitions begin so unluckily that
    300 shots are not enough, and those must know it.
    """
    draw = np.random.default_rng(seed)
    experiment = synqc.Experiment("ibm_fez", qubits=1, probe_strength=0.2, probe_duration_ns=1000.0, adaptive_rule=rule)
    wrong, late = [], []
    for number in range(runs):
        offset = draw.uniform(250, 1500) * draw.choice([-1, 1])
        here = experiment.replace(detuning_khz=offset, device_seed=number)
        run = here.run(shots=1000, iterations=3, seed=number, keep_bits=False, progress=False)
        assert run.shots_used == 3000
        last = run.history[-1].qubits[0]
        if last.tracker_locked and float(run.fidelity) < 0.9:
            wrong.append((number, offset, float(run.fidelity)))
        if not last.tracker_locked:
            late.append(number)
            after = here.run(shots=1000, iterations=8, seed=number, keep_bits=False, progress=False)
            if not any(batch.qubits[0].tracker_locked for batch in run.history):
                assert last.settings["drive_correction_khz"] == 0, f"seed {number} of {seed}"
            assert float(after.fidelity) > 0.9, f"seed {number} of {seed}"
    return wrong, late


@pytest.mark.parametrize("rule", RULES)
def test_no_tracker_ends_on_a_wrong_fringe(rule):
    seed = 1500
    assert runs_that_ended_off(rule, runs=40, seed=seed) == ([], []), f"seed {seed}"


@pytest.mark.deep
@pytest.mark.parametrize("rule", RULES)
def test_no_tracker_of_many_ends_on_a_wrong_fringe(rule):
    seed = 1501
    wrong, late = runs_that_ended_off(rule, runs=10_000, seed=seed)
    assert wrong == [], f"seed {seed}"
    # Some doubt their lock just then, nearly all with the right one: 15 of 10,000 by `kalman`, 8 by `bayes`.
    assert len(late) <= 35, f"seed {seed}"


@pytest.mark.parametrize("rule", RULES)
def test_no_tracker_corrects_the_drive_before_it_is_locked(rule):
    seed = 200
    for device_seed in range(12):
        run = synqc.Experiment(adaptive_rule=rule, device_seed=device_seed).run(shots=200, iterations=4, seed=seed)
        for batch in run.history:
            for qubit in batch.qubits:
                correction = qubit.settings["drive_correction_khz"]
                if qubit.tracker_locked:
                    assert abs(correction - qubit.true_detuning_khz) < 60, f"seeds {seed}, {device_seed}"
                elif batch is run.history[0]:
                    assert correction == 0, f"seeds {seed}, {device_seed}"


FAST = [{"kind": "ornstein-uhlenbeck", "sigma_khz": 30.0, "correlation_time_s": 3.0}]


@pytest.mark.parametrize(("drift", "batches", "from_batch"), [(None, 60, 10), (FAST, 100, 20)], ids=["preset", "fast"])
@pytest.mark.parametrize("rule", RULES)
def test_a_tracker_errs_by_about_what_it_says(rule, drift, batches, from_batch):
    seed = 3
    run = synqc.Experiment(
        detuning_khz=250.0, amplitude_error=0.0, drift=drift, probe_duration_ns=1000.0, qubits=4, adaptive_rule=rule
    ).run(shots=1000, iterations=batches, seed=seed, progress=False)
    scores = [
        (qubit.detuning_khz - qubit.true_detuning_khz) / qubit.detuning_deviation_khz
        for batch in run.history[from_batch:]
        for qubit in batch.qubits
    ]
    # Of the preset's jumps the run may see none: the tracker reckons with them all the same.
    assert 0.5 < float(np.sqrt(np.mean(np.square(scores)))) < 1.4, f"seed {seed}"
    innovations = [qubit.normalised_innovation for batch in run.history[from_batch:] for qubit in batch.qubits]
    assert 0.6 < np.mean(innovations) < 1.5, f"seed {seed}"
    assert run.tracker_consistent, f"seed {seed}"


@pytest.mark.parametrize(
    ("locked", "innovations", "consistent"),
    [([True] * 3, [0.4, 1.0, 2.5], True), ([True] * 3, [0.4, 2.6, 1], False), ([True, True, False], [1, 1, 1], False)],
)
def test_a_run_is_consistent_where_every_tracker_is_locked_and_errs_as_it_says(locked, innovations, consistent):
    experiment = synqc.Experiment(adaptive_rule="kalman", qubits=3)
    iterations = experiment.run(shots=1000, iterations=2, seed=5)._raw.iterations
    for qubit, is_locked, innovation in zip(iterations[-1]["qubits"], locked, innovations, strict=True):
        qubit |= {"tracker_locked": is_locked, "normalised_innovation": innovation}
    for qubit in iterations[0]["qubits"]:
        qubit |= {"tracker_locked": not consistent, "normalised_innovation": 1.0 if not consistent else 9.0}
    run = synqc.Run(experiment, SimpleNamespace(iterations=iterations))
    assert run.tracker_consistent is consistent


@pytest.mark.parametrize("rule", RULES)
def test_a_run_whose_tracker_found_nothing_yet_says_so_and_the_next_goes_on(rule):
    seed = 41
    experiment = synqc.Experiment(
        "ibm_fez", qubits=1, probe_strength=0.2, probe_duration_ns=1000.0, adaptive_rule=rule, detuning_khz=700.0
    )
    early = experiment.run(shots=40, seed=seed)
    assert early.history[0].calibration_shots == 20
    assert early.history[0].qubits[0].settings["drive_correction_khz"] == 0
    assert early.tracker_consistent is False, f"seed {seed}"
    assert "locked on 0 of 1" in str(early)
    assert "inconsistent" not in str(early)
    later = experiment.run(shots=1000, iterations=4, seed=seed, resume_from=early)
    assert later.tracker_consistent, f"seed {seed}"
    last = later.history[-1].qubits[0]
    assert abs(last.settings["drive_correction_khz"] - last.true_detuning_khz) < 10, f"seed {seed}"


def test_innovations_stand_in_the_run_its_document_and_its_card():
    run = synqc.Experiment(adaptive_rule="kalman", qubits=2).run(shots=1000, iterations=3, seed=5)
    last = run.history[-1].qubits
    assert all(qubit.normalised_innovation > 0 for qubit in last)
    written = synqc.json.loads(run.to_json())["iterations"][-1]["qubits"]
    assert [qubit["normalised_innovation"] for qubit in written] == [qubit.normalised_innovation for qubit in last]
    assert "locked on 2 of 2" in str(run)
    untracked = synqc.Experiment(qubits=1).run(shots=100, seed=5)
    assert untracked.tracker_consistent is None
    assert untracked.history[-1].qubits[0].normalised_innovation == 0
    assert "tracker" not in str(untracked)
