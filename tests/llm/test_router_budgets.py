"""Budgets: reserved before, settled after, never exceeded."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from asking import asking
from scripted_server import RESET, answer, refusal, says, stream

from synqc.errors import InputError
from synqc.llm import LanguageModelError, Price
from synqc.llm.router import Budget, BudgetExceeded, Policy, Routing
from synqc.llm.router.budget import PICODOLLARS

PRICE = Price(prompt="0.25", cached_prompt="0.025", completion="2.00")
COUNTED = {
    "prompt_tokens": 2746, "completion_tokens": 197, "prompt_tokens_details": {"cached_tokens": 2208},
    "completion_tokens_details": {"reasoning_tokens": 64},
}  # fmt: skip


def priced(count):
    return [{"price": PRICE} for _ in range(count)]


def test_what_is_settled_is_what_the_server_counted_to_the_pico_dollar(route):
    made = route(1, deployments=priced(1))
    made.servers[0].otherwise = answer(usage=COUNTED)
    budget = Budget(10_000)
    for _ in range(3):
        completion = made.router.complete(asking(max_tokens=200), routing=Routing(budget=budget))
        assert completion.receipt.asked[0].picodollars == PRICE.of(completion.spent) * 1_000_000 * PICODOLLARS
    assert completion.receipt.cost_microdollars == 584
    assert budget.state().spent == 1752, "3 * 583.7 rounded once"
    assert (budget.state().reserved, budget.state().uncounted) == (0, 0)


def test_what_does_not_fit_is_refused_and_nothing_is_sent(route):
    made = route(1, deployments=priced(1))
    with pytest.raises(BudgetExceeded, match=r"could cost \$0.00\d+, but \$0.0004 of \$0.0004") as caught:
        made.router.complete(asking(max_tokens=200), routing=Routing(budget=Budget(400)))
    assert caught.value.status == 429
    assert made.requests == [0]
    assert made.router.in_flight == 0
    with pytest.raises(BudgetExceeded, match="max_tokens"):
        made.router.complete(asking(), routing=Routing(budget=Budget(10**9)))


def test_a_cheaper_deployment_is_asked_where_the_dear_one_does_not_fit(route):
    dear, cheap = {"price": Price(prompt="10", completion="100")}, {"price": Price(prompt="0.1", completion="1")}
    made = route(2, deployments=[dear, cheap])
    assert made.router.complete(asking(max_tokens=100), routing=Routing(budget=Budget(200))).receipt.answered_by == "d1"
    assert made.requests == [0, 1]


def test_without_a_price_no_budget_is_charged(route):
    made = route(1)
    with pytest.raises(LanguageModelError, match="without price") as caught:
        made.router.complete(asking(max_tokens=5), routing=Routing(budget=Budget(10**9)))
    assert caught.value.status == 400
    assert made.requests == [0]


@pytest.mark.parametrize(
    ("said", "uncounted"),
    [(refusal(500), False), ([RESET], True), (answer(usage=None), True)],
    ids=["a refusal costs nothing", "a broken connection may have", "an answer without counts has"],
)
def test_what_no_server_counted_is_kept_as_the_most_it_could_be(route, said, uncounted):
    made = route(1, deployments=priced(1))
    made.servers[0].otherwise = said
    budget = Budget(10_000)
    with contextlib.suppress(LanguageModelError):
        made.router.complete(asking(max_tokens=200), routing=Routing(budget=budget))
    state = budget.state()
    assert (state.uncounted >= 400) is uncounted, state
    assert (state.spent, state.reserved) == (0, 0)


def test_a_stream_that_is_left_is_booked(route):
    made = route(1, deployments=priced(1))
    made.servers[0].otherwise = stream(*says("a", finish=None), 20.0)
    budget = Budget(10_000)
    with made.router.stream(asking(max_tokens=200), routing=Routing(budget=budget)) as parts:
        next(parts)
        assert budget.state().reserved >= 400
    assert (budget.state().reserved, budget.state().uncounted >= 400) == (0, True)


def test_sixty_four_workers_never_exceed_it(route):
    made = route(1, deployments=priced(1), endpoint={"most_at_once": 64})
    usage = {"prompt_tokens": 4, "completion_tokens": 100}
    made.servers[0].otherwise = [0.01, *answer(usage=usage)]
    budget = Budget(3000)
    most, lock = [0], threading.Lock()

    def one(_):
        try:
            made.router.complete(asking(max_tokens=100), routing=Routing(budget=budget))
        except BudgetExceeded:
            return False
        state = budget.state()
        with lock:
            most[0] = max(most[0], state.spent + state.reserved + state.uncounted)
        return True

    with ThreadPoolExecutor(64) as workers:
        answered = sum(workers.map(one, range(200)))
    assert answered == made.requests[0]
    assert budget.state().spent == answered * 201
    assert most[0] <= 3000 + 1, "each part is rounded up on its own"
    assert answered >= 3000 // 206 - 1, "and it is used"


def test_all_attempts_of_a_request_are_charged(route):
    made = route(2, deployments=priced(2), policy=Policy(strategy="preference"))
    made.servers[0].otherwise = answer("", usage={"prompt_tokens": 1000, "completion_tokens": 0})
    made.servers[1].otherwise = answer(usage={"prompt_tokens": 1000, "completion_tokens": 100})
    budget = Budget(10_000)
    completion = made.router.complete(asking(max_tokens=100), routing=Routing(budget=budget))
    assert budget.state().spent == 250 + 450
    assert completion.receipt.cost_microdollars == 700
    assert completion.spent.prompt_tokens == 2000


def test_a_period_that_is_over_begins_anew_and_a_clock_that_goes_back_gives_nothing():
    now = [1000.0]
    budget = Budget(100, period_s=60, clock=lambda: now[0])
    budget.reserve(100 * PICODOLLARS).settle(100 * PICODOLLARS)
    with pytest.raises(BudgetExceeded) as caught:
        budget.reserve(1)
    assert caught.value.retry_after_s == pytest.approx(20)
    late = None
    now[0] = 1021.0
    late = budget.reserve(60 * PICODOLLARS)
    now[0] = 900.0
    with pytest.raises(BudgetExceeded):
        budget.reserve(60 * PICODOLLARS)
    now[0] = 1100.0
    late.settle(60 * PICODOLLARS)
    late.keep()
    assert (budget.state().spent, budget.state().reserved, budget.state().left) == (0, 0, 100)


@pytest.mark.parametrize("given", [-1, 1.5, True, "5"])
def test_what_is_no_amount_is_refused(given):
    with pytest.raises(InputError, match="microdollars"):
        Budget(given)


def test_prices_finer_than_a_micro_dollar_per_million_are_refused(route):
    with pytest.raises(InputError, match="whole micro-dollars"):
        route(1, deployments=[{"price": Price(prompt=Decimal("0.0000001"), completion="1")}])
