"""Words of the wire for states, reasons and causes, as clients of both route families know them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from synqc.apps.prompts.causes import DiscardCause, RowStatus, StopReason
from synqc.apps.prompts.row import Row
from synqc.jobs import JobState

__all__ = [
    "JobStatusWord", "ProblemStatus", "StopReasonWord", "dollars", "job_status_of", "moment", "problem_status_of",
    "rejection_reason_of", "statuses_of", "stop_reason_of",
]  # fmt: skip

StopReasonWord = Literal["target_reached", "attempt_cap", "budget", "deadline", "error_rate", "cancelled", "exhausted"]
JobStatusWord = Literal["queued", "running", "succeeded", "failed", "cancelled"]
ProblemStatus = Literal["valid", "discarded", "solved"]
"""`solved` is a word of the original's table that no row ever had: what the target solved is discarded."""

_STOP_REASONS: dict[StopReason, StopReasonWord] = {
    StopReason.ENOUGH: "target_reached", StopReason.ATTEMPTS: "attempt_cap", StopReason.BUDGET: "budget",
    StopReason.DEADLINE: "deadline", StopReason.ERROR_RATE: "error_rate", StopReason.CANCELLED: "cancelled",
    StopReason.EXHAUSTED: "exhausted",
}  # fmt: skip
_JOB_STATUSES: dict[JobState, JobStatusWord] = {
    JobState.QUEUED: "queued", JobState.RUNNING: "running", JobState.SUCCEEDED: "succeeded",
    JobState.CANCELLED: "cancelled", JobState.FAILED: "failed", JobState.DEAD: "failed",
}  # fmt: skip
_REASONS = {
    DiscardCause.SOLVED: "Target model solved correctly",
    DiscardCause.TOO_EASY: "Pre-filtered as too easy",
    DiscardCause.UNCLASSIFIED: "Subject/topic classification failed",
}
"""Which old clients compare with; every other cause speaks in its own words."""


def stop_reason_of(reason: StopReason | None) -> StopReasonWord | None:
    """Why a job begins no more attempts."""
    return None if reason is None else _STOP_REASONS[reason]


def job_status_of(state: JobState) -> JobStatusWord:
    """Where a job stands."""
    return _JOB_STATUSES[state]


def problem_status_of(row: Row) -> ProblemStatus:
    """Where a row stands; one that came when there were enough is none of those that were asked for."""
    return "valid" if row.status is RowStatus.ACCEPTED else "discarded"


def statuses_of(word: ProblemStatus | None) -> tuple[RowStatus, ...] | None:
    """What a filter looks for; None: nothing can be found."""
    if word is None:
        return ()
    if word == "valid":
        return (RowStatus.ACCEPTED,)
    return tuple(one for one in RowStatus if one is not RowStatus.ACCEPTED) if word == "discarded" else None


def rejection_reason_of(row: Row) -> str | None:
    """Why a row is not valid."""
    if row.status is RowStatus.ACCEPTED:
        return None
    fixed = None if row.cause is None else _REASONS.get(row.cause)
    return fixed or row.reason or (row.cause or row.status).value


def dollars(micros: int | None) -> float | None:
    """None stays unknown.

    >>> dollars(1_250_000), dollars(None)
    (1.25, None)
    """
    return None if micros is None else micros / 1_000_000


def moment(seconds: float) -> str:
    """A moment as clients read it.

    >>> moment(0.0)
    '1970-01-01T00:00:00.000Z'
    """
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
