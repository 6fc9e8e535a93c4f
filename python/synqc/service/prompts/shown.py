"""What the page shows of generations and rows: documents of its own, with texts cut into words and mathematics."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

from pydantic import BaseModel, Field

from synqc import json
from synqc.apps.prompts.acceptance.share import exact_share
from synqc.apps.prompts.causes import RowStatus
from synqc.apps.prompts.documents.generation_response import attempted
from synqc.apps.prompts.documents.job_documents import percent_of
from synqc.apps.prompts.documents.wire_words import (
    JobStatusWord,
    ProblemStatus,
    StopReasonWord,
    dollars,
    job_status_of,
    problem_status_of,
    rejection_reason_of,
    stop_reason_of,
)  # fmt: skip
from synqc.apps.prompts.funnel import Funnel, GenerationStatus
from synqc.apps.prompts.prices import PricedModel, words_of_prices
from synqc.apps.prompts.printable_text import printable
from synqc.apps.prompts.row import DuplicateOf, RecordedCall, Row
from synqc.jobs import JobState
from synqc.service.prompts.mathematics import segments

__all__ = ["ShownBatch", "ShownRow", "ShownRows"]

_LONGEST_MATCH = 600
"""Characters of what a row repeats that are shown."""
Segments = list[dict[str, Any]]


class ShownCost(BaseModel):
    """Money of a batch, USD."""

    total_usd: float | None
    reserved_usd: float | None
    budget_usd: float | None
    note: str | None = Field(description="What the sum does not say.")


class ShownRate(BaseModel):
    """A share with its limits at 95 %."""

    value: float
    low: float
    high: float


class ShownCount(BaseModel):
    """How many attempts ended so."""

    cause: str
    count: int


class ShownBatch(BaseModel):
    """A batch at one moment."""

    id: int
    job_id: str
    name: str
    status: JobStatusWord
    has_ended: bool
    is_preview: bool
    stop_reason: StopReasonWord | None
    stop_words: str
    outlook: str | None = Field(description="How many different rows there are to find.")
    semantic: str | None = Field(description="What counts as the same in other words, and how often that is wrong.")
    target: int
    accepted: int
    attempted: int
    percent: float
    models: dict[str, str]
    cost: ShownCost
    rate: ShownRate | None
    funnel: list[ShownCount]
    error: str | None

    @classmethod
    def of(cls, status: GenerationStatus, funnel: Funnel, prices: Sequence[PricedModel] = ()) -> Self:
        """A generation with where its attempts ended, and the prices that are counted with."""
        models = status.request["models"]
        return cls(
            id=status.id, job_id=status.job_id, name=printable(status.name), status=job_status_of(status.state),
            has_ended=status.ended_at is not None and status.state not in (JobState.QUEUED, JobState.RUNNING),
            is_preview=status.request["is_preview"], stop_reason=stop_reason_of(status.stop_reason),
            stop_words=status.stop_words, outlook=_outlook(funnel), target=status.rows_wanted, accepted=status.accepted,
            attempted=attempted(status), percent=percent_of(status),
            semantic=None if funnel.semantic is None else printable(str(funnel.semantic)),
            models={role: _model(one) for role, one in models.items() if one}, cost=_cost(status, funnel, prices),
            rate=_rate(status), funnel=_counts(funnel), error=None if status.error is None else printable(status.error),
        )  # fmt: skip


class ShownCall(BaseModel):
    """What one model was asked, and what it said."""

    role: str
    step: str
    model: str
    outcome: str
    words: Segments


class ShownVerdict(BaseModel):
    """On an answer."""

    of: str
    kind: str
    method: str
    confidence: float | None


class ShownMatch(BaseModel):
    """What a row repeats, and where."""

    of: str
    by: str = Field(description="`letters`, or `meaning`: then `score` is a cosine, and there are no spans.")
    score: float
    containment: float
    text: str
    spans: list[tuple[int, int]] = Field(description="Of `text`, in characters.")


class ShownRow(BaseModel):
    """A row with the words of its models."""

    id: int
    status: ProblemStatus
    is_surplus: bool
    cause: str | None
    reason: str | None
    by_hand: bool
    may_be_accepted: bool
    subject: str
    topic: str
    difficulty: str
    problem: Segments
    answer: Segments
    hints: list[Segments]
    hints_were_corrected: bool
    target_answers: list[Segments]
    verdicts: list[ShownVerdict]
    duplicates: list[ShownMatch]
    calls: list[ShownCall]
    models: dict[str, str]
    cost_usd: float | None

    @classmethod
    def of(cls, row: Row, calls: Sequence[RecordedCall], models: Mapping[str, Any]) -> Self:
        """A row, what was said for it, and who plays which role."""
        is_valid = row.status is RowStatus.ACCEPTED
        return cls(
            id=row.id, status=problem_status_of(row), is_surplus=row.status is RowStatus.SURPLUS,
            cause=None if row.cause is None else row.cause.value,
            # A reason that a person gave is shown of accepted rows, too.
            reason=printable(rejection_reason_of(row) or row.reason) or None, by_hand=row.by_hand,
            may_be_accepted=not is_valid and bool(row.problem),
            subject=printable(row.subject), topic=printable(row.topic), difficulty=printable(row.difficulty),
            problem=segments(row.problem), answer=segments(row.answer),
            hints=[segments(row.hints[name]) for name in sorted(row.hints, key=lambda name: (len(name), name))],
            hints_were_corrected=row.hints_were_corrected, target_answers=[segments(one) for one in row.target_answers],
            verdicts=[_verdict(one) for one in row.verdicts], duplicates=[_match(one) for one in row.duplicates],
            calls=[_call(one) for one in calls], models={role: _model(one) for role, one in models.items() if one},
            cost_usd=dollars(row.usd_micros),
        )  # fmt: skip


class ShownRows(BaseModel):
    """Rows, newest first."""

    rows: list[ShownRow]
    has_more: bool


def _model(document: Mapping[str, str]) -> str:
    return printable(f"{document['provider']}:{document['model_name']}")


def _outlook(funnel: Funnel) -> str | None:
    """By how often good rows came again; nothing where that says nothing."""
    found = funnel.richness
    if found is None or not all(map(math.isfinite, (found.estimate, found.low, found.high))):
        return None
    if found.estimate - found.seen < 0.5:
        return f"Hardly a different row is to be expected: {found.seen} were seen."
    more, least, most = (one - found.seen for one in (found.estimate, found.low, found.high))
    return (
        f"About {more:,.0f} different rows more are to be expected ({least:,.0f} to {most:,.0f} at 95 %), after "
        f"{found.seen} that were seen."
    )


def _cost(status: GenerationStatus, funnel: Funnel, prices: Sequence[PricedModel]) -> ShownCost:
    notes = [printable(words_of_prices(prices))] if prices else []
    if funnel.usd_micros is None:
        unpriced = sorted({one.model for one in funnel.models if one.usd_micros is None})
        notes.append(f"The price of {', '.join(unpriced) or 'a model'} is not known.")
    if funnel.uncounted_usd_micros:
        notes.append(f"With at most ${funnel.uncounted_usd_micros / 1e6:.6f} of calls that no server counted.")
    budget = status.request["limits"]["usd_micros"]
    return ShownCost(
        total_usd=None if funnel.usd_micros is None else dollars(status.usd_micros),
        reserved_usd=dollars(status.reserved_usd_micros),
        budget_usd=dollars(budget), note=" ".join(notes) or None,
    )  # fmt: skip


def _rate(status: GenerationStatus) -> ShownRate | None:
    """Of attempts that came to a decision: who was accepted, surplus ones with them."""
    accepted = status.accepted + status.surplus
    of = accepted + status.discarded + status.failed
    if of == 0:
        return None
    share = exact_share(accepted, of)
    return None if share.value is None else ShownRate(value=share.value, low=share.low, high=share.high)


def _counts(funnel: Funnel) -> list[ShownCount]:
    accepted = [
        ShownCount(cause=one.value, count=funnel.by_status.get(one, 0))
        for one in (RowStatus.ACCEPTED, RowStatus.SURPLUS)
        if one is RowStatus.ACCEPTED or funnel.by_status.get(one, 0)
    ]
    others = sorted(funnel.by_cause.items(), key=lambda item: -item[1])
    return accepted + [ShownCount(cause=cause.value, count=count) for cause, count in others if count]


def _call(call: RecordedCall) -> ShownCall:
    words = segments(_judgement_in(call) or call.answer or call.error)
    return ShownCall(role=call.role, step=call.step, model=call.model, outcome=call.outcome, words=words)


def _judgement_in(call: RecordedCall) -> str | None:
    """What a checker or judge decided, in words; None of what is no judgement, and is shown as it was said."""
    try:
        said = json.loads(call.answer)
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    valid, reason, certain = (said.get(name) for name in ("valid", "reason", "equivalence_confidence"))
    if not isinstance(valid, bool) or not isinstance(reason, str):
        return None
    words = ("not sound", "sound") if call.role == "checker" else ("not equal", "equal")
    sure = f" (confidence {certain})" if isinstance(certain, int | float) else ""
    return f"{words[valid]}{sure}: {reason}"


def _verdict(document: Mapping[str, Any]) -> ShownVerdict:
    return ShownVerdict(
        of=str(document.get("of", "target")), kind=str(document.get("kind", "")),
        method=str(document.get("method", "")), confidence=document.get("confidence"),
    )  # fmt: skip


def _match(one: DuplicateOf) -> ShownMatch:
    place = f"row {one.row} of this {one.source}" if one.source == "batch" else f"row {one.row} of {one.source}"
    text = printable(one.text[:_LONGEST_MATCH])
    spans = [(first, min(last, len(text))) for first, last in one.of_spans if first < len(text)]
    return ShownMatch(of=place, by=one.by, score=one.score, containment=one.containment, text=text, spans=spans)
