"""Acceptance rules: decisions by counts, and error rates that enumeration and simulation confirm."""

import itertools
import random
from fractions import Fraction

import pytest

from synqc.apps.prompts.acceptance import MOfK, SequentialTest, operating_characteristic
from synqc.errors import InputError


def outcomes(rule, answers):
    """What a rule decides on a sequence of answers (True: wrong), and after how many."""
    failures = 0
    for samples, wrong in enumerate(answers, 1):
        failures += wrong
        decision = rule.decide(failures, samples)
        if decision.decided:
            return decision.choice, samples
    raise AssertionError(f"{rule} has not decided after {len(answers)} answers.")


@pytest.mark.parametrize(
    "rule",
    [MOfK(), MOfK(1, 3), MOfK(2, 3), MOfK(3, 3), MOfK(3, 5), SequentialTest(0.2, 0.8, most_samples=9),
     SequentialTest(0.4, 0.6, alpha=0.2, beta=0.1, most_samples=8), SequentialTest(0.1, 0.9, most_samples=1)],
    ids=str,
)  # fmt: skip
def test_probabilities_are_those_of_all_sequences_of_answers(rule):
    for rate in (Fraction(1, 10), Fraction(1, 2), Fraction(4, 5)):
        accept = samples = at_bound = Fraction(0)
        for answers in itertools.product((False, True), repeat=rule.most_samples):
            wrong = sum(answers)
            weight = rate**wrong * (1 - rate) ** (len(answers) - wrong)
            choice, used = outcomes(rule, answers)
            accept += weight * (choice == "accept")
            samples += weight * used
            at_bound += weight * rule.decide(sum(answers[:used]), used).at_bound
        found = operating_characteristic(rule, float(rate))
        assert found.accept == pytest.approx(float(accept), abs=1e-12)
        assert found.accept + found.reject == pytest.approx(1, abs=1e-12)
        assert found.expected_samples == pytest.approx(float(samples), abs=1e-12)
        assert found.at_bound == pytest.approx(float(at_bound), abs=1e-12)
        assert rule.accept_probability(float(rate)) == pytest.approx(float(accept), abs=1e-12)
        assert rule.expected_samples(float(rate)) == pytest.approx(float(samples), abs=1e-12)


def test_the_default_accepts_after_one_wrong_answer():
    assert MOfK().decide(1, 1).choice == "accept"
    assert MOfK().decide(0, 1).choice == "reject"
    assert MOfK().decide(0, 0).choice == "continue"


def test_a_sequential_test_keeps_its_error_rates_and_saves_answers():
    test = SequentialTest(0.2, 0.8, alpha=0.05, beta=0.05, most_samples=60)
    assert test.wrong_accept <= 0.05
    assert test.wrong_reject <= 0.05
    # The cheapest fixed rule with the same error rates asks so often; curtailed it stops early, too.
    fixed = next(
        rule
        for k in range(1, 60)
        for m in range(1, k + 1)
        if (rule := MOfK(m, k)).accept_probability(0.2) <= 0.05 and rule.accept_probability(0.8) >= 0.95
    )
    for rate in (0.2, 0.8):
        assert test.expected_samples(rate) <= 0.7 * fixed.k


def test_the_bound_rejects_what_is_not_shown():
    decision = SequentialTest(0.4, 0.6, most_samples=4).decide(2, 4)
    assert (decision.choice, decision.at_bound) == ("reject", True)
    assert "bound" in decision.reason


def test_simulated_targets_are_accepted_as_often_as_computed(seed):
    generator = random.Random(seed)
    test = SequentialTest(0.3, 0.7, most_samples=30)
    for rate in (0.3, 0.5, 0.7):
        accepted = sum(
            outcomes(test, [generator.random() < rate for _ in range(30)])[0] == "accept" for _ in range(2000)
        )
        expected = test.accept_probability(rate)
        assert abs(accepted / 2000 - expected) < 5 * (expected * (1 - expected) / 2000) ** 0.5 + 1e-3, seed


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: MOfK(0, 1), "`m` must be between 1 and 1, but is 0"),
        (lambda: MOfK(3, 2), "`m` must be between 1 and 2, but is 3"),
        (lambda: MOfK(1, 1001), "`k` must be between 1 and 1000, but is 1001"),
        (lambda: MOfK(1, True), "`k` must be a whole number, but is True"),
        (lambda: MOfK(1, 2).decide(2, 1), "`failures` must be at most `samples`, 1, but is 2"),
        (lambda: MOfK(1, 2).decide(0, 3), "`samples` must be between 0 and 2, but is 3"),
        (
            lambda: MOfK().accept_probability(float("nan")),
            "`failure_rate` must be a probability from 0 to 1, but is nan",
        ),
        (lambda: SequentialTest(0.5, 0.5), "`p1` must be above `p0`, 0.5, but is 0.5"),
        (lambda: SequentialTest(0, 0.5), "`p0` must be a probability above 0 and below 1, but is 0.0"),
        (lambda: SequentialTest(0.1, 0.5, alpha=0.6), "`alpha` must be below 0.5, but is 0.6"),
        (lambda: SequentialTest(0.1, 0.5, most_samples=0), "`most_samples` must be between 1 and 1000, but is 0"),
    ],
)
def test_a_refusal_names_the_argument(call, words):
    with pytest.raises(InputError, match=words):
        call()
