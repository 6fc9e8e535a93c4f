"""Jobs of generations that the ledger has forgotten: what the generation's own tables still say of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from synqc import json
from synqc.apps.prompts.causes import StopReason
from synqc.apps.prompts.tables.call_records import CallCosts
from synqc.jobs import Job, JobState
from synqc.jobs.spending import Meter, Spending

__all__ = ["forgotten_job"]


def forgotten_job(kind: str, found: Any, costs: Sequence[CallCosts]) -> Job:
    """A job that ended so long ago that the ledger was told to forget it (`SYNQC_KEEP_JOBS_DAYS`).

    Money is that of the calls that servers counted; attempts at the job, and what nobody counted, are forgotten.

    Args:
        kind: Kind of the job.
        found: The generation, as its table has it.
        costs: Costs of its calls.
    """
    state, cause = _end_of(found)
    return Job(
        id=found.job_id, kind=kind, state=state, priority=0, parent_id=None, is_batch=False, attempt=1,
        attempts_allowed=1, owner=None, lease_until=None, not_before=None,
        cancel_requested=state is JobState.CANCELLED, submitted_at=found.created_at, started_at=found.started_at,
        ended_at=found.updated_at, progress_done=found.accepted, progress_total=found.rows_wanted, cause=cause,
        event_count=0,
        spending=Spending(
            Meter(spent=sum(one.counted_usd_micros for one in costs)),
            Meter(spent=sum(one.counted_tokens for one in costs)),
        ),
    )  # fmt: skip


def _end_of(found: Any) -> tuple[JobState, str | None]:
    """How it ended, and why if it failed: from why it stopped, and whether too few rows were to be an error."""
    if found.stop_reason is None:
        return JobState.FAILED, "It came to no end of its own, and why is forgotten."
    reason = StopReason(found.stop_reason)
    if reason is StopReason.CANCELLED:
        return JobState.CANCELLED, None
    is_error = json.loads(bytes(found.request))["on_exhaustion"] == "raise" and reason is not StopReason.ENOUGH
    return (JobState.FAILED, found.stop_words) if is_error else (JobState.SUCCEEDED, None)
