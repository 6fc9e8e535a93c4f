"""Whether one attempt more is needed: by attempts in the order in which they began, not in that in which they end."""

import random

import pytest

from synqc.apps.prompts.admission import Admission, attempts_for


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_discards_that_end_first_do_not_bring_more_attempts():
    clock = Clock()
    admission = Admission([], clock)
    for number in range(6):
        admission.begin(number)
    for number in (1, 2, 4, 5):
        clock.now += 0.01
        admission.end(number, passed=False)
    assert not admission.wants_more(2)  # 0 and 3 may pass yet
    clock.now = 0.2
    admission.end(0, passed=False)
    assert (admission.rate, admission.wants_more(2)) == (1 / 5, True)


def test_what_passed_before_others_that_began_earlier_counts_towards_what_is_expected():
    admission = Admission([], Clock())
    for number in range(9):
        admission.begin(number)
    admission.end(7, passed=True)
    admission.end(8, passed=True)
    assert admission.rate == 0.5
    assert [admission.wants_more(missing) for missing in (1, 2)] == [False, True]


def test_an_attempt_that_hangs_holds_nobody_up_and_counts_if_it_passes_all_the_same():
    clock = Clock()
    admission = Admission([], clock)
    admission.begin(0)
    for number in range(1, 9):
        admission.begin(number)
        clock.now += 1
        admission.end(number, passed=number < 3)
    admission.begin(9)
    assert admission.rate == pytest.approx(3 / 11)  # the hung one is taken for a discard after twice a pass's second
    admission.end(0, passed=True)
    assert admission.rate == pytest.approx(4 / 11)


def test_a_generation_that_goes_on_knows_the_rate_of_before():
    admission = Admission([True, False, False, True, False, False])
    assert admission.rate == 3 / 8


@pytest.mark.parametrize(("rate", "missing"), [(0.1, 2), (0.36, 2), (0.36, 20), (0.9, 5), (1.0, 40)])
def test_few_attempts_more_than_needed_are_made_whatever_ends_first(seed, rate, missing):
    """A simulation: discards take 1 s, rows 10 s, and as many may be under way as anybody likes."""
    chance, made = random.Random(seed), []
    for _ in range(60):
        clock, left, number, under_way = Clock(), missing, 0, []
        admission = Admission([], clock)
        while left > 0:
            while admission.wants_more(left):
                passes = chance.random() < rate
                admission.begin(number)
                under_way.append((clock.now + (10 if passes else 1), number, passes))
                number += 1
            under_way.sort(reverse=True)
            clock.now, ended, passes = under_way.pop()
            admission.end(ended, passed=passes)
            left -= passes
        made.append(number)
    # The first draws are many where the rate is not known yet, and the last ones spare a round of waiting.
    assert missing / rate <= sum(made) / len(made) <= 2.2 * attempts_for(missing, rate) + 4, (seed, made)
