"""A row: one attempt as it is read, with everything that led to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from synqc.apps.prompts.causes import DiscardCause, RowStatus

__all__ = ["DuplicateOf", "RecordedCall", "Row", "RowFilter"]


@dataclass(frozen=True)
class DuplicateOf:
    """What a row repeats, exactly.

    Args:
        source: "batch", "store", or the name of the seeds or the benchmark.
        row: Id of the row where source is "batch" or "store"; number within the source otherwise, from 0.
        score: Jaccard similarity of both.
        containment: Share of the other's shingles that stand in the row.
        spans: Matching characters of the row: pairs of first and past the last.
        of_spans: Matching characters of the other.
        text: The other's text.
        by: "letters", or "meaning": then `score` is the cosine of their vectors, and nothing else is known of them.
    """

    source: str
    row: int
    score: float
    containment: float
    spans: tuple[tuple[int, int], ...]
    of_spans: tuple[tuple[int, int], ...]
    text: str
    by: str = "letters"

    def to_dict(self) -> dict[str, Any]:
        """As plain values, ready for JSON."""
        return {**vars(self), "spans": [*map(list, self.spans)], "of_spans": [*map(list, self.of_spans)]}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> DuplicateOf:
        """What `to_dict` described."""
        spans, of_spans = (tuple((first, last) for first, last in document[name]) for name in ("spans", "of_spans"))
        return cls(**{**document, "spans": spans, "of_spans": of_spans})


@dataclass(frozen=True, kw_only=True)
class Row:
    """One attempt that has ended.

    Args:
        id: Its number among the rows of all generations.
        job_id: Its generation.
        attempt: Its number within the generation, from 0; the draws follow from it.
        finished: Its place in the order in which attempts of the generation ended, from 1.
        status: What became of it.
        cause: Why it is not accepted; None where it is, or is surplus.
        reason: The same in words: the checker's own, where it has some.
        subject, topic, difficulty: As drawn, or as the engineer says where the seeds decide; "" where unknown.
        problem, answer: "" where no problem came of it.
        hints: By their index, "0", "1", ...
        hints_were_corrected: Whether the checker replaced one.
        reference: `<tag>:<source_id>` of its seed.
        target_answers: What the target answered, in order.
        verdicts: On each of those, {of, kind, method, confidence}: `of` is "target"; and on independent solutions,
            whose `of` is "reference".
        duplicates: What it repeats.
        draws: What was drawn for it.
        held_against: Which rows it was compared with: those of the store up to the id `store_until`, and the first
            `taken` ones of its generation since the attempt `load` at its job began.
        meanings: What was nearest in meaning each time that was asked, {cosine, source, row, text, is_repeat}; None:
            there was nothing yet. Row and text stand there of repetitions alone.
        usd_micros: What its calls cost, millionths of a dollar, each call rounded up; None: a price or a count of
            tokens is unknown.
        tokens: That its calls took; None: a server did not count.
        created_at, updated_at: Seconds since 1970.
        by_hand: Whether a person decided on it.
        made: Status, cause and reason as the generation made it, before any person decided.
    """

    id: int
    job_id: str
    attempt: int
    finished: int
    status: RowStatus
    cause: DiscardCause | None
    reason: str
    subject: str
    topic: str
    difficulty: str
    problem: str
    answer: str
    hints: Mapping[str, str]
    hints_were_corrected: bool
    reference: str | None
    target_answers: tuple[str, ...]
    verdicts: tuple[Mapping[str, Any], ...]
    duplicates: tuple[DuplicateOf, ...]
    draws: Mapping[str, Any]
    held_against: Mapping[str, int]
    meanings: tuple[Mapping[str, Any] | None, ...]
    usd_micros: int | None
    tokens: int | None
    created_at: float
    updated_at: float
    by_hand: bool
    made: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """As plain values, ready for JSON."""
        return {
            **vars(self), "hints": dict(self.hints), "draws": dict(self.draws),
            "held_against": dict(self.held_against), "status": self.status.value,
            "cause": None if self.cause is None else self.cause.value, "target_answers": list(self.target_answers),
            "verdicts": [dict(one) for one in self.verdicts],
            "meanings": [None if one is None else dict(one) for one in self.meanings],
            "duplicates": [one.to_dict() for one in self.duplicates], "made": dict(self.made),
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class RowFilter:
    """Which rows a list has, in the order of their ids.

    Args:
        job_id: Only of this generation.
        statuses: Only these; all if there is none.
        cause: Only discarded for this.
        subject, topic: Only of these.
        after: Only rows with a larger id.
        skip: How many are passed over.
        limit: Most of them.
    """

    job_id: str | None = None
    statuses: tuple[RowStatus, ...] = ()
    cause: DiscardCause | None = None
    subject: str | None = None
    topic: str | None = None
    after: int = 0
    skip: int = 0
    limit: int = 1000


@dataclass(frozen=True, kw_only=True)
class RecordedCall:
    """One call of a model, as it was recorded.

    Args:
        attempt: Attempt of the generation.
        step: "engineer", "checker", "target.0", "judge.0", "solver.0", ...
        role: Role that was asked: "engineer", "checker", "target", "judge".
        model: Provider and model.
        messages: What it was asked: pairs of role and content.
        answer: What it said; "" where nothing came.
        outcome: As `synqc.llm.Outcome` says.
        error: In words; "" where there is none.
        prompt_tokens, completion_tokens: As the server counted; None: it did not.
        usd_micros: What it cost, rounded up; None: unknown. `reserved_usd_micros` was counted instead.
        reserved_usd_micros: Most that it could have cost; None: without a price.
        latency_s: From sending to reading the last.
        reused_from: Job from which the answer was taken, which cost nothing; None: it was asked.
    """

    attempt: int
    step: str
    role: str
    model: str
    messages: tuple[tuple[str, str], ...]
    answer: str
    outcome: str
    error: str
    prompt_tokens: int | None
    completion_tokens: int | None
    usd_micros: int | None
    reserved_usd_micros: int | None
    latency_s: float
    reused_from: str | None

    def to_dict(self) -> dict[str, Any]:
        """As plain values, ready for JSON."""
        return {**vars(self), "messages": [list(one) for one in self.messages]}
