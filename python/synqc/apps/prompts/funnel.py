"""Where attempts of a generation ended, what that cost, and what the rest will cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from synqc.apps.prompts.acceptance import Coverage, Richness, Share
from synqc.apps.prompts.causes import DiscardCause, RowStatus, StopReason
from synqc.jobs import JobState

__all__ = ["Estimate", "Funnel", "GenerationStatus", "ModelCost"]


@dataclass(frozen=True, kw_only=True)
class ModelCost:
    """What one model was asked in one role, and what that cost.

    Args:
        role: "engineer", "checker", "target", "judge".
        model: Provider and model.
        calls: Requests that reached its server, repeated attempts and refusals included.
        answers: Calls that came to an answer.
        prompt_tokens, completion_tokens: As servers counted; None: one did not.
        usd_micros: Each call rounded up; None: the price or a count is unknown.
    """

    role: str
    model: str
    calls: int
    answers: int
    prompt_tokens: int | None
    completion_tokens: int | None
    usd_micros: int | None

    def to_dict(self) -> dict[str, Any]:
        """As plain values, ready for JSON."""
        return dict(vars(self))


@dataclass(frozen=True)
class SemanticReport:
    """What counts as the same in other words, and how often that is said of problems that differ.

    Args:
        embedder: By name.
        threshold: Least cosine of a repetition.
        false_alarms: Share of seeds and benchmarks, which are different problems, that another one is so near to. With
            more rows to be near to there are more of them.
    """

    embedder: str
    threshold: float
    false_alarms: Share

    def __str__(self) -> str:
        words = f"Rows with a cosine of {self.threshold:g} or more say the same, by {self.embedder}."
        if self.false_alarms.value is None:
            return (
                f"{words} How often that is wrong is unknown: there are no two seeds or benchmark problems to tell by."
            )
        return f"{words} Of different seeds and benchmark problems that is said, wrongly, of {self.false_alarms}."

    def to_dict(self) -> dict[str, Any]:
        """As plain values, ready for JSON."""
        return {
            "embedder": self.embedder, "threshold": self.threshold, "false_alarms": dict(vars(self.false_alarms)),
            "words": str(self),
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Funnel:
    """Counts of attempts by how they ended, and money.

    Args:
        rows_wanted: How many accepted rows there shall be.
        attempted: Attempts that ended.
        by_status: Numbers of attempts by what became of their rows.
        by_cause: Numbers of those that are neither accepted nor surplus.
        by_topic: {"subject / topic": {"attempted": n, "accepted": n}}, accepted with surplus ones.
        usd_micros: Counted by servers, and priced; None: some price is unknown.
        uncounted_usd_micros: What calls may have cost at most that no server counted: broken off, or lost in a crash.
        tokens: As `usd_micros`, of tokens.
        usd_micros_per_accepted: Both together over accepted rows; None: no such row, or an unknown price.
        models: By role and model.
        richness: How many different good rows the engineer can make, by how often those that there are came again;
            Chao's estimate; None without good rows.
        coverage: Probability that the next good row is one of them; Good and Turing's estimate.
        semantic: What counts as the same in other words; None: that is not looked for.
    """

    rows_wanted: int
    attempted: int
    by_status: Mapping[RowStatus, int]
    by_cause: Mapping[DiscardCause, int]
    by_topic: Mapping[str, Mapping[str, int]]
    usd_micros: int | None
    uncounted_usd_micros: int
    tokens: int | None
    usd_micros_per_accepted: float | None
    models: tuple[ModelCost, ...]
    richness: Richness | None
    coverage: Coverage | None
    semantic: SemanticReport | None = None

    def to_dict(self) -> dict[str, Any]:
        """As plain values, ready for JSON."""
        return {
            **vars(self), "by_status": {one.value: count for one, count in self.by_status.items()},
            "by_cause": {one.value: count for one, count in self.by_cause.items()},
            "by_topic": {name: dict(counts) for name, counts in self.by_topic.items()},
            "models": [one.to_dict() for one in self.models],
            "richness": None if self.richness is None else vars(self.richness) | {"unseen": self.richness.unseen},
            "coverage": None if self.coverage is None else dict(vars(self.coverage)),
            "semantic": None if self.semantic is None else self.semantic.to_dict(),
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a generation will take, from a few attempts that were made for it.

    Args:
        attempts: Attempts that were made.
        acceptance_rate: Share of them that was accepted, with its 95 % interval (Wilson's).
        attempts_needed: For the rows that are asked for, with the interval that follows from the rate's; None above:
            no attempt was accepted, so that there may be no end.
        usd_micros_per_attempt: Mean; None: some price is unknown.
        usd_micros: For all rows, with its interval.
        seconds: With the workers that were asked for, with its interval.
    """

    attempts: int
    acceptance_rate: tuple[float, float, float]
    attempts_needed: tuple[float | None, float, float | None]
    usd_micros_per_attempt: float | None
    usd_micros: tuple[float | None, float | None, float | None]
    seconds: tuple[float | None, float, float | None]

    def to_dict(self) -> dict[str, Any]:
        """As plain values, ready for JSON."""
        return dict(vars(self))


@dataclass(frozen=True, kw_only=True)
class GenerationStatus:
    """A generation at one moment. Moments are seconds since 1970.

    Args:
        id: Number of the batch, which old clients know it by.
        job_id: Identifier of its job.
        name: For people.
        state: State of its job.
        stop_reason: Why it begins no more attempts; None while it does.
        stop_words: The same in words.
        rows_wanted: As asked for.
        accepted, surplus, discarded, failed, stopped: Attempts by status; accepted ones as they are now, by hand too.
        most_attempts: It may make.
        usd_micros: Spent as the ledger counts it, calls that nobody counted at their most; None: some price is unknown.
        reserved_usd_micros: That calls under way may come to.
        tokens: Spent.
        error: Why its job failed; None if it did not.
        job_attempt: Attempt of the job: more than 1 after crashes.
        created_at, started_at, ended_at: None: not yet.
        request: As it was asked, plain.
    """

    id: int
    job_id: str
    name: str
    state: JobState
    stop_reason: StopReason | None
    stop_words: str
    rows_wanted: int
    accepted: int
    surplus: int
    discarded: int
    failed: int
    stopped: int
    most_attempts: int
    usd_micros: int | None
    reserved_usd_micros: int
    tokens: int
    error: str | None
    job_attempt: int
    created_at: float
    updated_at: float
    started_at: float | None
    ended_at: float | None
    request: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """As plain values, ready for JSON."""
        return {
            **vars(self), "state": self.state.value, "request": dict(self.request),
            "stop_reason": None if self.stop_reason is None else self.stop_reason.value,
        }  # fmt: skip
