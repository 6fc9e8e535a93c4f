"""What tokens cost: exact, per model, and None where they were not counted."""

import random
from decimal import Decimal

import pytest

from synqc.errors import UnknownName
from synqc.llm import Price, Spent, cost_of

PRICES = {"small": Price(prompt="0.15", completion="0.60"), "large": Price(prompt="2.50", completion="10.00")}


def test_cached_tokens_have_their_price_and_thoughts_are_paid_once():
    price = Price(prompt="0.25", cached_prompt="0.025", completion="2.00")
    spent = Spent(1, 2746, 197, cached_prompt_tokens=2208, reasoning_tokens=64)
    assert price.of(spent) == Decimal("0.0005837")
    assert Price(prompt=0.25, cached_prompt=0.025, completion=2.0).of(spent) == Decimal("0.0005837")
    assert Price(prompt="0.25", completion="2.00").of(spent) == Decimal("0.0010805")


def test_each_model_has_its_own_price_and_the_order_is_no_matter(seed):
    draw = random.Random(seed)
    spent = [
        (draw.choice(("small", "large")), Spent(1, draw.randrange(10**6), draw.randrange(10**5))) for _ in range(300)
    ]
    whole = cost_of(spent, PRICES)
    draw.shuffle(spent)
    assert cost_of(spent, PRICES) == whole, seed
    by_hand = sum(PRICES[model].of(one) for model, one in spent)
    assert whole == by_hand, seed


def test_what_was_not_counted_has_no_price():
    assert PRICES["small"].of(Spent(1, None, 5)) is None
    assert cost_of([("small", Spent(1, 5, 5)), ("large", Spent(1, 5, None))], PRICES) is None
    assert PRICES["small"].of(Spent()) == 0
    assert PRICES["small"].of(Spent.without_answer(3, 0.5)) == 0


def test_a_model_without_a_price_is_named():
    with pytest.raises(UnknownName, match=r"'huge'.*large, small"):
        cost_of([("huge", Spent(1, 1, 1))], PRICES)


@pytest.mark.parametrize("price", [-1, "nan", "inf", "much", None])
def test_a_price_that_is_none_is_refused(price):
    with pytest.raises(ValueError, match="`prompt` must be a price from 0"):
        Price(prompt=price, completion=1)
