"""What a whole batch is answered with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from pydantic import BaseModel, Field

from synqc.apps.prompts.causes import RowStatus
from synqc.apps.prompts.documents.wire_words import StopReasonWord, dollars, rejection_reason_of, stop_reason_of
from synqc.apps.prompts.funnel import GenerationStatus
from synqc.apps.prompts.row import Row

__all__ = ["GenerationMetadata", "GenerationResponse", "Prompt"]


class Prompt(BaseModel):
    """An accepted problem, in the order of members that clients of the original see."""

    subject: str
    topic: str
    problem: str
    answer: str
    hints: dict[str, str]
    reference: str | None = None
    hints_were_corrected: bool = False
    target_model_answer: str | None = None

    @classmethod
    def of(cls, row: Row) -> Self:
        """What a client is told of an accepted row."""
        return cls(
            subject=row.subject, topic=row.topic, problem=row.problem, answer=row.answer, hints=dict(row.hints),
            reference=row.reference, hints_were_corrected=row.hints_were_corrected,
            target_model_answer=row.target_answers[0] if row.target_answers else None,
        )  # fmt: skip


class GenerationMetadata(BaseModel):
    """How it went."""

    total_attempted: int
    total_accepted: int
    total_cost: float | None = Field(description="USD; null where the price of a model that was called is not known.")
    stop_reason: StopReasonWord | None
    stop_words: str = Field(description="The same for people.")
    batch_id: int
    job_id: str


class GenerationResponse(BaseModel):
    """All accepted problems, and what became of the others."""

    valid_prompts: list[Prompt]
    discarded_prompts: list[Any]
    metadata: GenerationMetadata
    extra_valid: list[Prompt] = Field(description="As good as the others, and finished when there were enough already.")

    @classmethod
    def of(cls, status: GenerationStatus, rows: Iterable[Row]) -> Self:
        """A generation with its rows."""
        by_status: dict[RowStatus, list[Row]] = {one: [] for one in RowStatus}
        for row in rows:
            by_status[row.status].append(row)
        others = (RowStatus.DISCARDED, RowStatus.FAILED, RowStatus.STOPPED)
        return cls(
            valid_prompts=[Prompt.of(row) for row in by_status[RowStatus.ACCEPTED]],
            discarded_prompts=[_discarded(row) for one in others for row in by_status[one]],
            metadata=GenerationMetadata(
                total_attempted=attempted(status), total_accepted=status.accepted,
                total_cost=dollars(status.usd_micros),
                stop_reason=stop_reason_of(status.stop_reason), stop_words=status.stop_words, batch_id=status.id,
                job_id=status.job_id,
            ),
            extra_valid=[Prompt.of(row) for row in by_status[RowStatus.SURPLUS]],
        )  # fmt: skip


def attempted(status: GenerationStatus) -> int:
    """Attempts that have ended, however they did."""
    return status.accepted + status.surplus + status.discarded + status.failed + status.stopped


def _discarded(row: Row) -> dict[str, Any]:
    """A failed attempt is an error with its place; every other one is a problem with the reason against it."""
    words, cause = rejection_reason_of(row), None if row.cause is None else row.cause.value
    if row.status is not RowStatus.DISCARDED:
        return {"error": words, "subject": row.subject, "topic": row.topic, "cause": cause}
    return {**Prompt.of(row).model_dump(), "rejection_reason": words, "cause": cause}
