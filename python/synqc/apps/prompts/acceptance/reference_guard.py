"""Reference guard: independent solves must agree with a reference answer before a failure of the target counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import comb, lgamma
from typing import Any, Literal

import numpy as np

from synqc.apps.prompts.acceptance._numbers import probability, whole_number
from synqc.apps.prompts.acceptance.decision import check_counts
from synqc.apps.prompts.acceptance.share import Share, exact_share
from synqc.errors import InputError

__all__ = ["GuardDecision", "GuardReport", "GuardTrial", "ReferenceGuard"]

_DRAWS = 20_000  # of posteriors; limits at 95 % are then good to a fiftieth of the interval's width


@dataclass(frozen=True)
class GuardDecision:
    """What the guard says of a reference answer.

    Args:
        choice: "trust" it, "refuse" it, or "continue" to solve.
        agreements: Independent solves whose answer equals the reference.
        solves: Independent solves so far.
        reason: One sentence with the figures.
    """

    choice: Literal["trust", "refuse", "continue"]
    agreements: int
    solves: int
    reason: str


@dataclass(frozen=True)
class GuardTrial:
    """One row whose reference is known to be right or wrong, and whether the guard trusted it.

    Args:
        reference_is_right: The truth, known because the row was planted.
        trusted: The guard's decision.
    """

    reference_is_right: bool
    trusted: bool


@dataclass(frozen=True)
class GuardReport:
    """What a guard is worth, by its own trials.

    Args:
        power: Share of wrong references refused.
        right_kept: Share of right references trusted.
        trusted: Share of a job's rows trusted, if they were given.
        wrong_references: Share of wrong references among the job's rows before the guard: mean, low, high; None
            without rows of a job, or without trials of both kinds.
        wrong_among_trusted: Share of wrong references among the rows trusted: mean, low, high; None like that.
        level: Level of all intervals.
    """

    power: Share
    right_kept: Share
    trusted: Share
    wrong_references: tuple[float, float, float] | None
    wrong_among_trusted: tuple[float, float, float] | None
    level: float

    def to_dict(self) -> dict[str, Any]:
        """As plain values, ready for JSON."""
        return {
            "power": dict(vars(self.power)), "right_kept": dict(vars(self.right_kept)),
            "trusted": dict(vars(self.trusted)), "level": self.level, "words": str(self),
            "wrong_references": None if self.wrong_references is None else list(self.wrong_references),
            "wrong_among_trusted": None if self.wrong_among_trusted is None else list(self.wrong_among_trusted),
        }  # fmt: skip

    def __str__(self) -> str:
        lines = [
            f"Wrong references refused: {self.power}.",
            f"Right references trusted: {self.right_kept}.",
            f"Rows trusted: {self.trusted}.",
        ]
        if self.wrong_references is not None and self.wrong_among_trusted is not None:
            for words, (mean, low, high) in (
                ("Wrong references before the guard", self.wrong_references),
                ("Wrong references among rows trusted", self.wrong_among_trusted),
            ):
                lines.append(f"{words}: {mean:.2%} ({low:.2%} to {high:.2%} at {self.level:.0%}).")
        return "\n".join(lines)


@dataclass(frozen=True)
class ReferenceGuard:
    """Vote of independent solvers on a reference answer, curtailed like an m-of-k rule.

    A solver sees the problem alone, never the reference. A solve whose comparison is "unknown" does not agree.

    Args:
        agree: Solves that must agree with the reference, 1 to `solves`.
        solves: Independent solves at most, 1 to 100.

    Raises:
        InputError: A number is out of its range.

    Examples:
        >>> guard = ReferenceGuard(agree=2, solves=3)
        >>> [guard.decide(agreements=a, solves=n).choice for a, n in [(1, 1), (2, 2), (0, 2), (1, 3)]]
        ['continue', 'trust', 'refuse', 'refuse']
        >>> round(guard.trust_probability(0.9), 3), round(guard.trust_probability(0.05), 4)
        (0.972, 0.0073)
    """

    agree: int = 2
    solves: int = 3

    def __post_init__(self) -> None:
        object.__setattr__(self, "solves", whole_number("solves", self.solves, least=1, most=100))
        object.__setattr__(self, "agree", whole_number("agree", self.agree, least=1, most=self.solves))

    def decide(self, agreements: int, solves: int) -> GuardDecision:
        """Trust at `agree` agreements, refuse when the solves left cannot bring them.

        Raises:
            InputError: More agreements than solves, or more solves than there may be.
        """
        agreements, solves = check_counts(agreements, solves, self.solves)
        words = f"{agreements} of {solves} solves agree with the reference; {self.agree} of {self.solves} must."
        if agreements >= self.agree:
            return GuardDecision("trust", agreements, solves, words)
        if self.solves - solves < self.agree - agreements:
            return GuardDecision("refuse", agreements, solves, words)
        return GuardDecision("continue", agreements, solves, words)

    def trust_probability(self, agree_rate: float, *, correlation: float = 0.0) -> float:
        """Probability to trust a reference: the tail of a beta-binomial distribution.

        Args:
            agree_rate: Mean probability that a solve agrees: a solver's accuracy on right references, its rate of
                making the very same mistake on wrong ones.
            correlation: Correlation of two solves of one problem, 0 to 1: solvers find the same problems hard. 0 is
            binomial.
        """
        rate = probability("agree_rate", agree_rate)
        correlation = probability("correlation", correlation)
        if correlation == 1 or rate in (0, 1):
            return rate
        if correlation == 0:
            return sum(
                comb(self.solves, j) * rate**j * (1 - rate) ** (self.solves - j)
                for j in range(self.agree, self.solves + 1)
            )
        total = 1 / correlation - 1  # a + b of the beta distribution
        a, b = rate * total, (1 - rate) * total
        return float(
            sum(
                comb(self.solves, j) * np.exp(_log_beta(a + j, b + self.solves - j) - _log_beta(a, b))
                for j in range(self.agree, self.solves + 1)
            )
        )

    def wrong_among_trusted(
        self, wrong_share: float, *, solver_accuracy: float, same_mistake: float, correlation: float = 0.0
    ) -> float:
        """Share of wrong references among those trusted, by Bayes' rule: for planning how many solves to buy.

        Args:
            wrong_share: Share of wrong references before the guard.
            solver_accuracy: Probability that a solve is right.
            same_mistake: Probability that a solve agrees with a wrong reference.
            correlation: Correlation of two solves of one problem.

        Examples:
            >>> ReferenceGuard(2, 3).wrong_among_trusted(0.2, solver_accuracy=0.8, same_mistake=0.05) < 0.02
            True
        """
        wrong = probability("wrong_share", wrong_share)
        passed_wrong = wrong * self.trust_probability(same_mistake, correlation=correlation)
        passed_right = (1 - wrong) * self.trust_probability(solver_accuracy, correlation=correlation)
        return passed_wrong / (passed_wrong + passed_right) if passed_wrong + passed_right > 0 else 0.0

    def report(
        self, trials: Iterable[GuardTrial], *, trusted: int = 0, judged: int = 0, level: float = 0.95
    ) -> GuardReport:
        """The guard's power by trials with known references, and what that means for a job's rows.

        Of the job's rows the share P is trusted; of wrong references g, of right ones s, by the trials. The share w
        of wrong references then is (s - P) / (s - g), and w g / P of the rows trusted are wrong. Intervals hold the
        job's own rows: they are quantiles of 20,000 draws of P, g and s from Jeffreys' posteriors, and of counts
        from them, from one seed, so that the same counts give the same report.

        Args:
            trials: Planted rows.
            trusted: Rows of a job that the guard trusted.
            judged: Rows of the job that it decided on.
            level: Level of the intervals.

        Raises:
            InputError: More rows trusted than judged, or a level not between 0 and 1.
        """
        level = probability("level", level, inside=True)
        listed = list(trials)
        if not all(isinstance(trial, GuardTrial) for trial in listed):
            raise InputError("Argument `trials` must hold GuardTrial, but holds something else.")
        rights = [trial.trusted for trial in listed if trial.reference_is_right]
        wrongs = [trial.trusted for trial in listed if not trial.reference_is_right]
        power = exact_share(len(wrongs) - sum(wrongs), len(wrongs), level=level)
        kept = exact_share(sum(rights), len(rights), level=level)
        rows = exact_share(trusted, judged, level=level)
        before = after = None
        if rights and wrongs and judged:
            before, after = _posterior(rights, wrongs, trusted, judged, level)
        return GuardReport(power, kept, rows, before, after, level)


def _posterior(
    rights: list[bool], wrongs: list[bool], trusted: int, judged: int, level: float
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    generator = np.random.Generator(np.random.Philox(20))
    passed = generator.beta(trusted + 0.5, judged - trusted + 0.5, _DRAWS)
    right = generator.beta(sum(rights) + 0.5, len(rights) - sum(rights) + 0.5, _DRAWS)
    wrong = generator.beta(sum(wrongs) + 0.5, len(wrongs) - sum(wrongs) + 0.5, _DRAWS)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(right > wrong, (right - passed) / (right - wrong), 1.0)
    share = np.clip(share, 0.0, 1.0)
    both = share * wrong + (1 - share) * right
    among = share * wrong / both
    # Of these very rows, not of all that might have been made: so many drawn from such a share.
    share = generator.binomial(judged, share) / judged
    among = generator.binomial(trusted, among) / max(trusted, 1)

    def summary(draws: np.ndarray) -> tuple[float, float, float]:
        low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
        return float(draws.mean()), float(low), float(high)

    return summary(share), summary(among)


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
