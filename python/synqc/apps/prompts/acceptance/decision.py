"""Acceptance rule: decides from counts of failures whether the target fails at a problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from synqc.apps.prompts.acceptance._numbers import whole_number
from synqc.errors import InputError

__all__ = ["AcceptanceRule", "Choice", "Decision", "check_counts"]

Choice = Literal["accept", "reject", "continue"]


@dataclass(frozen=True)
class Decision:
    """What a rule says of the counts so far.

    Args:
        choice: "accept": the target fails; "reject": it does not, or not shown within the bound; "continue": ask again.
        failures: Answers of the target proved wrong.
        samples: Answers of the target in all.
        reason: One sentence with the figures that decided.
        at_bound: Whether the bound on samples decided, not the evidence.
    """

    choice: Choice
    failures: int
    samples: int
    reason: str
    at_bound: bool = False

    @property
    def decided(self) -> bool:
        """Whether there is nothing left to ask."""
        return self.choice != "continue"


class AcceptanceRule(Protocol):
    """What the rules have in common: a decision by counts, and their exact error rates.

    An answer whose verdict is "unknown" is a sample that is no failure.
    """

    @property
    def most_samples(self) -> int:
        """Answers of the target after which the rule has decided."""
        ...

    def decide(self, failures: int, samples: int) -> Decision:
        """The decision after that many answers."""
        ...

    def accept_probability(self, failure_rate: float) -> float:
        """Probability to accept a problem at which the target fails at this rate."""
        ...

    def expected_samples(self, failure_rate: float) -> float:
        """Mean number of answers until the decision, at this rate."""
        ...


def check_counts(failures: int, samples: int, most_samples: int) -> tuple[int, int]:
    """Both counts, if they can be."""
    samples = whole_number("samples", samples, least=0, most=most_samples)
    failures = whole_number("failures", failures, least=0, most=most_samples)
    if failures > samples:
        raise InputError(f"Argument `failures` must be at most `samples`, {samples}, but is {failures}.")
    return failures, samples
