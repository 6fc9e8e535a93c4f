"""What the ledger promises to those who submit, to workers and to those who watch, on both databases."""

import threading

import pytest

from synqc.errors import InputError, TimedOut
from synqc.jobs import (
    Amount,
    Budget,
    BudgetExceeded,
    IdempotencyConflict,
    JobFilter,
    JobRefused,
    JobState,
    LostClaim,
    RetryPolicy,
    UnknownJob,
    open_ledger,
)

LEASE_S = 30.0


def claim(ledger, kind="work", owner="w1", most=1):
    return ledger.claim(owner, {kind: most}, lease_s=LEASE_S)


def kinds(ledger, job_id):
    return [event.kind for event in ledger.events(job_id)]


def test_a_job_has_its_payload_and_result_word_for_word(ledger):
    job_id = ledger.submit("work", {"ü": [1, 2.5, None, True, "\N{SNOWMAN}"]})
    (claimed,) = claim(ledger)
    assert (claimed.job_id, claimed.attempt) == (job_id, 1)
    assert ledger.complete(claimed, {"answer": [0.1, "ß"]}, progress=(7, 9)) is JobState.SUCCEEDED
    found = ledger.job(job_id)
    assert found.payload == {"ü": [1, 2.5, None, True, "\N{SNOWMAN}"]}
    assert (found.result, found.progress_done, found.progress_total) == ({"answer": [0.1, "ß"]}, 7, 9)
    assert (found.state, found.owner, found.has_ended) == (JobState.SUCCEEDED, None, True)


def test_what_was_submitted_is_there_for_whoever_opens_the_database_next(location, ledger):
    job_id = ledger.submit("work", 1)
    with open_ledger(location) as other:
        assert other.job(job_id).payload == 1


def test_urgent_jobs_are_claimed_first_and_old_ones_before_new_ones(ledger):
    late, first, second = (ledger.submit("work", priority=priority) for priority in (-1, 5, 5))
    other = ledger.submit("other", priority=3)
    claimed = ledger.claim("w1", {"work": 2, "other": 1}, lease_s=LEASE_S)
    assert [one.job_id for one in claimed] == [first, second, other]
    assert [one.job_id for one in claim(ledger, most=9)] == [late]


def test_a_worker_is_given_as_much_of_a_kind_as_it_has_room_for(ledger):
    for _ in range(5):
        ledger.submit("work")
    assert len(claim(ledger, most=3)) == 3
    assert len(claim(ledger, most=3)) == 2
    assert claim(ledger, most=3) == []


def test_a_job_is_not_claimed_before_its_time(held, clock):
    job_id = held.submit("work", not_before=clock.now + 60)
    assert claim(held) == []
    assert held.seconds_to_next() == 60
    clock.now += 60
    assert [one.job_id for one in claim(held)] == [job_id]


def test_the_same_request_is_the_same_job(ledger):
    first = ledger.submit("work", {"n": 1, "m": 2}, idempotency_key="k")
    assert ledger.submit("work", {"m": 2, "n": 1}, idempotency_key="k") == first
    assert ledger.submit("other", {"n": 1}, idempotency_key="k") != first
    with pytest.raises(IdempotencyConflict, match="'k' was used for work-"):
        ledger.submit("work", {"n": 3}, idempotency_key="k")
    assert len(ledger.jobs(JobFilter(kind="work"))) == 1


def test_one_request_made_by_many_at_once_is_one_job(location, ledger):
    with open_ledger(location) as other:
        futures = [
            one.submit_soon("work", 1, idempotency_key=f"k{number % 3}")
            for number in range(60)
            for one in (ledger, other)
        ]
        answers = [future.result() for future in futures]
    assert len({answer.job_id for answer in answers}) == 3
    assert sum(answer.is_new for answer in answers) == 3
    assert ledger.counts() == {JobState.QUEUED: 3}
    assert all(kinds(ledger, answer.job_id) == ["submitted"] for answer in answers)


def test_work_that_may_be_joined_is_done_once(ledger):
    first = ledger.submit("work", {"n": 1}, join=True)
    assert ledger.submit("work", {"n": 1}, join=True) == first
    assert ledger.submit("work", {"n": 2}, join=True) != first
    assert ledger.submit("work", {"n": 1}) != first
    (claimed,) = claim(ledger)
    ledger.complete(claimed, "done")
    again = ledger.submit("work", {"n": 1}, join=True)
    assert (again, ledger.job(again).result) == (first, "done")


def test_work_that_failed_is_not_joined(ledger):
    first = ledger.submit("work", 1, join=True)
    (claimed,) = claim(ledger)
    ledger.fail(claimed, "no", retry=False)
    assert ledger.submit("work", 1, join=True) != first


def test_a_failed_attempt_is_repeated_after_a_growing_pause_until_none_is_left(held, clock):
    job_id = held.submit("work", retry=RetryPolicy(attempts=3, first_s=8.0, most_s=12.0))
    pauses = []
    for attempt in (1, 2, 3):
        (claimed,) = claim(held)
        assert claimed.attempt == attempt
        state = held.fail(claimed, f"cause {attempt}", retry=True)
        if attempt < 3:
            assert state is JobState.QUEUED
            pauses.append(held.seconds_to_next())
            clock.now += 12
    assert 4 <= pauses[0] <= 8
    assert 6 <= pauses[1] <= 12
    assert state is JobState.DEAD
    assert held.job(job_id).cause == "cause 3"
    assert kinds(held, job_id) == ["submitted", *["claimed", "retrying"] * 2, "claimed", "dead"]
    assert [event.cause for event in held.events(job_id) if event.cause] == ["cause 1", "cause 2", "cause 3"]


def test_work_that_cannot_succeed_is_not_repeated(ledger):
    job_id = ledger.submit("work")
    (claimed,) = claim(ledger)
    assert ledger.fail(claimed, "Argument `n` must be 1, but is 2.", retry=False) is JobState.FAILED
    assert claim(ledger) == []
    assert ledger.job(job_id).cause == "Argument `n` must be 1, but is 2."


def test_what_a_worker_that_was_given_up_says_is_refused(held, clock):
    job_id = held.submit("work")
    (old,) = claim(held, owner="old")
    clock.now += LEASE_S
    assert [found for found, _ in held.expire()] == [job_id]
    clock.now += 10
    (new,) = claim(held, owner="new")
    assert new.attempt == 2
    held.reserve(new, "call", Amount(tokens=1))
    for said in (
        lambda: held.complete(old, "stale"),
        lambda: held.fail(old, "stale", retry=True),
        lambda: held.release(old),
        lambda: held.heartbeat(old, lease_s=LEASE_S, progress=(1, 1)).result(),
        lambda: held.keep_part(old, "part", b"stale").result(),
        lambda: held.reserve(old, "other", Amount(tokens=1)),
    ):
        with pytest.raises(LostClaim):
            said()
    assert held.complete(new, "fresh") is JobState.SUCCEEDED
    found = held.job(job_id)
    assert (found.result, found.progress_done, held.parts(job_id)) == ("fresh", None, {})


def test_a_lease_that_is_renewed_does_not_run_out(held, clock):
    held.submit("work")
    (claimed,) = claim(held)
    for _ in range(5):
        clock.now += LEASE_S - 1
        assert held.expire() == []
        held.heartbeat(claimed, lease_s=LEASE_S).result()
    clock.now += LEASE_S
    assert len(held.expire()) == 1


def test_jobs_of_workers_that_are_gone_are_taken_at_once(ledger):
    job_id = ledger.submit("work")
    claim(ledger)
    assert ledger.expire() == []
    assert [found for found, _ in ledger.expire(owners_are_gone=True)] == [job_id]
    assert claim(ledger)[0].attempt == 2


def test_a_released_job_has_lost_no_attempt(ledger):
    job_id = ledger.submit("work", retry=RetryPolicy(attempts=1))
    for _ in range(4):
        (claimed,) = claim(ledger)
        assert ledger.release(claimed) is JobState.QUEUED
    (claimed,) = claim(ledger)
    assert claimed.attempt == 5
    assert ledger.fail(claimed, "once", retry=True) is JobState.DEAD
    assert kinds(ledger, job_id)[-2:] == ["claimed", "dead"]


def test_a_cancelled_job_ends_cancelled_whatever_its_work_says(ledger):
    queued, running, failing = (ledger.submit("work") for _ in range(3))
    assert ledger.cancel(queued).state is JobState.CANCELLED
    taken = claim(ledger, most=2)
    for job_id in (running, failing):
        found = ledger.cancel(job_id)
        assert (found.state, found.cancel_requested) == (JobState.RUNNING, True)
    assert ledger.cancelled_among([queued, running, failing]) == {running, failing}
    assert ledger.complete(taken[0], "all the same") is JobState.CANCELLED
    assert ledger.fail(taken[1], "no", retry=True) is JobState.CANCELLED
    assert ledger.job(running).result == "all the same"
    assert ledger.cancel(running).state is JobState.CANCELLED
    assert claim(ledger, most=3) == []


def test_a_cancelled_job_whose_worker_died_ends_with_its_lease(held, clock):
    job_id = held.submit("work")
    claim(held)
    held.cancel(job_id)
    clock.now += LEASE_S
    held.expire()
    assert held.job(job_id).state is JobState.CANCELLED


def test_a_job_that_ended_without_success_may_be_done_again(ledger):
    job_id = ledger.submit("work")
    (claimed,) = claim(ledger)
    with pytest.raises(JobRefused, match="has not ended"):
        ledger.retry(job_id)
    ledger.fail(claimed, "no", retry=False)
    assert ledger.retry(job_id, attempts=1).state is JobState.QUEUED
    (claimed,) = claim(ledger)
    assert claimed.attempt == 2
    ledger.complete(claimed)
    with pytest.raises(JobRefused, match="has succeeded"):
        ledger.retry(job_id)


def test_a_batch_ends_when_its_items_have(ledger):
    batch = ledger.submit_batch("work", [1, 2, 3])
    items = claim(ledger, most=9)
    assert [item.payload for item in items] == [b"1", b"2", b"3"]
    assert {item.parent_id for item in items} == {batch}
    for item in items[:2]:
        ledger.complete(item)
        assert ledger.job(batch).state is JobState.QUEUED
    assert ledger.job(batch).items == {JobState.SUCCEEDED: 2, JobState.RUNNING: 1}
    ledger.complete(items[2])
    assert (ledger.job(batch).state, ledger.job(batch).items) == (JobState.SUCCEEDED, {JobState.SUCCEEDED: 3})
    assert kinds(ledger, batch) == ["submitted", "succeeded"]


def test_a_batch_with_failures_fails_and_goes_on_when_they_are_retried(ledger):
    batch = ledger.submit_batch("work", range(4))
    items = claim(ledger, most=9)
    for item in items[:3]:
        ledger.complete(item)
    ledger.fail(items[3], "no", retry=False)
    assert ledger.job(batch).state is JobState.FAILED
    assert ledger.retry(batch).state is JobState.QUEUED
    assert ledger.job(batch).items == {JobState.SUCCEEDED: 3, JobState.QUEUED: 1}
    (again,) = claim(ledger, most=9)
    assert again.job_id == items[3].job_id
    ledger.complete(again)
    assert ledger.job(batch).state is JobState.SUCCEEDED
    assert kinds(ledger, batch) == ["submitted", "failed", "reopened", "succeeded"]


def test_a_cancelled_batch_ends_with_the_last_of_its_items(ledger):
    batch = ledger.submit_batch("work", range(3))
    (item,) = claim(ledger)
    assert ledger.cancel(batch).state is JobState.QUEUED
    assert ledger.job(batch).items == {JobState.CANCELLED: 2, JobState.RUNNING: 1}
    ledger.complete(item)
    assert ledger.job(batch).state is JobState.CANCELLED
    ledger.retry(batch)
    assert ledger.job(batch).items == {JobState.QUEUED: 3}
    assert len(claim(ledger, most=9)) == 3


def test_a_batch_of_batches_ends_from_below(ledger):
    outer = ledger.submit_batch("outer", ["only"])
    (only,) = claim(ledger, "outer")
    inner = ledger.submit_batch("work", [1, 2], parent=outer)
    ledger.complete(only)
    for item in claim(ledger, most=2):
        assert ledger.job(outer).state is JobState.QUEUED
        ledger.complete(item)
    assert (ledger.job(inner).state, ledger.job(outer).state) == (JobState.SUCCEEDED, JobState.SUCCEEDED)


def test_what_is_part_of_a_cancelled_job_is_cancelled(ledger):
    parent = ledger.submit("work")
    claim(ledger)
    child = ledger.submit("child", parent=parent)
    grandchild = ledger.submit("child", parent=child)
    ledger.cancel(parent)
    assert {ledger.job(one).state for one in (child, grandchild)} == {JobState.CANCELLED}
    with pytest.raises(JobRefused, match="takes no more items: it is being cancelled"):
        ledger.submit("child", parent=parent)
    with pytest.raises(UnknownJob):
        ledger.submit("child", parent="work-0")


def test_workers_of_two_processes_never_get_one_job(location, ledger):
    ids = [ledger.submit_soon("work", number) for number in range(200)]
    ids = [future.result().job_id for future in ids]
    taken, lock = [], threading.Lock()

    def work(name):
        with open_ledger(location) as own:
            while found := own.claim(name, {"work": 7}, lease_s=LEASE_S):
                with lock:
                    taken.extend(claimed.job_id for claimed in found)
                for claimed in found:
                    own.complete(claimed)

    workers = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sorted(taken) == sorted(ids)
    assert ledger.counts() == {JobState.SUCCEEDED: 200}


def test_items_that_end_in_two_processes_at_once_close_their_batch(location, ledger):
    batches = [ledger.submit_batch("work", range(8)) for _ in range(10)]

    def work(name):
        with open_ledger(location) as own:
            while found := own.claim(name, {"work": 1}, lease_s=LEASE_S):
                own.complete(found[0])

    workers = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert {ledger.job(batch).state for batch in batches} == {JobState.SUCCEEDED}


def test_a_budget_is_never_exceeded_by_reservations(ledger):
    parent = ledger.submit("parent", budget=Budget(usd_micros=100, tokens=1000))
    claim(ledger, "parent")
    for _ in range(2):
        ledger.submit("work", parent=parent, budget=Budget(usd_micros=80))
    first, second = claim(ledger, most=2)
    ledger.reserve(first, "call-1", Amount(usd_micros=70, tokens=10))
    ledger.reserve(first, "call-1", Amount(usd_micros=70, tokens=10))  # the same one
    with pytest.raises(BudgetExceeded, match=rf"Job {parent} may not spend 31 millionths"):
        ledger.reserve(second, "call-1", Amount(usd_micros=31))
    with pytest.raises(BudgetExceeded, match=rf"Job {first.job_id} may not spend 11"):
        ledger.reserve(first, "call-2", Amount(usd_micros=11))
    ledger.settle(first, "call-1", Amount(usd_micros=40, tokens=7))
    ledger.settle(first, "call-1", Amount(usd_micros=99, tokens=99))  # said once is said
    ledger.reserve(second, "call-1", Amount(usd_micros=60))
    spending = ledger.job(parent).spending
    assert (spending.usd_micros.spent, spending.usd_micros.reserved) == (40, 60)
    assert (spending.tokens.spent, spending.tokens.reserved) == (7, 0)


def test_a_charge_whose_attempt_ended_counts_as_reserved_until_it_is_settled(held, clock):
    job_id = held.submit("work", budget=Budget(usd_micros=100))
    (old,) = claim(held)
    held.reserve(old, "call", Amount(usd_micros=60))
    clock.now += LEASE_S
    held.expire()
    clock.now += 10
    meter = held.job(job_id).spending.usd_micros
    assert (meter.spent, meter.reserved) == (60, 0)
    (new,) = claim(held, owner="w2")
    with pytest.raises(BudgetExceeded):
        held.reserve(new, "call", Amount(usd_micros=60))
    held.settle(old, "call", Amount(usd_micros=35))
    held.reserve(new, "call", Amount(usd_micros=60))
    held.settle(new, "call", Amount(usd_micros=61))  # dearer than was thought: true all the same
    assert held.job(job_id).spending.usd_micros.spent == 96


def test_what_cannot_be_charged_is_refused(ledger):
    ledger.submit("work")
    (claimed,) = claim(ledger)
    with pytest.raises(LostClaim, match="Nothing is reserved as call"):
        ledger.settle(claimed, "call", Amount(usd_micros=1))
    for amount in (Amount(usd_micros=-1), Amount(tokens=1.5), Amount(usd_micros=2**60)):
        with pytest.raises(InputError, match="must be a whole number"):
            ledger.reserve(claimed, "call", amount)


def test_parts_outlive_the_attempt_that_kept_them(held, clock):
    job_id = held.submit("work")
    (claimed,) = claim(held)
    for name, value in (("a", b"1"), ("b", b"\0\xff"), ("a", b"2")):
        held.keep_part(claimed, name, value).result()
    clock.now += LEASE_S
    held.expire()
    assert held.parts(job_id) == {"a": b"2", "b": b"\0\xff"}


def test_the_history_of_a_job_has_no_gap_and_can_be_read_on(ledger):
    job_id = ledger.submit("work")
    for _ in range(3):
        (claimed,) = claim(ledger)
        ledger.release(claimed)
    events = ledger.events(job_id)
    assert [event.number for event in events] == list(range(1, 8))
    assert ledger.events(job_id, after=5) == events[5:]
    assert ledger.events(job_id, after=2, limit=2) == events[2:4]
    assert ledger.job(job_id).event_count == 7
    assert {event.owner for event in events[1:]} == {"w1"}


def test_lists_are_newest_first_and_can_be_filtered_and_read_on(held, clock):
    ids = []
    for number in range(5):
        ids.append(held.submit("work" if number % 2 else "other"))
        clock.now += 1
    assert [job.id for job in held.jobs()] == ids[::-1]
    assert [job.id for job in held.jobs(JobFilter(kind="work"))] == [ids[3], ids[1]]
    page = held.jobs(JobFilter(limit=2))
    last = (page[-1].submitted_at, page[-1].id)
    assert [job.id for job in held.jobs(JobFilter(before=last, limit=2))] == [ids[2], ids[1]]
    held.cancel(ids[0])
    assert [job.id for job in held.jobs(JobFilter(states=(JobState.CANCELLED,)))] == [ids[0]]
    assert held.counts("work") == {JobState.QUEUED: 2}


def test_what_ended_long_ago_is_forgotten_with_all_that_is_part_of_it(held, clock):
    old, batch, young = held.submit("work"), held.submit_batch("work", [1, 2]), held.submit("late")
    for claimed in claim(held, most=3):
        held.keep_part(claimed, "part", b"x").result()
        held.complete(claimed)
    clock.now += 100
    assert held.delete_ended(older_than_s=101) == 0
    assert held.delete_ended(older_than_s=99) == 4
    assert [job.id for job in held.jobs()] == [young]
    assert held.parts(old) == {}
    assert held.events(batch) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"kind": "Work"}, "`kind` must be at most 40 small letters"),
        ({"kind": "work", "payload": float("nan")}, "`payload` must be something that JSON can say"),
        ({"kind": "work", "payload": {1, 2}}, "`payload` must be something that JSON can say"),
        ({"kind": "work", "priority": 2**40}, "`priority` must be a whole number"),
        ({"kind": "work", "not_before": float("nan")}, "`not_before` must be seconds"),
        ({"kind": "work", "idempotency_key": ""}, "`idempotency_key` must have 1 to 200 characters"),
        ({"kind": "work", "idempotency_key": "a\0b"}, "`idempotency_key` must have 1 to 200 characters"),
    ],
)
def test_what_cannot_be_submitted_is_refused_by_name(ledger, arguments, words):
    with pytest.raises(InputError, match=words):
        ledger.submit(**arguments)
    assert ledger.counts() == {}


def test_values_of_policies_are_checked():
    for make in (lambda: RetryPolicy(attempts=0), lambda: RetryPolicy(first_s=-1), lambda: Budget(tokens=-1)):
        with pytest.raises(InputError, match="must be"):
            make()


def test_an_empty_batch_is_refused(ledger):
    with pytest.raises(InputError, match="`payloads` must hold 1 to 100,000"):
        ledger.submit_batch("work", [])


def test_no_job_is_found_under_a_name_that_none_has(ledger):
    for name in ("work-0", "", "\0", "\ud800", "'; drop table jobs"):
        with pytest.raises(UnknownJob):
            ledger.job(name)
        with pytest.raises(UnknownJob):
            ledger.cancel(name)
        with pytest.raises(UnknownJob):
            ledger.retry(name)
        with pytest.raises(UnknownJob):
            ledger.submit("work", parent=name)


def test_a_result_that_json_cannot_say_leaves_the_job_running(ledger):
    job_id = ledger.submit("work")
    (claimed,) = claim(ledger)
    with pytest.raises(InputError, match="`result` must be something that JSON can say"):
        ledger.complete(claimed, object())
    assert ledger.job(job_id).state is JobState.RUNNING


def test_whoever_waits_is_told_when_the_job_ends_or_does_not(ledger):
    job_id = ledger.submit("work")
    with pytest.raises(TimedOut, match=r"did not end within 0.05 s: it is queued"):
        ledger.wait(job_id, timeout_s=0.05)
    (claimed,) = claim(ledger)
    ending = threading.Timer(0.1, ledger.complete, (claimed, "done"))
    ending.start()
    assert ledger.wait(job_id, timeout_s=30).result == "done"
    ending.join()


def test_a_message_that_comes_twice_is_one_claim(ledger):
    job_id = ledger.submit("work", 5)
    first = ledger.claim_by_id("w1", job_id, lease_s=LEASE_S)
    assert (first.payload, first.attempt) == (b"5", 1)
    assert "not queued" in ledger.claim_by_id("w2", job_id, lease_s=LEASE_S)
    ledger.complete(first)
    assert "not queued" in ledger.claim_by_id("w1", job_id, lease_s=LEASE_S)
    batch = ledger.submit_batch("work", [1])
    assert "batch" in ledger.claim_by_id("w1", batch, lease_s=LEASE_S)


def test_of_all_that_is_said_to_a_ledger_claims_alone_do_not_wait_for_the_disk(ledger, monkeypatch):
    begun = []
    unsynced = ledger.database.writing_unsynced
    monkeypatch.setattr(ledger.database, "writing_unsynced", lambda: begun.append("unsynced") or unsynced())
    first, second = ledger.submit("work"), ledger.submit("work")
    (claimed,) = ledger.claim("w1", {"work": 1}, lease_s=LEASE_S)
    by_id = ledger.claim_by_id("w1", second, lease_s=LEASE_S)
    assert len(begun) == 2
    ledger.heartbeat(claimed, lease_s=LEASE_S).result()
    ledger.keep_part(claimed, "part", b"1").result()
    ledger.reserve(claimed, "call", Amount(tokens=1))
    ledger.settle(claimed, "call", Amount(tokens=1))
    ledger.complete(claimed)
    ledger.fail(by_id, "why", retry=False)
    ledger.retry(second)
    ledger.cancel(second)
    ledger.expire()
    ledger.delete_ended(older_than_s=1000)
    assert (len(begun), ledger.job(first).state) == (2, JobState.SUCCEEDED)
