"""What an analysis says: parameters with intervals, and whether to believe them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Analysis", "Verdict"]

Verdict = Literal["good", "suspicious", "not determined"]


@dataclass(frozen=True)
class Analysis:
    """Parameters of one protocol's records.

    Args:
        values: Most probable value of each parameter.
        intervals: Where each is with a probability of 68 %.
        wide_intervals: The same with 95 %.
        verdict: "good"; "suspicious", if a test speaks against the model; "not determined", if the data leave open
            what was asked.
        reasons: Why the verdict is not "good".
        fitted: Every parameter of the curve that was fitted, what was not asked for and what was known included; empty
            where no curve was.

    Examples:
        >>> found = Analysis({"t1_us": 81.2}, {"t1_us": (79.0, 83.5)}, {"t1_us": (76.9, 85.9)}, "good", ())
        >>> print(found)
        t1_us = 81.2 (79 to 83.5)
        verdict: good
    """

    values: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    wide_intervals: dict[str, tuple[float, float]]
    verdict: Verdict
    reasons: tuple[str, ...]
    fitted: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        rows = [
            f"{name} = {value:.6g} ({self.intervals[name][0]:.6g} to {self.intervals[name][1]:.6g})"
            for name, value in self.values.items()
        ]
        return "\n".join([*rows, f"verdict: {self.verdict}", *(f"  {reason}" for reason in self.reasons)])
