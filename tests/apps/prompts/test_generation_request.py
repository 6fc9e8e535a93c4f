"""A generation's request says itself in JSON, and refuses what it cannot mean by name."""

import pytest

from synqc import json
from synqc.apps.prompts.acceptance import SequentialTest
from synqc.apps.prompts.request import AcceptanceRule, DuplicateRule, GenerationRequest, Limits, ModelName, RoleModels
from synqc.errors import InputError

MODEL = ModelName("local", "m")
MODELS = RoleModels(MODEL, MODEL, MODEL)


def test_a_request_survives_json():
    request = GenerationRequest(
        rows=3, models=RoleModels(MODEL, MODEL, MODEL, ModelName("openai", "o")), taxonomy={"A": ["b"]},
        seeds=[{"problem": "1 + 1?", "tags": ["x"]}], duplicates=DuplicateRule(benchmark_rows={"AIME": ["Find x."]}),
        acceptance=AcceptanceRule(m=2, k=3), limits=Limits(usd_micros=5),
    )  # fmt: skip
    assert GenerationRequest.from_dict(json.loads(json.dumps(request.to_dict()))) == request


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rows": 0}, "`rows`"), ({"rows": True}, "`rows`"), ({"rows": 100_001}, "`rows`"), ({"rows": 1.5}, "`rows`"),
        ({"workers": 0}, "`workers`"), ({"taxonomy": {}}, "`taxonomy`"), ({"taxonomy": None}, "`taxonomy`"),
        ({"taxonomy": "x"}, "`taxonomy`"), ({"taxonomy": {"A\0": ["b"]}}, "`taxonomy`"),
        ({"taxonomy": {"A": ["\ud800"]}}, "`taxonomy`"), ({"taxonomy": {"A": {"b": {"levl": 1}}}}, "level"),
        ({"name": "\0"}, "`name`"), ({"name": "\ud800"}, "`name`"),
        ({"seeds": "x"}, "`seeds`"), ({"seeds": [{"problem": " "}]}, "`problem`"), ({"on_exhaustion": "stop"}, "raise"),
        ({"limits": {"error_rate": 2}}, "`error_rate`"), ({"limits": {"atempts": 2}}, "did you mean 'attempts'"),
        ({"acceptance": {"m": 3, "k": 2}}, "`m`"), ({"difficulties": {"hard": 0}}, "`difficulties`"),
        ({"acceptance": {"reference_solves": 1, "reference_agreements": 2}}, "`reference_agreements`"),
        ({"acceptance": {"rule": "sprt"}}, "`k` must be at least 6 for a test between failure rates of 0.5 and 0.9"),
        ({"acceptance": {"rule": "sprt", "k": 5}}, "to accept anything, but is 5"),
        ({"models": {"engineer": MODEL, "checker": MODEL}}, "target"), ({"models": 3}, "`models`"),
        ({"duplicates": {"threshold": float("nan")}}, "`threshold`"), ({"seed": -1}, "`seed`"), ({"rowz": 1}, "'rows'"),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_by_name(change, words):
    with pytest.raises(InputError) as refusal:
        GenerationRequest.from_dict({"rows": 1, "models": MODELS, "taxonomy": {"A": ["b"]}, **change})
    assert words in str(refusal.value)


def test_all_independent_solutions_must_agree_unless_fewer_are_said_to_do():
    assert AcceptanceRule(reference_solves=3).reference_agreements == 3
    assert AcceptanceRule.from_dict({"reference_solves": 0}).guard is None
    assert AcceptanceRule(reference_solves=3, reference_agreements=2).guard.decide(2, 2).choice == "trust"


@pytest.mark.parametrize("rates", [(0.5, 0.9), (0.2, 0.8), (0.01, 0.02), (0.4, 0.6)])
def test_fewest_tries_of_a_test_are_those_that_can_accept(rates):
    fewest = SequentialTest(*rates, most_samples=1).least_samples
    test = SequentialTest(*rates, most_samples=fewest)
    assert test.decide(fewest, fewest).choice == "accept"
    assert test.decide(fewest - 1, fewest - 1).choice == "continue"
