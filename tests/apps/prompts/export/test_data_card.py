"""Data card: says what the generation says, claims nothing that is not known, and cannot be broken by names."""

import json
from dataclasses import replace

import pytest

from synqc.apps.prompts.acceptance import GuardTrial, ReferenceGuard, chao1, exact_share, good_turing
from synqc.apps.prompts.causes import DiscardCause, RowStatus, StopReason
from synqc.apps.prompts.export import data_card
from synqc.apps.prompts.funnel import Funnel, GenerationStatus, ModelCost
from synqc.apps.prompts.request import GenerationRequest, ModelName, RoleModels
from synqc.errors import InputError
from synqc.jobs import JobState

MODEL = ModelName("local", "m|<b>")


def status_of(**changes):
    request = GenerationRequest(
        rows=20, models=RoleModels(MODEL, MODEL, MODEL), taxonomy={"Algebra": ["Roots"]}, **changes
    ).to_dict()
    return GenerationStatus(
        id=1,
        job_id="job",
        name="Batch | <script>\n# x",
        state=JobState.SUCCEEDED,
        stop_reason=StopReason.ENOUGH,
        stop_words="",
        rows_wanted=20,
        accepted=20,
        surplus=1,
        discarded=30,
        failed=2,
        stopped=1,
        most_attempts=2000,
        usd_micros=1_500_000,
        reserved_usd_micros=0,
        tokens=9,
        error=None,
        job_attempt=1,
        created_at=1.0,
        updated_at=2.0,
        started_at=1.5,
        ended_at=2.0,
        request=request,
    )


FUNNEL = Funnel(
    rows_wanted=20,
    attempted=54,
    by_status={
        RowStatus.ACCEPTED: 20,
        RowStatus.SURPLUS: 1,
        RowStatus.DISCARDED: 30,
        RowStatus.FAILED: 2,
        RowStatus.STOPPED: 1,
    },
    by_cause={DiscardCause.SOLVED: 25, DiscardCause.INVALID: 5, DiscardCause.TIMED_OUT: 2},
    by_topic={"Algebra / Roots": {"attempted": 54, "accepted": 21}},
    usd_micros=1_500_000,
    uncounted_usd_micros=0,
    tokens=9000,
    usd_micros_per_accepted=75_000.0,
    models=(
        ModelCost(
            role="target",
            model="local:m|<b>",
            calls=54,
            answers=52,
            prompt_tokens=5000,
            completion_tokens=None,
            usd_micros=None,
        ),
    ),
    richness=chao1([1] * 10 + [2] * 5),
    coverage=good_turing([1] * 10 + [2] * 5),
)


def test_rates_have_exact_limits_and_counts():
    card = data_card(status_of(), FUNNEL).to_dict()
    accepted = exact_share(21, 53)
    assert card["rates"]["accepted"] == {
        "count": 21, "of": 53, "share": accepted.value, "low": accepted.low, "high": accepted.high,
    }  # fmt: skip
    assert card["rates"]["solved"]["count"] == 25
    assert card["topics"][0]["topic"] == "Algebra / Roots"
    assert json.loads(json.dumps(card)) == card


def test_how_many_different_rows_there_are_is_told_if_it_is_known():
    card = data_card(status_of(), FUNNEL)
    assert card.to_dict()["distinct"]["seen"] == 15
    assert "15 different rows were found, of about" in card.to_markdown()
    without = data_card(status_of(), replace(FUNNEL, richness=None, coverage=None))
    assert without.to_dict()["distinct"] is None
    assert "different rows" not in without.to_markdown()
    without_end = replace(chao1([1]), high=float("inf"))
    endless = data_card(status_of(), replace(FUNNEL, richness=without_end))
    assert "any number" in endless.to_markdown()
    json.dumps(endless.to_dict(), allow_nan=False)


def test_what_is_not_known_is_said_so():
    card = data_card(status_of(), FUNNEL)
    assert card.to_dict()["licence"] == "not stated"
    assert card.to_dict()["models"][0]["licence"] == "not stated"
    assert "unknown" in card.to_markdown()
    assert card.to_dict()["guard"] is None


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"rule": "m_of_k", "m": 2, "k": 3}, "At least 2 of 3 answers are wrong."),
        ({"rule": "sprt", "k": 12}, "A sequential test between failure rates 0.5 and 0.9, at most 12 answers."),
        ({"reference_solves": 0}, "Reference answers were trusted as they are"),
    ],
)
def test_the_rule_stands_with_what_it_does(rule, words):
    card = data_card(status_of(acceptance=rule), FUNNEL)
    assert words in card.to_markdown()
    table = card.to_dict()["acceptance"]["accept_probability"]
    assert all(0 <= one["accept"] <= 1 and one["answers"] >= 1 for one in table)


def test_the_guards_power_stands_with_its_interval():
    guard = ReferenceGuard()
    trials = [GuardTrial(k % 2 == 0, k % 2 == 0 or k % 20 == 1) for k in range(200)]
    report = guard.report(trials, trusted=80, judged=100)
    card = data_card(
        status_of(), FUNNEL, guard=report, licence="CC-BY-4.0", model_licences={"local:m|<b>": "Apache-2.0"}
    )
    assert card.to_dict()["guard"]["wrong_references_refused"]["of"] == 100
    assert "Wrong references among accepted rows:" in card.to_markdown()
    assert card.to_dict()["models"][0]["licence"] == "Apache-2.0"


def test_names_cannot_break_the_page():
    text = data_card(status_of(), FUNNEL).to_markdown()
    assert "<script>" not in text
    assert "<b>" not in text
    assert text.splitlines()[0].startswith("# Batch &#124; &#60;script&#62; \\# x")
    tables = [line for line in text.splitlines() if line.startswith("|")]
    widths = {line.count("|") for line in tables if "local" in line}
    assert widths == {8}


def test_the_same_generation_has_the_same_card():
    assert data_card(status_of(), FUNNEL) == data_card(status_of(), FUNNEL)


def test_a_licence_is_a_text():
    with pytest.raises(InputError, match="`licence` must be a text, but is int"):
        data_card(status_of(), FUNNEL, licence=4)
