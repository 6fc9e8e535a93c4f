"""Operating characteristic: exact probabilities of a rule that stops by counts, by dynamic programming."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from synqc.apps.prompts.acceptance._numbers import probability

if TYPE_CHECKING:
    from synqc.apps.prompts.acceptance.decision import AcceptanceRule

__all__ = ["OperatingCharacteristic", "operating_characteristic"]


@dataclass(frozen=True)
class OperatingCharacteristic:
    """What a rule does at one failure rate.

    Args:
        failure_rate: Probability that an answer of the target is wrong; answers are independent.
        accept: Probability to accept.
        reject: Probability to reject.
        expected_samples: Mean number of answers.
        at_bound: Probability that the bound on samples decides.
    """

    failure_rate: float
    accept: float
    reject: float
    expected_samples: float
    at_bound: float


def operating_characteristic(rule: AcceptanceRule, failure_rate: float) -> OperatingCharacteristic:
    """Walk all counts a rule can reach, each with its probability.

    Costs time and memory as the square of `rule.most_samples` at worst.
    """
    rate = probability("failure_rate", failure_rate)
    accept = reject = expected = at_bound = 0.0
    undecided = {0: 1.0}  # failures: probability
    for samples in range(1, rule.most_samples + 1):
        reached: dict[int, float] = {}
        for failures, weight in undecided.items():
            reached[failures + 1] = reached.get(failures + 1, 0.0) + weight * rate
            reached[failures] = reached.get(failures, 0.0) + weight * (1 - rate)
        undecided = {}
        for failures, weight in reached.items():
            decision = rule.decide(failures, samples)
            if not decision.decided:
                undecided[failures] = weight
                continue
            expected += weight * samples
            at_bound += weight * decision.at_bound
            if decision.choice == "accept":
                accept += weight
            else:
                reject += weight
    return OperatingCharacteristic(rate, accept, reject, expected, at_bound)
