"""What one run leaves to the next."""

import pytest

import synqc
from synqc.errors import InputError


def test_a_checkpoint_of_plain_numbers_goes_on_exactly_where_the_run_does():
    experiment = synqc.Experiment(adaptive_rule="kalman", qubits=2, detuning_khz=100)
    first = experiment.run(shots=600, iterations=3, seed=1)
    carried = synqc.Checkpoint.from_dict(first.checkpoint.to_dict())
    assert experiment.run(shots=300, seed=2, resume_from=carried).to_dict() == (
        experiment.run(shots=300, seed=2, resume_from=first).to_dict()
    )


def test_without_its_rule_the_device_goes_on_and_the_rule_starts_afresh():
    first = synqc.Experiment(adaptive_rule="bayes", qubits=1).run(shots=600, seed=1)
    other = synqc.Experiment(adaptive_rule="none", qubits=1)
    with pytest.raises(InputError, match="state"):
        other.run(shots=10, seed=2, resume_from=first)
    went_on = other.run(shots=10, seed=2, resume_from=first.checkpoint.without_rule())
    assert went_on.checkpoint.device_time_s > first.checkpoint.device_time_s
    afresh = other.run(shots=10, seed=2)
    assert went_on.history[0].qubits[0].true_detuning_khz != afresh.history[0].qubits[0].true_detuning_khz


@pytest.mark.parametrize("plain", [{}, {"device_time_s": 1.0, "controllers": "x", "drift": []}])
def test_what_is_no_checkpoint_is_refused(plain):
    with pytest.raises(InputError, match="device_time_s"):
        synqc.Checkpoint.from_dict(plain)


def test_a_checkpoint_of_another_register_is_refused():
    first = synqc.Experiment(qubits=2).run(shots=10, seed=1)
    with pytest.raises(InputError, match="qubits"):
        synqc.Experiment(qubits=3).run(shots=10, seed=1, resume_from=first.checkpoint)


def test_former_names_still_work_with_a_warning():
    experiment = synqc.Experiment(qubits=1)
    first = experiment.run(shots=10, seed=1)
    with pytest.warns(DeprecationWarning, match=r"Carry is called synqc\.Checkpoint now"):
        assert synqc.Carry is synqc.Checkpoint
    with pytest.warns(DeprecationWarning, match=r"Run\.checkpoint now"):
        assert first.carry == first.checkpoint
    with pytest.warns(DeprecationWarning, match=r"Run\.kpis\(\) now"):
        assert first.figures() == first.kpis()
    with pytest.warns(DeprecationWarning, match="`resume_from` now"):
        again = experiment.run(shots=10, seed=2, carry=first)
    assert again.to_dict() == experiment.run(shots=10, seed=2, resume_from=first).to_dict()
