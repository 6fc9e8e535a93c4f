"""Claims: which jobs a worker gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select, text, update

from synqc.jobs.errors import UnknownJob
from synqc.jobs.states import Claim, Refusal
from synqc.jobs.tables.clock import Clock, database_clock
from synqc.jobs.tables.locked_jobs import READ, LockedJob, LockedJobs
from synqc.jobs.tables.schema import IS_DUE, IS_QUEUED, jobs

__all__ = ["ClaimRequest", "ClaimRequestById", "Claimed", "claim", "claim_by_id"]

_MOST_PROMOTED = 500

_DUE = (
    READ.add_columns(jobs.c.payload, jobs.c.priority)
    .where(IS_DUE, jobs.c.kind == bindparam("of_kind"))
    .order_by(jobs.c.priority.desc(), jobs.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_DELAYED = (
    select(jobs.c.id)
    .where(IS_QUEUED, jobs.c.not_before <= bindparam("now"))
    .limit(_MOST_PROMOTED)
    .with_for_update(skip_locked=True)
)
_PROMOTE = (
    update(jobs)
    .where(jobs.c.id.in_(_DELAYED.scalar_subquery()))
    .values(not_before=None)
    .execution_options(synchronize_session=False)
)
# With the server's moment, in one round trip. In a query of its own that is one value, by which an index is searched.
_PROMOTE_BY_SERVER = text(
    f"""
    WITH promoted AS (
        UPDATE jobs SET not_before = NULL WHERE id IN (
            SELECT id FROM jobs
            WHERE state = 'queued' AND not_before <= (SELECT extract(epoch FROM clock_timestamp())::float8)
            LIMIT {_MOST_PROMOTED} FOR UPDATE SKIP LOCKED
        )
    )
    SELECT extract(epoch FROM clock_timestamp())::float8
    """
)
_PAYLOAD = select(jobs.c.payload).where(jobs.c.id == bindparam("of"))


@dataclass(frozen=True)
class ClaimRequest:
    """What a worker has room for.

    Args:
        owner: The worker's name, of one incarnation alone.
        room: Kinds it can do, with how many of each.
        most: Most jobs of all kinds together.
        lease_s: How long it need not be heard from.
    """

    owner: str
    room: tuple[tuple[str, int], ...]
    most: int
    lease_s: float


@dataclass(frozen=True)
class ClaimRequestById:
    """One job, as a message names it."""

    owner: str
    job_id: str
    lease_s: float


@dataclass(frozen=True)
class Claimed:
    """One attempt at a job: what proves in every later write that it is still this worker's."""

    job_id: str
    kind: str
    payload: bytes
    owner: str
    attempt: int
    parent_id: str | None


def claim(connection: Connection, clock: Clock, requests: Sequence[ClaimRequest]) -> list[list[Claimed]]:
    """Due jobs for each worker: the most urgent first, then the oldest; none that another worker is just taking."""
    if clock is database_clock and connection.dialect.name == "postgresql":
        now = connection.scalar(_PROMOTE_BY_SERVER)
    else:
        now = clock(connection)
        connection.execute(_PROMOTE, {"now": now})
    return [_claim(connection, now, request) for request in requests]


def claim_by_id(
    connection: Connection, now: float, requests: Sequence[ClaimRequestById]
) -> list[Claimed | Refusal | Exception]:
    """The jobs that messages name, where they are due and nobody has them."""
    locked = LockedJobs(connection, now)
    locked.load((request.job_id for request in requests), with_parents=False)
    answers: list[Claimed | Refusal | Exception] = []
    for request in requests:
        job = locked.get(request.job_id)
        if job is None:
            answers.append(UnknownJob(request.job_id))
            continue
        outcome = locked.apply(job, Claim(request.owner, request.lease_s))
        if isinstance(outcome, Refusal):
            answers.append(outcome)
        else:
            answers.append(_claimed(job, bytes(connection.scalar(_PAYLOAD, {"of": job.id}) or b"")))
    locked.store()
    return answers


def _claim(connection: Connection, now: float, request: ClaimRequest) -> list[Claimed]:
    due = [
        row
        for kind, most in request.room
        for row in connection.execute(_DUE, {"of_kind": kind, "most": min(most, request.most)})
    ]
    due.sort(key=lambda row: -row.priority)  # stable: within a kind, and between kinds of one priority, in order
    locked = LockedJobs(connection, now)
    taken = []
    for row in due[: request.most]:
        job = LockedJob.of(row)
        locked.add(job)
        if not isinstance(locked.apply(job, Claim(request.owner, request.lease_s)), Refusal):
            taken.append(_claimed(job, bytes(row.payload)))
    locked.store()
    return taken


def _claimed(job: LockedJob, payload: bytes) -> Claimed:
    now = job.lifecycle
    return Claimed(job.id, job.kind, payload, now.owner or "", now.attempt, job.parent_id)
