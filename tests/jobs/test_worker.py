"""What a worker does with jobs: threads and coroutines, stops, failures, leases, and leaving."""

import asyncio
import queue
import threading
import time

import pytest
from scratch_postgresql import scratch_postgresql
from waiting import wait_until

from synqc.errors import Cancelled, InputError
from synqc.jobs import Amount, Budget, JobState, RetryPolicy, RunningJob, StopReason, Work, Worker, open_ledger
from synqc.jobs.signals import SignalKind
from synqc.storage import StorageUnavailable
from synqc.storage.database import DatabaseLocation

AT_ONCE = RetryPolicy(attempts=3, first_s=0.0)


class Stage:
    """Work that says when it has begun, and goes on when it is told to."""

    def __init__(self):
        self.begun, self.go = threading.Event(), threading.Event()
        self.jobs = []

    def __call__(self, job):
        self.jobs.append(job)
        self.begun.set()
        job.on_stop(self.go.set)
        assert self.go.wait(30)
        job.check()
        return "done"


@pytest.fixture
def stage():
    found = Stage()
    yield found
    found.go.set()


def test_work_is_done_on_threads_and_as_coroutines(ledger):
    async def slow_square(job):
        await asyncio.sleep(0)
        return job.payload**2

    with Worker(ledger, {"square": Work(lambda job: job.payload**2), "slow": Work(slow_square, concurrency=8)}):
        ids = [ledger.submit(kind, number) for number in range(5) for kind in ("square", "slow")]
        assert [ledger.wait(job_id, 30).result for job_id in ids] == [number**2 for number in range(5) for _ in "ab"]


def test_what_was_queued_before_the_worker_came_is_done(ledger):
    job_id = ledger.submit("square", 3)
    with Worker(ledger, {"square": Work(lambda job: job.payload**2)}):
        assert ledger.wait(job_id, 30).result == 9


def test_no_more_than_its_concurrency_is_done_at_once(ledger):
    inside, most, lock = 0, 0, threading.Lock()

    def work(_):
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.02)
        with lock:
            inside -= 1

    with Worker(ledger, {"work": Work(work, concurrency=2)}):
        for job_id in [ledger.submit("work") for _ in range(8)]:
            assert ledger.wait(job_id, 30).state is JobState.SUCCEEDED
    assert most == 2


def test_an_error_is_tried_again_and_a_wrong_argument_is_not(ledger):
    tries = []

    def work(job):
        tries.append(job.attempt)
        if job.payload == "wrong":
            raise InputError("Argument `n` must be 1, but is 2.")
        if job.attempt < 3:
            raise OSError("the disk hiccups")
        return job.attempt

    with Worker(ledger, {"work": Work(work)}):
        found = ledger.wait(ledger.submit("work", "flaky", retry=AT_ONCE), 30)
        assert (found.state, found.result, found.cause) == (JobState.SUCCEEDED, 3, "OSError: the disk hiccups")
        found = ledger.wait(ledger.submit("work", "wrong", retry=AT_ONCE), 30)
        assert (found.state, found.cause) == (JobState.FAILED, "Argument `n` must be 1, but is 2.")
    assert tries == [1, 2, 3, 1]


def test_a_job_whose_attempts_are_used_up_is_dead(ledger):
    def work(_):
        raise OSError("no")

    with Worker(ledger, {"work": Work(work)}):
        found = ledger.wait(ledger.submit("work", retry=AT_ONCE), 30)
    assert (found.state, found.attempt) == (JobState.DEAD, 3)


@pytest.mark.parametrize("result", [object(), float("nan")])
def test_a_result_that_json_cannot_say_fails_the_job(ledger, result):
    with Worker(ledger, {"work": Work(lambda _: result)}):
        found = ledger.wait(ledger.submit("work"), 30)
    assert found.state is JobState.FAILED
    assert "must be something that JSON can say" in found.cause


def test_a_cancel_reaches_work_on_a_thread(ledger, stage):
    with Worker(ledger, {"work": Work(stage)}):
        job_id = ledger.submit("work")
        assert stage.begun.wait(30)
        ledger.cancel(job_id)
        found = ledger.wait(job_id, 30)
    assert (found.state, found.attempt) == (JobState.CANCELLED, 1)
    assert stage.jobs[0].stop_reason is StopReason.CANCELLED


def test_a_cancel_that_comes_while_work_asks_to_be_told_reaches_it(ledger):
    job_id = ledger.submit("work")
    (claimed,) = ledger.claim("w1", {"work": 1}, lease_s=30)
    job, told = RunningJob(ledger, claimed), threading.Event()

    class AtTheSameMoment(list):
        def append(self, call):
            stopping.start()
            stopping.join(0.2)  # all that it does without waiting is done before the call is noted
            super().append(call)

    stopping = threading.Thread(target=job.stop, args=(StopReason.CANCELLED,))
    job._on_stop = AtTheSameMoment()
    job.on_stop(told.set)
    stopping.join()
    assert told.is_set()
    ledger.cancel(job_id)


def test_a_cancel_reaches_a_coroutine(ledger):
    begun = threading.Event()

    async def work(_):
        begun.set()
        await asyncio.sleep(60)

    with Worker(ledger, {"work": Work(work)}):
        job_id = ledger.submit("work")
        assert begun.wait(30)
        ledger.cancel(job_id)
        assert ledger.wait(job_id, 30).state is JobState.CANCELLED


def test_a_cancel_of_another_process_reaches_the_work(location, ledger, stage):
    with Worker(ledger, {"work": Work(stage)}), open_ledger(location) as other:
        job_id = ledger.submit("work")
        assert stage.begun.wait(30)
        other.cancel(job_id)
        assert ledger.wait(job_id, 30).state is JobState.CANCELLED


def test_a_cancel_reaches_what_is_part_of_the_job(ledger, stage):
    with Worker(ledger, {"work": Work(stage)}):
        batch = ledger.submit_batch("work", [1, 2])
        assert stage.begun.wait(30)
        ledger.cancel(batch)
        found = ledger.wait(batch, 30)
    assert (found.state, found.items) == (JobState.CANCELLED, {JobState.CANCELLED: 2})


def test_what_cancelled_work_returns_is_kept(ledger):
    begun = threading.Event()

    def work(job):
        stopped = threading.Event()
        job.on_stop(stopped.set)
        begun.set()
        assert stopped.wait(30)
        return "so far"

    with Worker(ledger, {"work": Work(work)}):
        job_id = ledger.submit("work")
        assert begun.wait(30)
        ledger.cancel(job_id)
        found = ledger.wait(job_id, 30)
    assert (found.state, found.result) == (JobState.CANCELLED, "so far")


def test_a_worker_that_leaves_gives_its_jobs_back(ledger, stage):
    worker = Worker(ledger, {"work": Work(stage)})
    job_id = ledger.submit("work", retry=RetryPolicy(attempts=1))
    assert stage.begun.wait(30)
    worker.close()
    assert ledger.job(job_id).state is JobState.QUEUED
    with Worker(ledger, {"work": Work(lambda job: job.attempt)}):
        assert ledger.wait(job_id, 30).result == 2


def test_an_attempt_goes_on_from_what_an_earlier_one_kept(ledger):
    done = []

    def work(job):
        kept = job.kept()
        for number in range(6):
            if f"{number}" in kept:
                continue
            done.append(number)
            job.keep(f"{number}", number**2).result()
            job.progress(number + 1, 6)
            if number == 2 and job.attempt == 1:
                raise OSError("interrupted")
        return sum(job.kept().values())

    with Worker(ledger, {"work": Work(work)}):
        found = ledger.wait(ledger.submit("work", retry=AT_ONCE), 30)
    assert (found.result, found.progress_done, found.progress_total) == (55, 6, 6)
    assert done == list(range(6))


def test_progress_is_stored_while_the_work_goes_on(ledger, stage):
    def work(job):
        job.progress(3, 10)
        return stage(job)

    with Worker(ledger, {"work": Work(work)}):
        job_id = ledger.submit("work")
        deadline = time.monotonic() + 30
        while ledger.job(job_id).progress_done != 3:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        stage.go.set()
        assert ledger.wait(job_id, 30).progress_total == 10


def test_leases_are_renewed_as_long_as_the_work_takes(ledger):
    lease_s = 1.5
    leases = []

    def work(job):
        def outlives_its_first_lease():
            leases.append(ledger.job(job.id).lease_until)
            return leases[-1] >= leases[0] + lease_s  # so that it was renewed when the first one had run out

        wait_until(outlives_its_first_lease, 30)

    with Worker(ledger, {"work": Work(work)}, lease_s=lease_s):
        found = ledger.wait(ledger.submit("work"), 60)
    assert (found.state, found.attempt) == (JobState.SUCCEEDED, 1)


def test_a_worker_that_cannot_renew_its_lease_stops_the_work_before_another_begins(ledger, stage, monkeypatch):
    def silent(*_, **__):
        raise StorageUnavailable("cut off")

    with Worker(ledger, {"work": Work(stage)}, lease_s=1.0):
        job_id = ledger.submit("work", retry=AT_ONCE)
        assert stage.begun.wait(30)
        with monkeypatch.context() as cut:
            cut.setattr(ledger, "heartbeat", silent)
            cut.setattr(ledger, "expire", silent)
            cut.setattr(ledger, "claim", silent)
            assert stage.go.wait(30)
        assert stage.jobs[0].stop_reason is StopReason.LOST
        assert ledger.wait(job_id, 30).attempt >= 2


def test_what_a_lost_attempt_returns_is_thrown_away(ledger):
    taken, first, go = [], threading.Event(), threading.Event()

    def work(job):
        taken.append(job.attempt)
        if job.attempt == 1:
            first.set()
            assert go.wait(30)
            return "stale"
        return "fresh"

    with Worker(ledger, {"work": Work(work, concurrency=2)}):
        job_id = ledger.submit("work", retry=AT_ONCE)
        assert first.wait(30)
        ledger.expire(owners_are_gone=True)
        found = ledger.wait(job_id, 30)
        go.set()
    assert (found.result, ledger.job(job_id).result, taken) == ("fresh", "fresh", [1, 2])
    assert [event.kind for event in ledger.events(job_id)] == [
        "submitted", "claimed", "expired", "claimed", "succeeded",
    ]  # fmt: skip


def test_how_a_job_ended_is_told_until_storage_hears_it(ledger, monkeypatch):
    complete, refusals = ledger.complete, []

    def unwilling(*arguments, **options):
        if len(refusals) < 3:
            refusals.append(arguments)
            raise StorageUnavailable("the disk is full")
        return complete(*arguments, **options)

    monkeypatch.setattr(ledger, "complete", unwilling)
    with Worker(ledger, {"work": Work(lambda _: 7)}):
        found = ledger.wait(ledger.submit("work"), 30)
    assert (found.result, found.attempt, len(refusals)) == (7, 1, 3)


def test_work_that_raises_the_cancel_of_the_laboratory_is_cancelled(ledger):
    def work(job):
        stopped = threading.Event()
        job.on_stop(stopped.set)
        job.submit("other")
        assert stopped.wait(30)
        raise Cancelled("stopped before the first shot")

    with Worker(ledger, {"work": Work(work)}):
        job_id = ledger.submit("work")
        deadline = time.monotonic() + 30
        while ledger.job(job_id).items is None:
            assert time.monotonic() < deadline
        ledger.cancel(job_id)
        found = ledger.wait(job_id, 30)
    assert (found.state, found.items) == (JobState.CANCELLED, {JobState.CANCELLED: 1})


def test_spending_of_work_is_counted_by_its_batch(ledger):
    def work(job):
        job.reserve("call", Amount(usd_micros=50, tokens=9))
        job.settle("call", Amount(usd_micros=30 + job.payload, tokens=5))

    with Worker(ledger, {"work": Work(work, concurrency=4)}):
        batch = ledger.submit_batch("work", range(10), budget=Budget(usd_micros=10_000))
        found = ledger.wait(batch, 30)
    assert found.state is JobState.SUCCEEDED
    assert (found.spending.usd_micros.spent, found.spending.usd_micros.reserved) == (345, 0)
    assert (found.spending.tokens.spent, found.spending.tokens.reserved) == (50, 0)


def test_a_job_is_done_by_its_id_where_a_message_names_it(ledger):
    with Worker(ledger, {"square": Work(lambda job: job.payload**2)}, claims=False) as worker:
        job_id = ledger.submit("square", 5)
        assert worker.do(job_id) is None
        assert ledger.job(job_id).result == 25
        assert "not queued" in worker.do(job_id)
        with pytest.raises(InputError, match="This worker does square, but"):
            worker.do(ledger.submit("other"))


def test_ended_jobs_are_forgotten_after_their_time(ledger):
    with Worker(ledger, {"work": Work(lambda _: None)}, lease_s=0.4, keep_ended_s=0.1):
        ledger.submit("work")
        deadline = time.monotonic() + 30
        while ledger.counts():
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_worker_without_work_or_lease_is_refused(ledger):
    with pytest.raises(InputError, match="`works` must hold at least one kind"):
        Worker(ledger, {})
    with pytest.raises(InputError, match="`lease_s` must be more than 0"):
        Worker(ledger, {"work": Work(print)}, lease_s=0)
    with pytest.raises(InputError, match="`concurrency` must be at least 1"):
        Work(print, concurrency=0)


def test_what_another_process_submits_and_cancels_is_told_on_postgresql(tmp_path):
    heard = queue.SimpleQueue()
    with scratch_postgresql() as url:
        location = DatabaseLocation(tmp_path, url)
        with open_ledger(location) as ledger, open_ledger(location) as other:
            ledger.signals.subscribe(heard.put)
            ledger.listen()
            deadline = time.monotonic() + 30
            while heard.empty():  # until it has begun to listen
                assert time.monotonic() < deadline
                other.submit("work")
                time.sleep(0.05)
            assert heard.get(timeout=30) == (SignalKind.QUEUED, "work")
            (claimed,) = other.claim("w1", {"work": 1}, lease_s=30.0)
            other.cancel(claimed.job_id)
            told = heard.get(timeout=30)
            while told.kind is not SignalKind.CANCELLED:
                told = heard.get(timeout=30)
            assert told.name == claimed.job_id
