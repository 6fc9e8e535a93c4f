"""What clients send: documents of the original are taken, a misspelt or impossible one is refused with its place."""

import pytest
from pydantic import ValidationError

from synqc.apps.prompts.documents.generation_request import GenerationRequestDocument

MODEL = {"provider": "openai", "model_name": "gpt-4.1"}
ASKED = {
    "num_problems": 5, "engineer_model": MODEL, "checker_model": MODEL,
    "target_model": {"provider": "openai", "model_name": "o3-mini"}, "taxonomy": {"Algebra": ["Sums", "Roots"]},
}  # fmt: skip
NESTED = {"Calculus": {"Definite integrals": {"level": "Undergraduate", "description": "By parts."}}}
SEED = {"problem": "Solve x + 1 = 3.", "answer": "2", "id": 7, "tags": ["AIME"]}


def read(**changes):
    """The document with changes; None takes a member away."""
    return GenerationRequestDocument.model_validate(
        {name: value for name, value in {**ASKED, **changes}.items() if value is not None}
    )


def refusal(**changes):
    with pytest.raises(ValidationError) as refused:
        read(**changes)
    return [(".".join(map(str, one["loc"])), one["msg"]) for one in refused.value.errors()]


def test_a_document_becomes_the_request_that_the_job_carries():
    request = read(max_workers=4, budget_usd=0.1, max_attempts=50, deadline_s=60, seed=3).to_value()
    assert (request.rows, request.workers, request.seed) == (5, 4, 3)
    assert str(request.models.target) == "openai:o3-mini"
    assert request.models.of_judge == request.models.checker
    limits = request.limits
    assert (limits.attempts, limits.usd_micros, limits.deadline_s) == (50, 100_000, 60)


def test_a_job_may_choose_the_batch_interface():
    assert (read().to_value().batch, read(batch=True).to_value().batch) == (False, True)


def test_a_cap_of_one_hundred_attempts_for_each_problem_is_usual():
    assert read().to_value().most_attempts == 500


@pytest.mark.parametrize("taxonomy", [ASKED["taxonomy"], NESTED], ids=["flat", "nested"])
def test_both_forms_of_a_taxonomy_are_taken(taxonomy):
    assert read(taxonomy=taxonomy).to_value().taxonomy == taxonomy


def test_what_the_readme_sends_is_taken():
    assert read(enable_cas_validation=True, max_workers=10, use_search=False).max_workers == 10


def test_seeds_take_the_place_of_a_taxonomy():
    request = read(taxonomy=None, use_seed_data=True, seed_data=[SEED]).to_value()
    assert [(one.problem, one.answer, one.tags) for one in request.seeds] == [("Solve x + 1 = 3.", "2", ("AIME",))]


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"num_problem": 5}, "", "`num_problem` is no member of this document: did you mean `num_problems`?"),
        ({"colour": "red"}, "colour", "Extra inputs are not permitted"),
        ({"num_problems": 0}, "num_problems", "greater than or equal to 1"),
        ({"num_problems": True}, "num_problems", "must be a whole number, but is true or false"),
        ({"num_problems": 10**9}, "num_problems", "less than or equal to"),
        ({"target_model": {"provider": "openai"}}, "target_model.model_name", "Field required"),
        ({"target_model": {**MODEL, "temperature": 1}}, "target_model.temperature", "Extra inputs"),
        ({"target_model": {"provider": " ", "model_name": "a"}}, "target_model.provider", "at least 1 character"),
        ({"taxonomy": {}}, "taxonomy", "must map subjects to topics, and name at least one"),
        ({"taxonomy": {"Algebra": []}}, "taxonomy", "must give subject 'Algebra' a list of topics"),
        ({"taxonomy": {"Algebra": [7]}}, "taxonomy", "must name topics of 'Algebra' by text, but names 7"),
        ({"taxonomy": {"A": {"b": {"levl": "x"}}}}, "taxonomy", "unknown member 'levl': did you mean 'level'?"),
        ({"taxonomy": {"A": ["t"] * 5001}}, "taxonomy", "must hold at most 5000 topics, but holds 5001"),
        ({"taxonomy": None}, "", "`taxonomy` must be given where there are no seeds"),
        ({"use_seed_data": True}, "", "`benchmark_name` or `seed_data` must be given"),
        ({"seed_data": [SEED]}, "", "set `use_seed_data` to true"),
        ({"enable_cas_validation": False}, "enable_cas_validation", "Input should be True"),
        ({"budget_usd": float("nan")}, "budget_usd", "finite number"),
        ({"budget_usd": -1}, "budget_usd", "greater than or equal to 0"),
        ({"limits": {"attemps": 5}}, "limits", "no member 'attemps': did you mean 'attempts'?"),
        ({"acceptance": {"m": 3}}, "acceptance", "`m` must be a whole number from 1 to 1, but is 3"),
        ({"on_exhaustion": "ignore"}, "on_exhaustion", "'raise' or 'return_partial'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_its_place(changes, place, words):
    found = refusal(**changes)
    assert [one for one in found if one[0] == place and words in one[1]], found


def test_a_budget_is_never_rounded_up():
    assert read(budget_usd="0.0000019").to_value().limits.usd_micros == 1
