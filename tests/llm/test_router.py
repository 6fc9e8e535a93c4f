"""One request through several deployments: who is asked, how often, and what is told about it. Requests are counted
where they arrive.
"""

import asyncio
import copy
import threading
import time
from pathlib import Path

import pytest
from asking import FORM, asking, counted
from routing import Clock
from scripted_server import CLOSE, RESET, answer, http, refusal
from simulated_time import run_simulated

from synqc.cache import MemoryCache
from synqc.errors import InputError, UnknownName
from synqc.llm import (
    Completion,
    Endpoint,
    FilteredAnswer,
    LanguageModelError,
    LanguageModels,
    ModelRefused,
    ModelTimedOut,
    ModelUnreachable,
    PromptTooLong,
    Provider,
    Spent,
)
from synqc.llm.router import CAUSES, Deployment, NoDeployment, Policy, Router, Routing, cause_of
from synqc.llm.router.causes import Action, example_of, table_of_causes


class Sleeping:
    """A provider that answers after so many seconds of its event loop."""

    is_local, most_at_once = False, 64

    def __init__(self, name, seconds):
        self.name, self.seconds, self.calls = name, seconds, 0

    async def acomplete(self, request, read=str, **options):
        self.calls += 1
        await asyncio.sleep(self.seconds)
        return Completion(read("Because."), "Because.", request.model, "stop", Spent(1, 2, 3))


WORDS_ABOUT_THE_WINDOW = "This model's maximum context length is 4096 tokens, but you requested 7900."

ACTIONS = [
    # what the first server says, the cause it is, and whether another one is asked
    ("400", refusal(400), "bad_request", False),
    ("400, window", refusal(400, WORDS_ABOUT_THE_WINDOW), "prompt_too_long", True),
    ("401", refusal(401), "unauthorized", True),
    ("402", refusal(402), "no_credit", True),
    ("403", refusal(403), "forbidden", True),
    ("404", refusal(404), "not_found", True),
    ("408", refusal(408), "timed_out", True),
    ("409", refusal(409), "conflict", True),
    ("413", refusal(413), "too_large", True),
    ("418", refusal(418), "refused", True),
    ("422", refusal(422), "bad_request", False),
    ("429", refusal(429), "rate_limited", True),
    ("500", refusal(500), "server_error", True),
    ("501", refusal(501), "server_error", True),
    ("502", refusal(502), "server_error", True),
    ("503", refusal(503), "overloaded", True),
    ("504", refusal(504), "timed_out", True),
    ("529", refusal(529), "overloaded", True),
    ("307", refusal(307), "moved", True),
    ("reset", [RESET], "unreachable", True),
    ("closed", [CLOSE], "unreachable", True),
    ("half a body", [*http({"choices": []}, length=9999), CLOSE], "unreachable", True),
    ("silence", [30.0], "timed_out", True),
    ("empty", answer(""), "empty", True),
    ("no body", http(b""), "empty", True),
    ("no JSON", http("<html>"), "protocol_error", True),
    ("error in band", http({"error": {"message": "upstream"}}), "server_error", True),
    ("error in band, 402", http({"error": {"message": "credit", "code": 402}}), "no_credit", True),
    ("cut", answer("Beca", "length"), "cut", False),
    ("filtered", answer("Be", "content_filter"), "filtered", False),
    ("declined", answer("", "stop", refusal="I cannot."), "declined", False),
]


class TestCauses:
    @pytest.mark.parametrize("case", ACTIONS, ids=lambda case: case[0])
    def test_each_has_its_documented_action(self, route, case):
        _, said, cause, goes_on = case
        made = route(2, endpoint={"timeout_s": 0.4} if case[0] == "silence" else None)
        made.servers[0].otherwise = said
        before = counted("synqc_llm_router_attempts_total", deployment="d0", cause=cause)
        if goes_on:
            made.servers[1].otherwise = answer("From the other.")
            completion = made.router.complete(asking())
            assert completion.text == "From the other."
            asked = completion.receipt.asked
        else:
            with pytest.raises(LanguageModelError) as caught:
                made.router.complete(asking())
            asked = caught.value.receipt.asked
        assert made.requests == [1, int(goes_on)]
        assert [one.cause for one in asked] == [cause, "ok"][: 1 + goes_on]
        assert (CAUSES[cause].action is not Action.STOP) is goes_on
        assert counted("synqc_llm_router_attempts_total", deployment="d0", cause=cause) == before + 1
        assert made.stats().failures == int(CAUSES[cause].result != "neutral")
        assert (made.stats().state == "cooling") is (CAUSES[cause].cooldown_s > 0)
        assert made.router.in_flight == 0

    def test_malformed_goes_on_to_a_model_that_can(self, route):
        made = route(2)
        made.servers[0].otherwise = answer("no object")
        made.servers[1].otherwise = answer('{"a": 1}')
        assert made.router.complete(asking(form=FORM)).text == '{"a": 1}'
        assert made.requests == [1, 1]
        assert made.stats().failures == 0

    def test_nobody_listening_is_unreachable(self, route):
        made = route(2)
        made.servers[0].stop()
        assert made.router.complete(asking()).receipt.asked[0].cause == "unreachable"

    @pytest.mark.parametrize("name", CAUSES)
    def test_every_cause_has_an_example_and_a_row(self, name):
        assert cause_of(example_of(name)).name == name
        assert f"| `{name}` |" in table_of_causes()

    def test_a_policy_may_say_otherwise(self, route):
        made = route(2, policy=Policy(strategy="preference", actions={"filtered": "next", "server_error": "stop"}))
        made.servers[0].script.extend([answer("", "content_filter"), refusal(500)])
        assert made.router.complete(asking()).receipt.answered_by == "d1"
        with pytest.raises(ModelRefused):
            made.router.complete(asking())
        assert made.requests == [2, 1]

    def test_a_larger_window_is_tried_after_a_refusal_and_a_smaller_one_is_not(self, route):
        windows = [{"context_tokens": 8000}, {"context_tokens": 4000}, {"context_tokens": 128_000}]
        made = route(3, deployments=windows)
        made.servers[0].otherwise = refusal(400, "maximum context length is 8000 tokens")
        assert made.router.complete(asking()).receipt.answered_by == "d2"
        assert made.requests == [1, 0, 1]
        assert made.stats().failures == 0, "a long conversation is not the deployment's fault"


class TestEnds:
    def test_of_several_failures_the_first_is_told_with_what_all_cost(self, route):
        made = route(3)
        made.servers[0].otherwise = refusal(429, "Slow down.", **{"retry-after": "7"})
        made.servers[1].otherwise = refusal(401)
        made.servers[2].otherwise = [RESET]
        with pytest.raises(ModelRefused, match="Slow down") as caught:
            made.router.complete(asking())
        assert (caught.value.status, caught.value.retry_after_s) == (429, 7.0)
        assert caught.value.spent.calls == 3
        assert [one.cause for one in caught.value.receipt.asked] == ["rate_limited", "unauthorized", "unreachable"]

    @pytest.mark.parametrize("most", [1, 2, 3])
    def test_so_many_deployments_are_asked_and_no_more(self, route, most):
        made = route(4, policy=Policy(strategy="preference", most_attempts=most))
        for server in made.servers:
            server.otherwise = refusal(500)
        with pytest.raises(ModelRefused):
            made.router.complete(asking())
        assert sum(made.requests) == most

    def test_all_resting_is_429_with_the_smallest_retry_after_and_nobody_s_failure(self, route):
        clock = Clock()
        made = route(2, clock_ns=clock)
        made.router.cool("d0", 30)
        made.router.cool("d1", 12)
        with pytest.raises(NoDeployment) as caught:
            made.router.complete(asking())
        assert (caught.value.status, caught.value.retry_after_s) == (429, pytest.approx(12))
        assert caught.value.verdicts == {"d0": "cooling", "d1": "cooling"}
        assert made.requests == [0, 0]
        assert [(one.requests, one.failures) for one in made.router.stats()] == [(0, 0), (0, 0)]
        clock.pass_by(12.01)
        assert made.router.complete(asking()).receipt.answered_by == "d1"

    def test_of_two_cooldowns_the_later_deadline_wins(self, route):
        clock = Clock()
        made = route(1, clock_ns=clock, endpoint={"timeout_s": 10.0})
        arrived, go = threading.Semaphore(0), threading.Event()

        def slower(_):
            arrived.release()
            go.wait(5)
            return refusal(429)

        made.servers[0].script.extend([slower, refusal(429, **{"retry-after": "1"})])
        late = made.router.submit(asking("late"))
        arrived.acquire(timeout=5)
        with pytest.raises(ModelRefused):
            made.router.complete(asking())
        go.set()
        with pytest.raises(ModelRefused):
            late.result(5)
        for _ in range(8):
            clock.pass_by(0.6)
            with pytest.raises(NoDeployment):
                made.router.complete(asking())
        assert made.requests == [2], "the deadline holds at every request"
        clock.pass_by(0.6)
        assert made.router.complete(asking()).text == "Because."

    def test_twenty_five_failures_reach_a_deployment_three_times(self, route):
        made = route(2)
        made.servers[0].otherwise = refusal(500)
        for _ in range(25):
            assert made.router.complete(asking()).receipt.answered_by == "d1"
        assert made.requests == [3, 25]
        told = made.stats()
        assert (told.state, told.reason, told.failures_by_cause) == ("open", "server_error", {"server_error": 3})
        assert (told.until - told.since).total_seconds() == pytest.approx(5, abs=0.01)

    def test_a_resting_one_comes_back_by_one_probe(self, route):
        clock = Clock()
        made = route(2, clock_ns=clock)
        made.servers[0].otherwise = refusal(500)
        for _ in range(3):
            made.router.complete(asking())
        for waited, answers, asked in ((5.1, False, 4), (5.1, False, 4), (5.1, True, 5), (0, True, 6)):
            clock.pass_by(waited)
            made.servers[0].otherwise = answer() if answers else refusal(500)
            made.router.complete(asking())
            assert made.requests[0] == asked
        assert made.stats().state == "available"

    def test_the_deadline_is_of_the_whole_chain(self, route):
        made = route(3)
        for server in made.servers:
            server.otherwise = [0.25, *refusal(500)]
        started = time.perf_counter()
        with pytest.raises(ModelTimedOut) as caught:
            made.router.complete(asking(), deadline_s=0.4)
        assert caught.value.limit == "deadline"
        assert time.perf_counter() - started < 15
        assert made.requests[2] == 0

    def test_a_request_that_nobody_can_ever_answer_is_told_why(self, route):
        small = route(2, deployments=[{"context_tokens": 50}, {"context_tokens": 100, "capabilities": {"vision"}}])
        with pytest.raises(PromptTooLong) as caught:
            small.router.complete(asking("why " * 200))
        assert (caught.value.limit_tokens, caught.value.status) == (100, 400)
        with pytest.raises(NoDeployment, match="lacks capability") as refused:
            small.router.complete(asking("why " * 200), routing=Routing(capabilities={"vision"}, prefer=("d0",)))
        assert refused.value.status == 400
        assert small.requests == [0, 0]
        with pytest.raises(NoDeployment, match="Did you mean 'm-1'") as unknown:
            small.router.complete(asking(model="m-2"))
        assert unknown.value.status == 404


class TestShares:
    def test_requests_one_after_another_are_spread(self, route):
        made = route(3, policy=Policy(strategy="least-in-flight"))
        for _ in range(30):
            made.router.complete(asking())
        assert min(made.requests) >= 3

    def test_a_slow_one_gets_little_at_forty_in_flight(self):
        """In simulated time, in which a call takes what it takes however busy the machine is."""
        providers = [Sleeping(f"p{place}", 0.5 if place == 3 else 0.05) for place in range(4)]

        async def main():
            loop, places = asyncio.get_running_loop(), asyncio.Semaphore(40)
            deployments = [Deployment(provider=one, model="m-1") for one in providers]
            router = Router(deployments, clock_ns=lambda: int(1e9 * loop.time()))

            async def one():
                async with places:
                    await router.acomplete(asking())

            await asyncio.gather(*(one() for _ in range(100)))
            return router.in_flight

        assert run_simulated(main()) == 0
        assert sum(one.calls for one in providers) == 100
        assert providers[3].calls <= 15

    def test_hits_of_a_cache_leave_counts_and_shares_alone(self, route):
        cache = MemoryCache(100)
        made = route(4, policy=Policy(strategy="round-robin"), cache=cache)
        for number in range(400):
            completion = made.router.complete(asking(f"Why {number % 5}?", temperature=0.0))
            assert completion.cached or completion.receipt.cost_microdollars is None
        told = made.router.stats()
        assert [one.in_flight for one in told] == [0, 0, 0, 0]
        assert [one.requests for one in told] == [100, 100, 100, 100]
        assert sum(made.requests) == sum(one.successes for one in told)
        assert all(one.failures == 0 for one in told)

    def test_without_latencies_the_strategy_in_use_is_named_in_receipt_and_metric(self, route):
        clock = Clock()
        made = route(2, policy=Policy(strategy="least-latency", latency_valid_s=60), clock_ns=clock)
        named = {"strategy": "least-in-flight", "degradation": "no_latency_known"}
        before = counted("synqc_llm_router_choices_total", **named)
        first = made.router.complete(asking()).receipt.asked[0]
        assert (first.strategy, first.degradation) == ("least-in-flight", "no_latency_known")
        second = made.router.complete(asking()).receipt.asked[0]
        assert (second.strategy, second.degradation) == ("least-latency", "")
        clock.pass_by(61)
        assert made.router.complete(asking()).receipt.asked[0].degradation == "no_latency_known"
        assert counted("synqc_llm_router_choices_total", **named) == before + 2

    def test_a_session_stays_where_it_is(self, route):
        made = route(4, policy=Policy(strategy="affinity", prefix_characters=40))
        for session in ("one", "two", "three"):
            places = {
                made.router.complete(asking(), routing=Routing(session=session)).receipt.answered_by for _ in range(5)
            }
            assert len(places) == 1, session
        long = "A system prompt that is the same for everybody. "
        places = {made.router.complete(asking(long + str(number))).receipt.answered_by for number in range(5)}
        assert len(places) == 1
        assert made.router.complete(asking()).receipt.asked[0].degradation == "no_session_given"


class TestHedges:
    @pytest.mark.parametrize("door", ["complete", "acomplete", "submit"])
    def test_the_first_answer_counts_and_the_other_call_is_ended(self, route, door):
        made = route(2)
        made.servers[0].otherwise = [20.0, *answer("late")]
        made.servers[1].otherwise = answer("soon")
        completion = self.ask(made.router, door, Routing(hedge_after_s=0.1))
        assert completion.text == "soon"
        assert made.requests == [1, 1]
        assert made.servers[0].left.wait(20), "the slow call is ended at its server"
        asked = completion.receipt.asked
        assert [(one.deployment, one.cause, one.is_hedge) for one in asked] == [
            ("d0", "cancelled", False),
            ("d1", "ok", True),
        ]
        assert made.router.in_flight == 0

    def test_none_is_sent_when_the_answer_comes_in_time(self, route):
        made = route(2)
        self.ask(made.router, "complete", Routing(hedge_after_s=5.0))
        assert made.requests == [1, 0]

    def test_one_that_fails_while_the_other_goes_on_is_no_end(self, route):
        made = route(2, policy=Policy(strategy="preference", most_attempts=2, hedge_after_s=0.1))
        made.servers[0].otherwise = [0.4, *answer("at last")]
        made.servers[1].otherwise = refusal(500)
        assert self.ask(made.router, "complete", Routing()).text == "at last"
        made.servers[0].otherwise = [0.4, *refusal(503)]
        with pytest.raises(ModelRefused) as caught:
            self.ask(made.router, "complete", Routing())
        assert {one.cause for one in caught.value.receipt.asked} == {"overloaded", "server_error"}
        assert made.router.in_flight == 0

    def ask(self, router, door, routing):
        if door == "submit":
            return router.submit(asking(), routing=routing).result(20)
        if door == "complete":
            return router.complete(asking(), routing=routing)
        return asyncio.run(router.acomplete(asking(), routing=routing))


class TestLeaving:
    def test_whoever_cancels_ends_the_call_and_harms_nobody(self, route):
        made = route(1)
        made.servers[0].otherwise = [20.0, *answer()]

        async def main():
            task = asyncio.ensure_future(made.router.acomplete(asking()))
            while not made.requests[0]:
                await asyncio.sleep(0.005)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(main())
        assert made.servers[0].left.wait(20)
        told = made.stats()
        assert (told.in_flight, told.failures, told.state) == (0, 0, "available")

    def test_a_reader_that_raises_leaves_no_count_behind(self, route):
        made = route(1)

        def reads(_):
            raise TypeError("a mistake of the caller's")

        with pytest.raises(TypeError):
            made.router.complete(asking(), reads)
        assert made.router.in_flight == 0

    def test_closing_closes_the_providers(self, route):
        made = route(1)
        made.servers[0].otherwise = [20.0, *answer()]
        future = made.router.submit(asking())
        while not made.requests[0]:
            time.sleep(0.005)
        made.router.close()
        with pytest.raises(LanguageModelError) as caught:
            future.result(5)
        assert cause_of(caught.value).name == "cancelled"


class TestWhatIsTold:
    def test_times_of_a_receipt_sum_to_the_whole(self, route):
        made = route(3)
        made.servers[0].otherwise = [0.02, *refusal(500)]
        made.servers[1].otherwise = [0.02, *refusal(429)]
        made.servers[2].otherwise = [0.02, *answer()]
        receipt = made.router.complete(asking()).receipt
        assert receipt.total_ns == receipt.provider_ns + receipt.overhead_ns + receipt.reader_ns
        assert receipt.overhead_ns > 0
        assert sum(one.took_s for one in receipt.asked) == pytest.approx(receipt.provider_ns * 1e-9, abs=1e-6)
        assert [one.others for one in receipt.asked] == [("d1", "d2"), ("d2",), ()]
        assert receipt.answered_by == "d2"

    def test_explaining_asks_nobody_and_says_who_would_be_asked(self, route):
        made = route(3, deployments=[{"capabilities": {"vision"}}, None, {"most_in_flight": 1}])
        made.router.cool("d1", 5)
        explained = made.router.explain(asking(), Routing(strategy="preference", prefer=("d2",)))
        assert (explained.deployment, explained.reason) == ("d2", "preferred")
        assert [one.verdict for one in explained.judged] == ["eligible", "cooling", "eligible"]
        assert explained.judged[1].wait_s == pytest.approx(5, abs=0.5)
        only = made.router.explain(asking(), Routing(capabilities={"vision"}))
        assert [one.verdict for one in only.judged] == ["eligible", "lacks_capability", "lacks_capability"]
        assert made.requests == [0, 0, 0]

    def test_a_deployment_s_own_name_of_the_model_is_sent(self, route):
        made = route(
            2, deployments=[{"model": "big-1", "serves": ("big",)}, {"model": "m-9", "serves": ("big", "any")}]
        )
        made.servers[0].otherwise = refusal(500)
        made.router.complete(asking(model="big"))
        assert [server.bodies[0]["model"] for server in made.servers] == ["big-1", "m-9"]
        assert made.router.models == ("big", "any")

    def test_keys_are_in_no_receipt_and_no_error(self, route):
        made = route(1)
        made.servers[0].otherwise = refusal(401, "Incorrect API key: sk-never-to-be-seen-0123456789")
        with pytest.raises(ModelRefused) as caught:
            made.router.complete(asking())
        assert "never-to-be-seen" not in f"{caught.value} {caught.value.receipt.to_plain()} {made.stats()}"


class TestRouter:
    def test_it_is_a_provider(self, route):
        made = route(2)
        assert isinstance(made.router, Provider)
        assert (made.router.name, made.router.is_local, made.router.most_at_once) == ("router", True, 32)

    def test_all_at_once_from_threads_and_loops_leave_nothing_in_flight(self, route):
        made = route(3, policy=Policy(most_attempts=3))
        made.servers[1].otherwise = lambda body: refusal(500) if len(str(body)) % 2 else answer()

        def many():
            async def main():
                asked = (made.router.acomplete(asking("why " * number)) for number in range(1, 30))
                await asyncio.gather(*asked, return_exceptions=True)

            asyncio.run(main())

        threads = [threading.Thread(target=many) for _ in range(3)]
        for thread in threads:
            thread.start()
        for number in range(1, 20):
            made.router.complete(asking("why " * number))
        for thread in threads:
            thread.join()
        assert made.router.in_flight == 0

    def test_what_cannot_be_is_refused_by_name(self):
        models = LanguageModels(Endpoint(base_url="http://127.0.0.1:9/v1", api_key="k"))
        one = Deployment(provider=models, model="m")
        with pytest.raises(InputError, match="deployments"):
            Router([])
        with pytest.raises(InputError, match="named differently"):
            Router([one, copy.copy(one)])
        with pytest.raises(UnknownName, match="Did you mean 'least-latency'"):
            Policy(strategy="least_latency")
        with pytest.raises(UnknownName, match="cooldowns_s"):
            Policy(cooldowns_s={"rate_limit": 1})
        with pytest.raises(InputError, match="most_attempts"):
            Policy(most_attempts=0)
        with pytest.raises(InputError, match="weight"):
            Deployment(provider=models, model="m", weight=0)
        with pytest.raises(UnknownName, match="prefer"):
            Router([one]).complete(asking(model="m"), routing=Routing(prefer=("nobody",)))

    @pytest.mark.parametrize(
        ("ask", "argument"),
        [
            (lambda one: Router(["m"]), "deployments"), (lambda one: Router([one]).add("m"), "deployments"),
            (lambda one: Router([one]).replace(["m"]), "deployments"), (lambda one: Router([one], seed="x"), "seed"),
            (lambda one: Router([one], seed=-1), "seed"), (lambda one: Router([one], policy={}), "policy"),
            (lambda one: Deployment(provider="m", model="m"), "provider"),
            (lambda one: Deployment(provider=one.provider, model="m", price=5), "price"),
            (lambda one: Deployment(provider=one.provider, model=5), "model"),
            (lambda one: Routing(budget=5), "budget"), (lambda one: Routing(session=5), "session"),
            (lambda one: Router([one]).complete(asking(model="m"), routing={"session": "x"}), "routing"),
            (lambda one: Router([one]).submit(asking(model="m"), routing=None).result(), "routing"),
            (lambda one: Router([one]).stream(asking(model="m"), routing="x"), "routing"),
            (lambda one: Router([one]).explain(asking(model="m"), "cost"), "routing"),
            (lambda one: Router([one]).cool(one.name, -5), "seconds"),
        ],
    )  # fmt: skip
    def test_what_is_of_another_kind_is_refused_by_its_argument(self, ask, argument):
        models = LanguageModels(Endpoint(base_url="http://127.0.0.1:9/v1", api_key="k"))
        with pytest.raises(InputError, match=f"Argument `{argument}` must"):
            ask(Deployment(provider=models, model="m"))


def test_unreachable_first_filtered_second_tells_the_filter(route):
    made = route(2)
    made.servers[0].otherwise = [RESET]
    made.servers[1].otherwise = answer("", "content_filter")
    with pytest.raises(FilteredAnswer):
        made.router.complete(asking())
    made.servers[1].otherwise = [RESET]
    with pytest.raises(ModelUnreachable):
        made.router.complete(asking())


def test_routers_may_stand_behind_routers(route):
    made = route(2)
    made.servers[0].otherwise = refusal(500)
    outer = Router([Deployment(provider=made.router, model="m-1", name="inner")])
    assert outer.complete(asking()).receipt.answered_by == "inner"


def test_the_documentation_has_the_table_of_causes():
    text = (Path(__file__).parents[2] / "docs" / "routing.md").read_text()
    told = text.split("<!-- causes: written by table_of_causes() -->\n")[1].split("\n<!-- end of causes -->")[0]
    assert told == table_of_causes()
