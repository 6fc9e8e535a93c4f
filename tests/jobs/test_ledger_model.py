"""Random histories of many jobs: the ledger agrees with a model after every step, on both databases."""

from dataclasses import replace
from zlib import crc32

import pytest
from held_ledger import HeldClock, empty
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

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
    open_ledger,
)
from synqc.jobs.states import (
    FINAL,
    Cancel,
    Claim,
    CloseBatch,
    Complete,
    Expire,
    Fail,
    Heartbeat,
    Lifecycle,
    Refusal,
    Release,
    Reopen,
    Retry,
    transition,
)

LEASE_S = 30.0
SAYINGS = ["complete", "fail", "fail for good", "fail for good", "release", "beat", "keep"]
KINDS = st.sampled_from(["work", "other"])


class ModelJob:
    """What a job must be."""

    def __init__(self, kind, payload, priority, lifecycle, parent=None, limit=None):
        self.kind, self.payload, self.priority, self.parent = kind, payload, priority, parent
        self.life = lifecycle
        self.limit, self.spent, self.reserved = limit, 0, 0
        self.open_charges, self.estimates = {}, {}
        self.parts = {}
        self.result = None
        self.content_is_known = False

    def left(self):
        """What it may still reserve."""
        return float("inf") if self.limit is None else self.limit - self.reserved - self.spent


class LedgerMachine(RuleBasedStateMachine):
    """One ledger and its model; the two are asked the same."""

    location = None

    def __init__(self):
        super().__init__()
        self.clock = HeldClock()
        self.opened = open_ledger(self.location, clock=self.clock)
        self.ledger = self.opened.__enter__()
        empty(self.ledger)
        self.jobs, self.claims, self.keys, self.contents = {}, [], {}, {}

    def teardown(self):
        self.opened.__exit__(None, None, None)

    # The model's own rules

    def drawn_claim(self, data):
        """The newest claims more often than old ones."""
        return data.draw(st.sampled_from([*self.claims, *self.claims[-3:] * 5]))

    def happen(self, job_id, event):
        """Let something happen in the model; whether it did."""
        job = self.jobs[job_id]
        before = job.life
        after = transition(before, event, self.clock.now)
        if isinstance(after, Refusal):
            return False
        job.life = after
        if before.state is JobState.RUNNING and after.state is not JobState.RUNNING:
            for name, amount in job.open_charges.items():
                self.pay(job_id, -amount, amount)
                job.estimates[name] = amount
            job.open_charges = {}
        if before.has_ended != after.has_ended:
            if after.has_ended and after.state is not JobState.SUCCEEDED:
                job.content_is_known = False
            self.count_at_parent(job, -1 if after.has_ended else +1)
        return True

    def count_at_parent(self, job, change):
        parent = self.jobs.get(job.parent)
        if parent is None or parent.life.open_items is None:
            return
        parent.life = replace(parent.life, open_items=parent.life.open_items + change)
        if change > 0:
            self.happen(job.parent, Reopen())

    def close_batches(self):
        for job_id, job in list(self.jobs.items()):
            if job.life.open_items == 0 and job.life.state is JobState.QUEUED:
                items = [one for one in self.jobs.values() if one.parent == job_id]
                bad = sum(one.life.state is not JobState.SUCCEEDED for one in items)
                assert self.happen(job_id, CloseBatch(bad))
                self.close_batches()

    def pay(self, job_id, reserved, spent):
        while job_id is not None:
            job = self.jobs[job_id]
            job.reserved += reserved
            job.spent += spent
            job_id = job.parent

    def family(self, job_id):
        children = [child for child, job in self.jobs.items() if job.parent == job_id]
        return [job_id, *(one for child in children for one in self.family(child))]

    # What is asked

    @initialize(payloads=st.lists(st.integers(0, 1), min_size=1, max_size=4))
    def begin(self, payloads):
        self.submit_batch("work", payloads)

    @rule(
        kind=KINDS, payload=st.integers(0, 1), priority=st.integers(-1, 1), delay=st.sampled_from([None, 40.0]),
        key=st.sampled_from([None, None, "k1", "k2"]), join=st.booleans(), attempts=st.integers(1, 3),
        limit=st.sampled_from([None, 100]), data=st.data(),
    )  # fmt: skip
    def submit(self, kind, payload, priority, delay, key, join, attempts, limit, data):
        parent = data.draw(st.sampled_from([None, None, *self.jobs]))
        not_before = None if delay is None else self.clock.now + delay
        options = dict(
            idempotency_key=key, join=join, priority=priority, not_before=not_before, parent=parent,
            retry=RetryPolicy(attempts, first_s=8.0, most_s=8.0), budget=Budget(usd_micros=limit),
        )  # fmt: skip
        if key is not None and (kind, key) in self.keys:
            first, used_for = self.keys[kind, key]
            if used_for == payload:
                assert self.ledger.submit(kind, payload, **options) == first
            else:
                with pytest.raises(IdempotencyConflict):
                    self.ledger.submit(kind, payload, **options)
            return
        joined = self.contents.get((kind, payload)) if join else None
        if joined is not None and self.jobs[joined].content_is_known:
            assert self.ledger.submit(kind, payload, **options) == joined
            return
        if parent is not None and (self.jobs[parent].life.has_ended or self.jobs[parent].life.cancel_requested):
            with pytest.raises(JobRefused):
                self.ledger.submit(kind, payload, **options)
            return
        job_id = self.ledger.submit(kind, payload, **options)
        assert job_id not in self.jobs
        life = Lifecycle(attempts_allowed=attempts, not_before=not_before)
        made = self.jobs[job_id] = ModelJob(kind, payload, priority, life, parent, limit)
        self.count_at_parent(made, +1)
        if key is not None:
            self.keys[kind, key] = (job_id, payload)
        if join:
            self.contents[kind, payload] = job_id
            made.content_is_known = True

    @rule(kind=KINDS, payloads=st.lists(st.integers(0, 1), min_size=1, max_size=3))
    def submit_batch(self, kind, payloads):
        batch = self.ledger.submit_batch(kind, payloads, retry=RetryPolicy(2, first_s=8.0, most_s=8.0))
        self.jobs[batch] = ModelJob(kind, None, 0, Lifecycle(attempts_allowed=2, open_items=len(payloads)))
        items = [job.id for job in self.ledger.jobs(JobFilter(parent_id=batch))]
        for item, payload in zip(sorted(items), payloads, strict=True):
            self.jobs[item] = ModelJob(kind, payload, 0, Lifecycle(attempts_allowed=2), batch)

    @rule(owner=st.sampled_from(["a", "b"]), kind=KINDS, most=st.integers(1, 3), call=st.sampled_from([0, 0, 30]))
    def claim(self, owner, kind, most, call):
        """Claim, and begin a call that costs money at once, or none."""
        due = [
            (-job.priority, job_id)
            for job_id, job in self.jobs.items()
            if job.kind == kind and job.life.state is JobState.QUEUED and job.life.open_items is None
            and (job.life.not_before or 0.0) <= self.clock.now
        ]  # fmt: skip
        expected = [job_id for _, job_id in sorted(due)[:most]]
        found = self.ledger.claim(owner, {kind: most}, lease_s=LEASE_S)
        assert [claimed.job_id for claimed in found] == expected
        for claimed in found:
            assert self.happen(claimed.job_id, Claim(owner, LEASE_S))
            assert claimed.attempt == self.jobs[claimed.job_id].life.attempt
        self.claims.extend(found)
        for claimed in found:
            if call and all(call <= one.left() for one in self.payers(claimed)):
                self.ledger.reserve(claimed, "c1", Amount(usd_micros=call))
                self.jobs[claimed.job_id].open_charges[claimed.attempt, "c1"] = call
                self.pay(claimed.job_id, call, 0)

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), what=st.sampled_from(SAYINGS))
    def say(self, data, what):
        """What a worker says, the newest claim or a stale one, once or again."""
        claimed = self.drawn_claim(data)
        job = self.jobs[claimed.job_id]
        fence = (claimed.owner, claimed.attempt)
        delay = self.pause_of(claimed.job_id)
        event, say = {
            "complete": (Complete(*fence), lambda: self.ledger.complete(claimed, claimed.attempt)),
            "fail": (Fail(*fence, True, delay), lambda: self.ledger.fail(claimed, "no", retry=True)),
            "fail for good": (Fail(*fence, False), lambda: self.ledger.fail(claimed, "no", retry=False)),
            "release": (Release(*fence), lambda: self.ledger.release(claimed)),
            "beat": (Heartbeat(*fence, LEASE_S), lambda: self.ledger.heartbeat(claimed, lease_s=LEASE_S).result()),
            "keep": (Heartbeat(*fence, LEASE_S), lambda: self.ledger.keep_part(claimed, "p", b"part").result()),
        }[what]  # fmt: skip
        life = job.life
        if not self.happen(claimed.job_id, event):
            with pytest.raises(LostClaim):
                say()
            return
        say()
        if what == "keep":
            job.life = life  # it renews no lease
            job.parts["p"] = b"part"
        if what == "complete":
            job.result = claimed.attempt
        self.close_batches()

    def pause_of(self, job_id):
        """The ledger's own pause, which is spread by the job's name; its bounds are tested elsewhere."""
        return 8.0 * (0.5 + 0.5 * crc32(f"{job_id} {self.jobs[job_id].life.attempt}".encode()) / 2**32)

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), name=st.sampled_from(["c1", "c2"]), amount=st.integers(0, 70))
    def reserve(self, data, name, amount):
        claimed = self.drawn_claim(data)
        job = self.jobs[claimed.job_id]
        key = (claimed.attempt, name)
        call = lambda: self.ledger.reserve(claimed, name, Amount(usd_micros=amount))  # noqa: E731
        if key in job.open_charges or key in job.estimates or (key, "settled") in job.estimates:
            call()
        elif (job.life.state, job.life.owner, job.life.attempt) != (JobState.RUNNING, claimed.owner, claimed.attempt):
            with pytest.raises(LostClaim):
                call()
        elif any(amount > one.left() for one in self.payers(claimed)):
            with pytest.raises(BudgetExceeded):
                call()
        else:
            call()
            job.open_charges[key] = amount
            self.pay(claimed.job_id, amount, 0)

    def payers(self, claimed):
        job_id = claimed.job_id
        while job_id is not None:
            yield self.jobs[job_id]
            job_id = self.jobs[job_id].parent

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), name=st.sampled_from(["c1", "c2"]), amount=st.integers(0, 70))
    def settle(self, data, name, amount):
        claimed = self.drawn_claim(data)
        job = self.jobs[claimed.job_id]
        key = (claimed.attempt, name)
        call = lambda: self.ledger.settle(claimed, name, Amount(usd_micros=amount))  # noqa: E731
        if key in job.open_charges:
            self.pay(claimed.job_id, -job.open_charges.pop(key), amount)
            job.estimates[key, "settled"] = amount
            call()
        elif key in job.estimates:
            self.pay(claimed.job_id, 0, amount - job.estimates.pop(key))
            job.estimates[key, "settled"] = amount
            call()
        elif (key, "settled") in job.estimates:
            call()
        else:
            with pytest.raises(LostClaim):
                call()

    @rule(data=st.data())
    def cancel(self, data):
        job_id = data.draw(st.sampled_from(list(self.jobs)))
        self.ledger.cancel(job_id)
        open_ones = [one for one in self.family(job_id) if one == job_id or not self.is_below_an_end(one, job_id)]
        for one in open_ones:
            self.happen(one, Cancel())
        self.close_batches()

    def is_below_an_end(self, job_id, top):
        """What is part of something that has ended is its own."""
        while job_id != top:
            if self.jobs[job_id].life.has_ended:
                return True
            job_id = self.jobs[job_id].parent
        return False

    @rule(data=st.data(), attempts=st.integers(1, 2))
    def retry(self, data, attempts):
        ended = [job_id for job_id, job in self.jobs.items() if job.life.has_ended]
        job_id = data.draw(st.sampled_from([*self.jobs, *ended * 5]))
        job = self.jobs[job_id]
        again = [job_id]
        if job.life.open_items is not None:
            items = [one for one, item in self.jobs.items() if item.parent == job_id]
            again = [one for one in items if self.jobs[one].life.state in FINAL - {JobState.SUCCEEDED}]
        if not again or not all([self.happen(one, Retry(attempts)) for one in again]):
            with pytest.raises(JobRefused):
                self.ledger.retry(job_id, attempts=attempts)
            return
        self.ledger.retry(job_id, attempts=attempts)

    @rule(seconds=st.sampled_from([1.0, 9.0, 31.0]))
    def tick(self, seconds):
        self.clock.now += seconds

    @rule()
    def expire(self):
        expected = set()
        for job_id, job in list(self.jobs.items()):
            if job.life.state is JobState.RUNNING and self.happen(job_id, Expire(self.pause_of(job_id))):
                expected.add(job_id)
        assert {job_id for job_id, _ in self.ledger.expire()} == expected
        self.close_batches()

    # What is compared

    @invariant()
    def every_job_is_what_the_model_says(self):
        found = {job.id: job for job in self.ledger.jobs(JobFilter(limit=10_000))}
        assert set(found) == set(self.jobs)
        for job_id, job in self.jobs.items():
            one, life = found[job_id], job.life
            assert (one.state, one.attempt, one.attempts_allowed, one.owner, one.lease_until, one.cancel_requested) == (
                life.state, life.attempt, life.attempts_allowed, life.owner, life.lease_until, life.cancel_requested,
            )  # fmt: skip
            meter = one.spending.usd_micros
            assert (meter.limit, meter.reserved, meter.spent) == (job.limit, job.reserved, job.spent)
            assert (one.ended_at is not None) == life.has_ended

    @precondition(lambda self: self.jobs)
    @rule(data=st.data())
    def look_at_one(self, data):
        job_id = data.draw(st.sampled_from(list(self.jobs)))
        found, job = self.ledger.job(job_id), self.jobs[job_id]
        assert found.result == job.result
        assert self.ledger.parts(job_id) == job.parts
        events = self.ledger.events(job_id)
        assert [event.number for event in events] == list(range(1, found.event_count + 1))
        assert sum(event.kind == "claimed" for event in events) == job.life.attempt
        assert [event.at for event in events] == sorted(event.at for event in events)
        items = [one.life.state for one in self.jobs.values() if one.parent == job_id]
        assert (found.items or {}) == {state: items.count(state) for state in set(items)}


def run(location, examples):
    machine = type("Machine", (LedgerMachine,), {"location": location})
    run_state_machine_as_test(
        machine,
        # Shrinking would take minutes of commits; the printed history, or its blob, is to be shrunk by hand.
        settings=settings(
            max_examples=examples, stateful_step_count=60, deadline=None, print_blob=True,
            suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.reuse, Phase.generate],
        ),
    )  # fmt: skip


def test_random_histories_agree_with_the_model(location):
    run(location, 8)


@pytest.mark.deep
def test_many_random_histories_agree_with_the_model(location):
    run(location, 1000)
