"""Learners search what a shape has, and nothing it lacks."""

import pytest

import synqc
from synqc import _core

ENVELOPES = next(entry["choices"] for entry in _core.experiment_fields() if entry["name"] == "envelope")
LEARNERS = ("rl", "rl-reinforce", "nelder-mead", "random-search")
SAMPLES = [0.2, 0.8, 1.0, 0.8, 0.2]


@pytest.mark.parametrize("envelope", ENVELOPES)
@pytest.mark.parametrize("learner", LEARNERS)
def test_a_learner_moves_the_derivative_coefficient_exactly_of_shapes_that_have_one(learner, envelope):
    experiment = synqc.Experiment(
        envelope=envelope, samples=SAMPLES if envelope == "samples" else None, adaptive_rule=learner, qubits=1,
        probe_strength=0.0, detuning_khz=0.0,
    )  # fmt: skip
    # Whether the coefficient does anything is seen in the shape itself, not in its name.
    played = [experiment.replace(adaptive_rule="none", drag_beta=beta).run(shots=20, seed=1) for beta in (0.0, 2.0)]
    matters = float(played[0].fidelity) != float(played[1].fidelity)
    run = experiment.run(shots=2000, iterations=3, seed=2)
    moved = {batch.qubits[0].settings["drag_beta"] for batch in run.history} != {1.0}
    # Random search keeps the calibrated settings until a candidate beats them.
    assert moved == matters or (learner == "random-search" and not moved), "seed 2"


@pytest.mark.parametrize("changes", [{"levels": 2}, {"preset": "ion-chain"}])
def test_a_qubit_without_a_third_level_leaves_the_derivative_coefficient_alone(changes):
    run = synqc.Experiment(**{"adaptive_rule": "rl", "envelope": "drag-gaussian", "qubits": 1, **changes}).run(
        shots=2000, iterations=2, seed=3
    )
    assert {batch.qubits[0].settings["drag_beta"] for batch in run.history} == {1.0}, "seed 3"
