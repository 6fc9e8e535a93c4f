"""Everything that happens to jobs after they were submitted and before they are forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from synqc.jobs.errors import JobRefused, LostClaim, UnknownJob
from synqc.jobs.states import Cancel, Event, Expire, Heartbeat, JobState, Lifecycle, Refusal, Retry
from synqc.jobs.tables.chunks import chunks
from synqc.jobs.tables.locked_jobs import LockedJob, LockedJobs
from synqc.jobs.tables.notifications import notify_cancelled, notify_queued
from synqc.jobs.tables.schema import IS_RUNNING, jobs

__all__ = ["Change", "RetryRequest", "cancel", "change", "expire", "retry"]

_MOST_EXPIRED = 200
_WORDS_OF_END = {False: "was not heard from within its lease", True: "ended"}
_RUNNING = select(jobs.c.id).where(IS_RUNNING)
_EXPIRED = (
    select(jobs.c.id)
    .where(IS_RUNNING, jobs.c.lease_until <= bindparam("now"))
    .order_by(jobs.c.lease_until)
    .limit(_MOST_EXPIRED)
    .with_for_update(skip_locked=True)
)


@dataclass(frozen=True)
class Change:
    """What a worker says of its attempt at a job.

    Args:
        job_id: Id of the job.
        event: What happens; it names owner and attempt.
        cause: Why it failed, in words.
        result: JSON.
        progress: (done, total), if it is known.
    """

    job_id: str
    event: Event
    cause: str | None = None
    result: bytes | None = None
    progress: tuple[int, int] | None = None


@dataclass(frozen=True)
class RetryRequest:
    """A job that shall be done again, with so many attempts."""

    job_id: str
    attempts: int


def change(connection: Connection, now: float, changes: Sequence[Change]) -> list[Lifecycle | Exception]:
    """What each job is afterwards; LostClaim for those whom another attempt owns by now."""
    locked = LockedJobs(connection, now)
    may_end = any(not isinstance(one.event, Heartbeat) for one in changes)
    locked.load((one.job_id for one in changes), with_parents=may_end)
    answers = [_changed(locked, one) for one in changes]
    locked.store()
    notify_queued(connection, _queued_kinds(locked))
    return answers


def cancel(connection: Connection, now: float, ids: Sequence[str]) -> list[Lifecycle | Exception]:
    """End jobs, and whatever is part of them: at once if they are queued, else as soon as their work hears of it."""
    locked = LockedJobs(connection, now)
    families = _open_descendants(connection, ids)
    locked.load([*ids, *families])
    answers: list[Lifecycle | Exception] = []
    told: list[str] = []
    for job_id in [*ids, *families]:
        job = locked.get(job_id)
        if job is not None:
            locked.apply(job, Cancel())
            if job.lifecycle.state is JobState.RUNNING:
                told.append(job_id)
    locked.store()
    for job_id in ids:
        job = locked.get(job_id)
        answers.append(UnknownJob(job_id) if job is None else job.lifecycle)
    notify_cancelled(connection, told)
    return answers


def retry(connection: Connection, now: float, requests: Sequence[RetryRequest]) -> list[Lifecycle | Exception]:
    """Queue jobs again that ended without success; of a batch, those of its items."""
    locked = LockedJobs(connection, now)
    locked.load(request.job_id for request in requests)
    answers = [_retried(connection, locked, request) for request in requests]
    locked.store()
    notify_queued(connection, _queued_kinds(locked))
    for index, request in enumerate(requests):
        job = locked.get(request.job_id)
        if job is not None and answers[index] is None:
            answers[index] = job.lifecycle
    return [answer or UnknownJob(request.job_id) for answer, request in zip(answers, requests, strict=True)]


def expire(connection: Connection, now: float, owners_gone: Sequence[bool]) -> list[list[tuple[str, Lifecycle]]]:
    """Take jobs from workers that have not been heard from within their leases, or are gone: as they are now."""
    are_gone = any(owners_gone)
    ids = list(connection.scalars(_RUNNING if are_gone else _EXPIRED, {"now": now}))
    locked = LockedJobs(connection, now)
    locked.load(ids)
    ended: list[tuple[str, Lifecycle]] = []
    for job_id in ids:
        job = locked.get(job_id)
        if job is not None:
            event = Expire(0.0 if are_gone else job.delay_s(), owner_is_gone=are_gone)
            outcome = locked.apply(job, event, cause=f"Worker {job.lifecycle.owner} {_WORDS_OF_END[are_gone]}.")
            if isinstance(outcome, Lifecycle):
                ended.append((job_id, outcome))
    locked.store()
    notify_queued(connection, _queued_kinds(locked))
    return [ended, *([] for _ in owners_gone[1:])]


def _changed(locked: LockedJobs, one: Change) -> Lifecycle | Exception:
    job = locked.get(one.job_id)
    if job is None:
        return UnknownJob(one.job_id)
    outcome = locked.apply(job, job.delayed(one.event), cause=one.cause, result=one.result)
    if isinstance(outcome, Refusal):
        return LostClaim(f"Job {one.job_id} cannot take this: {outcome}.")
    if one.progress is not None:
        job.progress_done, job.progress_total = one.progress
        job.is_changed = True
    return outcome


def _retried(connection: Connection, locked: LockedJobs, request: RetryRequest) -> Exception | Lifecycle | None:
    job = locked.get(request.job_id)
    if job is None:
        return None
    again = Retry(request.attempts)
    if job.lifecycle.open_items is None:
        outcome = locked.apply(job, again)
        if isinstance(outcome, Refusal):
            return JobRefused(f"Job {job.id} cannot be retried: {outcome}.")
        return None
    unsuccessful = _items(connection, job, (JobState.FAILED, JobState.CANCELLED, JobState.DEAD))
    if not unsuccessful:
        refusal = Refusal.SUCCEEDED if job.lifecycle.has_ended else Refusal.NOT_ENDED
        return JobRefused(f"Job {job.id} cannot be retried: {refusal}.")
    locked.load(unsuccessful)
    for item_id in unsuccessful:
        item = locked.get(item_id)
        if item is not None:
            locked.apply(item, again)
    return None


def _queued_kinds(locked: LockedJobs) -> set[str]:
    return {job.kind for job in locked.all() if job.lifecycle.state is JobState.QUEUED}


def _items(connection: Connection, batch: LockedJob, states: Iterable[JobState]) -> list[str]:
    named = [state.value for state in states]
    return list(connection.scalars(select(jobs.c.id).where(jobs.c.parent_id == batch.id, jobs.c.state.in_(named))))


def _open_descendants(connection: Connection, ids: Sequence[str]) -> list[str]:
    """What is part of jobs and has not ended, parents before their items."""
    found: list[str] = []
    parents: Sequence[str] = ids
    while parents:
        children = [
            child
            for some in chunks(parents)
            for child in connection.scalars(
                select(jobs.c.id).where(jobs.c.parent_id.in_(some), jobs.c.state.in_(("queued", "running")))
            )
        ]
        found += children
        parents = children
    return found
