"""Unit of work over rows of `jobs`: read and locked, changed by the state machine, written back with their events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from synqc.jobs.history import event_kind
from synqc.jobs.spending import Amount, Meter, Spending
from synqc.jobs.states import CloseBatch, Event, Fail, JobState, Lifecycle, Refusal, Reopen, transition
from synqc.jobs.tables.chunks import chunks
from synqc.jobs.tables.schema import charges, events, jobs

__all__ = ["READ", "LockedJob", "LockedJobs"]

_LIFECYCLE = (
    "state", "attempt", "attempts_allowed", "owner", "lease_until", "not_before", "cancel_requested", "open_items",
)  # fmt: skip
_PLAIN = ("started_at", "ended_at", "progress_done", "progress_total", "cause", "event_count", "content_key")
_METERS = (
    "usd_micros_limit", "usd_micros_reserved", "usd_micros_spent", "tokens_limit", "tokens_reserved", "tokens_spent",
)  # fmt: skip
_FIXED = ("id", "kind", "parent_id", "backoff_first_s", "backoff_most_s")
_WRITTEN = (*_LIFECYCLE, *_PLAIN, *_METERS)

READ = select(*(jobs.c[name] for name in (*_FIXED, *_WRITTEN)))
"""What a `LockedJob` is made of."""
_READ_AND_LOCK = READ.where(jobs.c.id.in_(bindparam("ids", expanding=True))).order_by(jobs.c.id).with_for_update()
# The row was locked when it was read; the condition says so to whoever reads this, and holds where locks do not.
_WRITE = (
    update(jobs)
    .where(
        jobs.c.id == bindparam("of"), jobs.c.attempt == bindparam("from_attempt"),
        jobs.c.state == bindparam("from_state"), jobs.c.owner.is_not_distinct_from(bindparam("from_owner")),
    )
    .values({name: bindparam(f"new_{name}") for name in _WRITTEN})
)  # fmt: skip
_NOTE = insert(events)
# One job and its one event, as most changes are, in one round trip; SQLite has none to save, and no such statement.
_WRITE_AND_NOTE = _NOTE.values({column.name: bindparam(f"event_{column.name}") for column in events.c}).add_cte(
    _WRITE.cte("written")
)
_WRITE_RESULT = update(jobs).where(jobs.c.id == bindparam("of")).values(result=bindparam("new_result"))
_OPEN_CHARGES = select(charges.c.job_id, charges.c.reserved_usd_micros, charges.c.reserved_tokens).where(
    charges.c.job_id == bindparam("of"), charges.c.spent_usd_micros.is_(None)
)
_CLOSE_CHARGES = (
    update(charges)
    .where(charges.c.job_id == bindparam("of"), charges.c.spent_usd_micros.is_(None))
    .values(spent_usd_micros=charges.c.reserved_usd_micros, spent_tokens=charges.c.reserved_tokens, is_estimate=True)
)


@dataclass
class LockedJob:
    """One row; what is assigned is written when the unit of work ends."""

    id: str
    kind: str
    parent_id: str | None
    backoff_first_s: float
    backoff_most_s: float
    lifecycle: Lifecycle
    spending: Spending
    started_at: float | None
    ended_at: float | None
    progress_done: int | None
    progress_total: int | None
    cause: str | None
    event_count: int
    content_key: str | None
    found: Lifecycle
    """As it was read."""
    is_changed: bool = False

    @classmethod
    def of(cls, row: Row[Any]) -> LockedJob:
        """The job of a row with the columns of `READ`."""
        known = row._mapping
        lifecycle = Lifecycle(JobState(row.state), *(known[name] for name in _LIFECYCLE[1:]))
        spending = Spending(
            Meter(row.usd_micros_limit, row.usd_micros_reserved, row.usd_micros_spent),
            Meter(row.tokens_limit, row.tokens_reserved, row.tokens_spent),
        )
        plain = {name: known[name] for name in (*_FIXED, *_PLAIN)}
        return cls(**plain, lifecycle=lifecycle, spending=spending, found=lifecycle)

    def delay_s(self) -> float:
        """Back-off before the attempt after the present one: doubled each time, and spread over its upper half."""
        doubled = self.backoff_first_s * 2.0 ** min(max(self.lifecycle.attempt - 1, 0), 60)
        spread = crc32(f"{self.id} {self.lifecycle.attempt}".encode()) / 2**32
        return min(doubled, self.backoff_most_s) * (0.5 + 0.5 * spread)

    def delayed(self, event: Event) -> Event:
        """An event with this job's back-off, where it has one."""
        return replace(event, delay_s=self.delay_s()) if isinstance(event, Fail) else event

    def _written(self) -> dict[str, Any]:
        written: dict[str, Any] = {f"new_{name}": getattr(self.lifecycle, name) for name in _LIFECYCLE}
        written["new_state"] = self.lifecycle.state.value
        written |= {f"new_{name}": getattr(self, name) for name in _PLAIN}
        for thing in ("usd_micros", "tokens"):
            meter: Meter = getattr(self.spending, thing)
            written |= {f"new_{thing}_{part}": getattr(meter, part) for part in ("limit", "reserved", "spent")}
        found = self.found
        return written | {
            "of": self.id, "from_attempt": found.attempt, "from_state": found.state.value, "from_owner": found.owner,
        }  # fmt: skip


class LockedJobs:
    """Identity map of the jobs that a transaction changes.

    Rows are locked in the order of their ids, and a parent after its items, so that transactions which meet wait for
    each other instead of standing in each other's way.

    Args:
        connection: Within a transaction.
        now: The ledger's moment.
    """

    def __init__(self, connection: Connection, now: float) -> None:
        self.connection = connection
        self.now = now
        self._jobs: dict[str, LockedJob | None] = {}
        self._events: list[dict[str, Any]] = []
        self._results: list[dict[str, Any]] = []

    def load(self, ids: Iterable[str], *, with_parents: bool = True) -> None:
        """Read and lock rows.

        Args:
            ids: Identifiers of jobs; some may be loaded already.
            with_parents: Their parents after them: what ends, or is queued again, is counted there.
        """
        wanted = sorted(set(ids) - set(self._jobs))
        if not wanted:
            return
        self._jobs |= dict.fromkeys(wanted)
        for some in chunks(wanted):
            found = self.connection.execute(_READ_AND_LOCK, {"ids": list(some)})
            self._jobs |= {row.id: LockedJob.of(row) for row in found}
        if with_parents:
            children = (self._jobs[job_id] for job_id in wanted)
            self.load(job.parent_id for job in children if job is not None and job.parent_id is not None)

    def add(self, job: LockedJob) -> None:
        """One that was read and locked by a statement of the caller's; its parent is not."""
        self._jobs[job.id] = job

    def get(self, job_id: str) -> LockedJob | None:
        """One of those that were asked for; None if there is none of that id."""
        return self._jobs[job_id]

    def all(self) -> list[LockedJob]:
        """Those that there are."""
        return [job for job in self._jobs.values() if job is not None]

    def with_ancestors(self, job: LockedJob) -> list[LockedJob]:
        """A job, its parent, and so on."""
        found = [job]
        while (parent_id := found[-1].parent_id) is not None and (parent := self._jobs[parent_id]) is not None:
            found.append(parent)
        return found

    def apply(
        self, job: LockedJob, event: Event, *, cause: str | None = None, result: bytes | None = None
    ) -> Lifecycle | Refusal:
        """Let something happen to a job, and note it among its events.

        Args:
            job: One of the loaded.
            event: What happens.
            cause: Why, in words, where something failed.
            result: JSON that is kept if it does happen.

        Returns:
            What the job is now, or why nothing changed.
        """
        before = job.lifecycle
        after = transition(before, event, self.now)
        if isinstance(after, Refusal):
            return after
        if after is not before:
            job.lifecycle, job.is_changed = after, True
            self._follow(job, before, event, cause)
        if result is not None:
            self._results.append({"of": job.id, "new_result": result})
        return after

    def charge(self, job: LockedJob, reserved: Amount, spent: Amount | None) -> None:
        """Count a reservation, or its settlement, at a job and whatever it is part of."""
        for one in self.with_ancestors(job):
            if spent is None:
                one.spending = one.spending.with_reserved(reserved)
            else:
                one.spending = one.spending.with_settled(reserved, spent)
            one.is_changed = True

    def note(self, job: LockedJob, kind: str, cause: str | None = None) -> None:
        """Append to the job's events."""
        job.event_count += 1
        job.is_changed = True
        self._events.append({
            "job_id": job.id, "number": job.event_count, "at": self.now, "kind": kind,
            "attempt": job.lifecycle.attempt, "owner": job.lifecycle.owner or job.found.owner, "cause": cause,
        })  # fmt: skip

    def store(self) -> None:
        """Write what changed, and close batches whose last item has ended."""
        self._write()
        closable = [job for job in self.all() if _may_close(job)]
        for batch in closable:
            self.apply(batch, CloseBatch(self._unsuccessful_items(batch)))
        if closable:
            self.store()  # a batch may be the last item of another one

    def _follow(self, job: LockedJob, before: Lifecycle, event: Event, cause: str | None) -> None:
        after = job.lifecycle
        if before.state is JobState.QUEUED and after.state is JobState.RUNNING:
            job.started_at = self.now
        if after.has_ended and not before.has_ended:
            job.ended_at = self.now
            if after.state is not JobState.SUCCEEDED:
                job.content_key = None
            self._count_at_parent(job, -1)
        elif before.has_ended and not after.has_ended:
            job.ended_at = None
            self._count_at_parent(job, +1)
        if before.state is JobState.RUNNING and after.state is not JobState.RUNNING:
            self._settle_open_charges(job)
        if cause is not None:
            job.cause = cause
        kind = event_kind(event, after)
        if kind is not None:
            self.note(job, kind, cause)

    def count_open_items(self, batch: LockedJob, change: int) -> None:
        """Items of a batch ended, came back, or were added; it takes part in nothing if it is no batch."""
        if batch.lifecycle.open_items is None:
            return
        batch.lifecycle = replace(batch.lifecycle, open_items=batch.lifecycle.open_items + change)
        batch.is_changed = True
        if batch.lifecycle.has_ended:
            self.apply(batch, Reopen())

    def _count_at_parent(self, job: LockedJob, change: int) -> None:
        parent = None if job.parent_id is None else self._jobs[job.parent_id]
        if parent is not None:
            self.count_open_items(parent, change)

    def _settle_open_charges(self, job: LockedJob) -> None:
        if not (job.spending.usd_micros.reserved or job.spending.tokens.reserved):
            return
        for row in self.connection.execute(_OPEN_CHARGES, {"of": job.id}).all():
            reserved = Amount(row.reserved_usd_micros, row.reserved_tokens)
            self.charge(job, reserved, reserved)
        self.connection.execute(_CLOSE_CHARGES, {"of": job.id})

    def _write(self) -> None:
        changed = [job for job in self.all() if job.is_changed]
        is_one_statement = self.connection.dialect.name == "postgresql" and len(changed) == len(self._events) == 1
        if is_one_statement:
            noted = {f"event_{name}": value for name, value in self._events[0].items()}
            self.connection.execute(_WRITE_AND_NOTE, changed[0]._written() | noted)
        elif changed:
            self.connection.execute(_WRITE, [job._written() for job in changed])
        if self._results:
            self.connection.execute(_WRITE_RESULT, self._results)
        if self._events and not is_one_statement:
            self.connection.execute(_NOTE, self._events)
        for job in changed:
            job.found, job.is_changed = job.lifecycle, False
        self._events, self._results = [], []

    def _unsuccessful_items(self, batch: LockedJob) -> int:
        of_batch = (jobs.c.parent_id == batch.id, jobs.c.state != JobState.SUCCEEDED.value)
        return self.connection.scalar(select(func.count()).select_from(jobs).where(*of_batch)) or 0


def _may_close(job: LockedJob) -> bool:
    return job.lifecycle.open_items == 0 and job.lifecycle.state is JobState.QUEUED
