"""Decisions: read by margins, calibrated on labelled examples, unsure where a stated rate of errors asks for it."""

import asyncio
import json
import math
import random

import pytest
from scripted_server import answer, document_of, http

from synqc.cache import MemoryCache
from synqc.errors import InputError
from synqc.llm import MalformedAnswer, ModelRefused, TokenLogprobs
from synqc.llm.calibration import Calibration
from synqc.llm.decide import adecide, decide, weigh
from synqc.llm.message import Message

OPTIONS = ("YES", "NO")


def weighed(text, **logprobs):
    """An answer whose first token could have been these."""
    told = [{"token": token.replace("_", " "), "logprob": one} for token, one in logprobs.items()]
    document = document_of(text)
    document["choices"][0]["logprobs"] = {"content": [{**told[0], "top_logprobs": told}]}
    return http(document)


def of_margin(margin, text="Yes"):
    """An answer whose log-odds of YES over NO are this margin."""
    p = 1 / (1 + math.exp(-margin))
    return weighed(text, Yes=math.log(p), No=math.log(1 - p))


class TestReading:
    @pytest.mark.parametrize("margin", [-6.0, -0.5, 0.0, 0.25, 4.0])
    def test_the_margin_is_that_of_the_log_probabilities_whatever_the_word(self, server, client, margin):
        for word in ("Yes", "No", "Perhaps"):
            server.otherwise = of_margin(margin, word)
            decision = decide("Is it theft?", provider=client(), model="m-1")
            assert decision.margin == pytest.approx(margin, abs=1e-9)
            assert decision.probability == pytest.approx(1 / (1 + math.exp(-abs(margin))))
            assert (decision.calibrated, decision.read_by) == (False, "logprobs")

    @pytest.mark.parametrize(("margin", "answered"), [(2.9, None), (3.0, "YES"), (-2.9, None), (-3.0, "NO")])
    def test_what_is_less_sure_than_the_stated_rate_is_unsure(self, server, client, margin, answered):
        server.otherwise = of_margin(margin)  # 1 / (1 + exp(-2.944)) is 0.95
        decision = decide("Is it theft?", provider=client(), model="m-1", error_rate=0.05)
        assert (decision.answer, decision.is_unsure) == (answered, answered is None)
        assert decision.likeliest == ("YES" if margin > 0 else "NO")

    @pytest.mark.parametrize("asked", [1, 3, 64])
    def test_as_many_tokens_are_asked_for_as_one_says(self, server, client, asked):
        server.otherwise = of_margin(4)
        decide("Is it theft?", provider=client(), model="m-1", most_tokens=asked)
        assert server.bodies[0]["max_tokens"] == asked

    @pytest.mark.parametrize("asked", [0, 65, True])
    def test_the_number_of_tokens_has_bounds(self, client, asked):
        with pytest.raises(InputError, match="`most_tokens` must be a whole number from 1 to 64"):
            decide("Is it theft?", provider=client(), model="m-1", most_tokens=asked)

    def test_the_request_asks_for_one_word_of_the_options_with_examples_before(self, server, client):
        server.otherwise = of_margin(4)
        decide("Is it theft?", provider=client(), model="m-1", examples=[("Is he dead?", "NO")])
        body = server.bodies[0]
        told = "Answer with one word and nothing else: YES or NO."
        assert [one["content"] for one in body["messages"]] == [
            f"Is he dead?\n\n{told}",
            "NO",
            f"Is it theft?\n\n{told}",
        ]
        assert (body["temperature"], body["top_logprobs"]) == (0.0, 20)

    def test_what_decisions_have_in_common_stands_first_and_options_may_be_named_there(self, server, client):
        server.otherwise = of_margin(4)
        rules = Message("system", "Judge by the law.")
        decide(
            "YES or NO: is it theft?", provider=client(), model="m-1", before=[rules], says_options=False,
            examples=[("YES or NO: is he dead?", "NO")],
        )  # fmt: skip
        assert [(one["role"], one["content"]) for one in server.bodies[0]["messages"]] == [
            ("system", "Judge by the law."),
            ("user", "YES or NO: is he dead?"),
            ("assistant", "NO"),
            ("user", "YES or NO: is it theft?"),
        ]

    def test_forms_of_one_option_add_up(self):
        first = TokenLogprobs(
            "Yes", -1, tuple((text, math.log(0.1)) for text in ("Yes", " yes", "YES", "y", "No", "**"))
        )
        assert weigh([first], OPTIONS) == pytest.approx((0.4, 0.1))

    def test_what_only_begins_like_an_option_is_none(self):
        first = TokenLogprobs("Yes", -1, tuple((text, math.log(0.2)) for text in ("Yes", "Yesterday", "Nothing", "No")))
        assert weigh([first], OPTIONS) == pytest.approx((0.2, 0.2))

    def test_blanks_and_quotes_before_the_word_are_passed_over(self):
        blank = TokenLogprobs("\n", -0.1, (("\n", -0.1), ("Yes", -3.0)))
        word = TokenLogprobs("No", -0.2, (("No", math.log(0.8)), ("Yes", math.log(0.1))))
        assert weigh([blank, TokenLogprobs('"', 0.0), word], OPTIONS) == pytest.approx((0.1, 0.8))
        assert weigh([blank], OPTIONS) == (0.0, 0.0)

    def test_an_option_nobody_names_has_at_most_what_the_least_likely_has(self):
        first = TokenLogprobs("Yes", -1, (("Yes", math.log(0.9)), ("The", math.log(0.04)), ("I", math.log(0.01))))
        assert weigh([first], OPTIONS) == pytest.approx((0.9, 0.01))

    def test_a_model_that_was_about_to_say_something_else_is_unsure(self, server, client):
        server.otherwise = weighed("Based on", Based=-0.02, Yes=-7.0, No=-16.0)
        decision = decide("Is it theft?", provider=client(), model="m-1")
        assert decision.is_unsure
        assert decision.probability > 0.99
        assert decision.covered < 0.01

    def test_several_options_are_weighed_by_the_likeliest_over_the_next(self, server, client):
        server.otherwise = weighed("B", B=math.log(0.7), A=math.log(0.2), C=math.log(0.05))
        decision = decide("Which?", ["A", "B", "C"], provider=client(), model="m-1", error_rate=0.3)
        assert (decision.answer, decision.margin) == ("B", pytest.approx(math.log(3.5)))
        assert decision.probability == pytest.approx(0.7 / 0.95)

    def test_a_coroutine_decides_the_same(self, server, client):
        server.otherwise = of_margin(4)
        models = client()
        assert asyncio.run(adecide("?", provider=models, model="m-1")).margin == pytest.approx(4)

    def test_equal_questions_are_asked_once_where_answers_are_kept(self, server, client):
        server.otherwise = of_margin(4)
        models = client(cache=MemoryCache(10))
        assert decide("?", provider=models, model="m-1").margin == decide("?", provider=models, model="m-1").margin
        assert server.requests == 1

    @pytest.mark.parametrize(
        "options",
        [["YES"], [], ["YES", "yes"], ["yes", "yonder"], ["A", ""], list("ABCDEFGHIJK"), ["'", "B"]],
    )
    def test_options_begin_with_different_letters(self, client, options):
        with pytest.raises(InputError, match="`options`"):
            decide("?", options, provider=client(), model="m-1")

    @pytest.mark.parametrize(
        "bad", [{"error_rate": 0.5}, {"error_rate": -1}, {"votes": -1}, {"examples": [("?", "Y")]}]
    )
    def test_arguments_out_of_range_are_refused(self, server, client, bad):
        with pytest.raises(InputError, match=next(iter(bad))):
            decide("?", provider=client(), model="m-1", **bad)
        assert server.requests == 0


class TestServersWithoutLogprobs:
    def test_they_are_refused_by_a_sentence(self, server, client):
        server.otherwise = answer("YES")
        with pytest.raises(MalformedAnswer, match=r"gives no log-probabilities for model 'm-1'.*`votes=9`") as caught:
            decide("?", provider=client(), model="m-1")
        assert (caught.value.answer, caught.value.spent.calls) == ("YES", 1)

    def test_votes_are_counted_and_called_votes(self, server, client):
        words = ["YES", "Yes.", "No", "yes, it is", "Perhaps", "YES"]
        server.script.extend(answer(word) for word in words)
        decision = decide("?", provider=client(most_at_once=1), model="m-1", votes=6, error_rate=0.3)
        assert (decision.read_by, decision.answer, decision.spent.calls) == ("votes", "YES", 6)
        assert decision.covered == pytest.approx(5 / 6)
        assert decision.probability == pytest.approx(4.5 / 6)
        assert decision.margin == pytest.approx(math.log(4.5 / 1.5))

    def test_a_voter_that_fails_is_no_vote(self, server, client):
        server.script.extend([answer("NO"), http(b"", 400), answer("NO")])
        decision = decide("?", provider=client(most_at_once=1), model="m-1", votes=3, error_rate=0.2)
        assert (decision.likeliest, decision.covered) == ("NO", pytest.approx(2 / 3))

    def test_no_votes_at_all_are_an_error(self, server, client):
        server.otherwise = answer("Perhaps")
        with pytest.raises(MalformedAnswer, match="None of 3 answers"):
            decide("?", provider=client(), model="m-1", votes=3)
        server.otherwise = http(b"", 400)
        with pytest.raises(ModelRefused) as caught:
            decide("?", provider=client(), model="m-1", votes=3)
        assert caught.value.spent.calls == 3

    def test_coroutines_vote_the_same(self, server, client):
        server.otherwise = answer("NO")
        decision = asyncio.run(adecide("?", provider=client(), model="m-1", votes=9))
        assert (decision.likeliest, decision.probability) == ("NO", pytest.approx(0.95))


class TestCalibrated:
    def fitted(self, **options):
        margins = [-1.0] * 100 + [1.0] * 100
        right = [True] * 40 + [False] * 60 + [True] * 90 + [False] * 10
        return Calibration.fitted(margins, right, **{"model": "m-1", "options": OPTIONS, **options})

    def test_two_margins_have_the_rates_of_their_examples(self):
        """With two margins, Platt's curve goes through both of his targets' means exactly."""
        high, low = 131 / 132, 1 / 72  # his targets of 130 right ones, and of 70 others
        fitted = self.fitted()
        assert fitted.probability(1.0) == pytest.approx((90 * high + 10 * low) / 100, abs=1e-9)
        assert fitted.probability(-1.0) == pytest.approx((40 * high + 60 * low) / 100, abs=1e-9)

    def test_two_normal_distributions_have_their_log_odds(self, seed):
        """Margins of N(+1, 1) where YES is right and N(-1, 1) where NO is: log-odds are 2 * margin."""
        draw = random.Random(seed)
        right = [draw.random() < 0.5 for _ in range(20_000)]
        margins = [draw.gauss(1 if one else -1, 1) for one in right]
        fitted = Calibration.fitted(margins, right, model="m-1", options=OPTIONS)
        # Standard errors at 20 000 examples are about 0.03 and 0.03: five of them.
        assert fitted.slope == pytest.approx(2.0, abs=0.15), f"seed {seed}"
        assert fitted.intercept == pytest.approx(0.0, abs=0.15), f"seed {seed}"

    def test_margins_that_part_the_labels_stay_finite(self):
        fitted = Calibration.fitted([-3, -2, 2, 3], [False, False, True, True], model="m-1", options=OPTIONS)
        assert 0.5 < fitted.probability(2.0) < 1
        assert math.isfinite(fitted.slope)

    def test_isotonic_pools_what_falls_and_keeps_what_rises(self):
        margins = [1.0] * 10 + [2.0] * 10 + [3.0] * 10 + [4.0] * 10
        right = [True] * 1 + [False] * 9 + [True] * 6 + [False] * 4 + [True] * 4 + [False] * 6 + [True] * 9 + [False]
        fitted = Calibration.fitted(margins, right, model="m-1", options=OPTIONS, method="isotonic")
        assert [fitted.probability(one) for one in (1, 2, 3, 4)] == pytest.approx([0.1, 0.5, 0.5, 0.9])
        assert fitted.probability(1.5) == pytest.approx(0.3)
        assert (fitted.probability(-99), fitted.probability(99)) == (pytest.approx(0.1), pytest.approx(0.9))

    def test_isotonic_rises_and_is_never_certain(self, seed):
        draw = random.Random(seed)
        margins = [draw.gauss(0, 2) for _ in range(200)]
        right = [draw.random() < 1 / (1 + math.exp(-one)) for one in margins]
        fitted = Calibration.fitted(margins, right, model="m-1", options=OPTIONS, method="isotonic")
        heights = [fitted.probability(one / 10) for one in range(-60, 61)]
        assert heights == sorted(heights), f"seed {seed}"
        assert 1 / 202 <= heights[0] <= heights[-1] <= 201 / 202, f"seed {seed}"

    def test_a_calibrated_decision_may_lean_the_other_way(self, server, client):
        """A model that says YES too readily: at margin -1, YES is still right four times of ten; at 0, more often."""
        server.otherwise = of_margin(-0.3)
        fitted = self.fitted()
        decision = decide("?", provider=client(), model="m-1", calibration=fitted, error_rate=0.4)
        assert fitted.probability(-0.3) > 0.6
        assert (decision.answer, decision.calibrated) == ("YES", True)
        assert decision.probability == fitted.probability(decision.margin)

    def test_the_stated_rate_holds_on_new_questions(self, server, client, seed):
        """Of decisions that are not unsure, no more are wrong than stated, but for the scatter of the sample."""
        draw = random.Random(seed)

        def drawn(count):
            right = [draw.random() < 0.5 for _ in range(count)]
            return [draw.gauss(3 if one else 1, 1.0) for one in right], right  # always leans to YES

        fitted = Calibration.fitted(*drawn(4000), model="m-1", options=OPTIONS)
        margins, right = drawn(200)
        server.script.extend(of_margin(one) for one in margins)
        models = client()
        decisions = [
            decide(f"{number}?", provider=models, model="m-1", calibration=fitted, error_rate=0.1)
            for number in range(200)
        ]
        decided = [(one.answer == "YES") == truth for one, truth in zip(decisions, right, strict=True) if one.answer]
        assert 30 < len(decided) < 200, f"seed {seed}"
        allowed = 0.1 * len(decided) + 5 * math.sqrt(0.1 * 0.9 * len(decided))
        assert decided.count(False) <= allowed, f"seed {seed}"

    def test_it_is_a_value_that_json_carries_with_the_hash_of_its_data(self):
        fitted = self.fitted()
        again = Calibration.from_plain(json.loads(json.dumps(fitted.to_plain())))
        assert again == fitted
        assert fitted.data_sha256 == self.fitted(method="isotonic").data_sha256
        other = Calibration.fitted([1, 2, 3, 4], [True, False, True, False], model="m-1", options=OPTIONS)
        assert other.data_sha256 != fitted.data_sha256

    @pytest.mark.parametrize("broken", [{}, {"model": "m"}, {**dict.fromkeys(Calibration.__dataclass_fields__, 5)}])
    def test_what_is_no_calibration_is_refused(self, broken):
        with pytest.raises(InputError, match="`plain`"):
            Calibration.from_plain(broken)

    @pytest.mark.parametrize(
        "other", [{"model": "m-2"}, {"options": ("NO", "YES")}, {"options": ("Yes", "No")}, {"read_by": "votes"}]
    )
    def test_another_models_calibration_is_refused(self, server, client, other):
        with pytest.raises(InputError, match="`calibration` must be fitted for model 'm-1'"):
            decide("?", provider=client(), model="m-1", calibration=self.fitted(**other))
        assert server.requests == 0

    @pytest.mark.parametrize(
        ("margins", "right"),
        [([1, 2, 3], [True, False, True]), ([1, 2, 3, 4], [True] * 4), ([1, 2, 3, math.nan], [True, False] * 2),
         ([1, 2, 3, 4], [True]), ([[1, 2, 3, 4]], [[True, False, True, False]])],
    )  # fmt: skip
    def test_examples_that_tell_nothing_are_refused(self, margins, right):
        with pytest.raises(InputError):
            Calibration.fitted(margins, right, model="m-1", options=OPTIONS)
