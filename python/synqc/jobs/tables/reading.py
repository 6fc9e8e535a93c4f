"""What is asked about jobs: one, lists, counts, events, and when the next is due."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, bindparam, func, select, tuple_

from synqc.jobs.history import JobEvent
from synqc.jobs.job import Job, JobFilter
from synqc.jobs.spending import Meter, Spending
from synqc.jobs.states import JobState
from synqc.jobs.tables.chunks import chunks
from synqc.jobs.tables.schema import IS_DUE, IS_QUEUED, IS_RUNNING, events, jobs

__all__ = [
    "DueJob", "cancelled_among", "count_by_state", "find_due", "find_events", "find_job", "find_jobs", "next_delayed",
]  # fmt: skip

_READ = select(jobs)
_LISTED = select(*(column for column in jobs.c if column.name not in ("payload", "result")))
_DUE = select(jobs.c.id, jobs.c.kind, jobs.c.attempt)
_IS_NO_MORE_DELAYED = and_(IS_QUEUED, jobs.c.not_before <= bindparam("now"), jobs.c.open_items.is_(None))
_ITEMS = (
    select(jobs.c.parent_id, jobs.c.state, func.count())
    .where(jobs.c.parent_id.in_(bindparam("ids", expanding=True)))
    .group_by(jobs.c.parent_id, jobs.c.state)
)
_HISTORY = select(events).order_by(events.c.number)


class DueJob(NamedTuple):
    """A job that may be claimed, and how often it was before."""

    job_id: str
    kind: str
    attempt: int


def find_due(connection: Connection, now: float, kind: str, most: int) -> list[DueJob]:
    """Jobs of a kind that may be claimed: those whose delay has just ended, then in the order of claims."""
    undelayed = _DUE.where(jobs.c.kind == kind, _IS_NO_MORE_DELAYED).order_by(jobs.c.not_before).limit(most)
    found = [DueJob(*row) for row in connection.execute(undelayed, {"now": now})]
    due = _DUE.where(jobs.c.kind == kind, IS_DUE).order_by(jobs.c.priority.desc(), jobs.c.id).limit(most)
    return (found + [DueJob(*row) for row in connection.execute(due)])[:most]


def find_job(connection: Connection, job_id: str) -> Job | None:
    """A job with its payload and result; of a batch, with the number of its items by state."""
    row = connection.execute(_READ.where(jobs.c.id == job_id)).first()
    if row is None:
        return None
    items = _items(connection, [row.id]).get(row.id)
    return _job(row, bytes(row.payload), None if row.result is None else bytes(row.result), items)


def find_jobs(connection: Connection, wanted: JobFilter) -> list[Job]:
    """Jobs, newest first, without payload and result; of batches, with the number of their items by state."""
    query = _LISTED.order_by(jobs.c.submitted_at.desc(), jobs.c.id.desc()).limit(wanted.limit)
    if wanted.kind is not None:
        query = query.where(jobs.c.kind == wanted.kind)
    if wanted.states:
        query = query.where(jobs.c.state.in_([state.value for state in wanted.states]))
    if wanted.parent_id is not None:
        query = query.where(jobs.c.parent_id == wanted.parent_id)
    if wanted.before is not None:
        query = query.where(tuple_(jobs.c.submitted_at, jobs.c.id) < wanted.before)
    found = connection.execute(query).all()
    items = _items(connection, [row.id for row in found])
    return [_job(row, None, None, items.get(row.id)) for row in found]


def count_by_state(connection: Connection, kind: str | None = None) -> dict[JobState, int]:
    """How many jobs stand where."""
    query = select(jobs.c.state, func.count()).group_by(jobs.c.state)
    if kind is not None:
        query = query.where(jobs.c.kind == kind)
    return {JobState(state): count for state, count in connection.execute(query)}


def find_events(connection: Connection, job_id: str, after: int, limit: int) -> list[JobEvent]:
    """A job's history after an entry."""
    query = _HISTORY.where(events.c.job_id == job_id, events.c.number > after).limit(limit)
    return [JobEvent(**row._mapping) for row in connection.execute(query)]


def cancelled_among(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Which of some running jobs shall end."""
    query = select(jobs.c.id).where(jobs.c.id.in_(ids), IS_RUNNING, jobs.c.cancel_requested)
    return set(connection.scalars(query))


def next_delayed(connection: Connection) -> float | None:
    """Moment when the next delayed job is due, if there is one."""
    found: float | None = connection.scalar(
        select(func.min(jobs.c.not_before)).where(IS_QUEUED, jobs.c.not_before.is_not(None))
    )
    return found


def _items(connection: Connection, ids: Sequence[str]) -> dict[str, dict[JobState, int]]:
    """How many items stand where, of those jobs that have some."""
    found: dict[str, dict[JobState, int]] = {}
    for some in chunks(ids):
        for parent_id, state, count in connection.execute(_ITEMS, {"ids": list(some)}):
            found.setdefault(parent_id, {})[JobState(state)] = count
    return found


def _job(row: Row[Any], payload: bytes | None, result: bytes | None, items: dict[JobState, int] | None) -> Job:
    return Job(
        id=row.id, kind=row.kind, state=JobState(row.state), priority=row.priority, parent_id=row.parent_id,
        is_batch=row.open_items is not None, attempt=row.attempt, attempts_allowed=row.attempts_allowed,
        owner=row.owner, lease_until=row.lease_until, not_before=row.not_before,
        cancel_requested=row.cancel_requested, submitted_at=row.submitted_at, started_at=row.started_at,
        ended_at=row.ended_at, progress_done=row.progress_done, progress_total=row.progress_total, cause=row.cause,
        event_count=row.event_count, items=items, payload_json=payload, result_json=result,
        spending=Spending(
            Meter(row.usd_micros_limit, row.usd_micros_reserved, row.usd_micros_spent),
            Meter(row.tokens_limit, row.tokens_reserved, row.tokens_spent),
        ),
    )  # fmt: skip
