"""No schedule of workers, crashes, clocks, repeated calls and cancels breaks the rules; broken rules are found."""

import random
from dataclasses import replace

import pytest
from schedule_explorer import Broken, Explorer

from synqc.jobs import states
from synqc.jobs.states import (
    Cancel,
    Claim,
    Complete,
    Expire,
    Fail,
    Heartbeat,
    JobState,
    Lifecycle,
    Refusal,
    Retry,
    transition,
)

SKEWS = [(0.0, 0.0), (25.0, -25.0)]


@pytest.mark.parametrize("skew", SKEWS)
def test_no_schedule_of_six_steps_breaks_anything(skew):
    assert Explorer(transition, skew).explore(6) > 100_000


@pytest.mark.deep
@pytest.mark.parametrize("skew", SKEWS)
def test_no_schedule_of_eight_steps_breaks_anything(skew):
    assert Explorer(transition, skew).explore(8) > 10_000_000


@pytest.mark.parametrize("skew", SKEWS)
def test_no_long_schedule_breaks_anything(skew, seed):
    rng = random.Random(seed)
    explorer = Explorer(transition, skew)
    try:
        for _ in range(1000):
            explorer.walk(rng, 60)
    except Broken as broken:
        raise AssertionError(f"seed {seed}: {broken}") from None


def owner_is_not_asked_for(job, event, now):
    if isinstance(event, (Heartbeat, Complete, Fail)) and event.attempt == job.attempt:
        event = replace(event, owner=job.owner)
    return transition(job, event, now)


def attempt_is_not_asked_for(job, event, now):
    if isinstance(event, (Heartbeat, Complete, Fail)) and event.owner == job.owner:
        event = replace(event, attempt=job.attempt)
    return transition(job, event, now)


def claim_keeps_the_token(job, event, now):
    after = transition(job, event, now)
    if isinstance(event, Claim) and isinstance(after, Lifecycle):
        return replace(after, attempt=max(job.attempt, 1))
    return after


def running_job_may_be_claimed(job, event, now):
    if isinstance(event, Claim) and job.state is JobState.RUNNING:
        job = replace(job, state=JobState.QUEUED)
    return transition(job, event, now)


def success_beats_the_cancel(job, event, now):
    after = transition(job, event, now)
    if isinstance(event, Complete) and isinstance(after, Lifecycle):
        return replace(after, state=JobState.SUCCEEDED)
    return after


def retrying_forgets_the_cancel(job, event, now):
    if isinstance(event, Fail):
        job = replace(job, cancel_requested=False)
    return transition(job, event, now)


def lease_is_not_waited_for(job, event, now):
    return transition(job, replace(event, owner_is_gone=True) if isinstance(event, Expire) else event, now)


def heartbeat_is_not_kept(job, event, now):
    after = transition(job, event, now)
    if isinstance(event, Heartbeat) and isinstance(after, Lifecycle):
        return replace(after, lease_until=job.lease_until)
    return after


def lease_never_runs_out(job, event, now):
    if isinstance(event, Expire) and not event.owner_is_gone:
        return Refusal.LEASE_HOLDS
    return transition(job, event, now)


def attempts_are_not_counted(job, event, now):
    return transition(replace(job, attempts_allowed=100), event, now)


def success_may_be_retried(job, event, now):
    if isinstance(event, Retry) and job.state is JobState.SUCCEEDED:
        job = replace(job, state=JobState.FAILED)
    return transition(job, event, now)


def cancelled_work_stays_running(job, event, now):
    if isinstance(event, Expire) and job.cancel_requested:
        return replace(job, lease_until=now + 1e9)
    return transition(job, event, now)


def ended_job_is_heard_again(job, event, now):
    if isinstance(event, Complete) and job.has_ended and event.attempt == job.attempt:
        return replace(job, state=JobState.SUCCEEDED)
    return transition(job, event, now)


def cancel_ends_a_success(job, event, now):
    if isinstance(event, Cancel) and job.state is JobState.SUCCEEDED:
        return Refusal.SUCCEEDED
    return transition(job, event, now)


@pytest.mark.parametrize(
    "planted",
    [
        attempt_is_not_asked_for, claim_keeps_the_token, running_job_may_be_claimed, success_beats_the_cancel,
        retrying_forgets_the_cancel, lease_is_not_waited_for, heartbeat_is_not_kept, lease_never_runs_out,
        attempts_are_not_counted, success_may_be_retried, cancelled_work_stays_running, ended_job_is_heard_again,
        cancel_ends_a_success,
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(planted):
    with pytest.raises(Broken):
        Explorer(planted).explore(6)


def test_the_owner_is_asked_for_though_the_token_would_do():
    """Tokens are never given twice, so no schedule needs the owner: it guards against a caller that is wrong."""
    assert Explorer(owner_is_not_asked_for).explore(5) > 10_000
    running = states.Lifecycle(JobState.RUNNING, attempt=3, owner="a", lease_until=10.0)
    assert transition(running, Complete("b", 3), 5.0) is Refusal.STALE_CLAIM
