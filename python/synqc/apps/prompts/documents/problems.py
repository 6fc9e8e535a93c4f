"""Rows of a batch, one by one."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel

from synqc.apps.prompts.documents.wire_words import (
    ProblemStatus,
    dollars,
    moment,
    problem_status_of,
    rejection_reason_of,
)  # fmt: skip
from synqc.apps.prompts.row import Row

__all__ = ["ProblemResponse"]


class ProblemResponse(BaseModel):
    """A problem with what became of it."""

    id: int
    batch_id: int
    subject: str
    topic: str
    question: str
    answer: str
    hints: dict[str, str]
    status: ProblemStatus
    rejection_reason: str | None
    reference: str | None
    created_at: str
    updated_at: str
    similar_problems: dict[str, Any] | None
    cost: float | None
    target_model_answer: str | None
    hints_were_corrected: bool

    @classmethod
    def of(cls, row: Row, batch_id: int) -> Self:
        """A row of a batch."""
        return cls(
            id=row.id, batch_id=batch_id, subject=row.subject, topic=row.topic, question=row.problem, answer=row.answer,
            hints=dict(row.hints), status=problem_status_of(row), rejection_reason=rejection_reason_of(row),
            reference=row.reference, created_at=moment(row.created_at), updated_at=moment(row.updated_at),
            similar_problems=_similar(row), cost=dollars(row.usd_micros),
            target_model_answer=row.target_answers[0] if row.target_answers else None,
            hints_were_corrected=row.hints_were_corrected,
        )  # fmt: skip


def _similar(row: Row) -> dict[str, Any] | None:
    """What the row repeats, where the original had what a web search found."""
    if not row.duplicates:
        return None
    matches = [
        {"title": one.text[:200], "url": None, "similarity": one.score, "source": one.source, "row": one.row}
        for one in row.duplicates
    ]
    return {"similarity_score": max(one.score for one in row.duplicates), "matches": matches}
