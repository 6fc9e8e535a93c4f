"""A job as it is read: its figures at one moment, in Python and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from synqc import json
from synqc.jobs.spending import Meter, Spending
from synqc.jobs.states import FINAL, JobState

__all__ = ["Job", "JobFilter"]


@dataclass(frozen=True)
class JobFilter:
    """Which jobs a list has.

    Args:
        kind: Only of this kind.
        states: Only in these; all if there is none.
        parent_id: Only parts of this job.
        before: (submitted_at, id) of the last one of the page before.
        limit: Most of them.
    """

    kind: str | None = None
    states: tuple[JobState, ...] = ()
    parent_id: str | None = None
    before: tuple[float, str] | None = None
    limit: int = 100


@dataclass(frozen=True)
class Job:
    """One job; moments are seconds since 1970 by the ledger's clock.

    Args:
        id: Its name.
        kind: Kind of work, which names the function that does it.
        state: Its state in the life cycle.
        priority: Larger is claimed first.
        parent_id: What it is part of.
        is_batch: Whether it is a batch, whose items are claimed instead of it.
        attempt: Claims so far.
        attempts_allowed: Number of the last attempt that may be made.
        owner: Worker of the present attempt.
        lease_until: Moment until which that need not be heard from.
        not_before: Moment before which it is not claimed.
        cancel_requested: Whether it shall end.
        submitted_at, started_at, ended_at: Moments; None of what has not happened.
        progress_done, progress_total: As its work says.
        cause: Cause of its last failure.
        event_count: Entries of its history.
        spending: Its meters.
        items: How many of its items, or children, stand where; None where it has none.
        payload_json, result_json: JSON; None in lists.
    """

    id: str
    kind: str
    state: JobState
    priority: int
    parent_id: str | None
    is_batch: bool
    attempt: int
    attempts_allowed: int
    owner: str | None
    lease_until: float | None
    not_before: float | None
    cancel_requested: bool
    submitted_at: float
    started_at: float | None
    ended_at: float | None
    progress_done: int | None
    progress_total: int | None
    cause: str | None
    event_count: int
    spending: Spending
    items: dict[JobState, int] | None = None
    payload_json: bytes | None = None
    result_json: bytes | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing but a retry goes on with it."""
        return self.state in FINAL

    @property
    def payload(self) -> Any:
        """What its work was given."""
        return None if self.payload_json is None else json.loads(self.payload_json)

    @property
    def result(self) -> Any:
        """What its work answered; None without an answer."""
        return None if self.result_json is None else json.loads(self.result_json)

    def to_dict(self) -> dict[str, Any]:
        """As programs read it; payload and result only where the job has them with it."""
        document: dict[str, Any] = {
            "job_id": self.id, "kind": self.kind, "state": self.state.value, "priority": self.priority,
            "parent_id": self.parent_id, "is_batch": self.is_batch, "attempt": self.attempt,
            "attempts_allowed": self.attempts_allowed, "owner": self.owner,
            "cancel_requested": self.cancel_requested, "submitted_at": _stamp(self.submitted_at),
            "started_at": _stamp(self.started_at), "ended_at": _stamp(self.ended_at),
            "not_before": _stamp(self.not_before), "lease_until": _stamp(self.lease_until),
            "done": self.progress_done, "total": self.progress_total, "cause": self.cause,
            "events": self.event_count, "usd_micros": _meter(self.spending.usd_micros),
            "tokens": _meter(self.spending.tokens),
            "items": None if self.items is None else {state.value: count for state, count in self.items.items()},
        }  # fmt: skip
        if self.payload_json is not None:
            document |= {"payload": self.payload, "result": self.result}
        return document


def _meter(meter: Meter) -> dict[str, int | None]:
    return {"limit": meter.limit, "reserved": meter.reserved, "spent": meter.spent}


def _stamp(moment: float | None) -> str | None:
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
