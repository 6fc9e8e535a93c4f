"""Steps of the workflow in their order, and states of a session, in the contract's words."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = ["MADE_BY_MODELS", "STEPS", "SessionStatus", "Step", "following"]


class Step(StrEnum):
    """A gate, and the stage whose result is shown there."""

    TRANSCRIPT = "transcript_review"
    SUMMARY = "summary_review"
    VIOLATIONS = "violations_review"
    NARRATIVE = "fir_narrative_review"
    FINAL = "final_review"


STEPS: Final = tuple(Step)
MADE_BY_MODELS: Final = (Step.SUMMARY, Step.VIOLATIONS, Step.NARRATIVE)
"""Stages that may be asked for again."""


class SessionStatus(StrEnum):
    """Where a session stands."""

    PROCESSING = "processing"
    """A stage is under way."""
    AWAITING_VALIDATION = "awaiting_validation"
    """A gate waits for an officer."""
    COMPLETED = "completed"
    EXPIRED = "expired"
    """Nobody answered for too long; it can be reopened, and nothing of it is lost."""
    ERROR = "error"
    """A stage failed; the officer may ask for it again, or write its result."""


def following(step: Step) -> Step:
    """The step after one.

    >>> following(Step.TRANSCRIPT).value
    'summary_review'
    """
    return STEPS[STEPS.index(step) + 1]
