"""Decisions of a real model: margins are there and repeat; what a model of this size decides is not asserted."""

import math

import pytest

from synqc.llm import decide


@pytest.mark.parametrize("question", ["Is 7 prime?", "Is a bicycle a fruit?"])
def test_a_real_model_gives_a_margin_that_repeats(small, question):
    first, again = (decide(question, provider=small, model=small.model_name) for _ in range(2))
    assert math.isfinite(first.margin)
    assert first.margin == again.margin
    assert 0 < first.covered <= 1
    assert (first.read_by, first.calibrated, first.likeliest in ("YES", "NO")) == ("logprobs", False, True)
