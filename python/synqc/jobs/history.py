"""What is written down of a job: the name each event has in its append-only history."""

from __future__ import annotations

from dataclasses import dataclass

from synqc.jobs.states import (
    Cancel,
    Claim,
    CloseBatch,
    Complete,
    Event,
    Expire,
    Fail,
    Lifecycle,
    Release,
    Reopen,
    Retry,
)

__all__ = ["JobEvent", "event_kind"]


@dataclass(frozen=True)
class JobEvent:
    """One entry of a job's history.

    Args:
        job_id: Id of the job.
        number: 1, 2, 3, ... in the order in which things happened to the job; none is ever missing.
        at: Moment by the ledger's clock, seconds since 1970.
        kind: `submitted`, `claimed`, `retrying`, `released`, `expired`, `cancel_requested`, `retried`, `reopened`, or
            the state that it ended in.
        attempt: Claims so far.
        owner: Worker that was concerned.
        cause: Why, where something failed.
    """

    job_id: str
    number: int
    at: float
    kind: str
    attempt: int
    owner: str | None
    cause: str | None


def event_kind(event: Event, after: Lifecycle) -> str | None:
    """The name of an event that left a job as it is now; None of what is not kept, as heartbeats.

    Examples:
        >>> from synqc.jobs.states import JobState
        >>> event_kind(Expire(), Lifecycle(JobState.DEAD))
        'dead'
    """
    if after.has_ended:
        return after.state.value
    match event:
        case Claim():
            return "claimed"
        case Fail():
            return "retrying"
        case Release():
            return "released"
        case Expire():
            return "expired"
        case Cancel():
            return "cancel_requested"
        case Retry():
            return "retried"
        case Reopen():
            return "reopened"
        case Complete() | CloseBatch():
            raise AssertionError(f"A job is ended by {event}, but is {after.state}.")
    return None
