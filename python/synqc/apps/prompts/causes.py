"""Why a row is none, and why a generation ended: words that programs may compare."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["DiscardCause", "RowStatus", "StopReason"]


class RowStatus(StrEnum):
    """What became of one attempt."""

    ACCEPTED = "accepted"
    """One of the rows that were asked for."""
    SURPLUS = "surplus"
    """As good as an accepted one, and finished when there were enough already; kept, because it was paid for."""
    DISCARDED = "discarded"
    """A problem that does not do; `cause` says why."""
    FAILED = "failed"
    """No problem came of it, because a model could not be asked or answered in no form; `cause` says which."""
    STOPPED = "stopped"
    """The generation ended while it was under way; what it had paid for is kept."""


class DiscardCause(StrEnum):
    """Why an attempt is not accepted, beside the free text in `Row.reason`."""

    INVALID = "invalid"
    """The checker says that problem, answer or hints are wrong."""
    SOLVED = "solved"
    """The target model solved it."""
    UNDECIDED = "undecided"
    """Whether the target's answer equals the reference could not be told, or its test came to no decision."""
    REFERENCE_DOUBTED = "reference_doubted"
    """Independent solutions do not agree with the reference answer, so that the target's failure proves nothing."""
    DUPLICATE = "duplicate"
    """It repeats a row of this generation or of the store."""
    CONTAMINATED = "contaminated"
    """It repeats a seed or a benchmark."""
    TOO_EASY = "too_easy"
    """Its topic is one of `easy_topics`; nobody was asked."""
    UNCLASSIFIED = "unclassified"
    """The engineer told no subject or no topic, for a seed that names none itself."""
    BY_HAND = "by_hand"
    """A person said so."""
    MALFORMED = "malformed"
    """A model answered in no form that can be read, as often as it was asked."""
    CUT = "cut"
    """A model's answer reached its limit of tokens."""
    FILTERED = "filtered"
    """A filter withheld a model's answer, or the model declined."""
    REFUSED = "refused"
    """A model's server answered with an error."""
    TIMED_OUT = "timed_out"
    """A model did not answer in time."""
    UNREACHABLE = "unreachable"
    """A model's server could not be reached, or spoke no language that is known."""
    STOPPED = "stopped"
    """The generation ended first."""


class StopReason(StrEnum):
    """Why a generation begins no more attempts."""

    ENOUGH = "enough"
    """There are as many rows as were asked for."""
    ATTEMPTS = "attempts"
    """All attempts that it was allowed have been made."""
    BUDGET = "budget"
    """The next call might cost more than is left."""
    DEADLINE = "deadline"
    """Its time is over."""
    ERROR_RATE = "error_rate"
    """Too many of the latest attempts failed for reasons that lie with models and servers."""
    CANCELLED = "cancelled"
    """Somebody ended it."""
    EXHAUSTED = "exhausted"
    """There is nothing left to try: all seeds were used, or hardly a new row is to be expected."""
