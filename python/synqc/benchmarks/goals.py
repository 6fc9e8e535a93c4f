"""What is meant to be how fast: the list in goals.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources

__all__ = ["Goal", "read_goals"]


@dataclass(frozen=True)
class Goal:
    """One figure and what it should be.

    Args:
        key: Its short name, unique.
        words: What is measured.
        peer: Beside whom, or "none".
        size: On what size of problem.
        unit: Of the figure.
        direction: "at most", "at least", or "shown" if there is no goal.
        goal: Target by instruction-set level; under the empty text the one for every other level, if there is one.
    """

    key: str
    words: str
    peer: str
    size: str
    unit: str
    direction: str
    goal: dict[str, float]

    def target(self, simd_level: str) -> float | None:
        """The goal at an instruction-set level; None if none is stated."""
        return self.goal.get(simd_level, self.goal.get(""))

    def is_met(self, value: float, simd_level: str) -> bool | None:
        """Whether a figure is on the right side; None where there is no goal.

        Examples:
            >>> goal = Goal("import", "", "", "", "times", "at most", {"": 1.5})
            >>> goal.is_met(1.4, "x86-64-v4"), goal.is_met(1.6, "x86-64-v4")
            (True, False)
        """
        target = self.target(simd_level)
        if target is None:
            return None
        return value <= target if self.direction == "at most" else value >= target


def read_goals() -> dict[str, Goal]:
    """All goals by key, in the order of the file."""
    document = tomllib.loads(resources.files("synqc.benchmarks").joinpath("goals.toml").read_text(encoding="utf-8"))
    goals = {}
    for entry in document["goal"]:
        stated = entry.pop("goal", {})
        goals[entry["key"]] = Goal(**entry, goal=stated if isinstance(stated, dict) else {"": float(stated)})
    return goals
