"""Generations on a world of models: exactly as many rows as asked for, and every reason to stop told truly."""

import json
import random
import threading
import time
from dataclasses import replace

import pytest
from model_world import bill, judge, share
from waiting import wait_until

from synqc.apps.prompts.causes import DiscardCause, RowStatus, StopReason
from synqc.apps.prompts.request import AcceptanceRule, DuplicateRule, Limits, ModelName, PromptTexts
from synqc.apps.prompts.row import RowFilter
from synqc.errors import InputError

WAIT_S = 60


def counts(status):
    return status.accepted + status.surplus + status.discarded + status.failed + status.stopped


def rows_of(application, job_id, *statuses):
    return application.rows(RowFilter(job_id=job_id, statuses=statuses, limit=10_000))


@pytest.mark.parametrize("failing", [0.06, 0.3, 0.95])
def test_exactly_as_many_rows_as_asked_for_in_any_order_of_finish(worlds, asked, failing, seed):
    chance = random.Random(seed)
    application = worlds(failing=failing, sound=0.95, trouble=0.05, pauses=lambda _: chance.random() * 0.01)
    wanted = chance.choice([1, 2, 4])
    limits = Limits(error_rate=None)
    job_id = application.submit(asked(rows=wanted, workers=chance.choice([1, 3, 16]), seed=seed % 1000, limits=limits))
    status = application.wait(job_id, WAIT_S)
    assert (status.state, status.stop_reason) == ("succeeded", StopReason.ENOUGH), seed
    accepted = rows_of(application, job_id, RowStatus.ACCEPTED)
    assert len(accepted) == status.accepted == wanted, seed
    assert len({row.problem for row in accepted}) == wanted
    assert counts(status) == application.count_rows(RowFilter(job_id=job_id))
    assert all(row.answer not in row.target_answers for row in accepted)
    assert status.usd_micros == bill(application.world.log), seed


@pytest.mark.deep
@pytest.mark.parametrize("percent", range(5, 100, 5))
def test_exactly_as_many_rows_at_any_rate_of_acceptance_order_and_mix_of_failures(worlds, asked, percent, seed):
    chance = random.Random(seed)
    trouble = chance.choice([0.0, 0.02, 0.1])
    application = worlds(
        failing=percent / 100, sound=1.0, trouble=trouble, pauses=lambda _: chance.random() / 500
    )  # fmt: skip
    wanted = 1000 if percent == 95 else chance.randint(1, 10 * percent)
    limits = Limits(error_rate=None)
    request = asked(rows=wanted, workers=chance.choice([1, 7, 64, 256]), seed=chance.randrange(2**31), limits=limits)
    job_id = application.submit(request)
    status = application.wait(job_id, 600)
    assert (status.state, status.stop_reason) == ("succeeded", StopReason.ENOUGH), seed
    accepted = rows_of(application, job_id, RowStatus.ACCEPTED)
    assert len(accepted) == len({row.problem for row in accepted}) == status.accepted == wanted, seed
    assert counts(status) == application.count_rows(RowFilter(job_id=job_id)), seed
    assert status.usd_micros == bill(application.world.log), seed
    assert status.reserved_usd_micros == 0, seed
    assert application.replay(job_id).rows == counts(status), seed


@pytest.mark.parametrize("policy", ["raise", "return_partial"])
def test_a_candidate_limit_that_is_used_up_ends_by_the_stated_policy(worlds, asked, policy):
    application = worlds(failing=0.15, sound=1.0)
    job_id = application.submit(asked(rows=20, limits=Limits(attempts=50), on_exhaustion=policy))
    status = application.wait(job_id, WAIT_S)
    assert status.stop_reason is StopReason.ATTEMPTS
    assert status.state == ("failed" if policy == "raise" else "succeeded")
    assert counts(status) == 50
    assert 0 < status.accepted < 20
    if policy == "raise":
        assert f"{status.accepted} of 20 rows" in status.error
    assert len(rows_of(application, job_id, RowStatus.ACCEPTED)) == status.accepted


def test_judges_are_started_when_a_generation_begins(worlds, asked, monkeypatch):
    begun = []
    monkeypatch.setattr("synqc.apps.prompts.application.start_judges", lambda: begun.append(len(application.world.log)))
    application = worlds(judge=None, start=False)
    application.start()
    job_id = application.submit(asked())
    assert application.wait(job_id, WAIT_S).accepted == 3
    assert begun == [0]


def test_what_passes_when_there_is_enough_is_kept_as_surplus(worlds, asked):
    application = worlds(failing=1.0, sound=1.0, pauses=lambda _: 0.01)
    job_id = application.submit(asked(rows=8, workers=8))
    status = application.wait(job_id, WAIT_S)
    assert status.accepted == 8
    assert status.surplus + status.stopped == counts(status) - 8
    assert status.usd_micros == bill(application.world.log)


def test_two_generations_with_different_models_never_mix(worlds, asked):
    from synqc.apps.prompts.request import ModelName, RoleModels

    application = worlds(pauses=lambda _: 0.001)
    models = [
        RoleModels(*(ModelName("world", f"{role}-{number}") for role in ("engineer", "checker", "target", "judge")))
        for number in (1, 2)
    ]
    jobs = [application.submit(asked(models=one, rows=6, seed=3)) for one in models]
    for number, job_id in enumerate(jobs, 1):
        assert application.wait(job_id, WAIT_S).accepted == 6
        assert {call.model.split("-")[1] for call in application.calls(job_id)} == {str(number)}
        assert {call.role for call in application.calls(job_id)} == {"engineer", "checker", "target", "judge"}
    assert len(application.world.log) == sum(len(application.calls(job_id)) for job_id in jobs)


def test_trouble_with_models_stops_a_generation_soon(worlds, asked):
    application = worlds(trouble=1.0)
    job_id = application.submit(asked(rows=50, workers=4))
    status = application.wait(job_id, WAIT_S)
    assert status.stop_reason is StopReason.ERROR_RATE
    assert counts(status) <= 10 + 4 + 2
    causes = set(application.funnel(job_id).by_cause)
    assert causes <= {DiscardCause.REFUSED, DiscardCause.MALFORMED, DiscardCause.CUT, DiscardCause.STOPPED}
    assert "of the latest 10 attempts failed" in status.stop_words


def test_the_deadline_ends_calls_that_are_under_way(worlds, asked):
    application = worlds(pauses=lambda _: 30.0)
    job_id = application.submit(asked(rows=5, workers=5, limits=Limits(deadline_s=1.0)))
    status = application.wait(job_id, WAIT_S)
    assert (status.stop_reason, status.state) == (StopReason.DEADLINE, "succeeded")
    assert counts(status) == status.stopped > 0
    funnel = application.funnel(job_id)
    assert funnel.uncounted_usd_micros == status.usd_micros > 0
    assert application.models.under_way == 0


def test_a_cancel_ends_calls_and_keeps_rows(worlds, asked):
    application = worlds(failing=1.0, sound=1.0, pauses=lambda body: 0.0 if len(application.world.log) < 40 else 30.0)
    job_id = application.submit(asked(rows=500, workers=8))
    deadline = time.monotonic() + WAIT_S
    while application.models.under_way < 8 or len(application.world.log) < 40:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    application.cancel(job_id)
    status = application.wait(job_id, WAIT_S)
    assert (status.state, status.stop_reason) == ("cancelled", StopReason.CANCELLED)
    assert status.accepted == len(rows_of(application, job_id, RowStatus.ACCEPTED)) > 0
    assert application.models.under_way == 0


def test_a_worker_that_leaves_waits_for_no_call_and_no_verdict(worlds, asked):
    compared, left = threading.Event(), threading.Event()

    def blocking_judge(reference, answer, problem):
        compared.set()
        left.wait(WAIT_S)
        return judge(reference, answer, problem)

    def pauses(body):  # half of the checks
        return 30.0 if body["model"] == "checker-1" and share(body["messages"][-1]["content"]) < 0.5 else 0.0

    first = worlds(sound=1.0, pauses=pauses, judge=blocking_judge)
    job_id = first.submit(asked(rows=6, workers=6))
    try:
        wait_until(lambda: compared.is_set() and first.models.under_way > 0, WAIT_S)
        first.drain()
        wait_until(lambda: first.status(job_id).state == "queued", WAIT_S)
        assert first.models.under_way == 0
        assert not left.is_set()
    finally:
        left.set()
    assert first.status(job_id).stop_reason is None
    ended = [call for call in first.calls(job_id) if call.outcome == "cancelled"]
    assert "checker" in {call.role for call in ended}
    second = worlds(sound=1.0)
    status = second.wait(job_id, WAIT_S)
    assert (status.state, status.accepted, status.job_attempt) == ("succeeded", 6, 2)
    # Calls that were ended are charged at their most, and all others once, at what they did cost.
    logs = first.world.log + second.world.log
    assert status.usd_micros == bill(logs) + sum(call.reserved_usd_micros for call in ended)
    assert len(logs) == len(second.calls(job_id)) - len(ended)
    assert second.replay(job_id).rows == counts(status)


def test_a_cancel_waits_for_no_verdict(worlds, asked):
    compared, over = threading.Event(), threading.Event()

    def blocking_judge(reference, answer, problem):
        compared.set()
        over.wait(WAIT_S)
        return judge(reference, answer, problem)

    application = worlds(sound=1.0, judge=blocking_judge)
    job_id = application.submit(asked(rows=2, workers=2))
    try:
        assert compared.wait(WAIT_S)
        application.cancel(job_id)
        wait_until(lambda: counts(application.status(job_id)) > 0, WAIT_S)
        assert not over.is_set()
    finally:
        over.set()
    status = application.wait(job_id, WAIT_S)
    assert counts(status) == status.stopped
    assert application.replay(job_id).rows == status.stopped


def test_a_budget_is_never_exceeded_under_64_workers(worlds, asked):
    application = worlds(pauses=lambda _: 0.002)
    budget = 300_000
    job_id = application.submit(asked(rows=500, workers=64, limits=Limits(usd_micros=budget)))
    status = application.wait(job_id, WAIT_S)
    assert status.stop_reason is StopReason.BUDGET
    assert status.usd_micros == bill(application.world.log) <= budget
    # What is left would not have paid for one more call at its most.
    assert budget - status.usd_micros < max(call.reserved_usd_micros for call in application.calls(job_id))
    assert status.reserved_usd_micros == 0


def test_a_budget_refuses_models_without_a_price_or_takes_the_dearest(worlds, asked):
    from synqc.apps.prompts.request import ModelName, RoleModels

    application = worlds(start=False)
    models = RoleModels(*[ModelName("world", "target-99")] * 3)
    with pytest.raises(InputError, match=r"price is unknown, but that of world:target-99"):
        application.submit(asked(models=models, limits=Limits(usd_micros=10**6)))
    application.submit(asked(models=models, limits=Limits(usd_micros=10**6), unknown_price="worst"))
    job_id = application.submit(asked(models=models))
    assert application.funnel(job_id).usd_micros == 0


def test_unknown_prices_are_unknown_and_not_nothing(worlds, asked):
    from synqc.apps.prompts.request import ModelName, RoleModels

    application = worlds()
    models = RoleModels(*(ModelName("world", f"{role}-99") for role in ("engineer", "checker", "target", "judge")))
    job_id = application.submit(asked(models=models))
    status = application.wait(job_id, WAIT_S)
    assert status.accepted == 3
    assert status.usd_micros is None
    funnel = application.funnel(job_id)
    assert (funnel.usd_micros, funnel.usd_micros_per_accepted) == (None, None)
    assert funnel.tokens == sum(sum(one["usage"].values()) for one in application.world.log)
    assert all(row.usd_micros is None for row in rows_of(application, job_id))


def test_rows_that_repeat_rows_say_which_and_where(worlds, asked):
    application = worlds(failing=1.0, sound=1.0, distinct=4)
    limits = Limits(attempts=300, duplicate_window=20, duplicate_rate=0.9)
    job_id = application.submit(asked(rows=50, workers=4, limits=limits))
    status = application.wait(job_id, WAIT_S)
    assert status.stop_reason is StopReason.EXHAUSTED
    assert status.accepted == 4
    repeated = [row for row in rows_of(application, job_id) if row.cause is DiscardCause.DUPLICATE]
    assert repeated
    for row in repeated:
        (found,) = row.duplicates
        other = application.row(found.row)
        assert (found.source, found.score, found.text) == ("batch", 1.0, other.problem)
        assert other.status is RowStatus.ACCEPTED
        assert row.problem[slice(*found.spans[0])]
    richness, coverage = application.funnel(job_id).richness, application.funnel(job_id).coverage
    assert (richness.seen, coverage.rows) == (4, 4 + len(repeated))
    assert richness.low <= 4 <= richness.high < 8


@pytest.mark.parametrize(("most", "is_worth"), [(10**6, True), (5_000, False)])
def test_a_generation_stops_when_a_further_row_is_not_worth_its_price(worlds, asked, most, is_worth):
    application = worlds(failing=1.0, sound=1.0, distinct=30)
    limits = Limits(attempts=100, duplicate_rate=None, usd_micros_per_new_row=most)
    job_id = application.submit(asked(rows=60, limits=limits, workers=2))
    status = application.wait(job_id, WAIT_S)
    assert status.stop_reason is (StopReason.ATTEMPTS if is_worth else StopReason.EXHAUSTED)
    if not is_worth:
        assert 25 <= counts(status) < 100
        assert "A further row is not worth its price in dollars" in status.stop_words
        assert "and may cost 0.005" in status.stop_words
    models = replace(asked().models, target=ModelName("world", "target-99"))
    with pytest.raises(InputError, match=r"`limits.usd_micros_per_new_row` must not be given where a price is unknown"):
        application.submit(asked(models=models, limits=limits))


def test_rows_of_the_store_are_not_repeated_by_later_generations_but_previews_are_none(worlds, asked):
    application = worlds(failing=1.0, sound=1.0, distinct=3)
    limits = Limits(attempts=30)
    preview = application.preview(asked(rows=3, limits=limits))
    application.wait(preview, WAIT_S)
    first = application.submit(asked(rows=3, limits=limits))
    assert application.wait(first, WAIT_S).accepted == 3
    second = application.submit(asked(rows=3, limits=limits))
    assert application.wait(second, WAIT_S).accepted == 0
    sources = {found.source for row in rows_of(application, second) for found in row.duplicates}
    assert sources == {"store"}
    apart = DuplicateRule(against_store=False)
    third = application.submit(asked(rows=3, limits=limits, duplicates=apart))
    assert application.wait(third, WAIT_S).accepted == 3


def test_rows_that_repeat_a_benchmark_or_a_seed_name_it(worlds, asked, tmp_path):
    application = worlds(failing=1.0, sound=1.0, distinct=2)
    job_id = application.submit(asked(rows=2, limits=Limits(attempts=30)))
    application.wait(job_id, WAIT_S)
    one, other = (row.problem for row in rows_of(application, job_id, RowStatus.ACCEPTED))
    benchmarks = tmp_path / "benchmarks"
    benchmarks.mkdir()
    (benchmarks / "AIME.jsonl").write_text(f'{{"problem": "Find x."}}\n{{"problem": {one!r}}}\n'.replace("'", '"'))
    rule = DuplicateRule(against_store=False, benchmarks=("AIME",), benchmark_rows={"mine": [other]})
    again = application.submit(asked(rows=2, limits=Limits(attempts=10, duplicate_rate=None), duplicates=rule))
    status = application.wait(again, WAIT_S)
    assert (status.accepted, status.stop_reason) == (0, StopReason.ATTEMPTS)
    found = {(found.source, found.row) for row in rows_of(application, again) for found in row.duplicates}
    assert found == {("AIME", 1), ("mine", 0)}
    assert application.funnel(again).by_cause == {DiscardCause.CONTAMINATED: 10}
    with pytest.raises(InputError, match="did you mean 'AIME'"):
        application.submit(asked(duplicates=DuplicateRule(benchmarks=("AIMEE",))))


def test_a_wrong_reference_is_not_accepted_though_the_target_fails(worlds, asked):
    application = worlds(failing=0.2, sound=1.0, wrong_references=0.5)
    job_id = application.submit(asked(rows=6))
    application.wait(job_id, WAIT_S)
    from model_world import numbers_in

    assert all(
        int(row.answer) == sum(numbers_in(row.problem)) for row in rows_of(application, job_id, RowStatus.ACCEPTED)
    )
    assert application.funnel(job_id).by_cause[DiscardCause.REFERENCE_DOUBTED] > 0
    trusting = asked(rows=6, seed=9, acceptance=AcceptanceRule(reference_solves=0, reference_agreements=0))
    unguarded = application.submit(trusting)
    application.wait(unguarded, WAIT_S)
    wrong = [row for row in rows_of(application, unguarded, RowStatus.ACCEPTED)
             if int(row.answer) != sum(numbers_in(row.problem))]  # fmt: skip
    assert wrong  # which is what the guard is for


def test_the_target_is_asked_until_m_of_k_is_decided(worlds, asked):
    application = worlds(failing=1.0, sound=1.0)
    job_id = application.submit(asked(rows=2, acceptance=AcceptanceRule(m=2, k=3)))
    application.wait(job_id, WAIT_S)
    assert {len(row.target_answers) for row in rows_of(application, job_id, RowStatus.ACCEPTED)} == {2}
    sequential = AcceptanceRule(rule="sprt", k=20, rate_low=0.2, rate_high=0.9)
    again = application.submit(asked(rows=2, seed=5, acceptance=sequential))
    assert application.wait(again, WAIT_S).accepted == 2
    assert {len(row.target_answers) for row in rows_of(application, again, RowStatus.ACCEPTED)} == {2}


def test_one_changed_prompt_recomputes_what_it_touches_and_nothing_else(worlds, asked):
    application = worlds(failing=0.5, sound=1.0)
    limits = Limits(attempts=12)
    first = application.submit(asked(rows=12, limits=limits))
    application.wait(first, WAIT_S)
    before = len(application.world.log)
    again = application.submit(asked(rows=12, limits=limits, reuse_from=first))
    status = application.wait(again, WAIT_S)
    assert len(application.world.log) == before  # nobody was asked
    assert status.usd_micros == 0
    assert [row.problem for row in rows_of(application, again, RowStatus.ACCEPTED)]
    apart = DuplicateRule(against_store=False)
    other = PromptTexts(target="Solve it. Only the answer.")
    changed = application.submit(asked(rows=12, limits=limits, reuse_from=first, prompts=other, duplicates=apart))
    application.wait(changed, WAIT_S)
    assert [one["model"] for one in application.world.log[before:]] == ["target-1"] * 12
    assert {call.step.split(".")[0] for call in application.calls(changed) if call.reused_from == first} == {
        "engineer", "checker", "solver",
    }  # fmt: skip


def test_one_target_after_another_is_tried_on_the_same_problems(worlds, asked):

    application = worlds(failing=1.0, sound=1.0)
    limits = Limits(attempts=4)
    first = application.submit(asked(rows=4, limits=limits))
    application.wait(first, WAIT_S)
    problems = {row.problem for row in rows_of(application, first)}
    source = first
    for number in (2, 3, 4):
        models = replace(asked().models, target=ModelName("world", f"target-{number}"))
        job_id = application.submit(asked(rows=4, limits=limits, models=models, reuse_from=source))
        assert application.wait(job_id, WAIT_S).accepted == 4, number
        assert {row.problem for row in rows_of(application, job_id)} == problems
        new = [call for call in application.calls(job_id) if call.reused_from is None]
        assert {call.model for call in new} == {f"world:target-{number}"}
        assert application.replay(job_id).rows == 4
        source = first if number == 2 else job_id  # both of the original, and of one that was made from it


def test_a_replay_is_equal_in_every_byte_and_asks_nobody(worlds, asked):
    application = worlds(failing=0.4, sound=0.9, trouble=0.05, distinct=60, pauses=lambda _: random.random() * 0.005)
    first = application.submit(asked(rows=5, workers=4))
    application.wait(first, WAIT_S)
    second = application.submit(asked(rows=20, workers=8, seed=2, limits=Limits(attempts=80, error_rate=None)))
    status = application.wait(second, WAIT_S)
    asked_so_far = len(application.world.log)
    found = application.replay(second)
    assert found.rows == counts(status)
    assert found.document == application.replay(second).document
    assert application.replay(first).rows > 0
    assert len(application.world.log) == asked_so_far
    row = rows_of(application, second, RowStatus.ACCEPTED)[0]
    application.discard(row.id, "I do not like it.")
    assert application.replay(second).rows == counts(status)  # of what was made, whatever people said later


def test_a_preview_tells_everything_and_lets_expect_the_rest(worlds, asked):
    application = worlds(failing=1.0, sound=1.0)
    job_id = application.preview(asked(rows=100))
    status = application.wait(job_id, WAIT_S)
    assert counts(status) == 3
    calls = application.calls(job_id, attempt=0)
    assert [call.step for call in calls] == ["engineer", "checker", "target.0", "solver.0"]
    assert all(call.messages and call.answer and call.outcome == "ok" for call in calls)
    estimate = application.estimate(job_id, rows=100)
    assert estimate.attempts == 3
    assert estimate.attempts_needed[0] == 100 <= estimate.attempts_needed[2]
    assert estimate.usd_micros[0] == pytest.approx(100 * status.usd_micros / 3)
    assert application.batches() == []


def test_a_row_discarded_by_hand_is_replaced_while_the_generation_runs(worlds, asked):
    application = worlds(failing=1.0, sound=1.0, pauses=lambda _: 0.01)
    job_id = application.submit(asked(rows=6, workers=1))
    deadline = time.monotonic() + WAIT_S
    while not (rows := rows_of(application, job_id, RowStatus.ACCEPTED)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    discarded = application.discard(rows[0].id, "Too long.")
    assert (discarded.status, discarded.cause, discarded.by_hand) == (RowStatus.DISCARDED, DiscardCause.BY_HAND, True)
    status = application.wait(job_id, WAIT_S)
    assert (status.accepted, status.stop_reason) == (6, StopReason.ENOUGH)
    assert rows[0].id not in [row.id for row in rows_of(application, job_id, RowStatus.ACCEPTED)]
    assert application.accept(rows[0].id, "I was wrong.").status is RowStatus.ACCEPTED
    assert application.status(job_id).accepted == 7


def test_seeds_are_used_in_turn_and_named(worlds, asked):
    application = worlds(failing=1.0, sound=1.0)
    seeds = [{"problem": f"What is {k} + {k}?", "source_id": str(k), "tags": ["AIME"]} for k in range(3)]
    job_id = application.submit(asked(rows=3, taxonomy=None, seeds=seeds, workers=1))
    assert application.wait(job_id, WAIT_S).accepted == 3
    rows = rows_of(application, job_id, RowStatus.ACCEPTED)
    assert sorted(row.reference for row in rows) == ["AIME:0", "AIME:1", "AIME:2"]
    assert {(row.subject, row.topic) for row in rows} == {("Arithmetic", "Sums")}


@pytest.mark.parametrize("said", ["Unknown", "?", " n/a "])
def test_a_seed_of_which_nobody_tells_subject_and_topic_is_not_classified(worlds, asked, said):
    application = worlds(failing=1.0, sound=1.0)
    engineer = application.world.engineer
    application.world.engineer = lambda told, body: json.dumps({**json.loads(engineer(told, body)), "topic": said})
    seeds = [{"problem": "What is 1 + 1?"}, {"problem": "What is 2 + 2?", "subject": "Sums", "topic": "Small ones"}]
    limits = Limits(attempts=4)
    job_id = application.submit(asked(rows=4, taxonomy=None, seeds=seeds, workers=1, limits=limits))
    assert application.wait(job_id, WAIT_S).accepted == 2
    rows = rows_of(application, job_id, RowStatus.DISCARDED)
    assert {(row.cause, row.reason) for row in rows} == {
        (DiscardCause.UNCLASSIFIED, "Subject/topic classification failed")
    }
    assert {row.topic for row in rows_of(application, job_id, RowStatus.ACCEPTED)} == {"Small ones"}
    assert application.replay(job_id).rows == 4


def test_topics_are_covered_evenly_at_every_moment(worlds, asked):
    application = worlds(failing=1.0, sound=1.0)
    job_id = application.submit(asked(rows=9))
    application.wait(job_id, WAIT_S)
    by_topic = application.funnel(job_id).by_topic
    assert len(by_topic) == 3
    attempted = [one["attempted"] for one in by_topic.values()]
    assert max(attempted) - min(attempted) <= 3


def test_topics_that_no_model_fails_ask_nobody(worlds, asked):
    application = worlds(failing=1.0, sound=1.0)
    job_id = application.submit(asked(rows=4, easy_topics=("differ", "ROOTS")))
    assert application.wait(job_id, WAIT_S).accepted == 4
    assert {row.topic for row in rows_of(application, job_id, RowStatus.ACCEPTED)} == {"Sums"}
    easy = [row for row in rows_of(application, job_id) if row.cause is DiscardCause.TOO_EASY]
    assert {row.topic for row in easy} <= {"Differences", "Roots"}
    assert {row.usd_micros for row in easy} == {0}
    assert application.replay(job_id).rows


def test_spans_are_made_only_where_a_provider_is_set_up(monkeypatch):
    from synqc.llm.tracing import tracer_for

    trace = pytest.importorskip("opentelemetry.trace")
    monkeypatch.setattr(trace, "get_tracer_provider", trace.ProxyTracerProvider)
    assert tracer_for("test") is None
    monkeypatch.setattr(trace, "get_tracer_provider", trace.NoOpTracerProvider)
    assert tracer_for("test") is not None


def test_a_generation_that_failed_goes_on_when_it_is_queued_again(worlds, asked):
    application = worlds(trouble=1.0)
    job_id = application.submit(asked(rows=3, on_exhaustion="raise"))
    failed = application.wait(job_id, WAIT_S)
    assert (failed.state, failed.stop_reason) == ("failed", StopReason.ERROR_RATE)
    application.world.trouble = 0.0
    application.ledger.retry(job_id)
    status = application.wait(job_id, WAIT_S)
    assert (status.state, status.stop_reason, status.accepted) == ("succeeded", StopReason.ENOUGH, 3)
    assert application.replay(job_id).rows == counts(status)


def test_a_low_rate_of_acceptance_keeps_all_workers_at_work(worlds, asked):
    application = worlds(failing=0.0, sound=1.0, pauses=lambda _: 0.002)
    job_id = application.submit(asked(rows=9, workers=12, limits=Limits(attempts=60)))
    assert application.wait(job_id, WAIT_S).stop_reason is StopReason.ATTEMPTS
    assert application.models.most_under_way == 12


def test_a_small_job_makes_few_attempts_though_discards_end_before_rows(worlds, asked):
    def pauses(body):
        return 0.002 if body["model"].startswith(("engineer", "checker")) else 0.1

    application = worlds(failing=0.9, sound=0.4, pauses=pauses)
    job_id = application.submit(asked(rows=2, workers=64))
    status = application.wait(job_id, WAIT_S)
    assert status.stop_reason is StopReason.ENOUGH
    # Six are begun at first, of which 3.6 are discarded at once: who takes these for the rate begins twenty more, of
    # which seven pass or are under way when there are two rows.
    by_status = application.funnel(job_id).by_status
    assert by_status.get(RowStatus.SURPLUS, 0) + by_status.get(RowStatus.STOPPED, 0) <= 4


def test_what_stands_in_a_row_is_what_its_own_models_said(worlds, asked):
    application = worlds(trouble=0.2, pauses=lambda _: random.random() * 0.005)
    job_id = application.submit(asked(rows=6, workers=8, limits=Limits(error_rate=None)))
    application.wait(job_id, WAIT_S)
    for row in rows_of(application, job_id):
        said = {call.step: call for call in application.calls(job_id, attempt=row.attempt)}
        if row.problem:
            written = json.loads(said["engineer"].answer)
            assert (row.problem, row.answer, dict(row.hints)) == (
                written["problem"],
                written["answer"],
                written["hints"],
            )
            assert "checker" not in said or json.loads(said["checker"].messages[-1][1])["problem"] == row.problem
        for number, answer in enumerate(row.target_answers):
            assert said[f"target.{number}"].messages[-1][1] == row.problem
            assert said[f"target.{number}"].answer == answer
        if row.status is RowStatus.FAILED:
            assert [call.outcome for call in said.values()][-1] != "ok"


def test_hints_that_the_checker_corrects_replace_those_that_there_are(worlds, asked):
    application = worlds(failing=1.0, sound=1.0)
    corrected = {"1": "Carry with care.", "9": "There is no such hint.", "2": " "}
    application.world.checker = lambda said, body: json.dumps(
        {"valid": True, "reason": "One hint was wrong.", "corrected_hints": corrected}
    )
    job_id = application.submit(asked(rows=1))
    application.wait(job_id, WAIT_S)
    (row,) = rows_of(application, job_id, RowStatus.ACCEPTED)
    assert (dict(row.hints), row.hints_were_corrected) == ({"0": "Add.", "1": "Carry with care.", "2": "Check."}, True)


def test_an_answer_of_which_nobody_knows_is_no_failure(worlds, asked):
    application = worlds(sound=1.0)
    application.world.target = lambda said, body: "some words"
    application.world.judge = lambda said, body: (
        '{"valid": false, "reason": "Hard to say.", "equivalence_confidence": 0.5}' if said.startswith("{") else "1"
    )
    job_id = application.submit(asked(rows=1, limits=Limits(attempts=5)))
    assert application.wait(job_id, WAIT_S).accepted == 0
    assert application.funnel(job_id).by_cause == {DiscardCause.UNDECIDED: 5}


def test_deleting_a_generation_deletes_its_rows_and_its_calls(worlds, asked):
    application = worlds()
    jobs = [application.submit(asked(rows=1, seed=seed)) for seed in (1, 2)]
    for job_id in jobs:
        application.wait(job_id, WAIT_S)
    application.delete(jobs[0])
    assert rows_of(application, jobs[0]) == []
    assert rows_of(application, jobs[1]) == rows_of(application, None)
    assert application.ledger.job(jobs[0]).spending.usd_micros.spent > 0  # what it cost is not forgotten


def test_a_budget_of_tokens_is_one_too(worlds, asked):
    application = worlds()
    job_id = application.submit(asked(rows=100, workers=8, limits=Limits(tokens=60_000)))
    status = application.wait(job_id, WAIT_S)
    used = sum(sum(one["usage"].values()) for one in application.world.log)
    assert (status.stop_reason, status.tokens) == (StopReason.BUDGET, used)
    assert used <= 60_000


def test_a_call_whose_tokens_no_server_counts_counts_at_its_most(worlds, asked):
    application = worlds(by_http=True)
    answer = application.world.answer

    def uncounted(body):
        said = answer(body)
        said.usage = None
        return said

    application.server.otherwise = uncounted
    job_id = application.submit(asked(rows=1, workers=1))
    status = application.wait(job_id, WAIT_S)
    calls = application.calls(job_id)
    assert {(call.usd_micros, call.prompt_tokens) for call in calls} == {(None, None)}
    assert status.usd_micros == sum(call.reserved_usd_micros for call in calls)
    assert application.funnel(job_id).uncounted_usd_micros == status.usd_micros
