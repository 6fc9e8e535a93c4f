"""Tables of the ledger: jobs, what happened to them, what they keep between attempts, and what they were charged."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    and_,
    literal_column,
)

from synqc.storage.migrations import Component

__all__ = ["COMPONENT", "IS_DUE", "IS_QUEUED", "IS_RUNNING", "charges", "events", "jobs", "parts"]

metadata = MetaData()

# Moments are seconds since 1970 by the ledger's clock: SQLite's is this machine's, PostgreSQL's is its server's.
jobs = Table(
    "jobs", metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),  # JSON
    Column("priority", Integer, nullable=False),
    Column("parent_id", Text),
    Column("idempotency_key", Text),
    Column("content_key", Text),  # of work that others may join; NULL once it ended without success
    Column("backoff_first_s", Double, nullable=False),
    Column("backoff_most_s", Double, nullable=False),
    # What the state machine decides by, as in `Lifecycle`.
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("attempts_allowed", Integer, nullable=False),
    Column("owner", Text),
    Column("lease_until", Double),
    Column("not_before", Double),
    Column("cancel_requested", Boolean, nullable=False),
    Column("open_items", BigInteger),
    # What people ask.
    Column("submitted_at", Double, nullable=False),
    Column("started_at", Double),
    Column("ended_at", Double),
    Column("progress_done", BigInteger),
    Column("progress_total", BigInteger),
    Column("cause", Text),  # of the last failure
    Column("result", LargeBinary),  # JSON
    Column("event_count", Integer, nullable=False),
    Column("usd_micros_limit", BigInteger),
    Column("usd_micros_reserved", BigInteger, nullable=False),
    Column("usd_micros_spent", BigInteger, nullable=False),
    Column("tokens_limit", BigInteger),
    Column("tokens_reserved", BigInteger, nullable=False),
    Column("tokens_spent", BigInteger, nullable=False),
)  # fmt: skip


def _partial(name: str, *columns: object, where: object, unique: bool = False) -> None:
    Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)  # type: ignore[arg-type]


_columns = jobs.c
# As literals: a planner takes a partial index only where it can see that the statement keeps within it.
IS_QUEUED = _columns.state == literal_column("'queued'")
IS_RUNNING = _columns.state == literal_column("'running'")
IS_DUE = and_(IS_QUEUED, _columns.not_before.is_(None), _columns.open_items.is_(None))

# In the order in which they are claimed, so that a claim reads as many entries as it takes, however many are queued.
_partial("jobs_due", _columns.kind, _columns.priority.desc(), _columns.id, where=IS_DUE)
_partial("jobs_delayed", _columns.not_before, where=and_(IS_QUEUED, _columns.not_before.is_not(None)))
_partial("jobs_leased", _columns.lease_until, where=IS_RUNNING)
_partial("jobs_of_parent", _columns.parent_id, _columns.state, where=_columns.parent_id.is_not(None))
_partial(
    "jobs_by_idempotency_key", _columns.kind, _columns.idempotency_key, where=_columns.idempotency_key.is_not(None),
    unique=True,
)  # fmt: skip
_partial("jobs_by_content", _columns.content_key, where=_columns.content_key.is_not(None), unique=True)
_partial("jobs_ended", _columns.ended_at, where=_columns.ended_at.is_not(None))
Index("jobs_submitted", _columns.submitted_at, _columns.id)

events = Table(
    "job_events", metadata,
    Column("job_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),  # 1, 2, 3, ... of each job
    Column("at", Double, nullable=False),
    Column("kind", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("owner", Text),
    Column("cause", Text),
    sqlite_with_rowid=False,
)  # fmt: skip

parts = Table(
    "job_parts", metadata,
    Column("job_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

charges = Table(
    "job_charges", metadata,
    Column("job_id", Text, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("name", Text, primary_key=True),  # the work's
    Column("reserved_usd_micros", BigInteger, nullable=False),
    Column("reserved_tokens", BigInteger, nullable=False),
    Column("spent_usd_micros", BigInteger),  # NULL while it is open
    Column("spent_tokens", BigInteger),
    Column("is_estimate", Boolean, nullable=False),  # settled as reserved: its attempt ended without a word of it
    sqlite_with_rowid=False,
)  # fmt: skip

COMPONENT = Component("jobs", metadata)
