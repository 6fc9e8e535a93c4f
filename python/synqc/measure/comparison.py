"""What a comparison of two speeds found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from synqc.measure.fingerprint import Fingerprint
from synqc.measure.turns import Times

__all__ = ["Comparison", "Verdict"]

Verdict = Literal["faster", "slower", "same", "inconclusive"]
"""Of the second beside the first."""


@dataclass(frozen=True)
class Comparison:
    """How much longer `b` takes than `a`, and how sure that is.

    Args:
        verdict: `slower` or `faster`: the whole interval lies beyond the least effect; `same`: it lies within;
            `inconclusive`: neither, when time or pairs ran out.
        ratio: Time of b divided by that of a.
        interval: Lower and upper end of the ratio; it misses the truth with probability `error_rate` at most, whenever
            the comparison stopped.
        least_effect: Smallest share that matters, 0.02 for 2 %.
        planned_effect: Share for which `power` is told.
        power: Probability with which this plan, to its last pair, finds a true slowdown by the planned effect.
        error_rate: That of the interval.
        pairs: Pairs that were timed.
        most_pairs: Pairs of the plan.
        a: Seconds per call of the first, one per pair.
        b: Those of the second.
        names: Names of both.
        seed: Seed of the coin that chose who goes first, pair by pair.
        machine: Where.
    """

    verdict: Verdict
    ratio: float
    interval: tuple[float, float]
    least_effect: float
    planned_effect: float
    power: float
    error_rate: float
    pairs: int
    most_pairs: int
    a: Times
    b: Times
    names: tuple[str, str]
    seed: int
    machine: Fingerprint

    @property
    def effect(self) -> float:
        """Share by which b takes longer than a: 0.1 for 10 % slower, -0.1 for 10 % less time."""
        return self.ratio - 1

    def __str__(self) -> str:
        low, high = self.interval
        words = {
            "slower": "b is slower than a",
            "faster": "b is faster than a",
            "same": "a and b are the same",
            "inconclusive": "inconclusive",
        }[self.verdict]
        return (
            f"{words}: b takes {self.ratio:.3f} times as long ({low:.3f} to {high:.3f} with {1 - self.error_rate:.1%} "
            f"confidence) after {self.pairs} pairs; {self.least_effect:.0%} or less does not matter, "
            f"{self.planned_effect:.0%} slower would have been found with probability {self.power:.0%}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "verdict": self.verdict,
            "ratio": self.ratio,
            "interval": list(self.interval),
            "effect": self.effect,
            "least_effect": self.least_effect,
            "planned_effect": self.planned_effect,
            "power": self.power,
            "error_rate": self.error_rate,
            "pairs": self.pairs,
            "most_pairs": self.most_pairs,
            "a": {"name": self.names[0], "median_s": self.a.median, "best_s": self.a.best},
            "b": {"name": self.names[1], "median_s": self.b.median, "best_s": self.b.best},
            "seed": self.seed,
            "machine": asdict(self.machine),
        }
