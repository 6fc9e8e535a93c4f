"""Each sentence is what one of the fifteen defects of the prompt agent that we replace must not do again.

Docstrings name the tests that look closer.
"""

import asyncio
import json

import pytest
from chat_completions_double import Fail
from model_world import World, bill, judge, numbers_in, serve
from waiting import wait_until

from synqc.apps.prompts.application import PromptsApplication
from synqc.apps.prompts.causes import DiscardCause, RowStatus, StopReason
from synqc.apps.prompts.equivalence import judge_equivalence
from synqc.apps.prompts.errors import UnknownGeneration, UnknownRow
from synqc.apps.prompts.prices import PriceTable
from synqc.apps.prompts.request import AcceptanceRule, DuplicateRule, GenerationRequest, Limits, ModelName, RoleModels
from synqc.apps.prompts.row import RowFilter
from synqc.apps.prompts.settings import PromptsSettings
from synqc.errors import InputError
from synqc.llm import Spent

WAIT_S = 60
ROLES = ("engineer", "checker", "target", "judge")


def models_of(number, provider="world"):
    return RoleModels(*(ModelName(provider, f"{role}-{number}") for role in ROLES))


def rows_of(application, job_id, *statuses):
    return application.rows(RowFilter(job_id=job_id, statuses=statuses, limit=10_000))


def test_1_jobs_at_once_have_their_own_models_and_taxonomies(worlds, asked):
    application = worlds(pauses=lambda _: 0.001)
    topics = {1: "Sums", 2: "Roots"}
    jobs = {
        number: application.submit(asked(models=models_of(number), rows=4, taxonomy={"Any": [topic]}))
        for number, topic in topics.items()
    }
    for number, job_id in jobs.items():
        assert application.wait(job_id, WAIT_S).accepted == 4
        calls = application.calls(job_id)
        assert {call.model for call in calls} == {f"world:{role}-{number}" for role in ROLES}
        written = [call.messages[-1][1] for call in calls if call.role == "engineer"]
        assert written
        assert all(f"Topic: {topics[number]}\n" in said for said in written)


def test_2_constants_are_compared_by_value_and_nothing_that_a_model_wrote_is_run(tmp_path):
    """More: equivalence/test_judgement.py, and hostile answers in equivalence/test_judge_equivalence.py."""
    integral = r"Evaluate the integral $\int_0^1 x^2 dx$."
    assert judge_equivalence("1/3", "1/2", question=integral, deadline_s=20).kind == "unequal"
    assert judge_equivalence("1/3", "2/6", question=integral, deadline_s=20).kind == "equal"
    derivative = "What is the derivative of $x^2$ at 2?"
    for reference, answer in (("4", "0"), ("0", "4"), ("4", "5")):
        assert judge_equivalence(reference, answer, question=derivative, deadline_s=20).kind == "unequal"
    touched = tmp_path / "touched"
    verdict = judge_equivalence("7", f"__import__('os').system('touch {touched}')", deadline_s=20)
    assert (verdict.kind in ("unequal", "unknown"), touched.exists()) == (True, False)


def test_3_the_word_false_is_no_yes(worlds, asked):
    """More: test_hostile_answers.py, of verdicts that are no boolean."""
    application = worlds(failing=1.0, sound=1.0)
    application.world.checker = lambda said, body: json.dumps({"valid": "false", "reason": "It is not sound."})
    job_id = application.submit(asked(rows=1, limits=Limits(attempts=3, error_rate=None)))
    assert application.wait(job_id, WAIT_S).accepted == 0
    assert application.funnel(job_id).by_cause == {DiscardCause.MALFORMED: 3}


def test_4_coverage_is_balanced_over_all_attempts_of_a_job(worlds, asked):
    """More: topics/test_coverage_schedule.py."""
    application = worlds(failing=0.0, sound=1.0)
    job_id = application.submit(asked(rows=9, limits=Limits(attempts=30)))
    application.wait(job_id, WAIT_S)
    by_topic = application.funnel(job_id).by_topic
    assert [one["attempted"] for one in by_topic.values()] == [10, 10, 10]


@pytest.mark.parametrize(
    ("held", "becomes", "calls"), [("judge", RowStatus.SURPLUS, 4), ("engineer", RowStatus.STOPPED, 1)]
)
def test_5_what_was_under_way_at_the_target_is_kept_paid_and_asks_nobody_more(worlds, asked, held, becomes, calls):
    """More: test_generation.py, of exactly as many rows in any order of finish."""
    application = worlds(failing=1.0, sound=1.0)
    answer, late = application.models.acomplete, []

    async def held_back(request, read=str, **options):
        """One call is answered when there are enough rows."""
        if request.model == f"{held}-1" and not late:
            late.append(request)
            while application.status(1).accepted < 4:
                await asyncio.sleep(0.005)
        return await answer(request, read, **options)

    application.models.acomplete = held_back
    job_id = application.submit(asked(rows=4, workers=3))
    status = application.wait(job_id, WAIT_S)
    assert (status.accepted, status.stop_reason) == (4, StopReason.ENOUGH)
    rows = rows_of(application, job_id)
    asked_late = (held, late[0].messages[-1].content)
    (attempt,) = [one.attempt for one in application.calls(job_id) if (one.role, one.messages[-1][1]) == asked_late]
    (late_row,) = [row for row in rows if row.attempt == attempt]
    assert (late_row.status, len(application.calls(job_id, attempt=attempt))) == (becomes, calls)
    assert late_row.usd_micros > 0
    assert status.usd_micros == sum(row.usd_micros for row in rows) == bill(application.world.log)


def test_6_hard_problems_do_not_throttle(worlds, asked):
    application = worlds(failing=0.0, sound=1.0, pauses=lambda _: 0.002)
    job_id = application.submit(asked(rows=9, workers=12, limits=Limits(attempts=40)))
    assert application.wait(job_id, WAIT_S).accepted == 0
    assert application.models.most_under_way == 12


def test_7_every_provider_has_limits_and_a_busy_one_is_asked_again_without_an_attempt_spent(tmp_path):
    """More: tests/llm/test_retrying.py, and tests/llm/test_language_models.py of limits of time and places."""
    server = serve(World(failing=1.0, sound=1.0))
    settings = PromptsSettings(
        state_dir=tmp_path, openai_base_url=server.url, openai_api_key="k", gemini_key="k", deepseek_key="k",
        local_model="none", call_timeout_s=70.0, calls_at_once=3,
    )  # fmt: skip
    application = PromptsApplication(settings, judge=judge)
    try:
        assert application.providers.names == ("deepseek", "gemini", "openai")
        for name in application.providers.names:
            endpoint = application.providers.find(ModelName(name, "m")).endpoint
            assert (endpoint.timeout_s, endpoint.most_at_once) == (70.0, 3)
        server.script.append(Fail(429, headers={"retry-after-ms": "1"}))
        application.start()
        request = GenerationRequest(rows=1, models=models_of(1, "openai"), taxonomy={"A": ["b"]}, workers=1)
        status = application.wait(application.submit(request), WAIT_S)
        assert (status.accepted, status.failed) == (1, 0)
        assert [body["model"] for body in server.bodies] == [
            "engineer-1",
            "engineer-1",
            "checker-1",
            "target-1",
            "judge-1",
        ]
    finally:
        application.close()
        server.stop()


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"attempts": 5, "error_rate": None}, StopReason.ATTEMPTS), ({"usd_micros": 60_000}, StopReason.BUDGET),
        ({"deadline_s": 0.2, "error_rate": None}, StopReason.DEADLINE), ({}, StopReason.ERROR_RATE),
    ],
    ids=lambda one: getattr(one, "value", ""),
)  # fmt: skip
def test_8_a_job_ends_by_cost_time_attempts_and_errors_and_asks_for_a_bounded_number(worlds, asked, limits, reason):
    with pytest.raises(InputError, match="`rows` must be a whole number from 1 to 100000"):
        asked(rows=10**9)
    application = worlds(failing=0.0, sound=1.0, pauses=lambda _: 0.002)
    if reason is not StopReason.BUDGET:
        application.world.answer = lambda body: Fail(401)  # the key is wrong
    job_id = application.submit(asked(rows=100, workers=4, limits=Limits(**limits)))
    status = application.wait(job_id, WAIT_S)
    assert (status.stop_reason, status.accepted) == (reason, 0)
    if reason is StopReason.ERROR_RATE:
        # Ten fail before it stops, while four workers' and two that wait for the disk are under way; not 100 a row.
        assert status.failed + status.stopped <= 10 + 4 + 2
    if reason is StopReason.BUDGET:
        assert status.usd_micros <= 60_000


def test_9_what_gemini_bills_is_counted_and_what_nobody_knows_is_not_nothing(worlds, asked):
    """More: test_prices.py, and test_generation.py of budgets and unknown prices."""
    gemini, other = ModelName("gemini", "gemini-2.5-pro"), ModelName("gemini", "gemini-of-tomorrow")
    prices = PriceTable.shipped().of_models([gemini, other], worst=False)
    assert prices[gemini].cost(Spent(1, 1_000_000, 0, 0.0)) > 10**12  # more than a dollar, in picodollars
    assert prices[gemini].cost(Spent(1)) is None
    assert prices[other] is None
    application = worlds(failing=1.0, sound=1.0)
    job_id = application.submit(asked(rows=1, models=models_of(99)))
    assert application.wait(job_id, WAIT_S).usd_micros is None
    assert application.funnel(job_id).tokens > 0


def test_10_figures_of_a_job_are_its_own(worlds, asked):
    application = worlds(failing=0.5, sound=1.0)
    first = application.submit(asked(rows=3))
    application.wait(first, WAIT_S)
    figures = application.funnel(first)
    second = application.submit(asked(rows=2, seed=9))
    application.wait(second, WAIT_S)
    assert application.funnel(first) == figures
    for job_id in (first, second):
        funnel, rows = application.funnel(job_id), rows_of(application, job_id)
        assert funnel.attempted == sum(funnel.by_status.values()) == len(rows)
        assert funnel.usd_micros == sum(row.usd_micros for row in rows)


class TestDefect11:
    """More: test_generation_crashes.py of kill -9, and tests/service/prompts/test_prompts_routes.py of batch states."""

    def test_a_job_outlives_its_process_and_its_rows_are_stored_as_they_end(self, worlds, asked):
        first = worlds(failing=1.0, sound=1.0, pauses=lambda _: 0.0 if len(first.world.log) < 12 else 30.0)
        job_id = first.submit(asked(rows=8, workers=2))
        wait_until(lambda: first.status(job_id).accepted and first.models.under_way == 2, WAIT_S)
        kept = rows_of(first, job_id, RowStatus.ACCEPTED)
        first.drain()
        wait_until(lambda: first.status(job_id).state == "queued", WAIT_S)
        second = worlds(failing=1.0, sound=1.0)
        status = second.wait(job_id, WAIT_S)
        assert (status.state, status.accepted, status.job_attempt) == ("succeeded", 8, 2)
        assert kept == rows_of(second, job_id, RowStatus.ACCEPTED)[: len(kept)]

    def test_a_failure_stands_in_the_batch(self, worlds, asked):
        application = worlds(trouble=1.0)
        job_id = application.submit(asked(rows=3, on_exhaustion="raise"))
        status = application.wait(job_id, WAIT_S)
        assert (status.state, status.stop_reason) == ("failed", StopReason.ERROR_RATE)
        assert "0 of 3 rows" in status.error


def test_12_a_deleted_batch_leaves_no_problem_behind(worlds, asked):
    """More: tests/service/prompts/test_prompts_refusals.py of keys; there are no tokens of others to be checked."""
    application = worlds(failing=1.0, sound=1.0)
    job_id = application.submit(asked(rows=2))
    application.wait(job_id, WAIT_S)
    rows = rows_of(application, job_id)
    application.delete(job_id)
    assert application.count_rows() == 0
    for row in rows:
        with pytest.raises(UnknownRow):
            application.row(row.id)
    with pytest.raises(UnknownGeneration):
        application.calls(job_id)


def test_13_every_row_has_the_topic_that_it_was_asked_for(worlds, asked):
    application = worlds(failing=1.0, sound=1.0)
    job_id = application.submit(asked(rows=6, workers=3))
    application.wait(job_id, WAIT_S)
    rows = [row for row in rows_of(application, job_id) if row.problem]
    assert {(row.subject, row.topic) for row in rows} == {
        ("Arithmetic", "Sums"), ("Arithmetic", "Differences"), ("Algebra", "Roots"),
    }  # fmt: skip
    for row in rows:
        engineer = application.calls(job_id, attempt=row.attempt)[0].messages[-1][1]
        assert f"Subject: {row.subject}\n" in engineer
        assert f"Topic: {row.topic}\n" in engineer


def test_14_nothing_repeats_a_row_of_the_batch_of_the_store_or_of_a_benchmark(worlds, asked):
    """More: test_generation.py of repetitions, and semantic/ of those in other words."""
    application = worlds(failing=1.0, sound=1.0, distinct=3)
    limits = Limits(attempts=12, duplicate_rate=None)

    def made(**rule):
        job_id = application.submit(asked(rows=12, limits=limits, duplicates=DuplicateRule(**rule)))
        status = application.wait(job_id, WAIT_S)
        rows = rows_of(application, job_id, RowStatus.DISCARDED)
        return status.accepted, {found.source for row in rows for found in row.duplicates}

    assert made() == (3, {"batch"})
    texts = [row.problem for row in application.rows(RowFilter(statuses=(RowStatus.ACCEPTED,)))]
    assert made() == (0, {"store"})
    assert made(against_store=False, benchmark_rows={"AIME": texts}) == (0, {"AIME"})


def test_15_a_wrong_reference_is_never_accepted_because_the_target_differs_from_it(worlds, asked):
    """More: test_generation.py, and acceptance/test_reference_guard.py of the guard's power."""
    application = worlds(failing=0.0, sound=1.0, wrong_references=1.0)
    limits = Limits(attempts=6)
    guarded = application.submit(asked(rows=3, limits=limits))
    assert application.wait(guarded, WAIT_S).accepted == 0
    assert application.funnel(guarded).by_cause == {DiscardCause.REFERENCE_DOUBTED: 6}
    trusting = AcceptanceRule(reference_solves=0, reference_agreements=0)
    job_id = application.submit(asked(rows=3, limits=limits, acceptance=trusting))
    assert application.wait(job_id, WAIT_S).accepted == 3
    accepted = rows_of(application, job_id, RowStatus.ACCEPTED)
    assert all(int(row.answer) != sum(numbers_in(row.problem)) for row in accepted)  # which is what the guard is for
