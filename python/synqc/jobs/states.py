"""State machine of a job: which event leads from which state to which, as a pure function over one table.

The ledger stores what this file decides, and decides nothing itself; tests explore schedules and random histories with
the very same function. Time is the ledger's clock, handed in, in seconds.

    queued ──claim──▶ running ──complete──▶ succeeded
      ▲ │               │ │ │
      │ └─cancel─▶ cancelled │ └─fail (no retry)──▶ failed
      └──fail, expire, release┘        └─fail, expire (no attempt left)──▶ dead

`attempt` counts claims and is the fencing token: what a worker says of a job is believed while the job is running and
the worker names the owner and the attempt that the ledger has, and never otherwise. A cancel that was answered is
final: a running job ends `cancelled` whatever its work says afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

__all__ = [
    "FINAL", "TRANSITIONS", "Cancel", "Claim", "CloseBatch", "Complete", "Event", "Expire", "Fail", "Heartbeat",
    "JobState", "Lifecycle", "Refusal", "Release", "Reopen", "Retry", "transition",
]  # fmt: skip


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """Its work said that it cannot succeed."""
    CANCELLED = "cancelled"
    DEAD = "dead"
    """Every attempt it was allowed ended in an error or with its worker."""


FINAL = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.DEAD})
"""States that nothing but a retry leaves."""


class Refusal(StrEnum):
    """Why an event changes nothing."""

    STALE_CLAIM = "another attempt owns the job, or it has ended"
    NOT_DUE = "it is not due yet"
    NOT_QUEUED = "it is not queued"
    IS_BATCH = "it is a batch, whose items are claimed instead"
    LEASE_HOLDS = "its lease has not run out"
    SUCCEEDED = "it has succeeded"
    NOT_ENDED = "it has not ended yet"
    ITEMS_OPEN = "items of it have not ended yet"


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What decides what may happen to a job next.

    Args:
        state: Its state in the life cycle.
        attempt: Claims so far: the fencing token.
        attempts_allowed: Number of the last attempt that may be made.
        owner: Worker of the present attempt.
        lease_until: Moment until which the owner need not be heard from.
        not_before: Moment before which it may not be claimed; None: at once.
        cancel_requested: Whether it shall end.
        open_items: Items of a batch that have not ended; None: it is no batch.
    """

    state: JobState = JobState.QUEUED
    attempt: int = 0
    attempts_allowed: int = 3
    owner: str | None = None
    lease_until: float | None = None
    not_before: float | None = None
    cancel_requested: bool = False
    open_items: int | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing but a retry goes on with it."""
        return self.state in FINAL


class Event:
    """Something that happens to a job."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Claim(Event):
    """A worker takes it."""

    owner: str
    lease_s: float


@dataclass(frozen=True, slots=True)
class _Fenced(Event):
    """What only the owner of an attempt may say."""

    owner: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Heartbeat(_Fenced):
    """The worker is alive: the lease begins anew."""

    lease_s: float


@dataclass(frozen=True, slots=True)
class Complete(_Fenced):
    """Its work is done."""


@dataclass(frozen=True, slots=True)
class Fail(_Fenced):
    """Its work failed; `delay_s` to the next attempt if it is worth one."""

    retry: bool
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Release(_Fenced):
    """The worker leaves and gives it back unfinished; that costs no attempt."""


@dataclass(frozen=True, slots=True)
class Expire(Event):
    """The owner has not been heard from within its lease, or is known to be gone."""

    delay_s: float = 0.0
    owner_is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Cancel(Event):
    """Somebody wants it to end."""


@dataclass(frozen=True, slots=True)
class Retry(Event):
    """Somebody wants it again, with so many attempts more."""

    attempts: int


@dataclass(frozen=True, slots=True)
class CloseBatch(Event):
    """The last item of a batch has ended; `unsuccessful` ones among all of them."""

    unsuccessful: int


@dataclass(frozen=True, slots=True)
class Reopen(Event):
    """Items of a batch that had ended were queued again."""


Rule = Callable[[Lifecycle, Any, float], "Lifecycle | Refusal"]


def _ended(job: Lifecycle, state: JobState) -> Lifecycle:
    return replace(job, state=state, owner=None, lease_until=None, not_before=None)


def _queued_again(job: Lifecycle, now: float, delay_s: float) -> Lifecycle:
    not_before = now + delay_s if delay_s > 0 else None
    return replace(job, state=JobState.QUEUED, owner=None, lease_until=None, not_before=not_before)


def _claim(job: Lifecycle, event: Claim, now: float) -> Lifecycle | Refusal:
    if job.open_items is not None:
        return Refusal.IS_BATCH
    if job.not_before is not None and job.not_before > now:
        return Refusal.NOT_DUE
    return replace(
        job, state=JobState.RUNNING, attempt=job.attempt + 1, owner=event.owner, lease_until=now + event.lease_s,
        not_before=None,
    )  # fmt: skip


def _if_owner(rule: Rule) -> Rule:
    def fenced(job: Lifecycle, event: _Fenced, now: float) -> Lifecycle | Refusal:
        if event.owner != job.owner or event.attempt != job.attempt:
            return Refusal.STALE_CLAIM
        return rule(job, event, now)

    return fenced


def _heartbeat(job: Lifecycle, event: Heartbeat, now: float) -> Lifecycle:
    return replace(job, lease_until=now + event.lease_s)


def _complete(job: Lifecycle, _: Complete, __: float) -> Lifecycle:
    return _ended(job, JobState.CANCELLED if job.cancel_requested else JobState.SUCCEEDED)


def _another_attempt(job: Lifecycle, now: float, delay_s: float) -> Lifecycle:
    if job.cancel_requested:
        return _ended(job, JobState.CANCELLED)
    if job.attempt >= job.attempts_allowed:
        return _ended(job, JobState.DEAD)
    return _queued_again(job, now, delay_s)


def _fail(job: Lifecycle, event: Fail, now: float) -> Lifecycle:
    if not event.retry and not job.cancel_requested:
        return _ended(job, JobState.FAILED)
    return _another_attempt(job, now, event.delay_s)


def _release(job: Lifecycle, _: Release, now: float) -> Lifecycle:
    if job.cancel_requested:
        return _ended(job, JobState.CANCELLED)
    return replace(_queued_again(job, now, 0.0), attempts_allowed=job.attempts_allowed + 1)


def _expire(job: Lifecycle, event: Expire, now: float) -> Lifecycle | Refusal:
    if job.lease_until is not None and job.lease_until > now and not event.owner_is_gone:
        return Refusal.LEASE_HOLDS
    return _another_attempt(job, now, event.delay_s)


def _cancel_queued(job: Lifecycle, _: Cancel, __: float) -> Lifecycle:
    if job.open_items:  # it ends when they have
        return _request_cancel(job, _, __)
    return replace(_ended(job, JobState.CANCELLED), cancel_requested=True)


def _request_cancel(job: Lifecycle, _: Cancel, __: float) -> Lifecycle:
    return job if job.cancel_requested else replace(job, cancel_requested=True)


def _retry(job: Lifecycle, event: Retry, now: float) -> Lifecycle:
    again = replace(_queued_again(job, now, 0.0), cancel_requested=False)
    return replace(again, attempts_allowed=job.attempt + event.attempts)


def _close_batch(job: Lifecycle, event: CloseBatch, _: float) -> Lifecycle | Refusal:
    if job.open_items is None or job.open_items > 0:
        return Refusal.ITEMS_OPEN
    if job.cancel_requested:
        return _ended(job, JobState.CANCELLED)
    return _ended(job, JobState.FAILED if event.unsuccessful else JobState.SUCCEEDED)


def _reopen(job: Lifecycle, _: Reopen, now: float) -> Lifecycle:
    return replace(_queued_again(job, now, 0.0), cancel_requested=False)


def _unchanged(job: Lifecycle, _: Event, __: float) -> Lifecycle:
    return job


def _refused(refusal: Refusal) -> Rule:
    return lambda job, event, now: refusal


_QUEUED, _RUNNING = JobState.QUEUED, JobState.RUNNING
_UNSUCCESSFUL = (JobState.FAILED, JobState.CANCELLED, JobState.DEAD)

TRANSITIONS: Mapping[type[Event], Mapping[JobState, Rule]] = {
    Claim: {_QUEUED: _claim},
    Heartbeat: {_RUNNING: _if_owner(_heartbeat)},
    Complete: {_RUNNING: _if_owner(_complete)},
    Fail: {_RUNNING: _if_owner(_fail)},
    Release: {_RUNNING: _if_owner(_release)},
    Expire: {_RUNNING: _expire},
    Cancel: {_QUEUED: _cancel_queued, _RUNNING: _request_cancel, **dict.fromkeys(FINAL, _unchanged)},
    Retry: {**dict.fromkeys(_UNSUCCESSFUL, _retry), JobState.SUCCEEDED: _refused(Refusal.SUCCEEDED)},
    CloseBatch: {_QUEUED: _close_batch},
    Reopen: {**dict.fromkeys(FINAL, _reopen), _QUEUED: _unchanged, _RUNNING: _unchanged},
}
"""By event and the state it meets. What is not in it is refused for the event's reason in `_OTHERWISE`."""

_OTHERWISE: Mapping[type[Event], Refusal] = {
    Claim: Refusal.NOT_QUEUED,
    Heartbeat: Refusal.STALE_CLAIM,
    Complete: Refusal.STALE_CLAIM,
    Fail: Refusal.STALE_CLAIM,
    Release: Refusal.STALE_CLAIM,
    Expire: Refusal.LEASE_HOLDS,
    Retry: Refusal.NOT_ENDED,
    CloseBatch: Refusal.NOT_QUEUED,
}


def transition(job: Lifecycle, event: Event, now: float) -> Lifecycle | Refusal:
    """What a job is after an event, or why the event changes nothing.

    The very object it was given comes back where the event was meant and had happened already.

    Examples:
        >>> claimed = transition(Lifecycle(), Claim("w1", lease_s=30.0), now=100.0)
        >>> claimed.state.value, claimed.attempt, claimed.lease_until
        ('running', 1, 130.0)
        >>> transition(claimed, Complete("w2", attempt=1), now=101.0).name
        'STALE_CLAIM'
        >>> transition(claimed, Expire(), now=131.0).state.value
        'queued'
    """
    rule = TRANSITIONS[type(event)].get(job.state)
    return _OTHERWISE[type(event)] if rule is None else rule(job, event, now)
