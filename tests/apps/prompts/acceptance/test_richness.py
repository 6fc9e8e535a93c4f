"""How many distinct rows there are: estimates near the truth, intervals that hold it, and a rule that stops in time."""

from collections import Counter

import numpy as np
import pytest

from synqc.apps.prompts.acceptance import chao1, good_turing, worth_more
from synqc.errors import InputError


def _drawn(generator, weights, rows):
    return Counter(generator.choice(len(weights), size=rows, p=weights).tolist())


def test_chao1_is_the_formula_of_its_source():
    found = chao1([1] * 10 + [2] * 15 + [3] * 25)
    assert found.seen == 50
    assert found.estimate == pytest.approx(50 + (114 / 115) * 10 * 9 / (2 * 16))


def test_the_number_of_equally_likely_rows_is_found_within_a_tenth(seed):
    generator = np.random.default_rng(seed)
    weights = np.full(400, 1 / 400)
    found = [chao1(_drawn(generator, weights, 800).values()) for _ in range(60)]
    assert sum(abs(one.estimate - 400) <= 40 for one in found) >= 54, seed
    assert sum(one.low <= 400 <= one.high for one in found) >= 50, seed


def test_unequal_rows_make_it_a_lower_bound(seed):
    generator = np.random.default_rng(seed)
    weights = 1 / np.arange(1, 1001)
    weights /= weights.sum()
    found = [chao1(_drawn(generator, weights, 1500).values()).estimate for _ in range(40)]
    assert np.mean(found) < 1000, seed


def test_coverage_is_the_probability_of_a_repeat(seed):
    generator = np.random.default_rng(seed)
    weights = 1 / np.arange(1, 501)
    weights /= weights.sum()
    held = 0
    for _ in range(100):
        counts = _drawn(generator, weights, 600)
        truth = weights[list(counts)].sum()
        found = good_turing(counts.values())
        held += found.low <= truth <= found.high
    # At 95 % fewer than 86 of 100 would come about once in 5,000 times.
    assert held >= 86, (seed, held)


def test_without_rows_nothing_is_claimed():
    assert good_turing([]).value is None
    assert (good_turing([]).low, good_turing([]).high) == (0, 1)
    assert chao1([]).high == float("inf")
    assert worth_more([], cost_per_row=1, most_cost_per_distinct_row=0).worth


def test_rows_that_never_repeat_leave_the_number_open():
    found = chao1([1] * 50)
    assert found.estimate > 1000
    assert found.high > found.estimate
    assert chao1([5] * 50).estimate == 50
    assert chao1([5] * 50).high >= 50


def test_a_saturated_topic_stops_and_a_fresh_one_goes_on(seed):
    generator = np.random.default_rng(seed)
    weights = np.full(50, 1 / 50)
    seen, asked = Counter(), 0
    while worth_more(seen.values(), cost_per_row=1, most_cost_per_distinct_row=20).worth:
        seen += _drawn(generator, weights, 10)
        asked += 10
        assert asked <= 2000, seed
    assert len(seen) >= 40, seed
    stopped = worth_more(seen.values(), cost_per_row=1, most_cost_per_distinct_row=20)
    assert stopped.lowest_cost > 20
    assert "repeat" in stopped.reason


def test_what_costs_nothing_is_always_worth_it():
    assert worth_more([100] * 3, cost_per_row=0, most_cost_per_distinct_row=0).worth


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: chao1([0]), "`counts` must be between 1 and"),
        (lambda: chao1("12"), "`counts` must be an iterable of whole numbers, but is str"),
        (lambda: good_turing([1.5]), "`counts` must be a whole number, but is 1.5"),
        (
            lambda: worth_more([1], cost_per_row=-1, most_cost_per_distinct_row=1),
            "`cost_per_row` must be a finite number",
        ),
        (
            lambda: worth_more([1], cost_per_row=1, most_cost_per_distinct_row=float("nan")),
            "`most_cost_per_distinct_row` must be a finite number of at least 0, but is nan",
        ),
    ],
)
def test_a_refusal_names_the_argument(call, words):
    with pytest.raises(InputError, match=words):
        call()
