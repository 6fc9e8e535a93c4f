"""Jobs as clients of the queue see them: accepted with 202, then asked for until they have ended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import BaseModel, Field

from synqc.apps.prompts.documents.generation_response import GenerationResponse, attempted
from synqc.apps.prompts.documents.wire_words import (
    JobStatusWord,
    StopReasonWord,
    dollars,
    job_status_of,
    moment,
    stop_reason_of,
)  # fmt: skip
from synqc.apps.prompts.funnel import GenerationStatus, ModelCost
from synqc.apps.prompts.row import Row

__all__ = ["JobAccepted", "JobCost", "JobError", "JobProgress", "JobStatus"]


class JobAccepted(BaseModel):
    """The job is stored, and will be done whatever becomes of this process."""

    job_id: str
    status: Literal["queued"] = "queued"
    status_url: str
    created_at: str
    batch_id: int


class JobProgress(BaseModel):
    """How far it is."""

    accepted: int
    discarded: int
    errors: int
    attempted: int
    target: int
    max_attempts: int
    percent: float


class JobCost(BaseModel):
    """What it has cost so far, USD."""

    total_usd: float | None = Field(description="Null where the price of a model that was called is not known.")
    breakdown: dict[str, float | None] = Field(description="By `provider:model`.")


class JobError(BaseModel):
    """Why it failed."""

    code: str
    message: str


class JobStatus(BaseModel):
    """A job at one moment; its result once there is one."""

    job_id: str
    status: JobStatusWord
    attempt: int
    created_at: str
    started_at: str | None = None
    finished_at: str | None = None
    progress: JobProgress
    cost: JobCost
    result: GenerationResponse | None = None
    error: JobError | None = None
    stop_reason: StopReasonWord | None = None

    @classmethod
    def of(cls, status: GenerationStatus, models: Iterable[ModelCost], rows: Iterable[Row] | None) -> Self:
        """A job with its rows, if it has ended."""
        return cls(
            job_id=status.job_id, status=job_status_of(status.state), attempt=status.job_attempt,
            created_at=moment(status.created_at),
            started_at=None if status.started_at is None else moment(status.started_at),
            finished_at=None if status.ended_at is None else moment(status.ended_at),
            progress=_progress(status), cost=_cost(status, models),
            result=None if rows is None else GenerationResponse.of(status, rows),
            error=None if status.error is None else JobError(code=_code(status), message=status.error),
            stop_reason=stop_reason_of(status.stop_reason),
        )  # fmt: skip


def _progress(status: GenerationStatus) -> JobProgress:
    return JobProgress(
        accepted=status.accepted, discarded=status.discarded, errors=status.failed + status.stopped,
        attempted=attempted(status), target=status.rows_wanted, max_attempts=status.most_attempts,
        percent=percent_of(status),
    )  # fmt: skip


def percent_of(status: GenerationStatus) -> float:
    """Accepted rows over those that are wanted; those that a person added are not counted beyond."""
    return round(100.0 * min(1.0, status.accepted / status.rows_wanted), 2)


def _cost(status: GenerationStatus, models: Iterable[ModelCost]) -> JobCost:
    breakdown = _by_model(models)
    is_known = None not in breakdown.values()
    return JobCost(total_usd=dollars(status.usd_micros) if is_known else None, breakdown=breakdown)


def _by_model(models: Iterable[ModelCost]) -> dict[str, float | None]:
    sums: dict[str, int | None] = {}
    for one in models:
        before = sums.get(one.model, 0)
        sums[one.model] = None if before is None or one.usd_micros is None else before + one.usd_micros
    return {model: dollars(micros) for model, micros in sums.items()}


def _code(status: GenerationStatus) -> str:
    return "generation_failed" if status.stop_reason is None else "generation_stopped"
