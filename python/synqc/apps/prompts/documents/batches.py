"""Batches: what was asked for in one go, and its rows; a batch is a generation by its number."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

from synqc.apps.prompts.documents.generation_response import attempted
from synqc.apps.prompts.documents.job_documents import percent_of
from synqc.apps.prompts.documents.model_choice import ModelChoice
from synqc.apps.prompts.documents.wire_words import dollars, moment
from synqc.apps.prompts.funnel import GenerationStatus
from synqc.jobs import JobState

__all__ = [
    "BatchCount", "BatchStats", "BatchWithStats", "GenerationProgress", "GenerationStarted", "Message",
    "TargetModelChange", "TargetModelChanged", "TotalCount",
]  # fmt: skip

_ROLES = ("engineer", "checker", "target", "judge")


class BatchStats(BaseModel):
    """How many rows stand where."""

    discarded: int
    valid: int


class BatchWithStats(BaseModel):
    """A batch."""

    id: int
    name: str
    taxonomy_json: dict[str, Any] | None
    pipeline: dict[str, ModelChoice]
    num_problems: int
    batch_cost: float | None
    created_at: str
    updated_at: str
    stats: BatchStats

    @classmethod
    def of(cls, status: GenerationStatus) -> Self:
        """A generation as a batch."""
        models = status.request["models"]
        return cls(
            id=status.id, name=status.name, taxonomy_json=status.request.get("taxonomy"),
            pipeline={role: ModelChoice(**models[role]) for role in _ROLES if models.get(role)},
            num_problems=status.rows_wanted, batch_cost=dollars(status.usd_micros),
            created_at=moment(status.created_at), updated_at=moment(status.updated_at),
            stats=BatchStats(discarded=attempted(status) - status.accepted, valid=status.accepted),
        )  # fmt: skip


class Message(BaseModel):
    """Words for a person."""

    message: str


class TargetModelChange(BaseModel):
    """Which model the batch is meant to break from now on."""

    model_config = ConfigDict(extra="forbid")

    target_model: ModelChoice


class TargetModelChanged(BaseModel):
    """It is another one now."""

    message: str
    batch_id: int
    new_target_model: ModelChoice


class BatchCount(BaseModel):
    """Rows of one batch."""

    batch_id: int
    problems_count: int
    batch_name: str


class TotalCount(BaseModel):
    """Rows of all batches."""

    total_problems_count: int


class GenerationStarted(BaseModel):
    """The batch is stored, and will be made in the background."""

    status: Literal["started"] = "started"
    batch_id: int
    message: str
    total_cost: float = 0.0


class GenerationProgress(BaseModel):
    """How far a batch is."""

    model_config = ConfigDict(title="GenerationStatus")

    batch_id: int
    total_needed: int
    valid_generated: int
    total_generated: int
    progress_percentage: float
    stats: dict[str, int]
    batch_cost: float | None
    status: Literal["completed", "in_progress", "failed", "cancelled"]

    @classmethod
    def of(cls, status: GenerationStatus) -> Self:
        """A generation as clients of the background task ask for it."""
        total = attempted(status)
        return cls(
            batch_id=status.id, total_needed=status.rows_wanted, valid_generated=status.accepted, total_generated=total,
            progress_percentage=percent_of(status),
            stats={"valid": status.accepted, "discarded": total - status.accepted, "solved": 0},
            batch_cost=dollars(status.usd_micros), status=_WORDS[status.state],
        )  # fmt: skip


_WORDS: dict[JobState, Literal["completed", "in_progress", "failed", "cancelled"]] = {
    JobState.QUEUED: "in_progress", JobState.RUNNING: "in_progress", JobState.SUCCEEDED: "completed",
    JobState.FAILED: "failed", JobState.DEAD: "failed", JobState.CANCELLED: "cancelled",
}  # fmt: skip
