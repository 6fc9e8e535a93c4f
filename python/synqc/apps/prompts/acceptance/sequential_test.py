"""Sequential probability ratio test: asks the target until its failure rate is shown to be high, or low."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from synqc.apps.prompts.acceptance._numbers import probability, whole_number
from synqc.apps.prompts.acceptance.decision import Decision, check_counts
from synqc.apps.prompts.acceptance.random_walk import OperatingCharacteristic, operating_characteristic
from synqc.errors import InputError

__all__ = ["SequentialTest"]


@dataclass(frozen=True)
class SequentialTest:
    """Wald's sequential probability ratio test with a bound on samples.

    The target solves a problem well if its failure rate is at most `p0`, and fails at it if that is at least `p1`.
    After f failures of n answers the log-likelihood ratio is f ln(p1/p0) + (n - f) ln((1 - p1)/(1 - p0)); the test
    accepts at ln((1 - beta)/alpha), rejects at ln(beta/(1 - alpha)), and rejects at the bound, since nothing is shown
    by then.
    Rounding up to whole answers and the bound change the error rates from alpha and beta: `wrong_accept` and
    `wrong_reject` are those of the test as it is.

    Args:
        p0: Failure rate of a problem that shall not be accepted, above 0.
        p1: Failure rate of a problem that shall be, above p0 and below 1.
        alpha: Wanted probability to accept at `p0`, below 0.5.
        beta: Wanted probability to reject at `p1`, below 0.5.
        most_samples: Bound on the answers of the target, 1 to 1,000.

    Raises:
        InputError: A number is out of its range.

    Examples:
        >>> test = SequentialTest(0.2, 0.8, most_samples=12)
        >>> test.decide(failures=3, samples=3).choice, test.decide(failures=1, samples=2).choice
        ('accept', 'continue')
        >>> test.wrong_accept < 0.02, test.wrong_reject < 0.05, round(test.expected_samples(0.8), 1)
        (True, True, 4.8)

    Source: A. Wald, Sequential tests of statistical hypotheses, Ann. Math. Statist. 16 (1945), 117.
    """

    p0: float = 0.2
    p1: float = 0.6
    alpha: float = 0.05
    beta: float = 0.05
    most_samples: int = 40
    _step_up: float = field(init=False, repr=False, compare=False)
    _step_down: float = field(init=False, repr=False, compare=False)
    _upper: float = field(init=False, repr=False, compare=False)
    _lower: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # check
        p0, p1 = probability("p0", self.p0, inside=True), probability("p1", self.p1, inside=True)
        if p1 <= p0:
            raise InputError(f"Argument `p1` must be above `p0`, {p0}, but is {p1}.")
        alpha, beta = probability("alpha", self.alpha, inside=True), probability("beta", self.beta, inside=True)
        for name, value in (("alpha", alpha), ("beta", beta)):
            if value >= 0.5:
                raise InputError(f"Argument `{name}` must be below 0.5, but is {value}.")
        most = whole_number("most_samples", self.most_samples, least=1, most=1000)
        # wrap
        for name, value in (
            ("p0", p0), ("p1", p1), ("alpha", alpha), ("beta", beta), ("most_samples", most),
            ("_step_up", math.log(p1 / p0)), ("_step_down", math.log((1 - p1) / (1 - p0))),
            ("_upper", math.log((1 - beta) / alpha)), ("_lower", math.log(beta / (1 - alpha))),
        ):  # fmt: skip
            object.__setattr__(self, name, value)

    def decide(self, failures: int, samples: int) -> Decision:
        """Accept or reject when the evidence suffices or the bound is reached.

        Raises:
            InputError: More failures than samples, or more samples than the bound.
        """
        failures, samples = check_counts(failures, samples, self.most_samples)
        ratio = failures * self._step_up + (samples - failures) * self._step_down
        words = f"{failures} of {samples} answers wrong: log-likelihood ratio {ratio:.3f}, "
        if ratio >= self._upper:
            return Decision("accept", failures, samples, words + f"at least {self._upper:.3f}.")
        if ratio <= self._lower:
            return Decision("reject", failures, samples, words + f"at most {self._lower:.3f}.")
        if samples == self.most_samples:
            return Decision("reject", failures, samples, words + "undecided at the bound on samples.", at_bound=True)
        return Decision("continue", failures, samples, words + f"between {self._lower:.3f} and {self._upper:.3f}.")

    def characteristic(self, failure_rate: float) -> OperatingCharacteristic:
        """Exact probabilities of the test, and its mean number of answers, at a failure rate."""
        return operating_characteristic(self, failure_rate)

    def accept_probability(self, failure_rate: float) -> float:
        """Exact probability to accept at a failure rate."""
        return self.characteristic(failure_rate).accept

    def expected_samples(self, failure_rate: float) -> float:
        """Mean number of answers until the decision."""
        return self.characteristic(failure_rate).expected_samples

    @property
    def least_samples(self) -> int:
        """Fewest answers that can accept: all of them wrong. With a lower bound nothing is ever accepted.

        >>> SequentialTest(0.5, 0.9, most_samples=1).least_samples
        6
        """
        fewest = math.ceil(self._upper / self._step_up)
        return fewest if fewest * self._step_up >= self._upper else fewest + 1

    @property
    def wrong_accept(self) -> float:
        """Exact probability to accept a problem at which the target fails at the rate `p0`."""
        return self.accept_probability(self.p0)

    @property
    def wrong_reject(self) -> float:
        """Exact probability to reject a problem at which the target fails at the rate `p1`."""
        return self.characteristic(self.p1).reject
