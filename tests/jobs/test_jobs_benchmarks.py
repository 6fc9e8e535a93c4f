"""Figures of jobs prove their answers before they say a speed."""

import pytest

from synqc.benchmarks.jobs import starting, submitting
from synqc.benchmarks.measurement import Setting, WrongAnswer
from synqc.jobs import Ledger

QUICK = Setting(repetitions=1, quick=True)


@pytest.mark.parametrize(
    "measure",
    [
        submitting.measure_submitting,
        submitting.measure_submitting_alone,
        starting.measure_starting,
        starting.measure_claim_of_many,
    ],
)
def test_they_are_measured_with_a_proof(measure):
    for figure in measure(QUICK).values():
        assert figure.value >= 0  # work may begin before the answer of its submission is heard
        assert figure.proof


def test_a_ledger_that_answers_without_storing_has_no_speed(monkeypatch):
    counts = Ledger.counts
    monkeypatch.setattr(Ledger, "counts", lambda ledger: {state: n - 1 for state, n in counts(ledger).items()})
    for measure in (submitting.measure_submitting, submitting.measure_submitting_alone):
        with pytest.raises(WrongAnswer):
            measure(QUICK)


def test_claims_in_the_wrong_order_have_no_speed(monkeypatch):
    claim = Ledger.claim
    monkeypatch.setattr(
        Ledger, "claim", lambda ledger, owner, room, **how: claim(ledger, owner, {"bench": 2}, **how)[1:]
    )
    with pytest.raises(WrongAnswer):
        starting.measure_claim_of_many(QUICK)
