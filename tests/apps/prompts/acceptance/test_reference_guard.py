"""Reference guard: planted wrong references are refused, and what it says of its own power is true."""

import random

import numpy as np
import pytest
from scipy.stats import betabinom, binom

from synqc.apps.prompts.acceptance import GuardTrial, ReferenceGuard, exact_share
from synqc.errors import InputError


def _trusts(guard, generator, agree_rate):
    agreements = 0
    for solves in range(1, guard.solves + 1):
        agreements += generator.random() < agree_rate
        decision = guard.decide(agreements, solves)
        if decision.choice != "continue":
            return decision.choice == "trust"
    raise AssertionError(guard)


def test_trust_is_the_tail_of_a_binomial_and_with_correlation_of_a_beta_binomial():
    for agree, solves in ((1, 1), (2, 3), (3, 5), (7, 20)):
        guard = ReferenceGuard(agree, solves)
        for rate in (0.05, 0.5, 0.9):
            assert guard.trust_probability(rate) == pytest.approx(binom.sf(agree - 1, solves, rate), rel=1e-9)
            for correlation in (0.1, 0.6):
                total = 1 / correlation - 1
                expected = betabinom.sf(agree - 1, solves, rate * total, (1 - rate) * total)
                assert guard.trust_probability(rate, correlation=correlation) == pytest.approx(expected, rel=1e-9)


def test_a_fifth_of_wrong_references_leaves_at_most_two_percent(seed):
    generator = random.Random(seed)
    guard = ReferenceGuard(agree=2, solves=3)
    rows = [generator.random() >= 0.2 for _ in range(4000)]
    # A solver is right in 85 % of cases, and makes the same mistake as a wrong reference in 5 %.
    trials = [GuardTrial(right, _trusts(guard, generator, 0.85 if right else 0.05)) for right in rows]
    trusted = [trial for trial in trials if trial.trusted]
    wrong = exact_share(sum(not trial.reference_is_right for trial in trusted), len(trusted))
    assert wrong.value <= 0.02, (seed, str(wrong))
    assert wrong.high <= 0.02, (seed, str(wrong))
    planned = guard.wrong_among_trusted(0.2, solver_accuracy=0.85, same_mistake=0.05)
    assert wrong.low <= planned <= wrong.high or abs(wrong.value - planned) < 0.003, seed


def test_the_report_tells_of_a_job_whose_references_nobody_knows(seed):
    covered = 0
    generator = random.Random(seed)
    guard = ReferenceGuard(agree=2, solves=3)
    runs = 60
    for _ in range(runs):
        trials = [GuardTrial(k % 2 == 0, _trusts(guard, generator, 0.8 if k % 2 == 0 else 0.15)) for k in range(300)]
        rows = [generator.random() >= 0.2 for _ in range(500)]
        trusted = [right for right in rows if _trusts(guard, generator, 0.8 if right else 0.15)]
        report = guard.report(trials, trusted=len(trusted), judged=len(rows))
        mean, low, high = report.wrong_among_trusted
        assert low <= mean <= high
        covered += low <= trusted.count(False) / len(trusted) <= high
    # At 95 % fewer than 50 of 60 would come about once in 100,000 times.
    assert covered >= 50, (seed, covered)
    assert "95%" in str(report)


def test_a_report_without_trials_claims_nothing():
    report = ReferenceGuard().report([], trusted=5, judged=10)
    assert report.power.value is None
    assert (report.power.low, report.power.high) == (0, 1)
    assert report.wrong_among_trusted is None
    assert "unknown (no cases)" in str(report)


def test_a_report_is_the_same_for_the_same_counts():
    trials = [GuardTrial(k % 3 > 0, k % 5 > 0) for k in range(60)]
    reports = [ReferenceGuard().report(trials, trusted=40, judged=50) for _ in range(2)]
    assert reports[0] == reports[1]


def test_exact_limits_enclose_the_truth_at_least_as_often_as_they_say():
    for share, of in ((0.02, 50), (0.3, 20), (0.9, 35)):
        weights = binom.pmf(np.arange(of + 1), of, share)
        covered = sum(
            weight
            for count, weight in enumerate(weights)
            if exact_share(count, of).low <= share <= exact_share(count, of).high
        )
        assert covered >= 0.95


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ReferenceGuard(3, 2), "`agree` must be between 1 and 2, but is 3"),
        (lambda: ReferenceGuard(1, 0), "`solves` must be between 1 and 100, but is 0"),
        (lambda: ReferenceGuard().report([(True, True)]), "`trials` must hold GuardTrial"),
        (lambda: ReferenceGuard().report([], trusted=2, judged=1), "`count` must be at most `of`, 1, but is 2"),
        (lambda: exact_share(1, 2, level=1), "`level` must be a probability above 0 and below 1, but is 1.0"),
    ],
)
def test_a_refusal_names_the_argument(call, words):
    with pytest.raises(InputError, match=words):
        call()
