"""m-of-k rule: the target fails if at least m of k answers are wrong, asked no longer than needed."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

from synqc.apps.prompts.acceptance._numbers import probability, whole_number
from synqc.apps.prompts.acceptance.decision import Decision, check_counts
from synqc.apps.prompts.acceptance.random_walk import operating_characteristic

__all__ = ["MOfK"]


@dataclass(frozen=True)
class MOfK:
    """Fixed-size acceptance rule, curtailed: it stops when the rest cannot change the decision.

    Args:
        m: Failures that accept, 1 to k.
        k: Answers of the target at most, 1 to 1,000. 1 of 1: one wrong answer accepts.

    Raises:
        InputError: A number is out of its range.

    Examples:
        >>> rule = MOfK(2, 3)
        >>> rule.decide(failures=1, samples=1).choice, rule.decide(failures=2, samples=2).choice
        ('continue', 'accept')
        >>> round(rule.accept_probability(0.5), 3), round(rule.expected_samples(0.5), 3)
        (0.5, 2.5)
    """

    m: int = 1
    k: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "k", whole_number("k", self.k, least=1, most=1000))
        object.__setattr__(self, "m", whole_number("m", self.m, least=1, most=self.k))

    @property
    def most_samples(self) -> int:
        """Answers after which the rule has decided: k."""
        return self.k

    def decide(self, failures: int, samples: int) -> Decision:
        """Accept at m failures, reject when the answers left cannot bring them.

        Raises:
            InputError: More failures than samples, or more samples than k.
        """
        failures, samples = check_counts(failures, samples, self.k)
        words = f"{failures} of {samples} answers wrong; the rule is {self.m} of {self.k}."
        if failures >= self.m:
            return Decision("accept", failures, samples, words)
        if self.k - samples < self.m - failures:
            return Decision("reject", failures, samples, words)
        return Decision("continue", failures, samples, words)

    def accept_probability(self, failure_rate: float) -> float:
        """Probability of at least m failures among k independent answers: the tail of a binomial distribution."""
        rate = probability("failure_rate", failure_rate)
        return sum(comb(self.k, j) * rate**j * (1 - rate) ** (self.k - j) for j in range(self.m, self.k + 1))

    def expected_samples(self, failure_rate: float) -> float:
        """Mean number of answers until the decision."""
        return operating_characteristic(self, failure_rate).expected_samples
