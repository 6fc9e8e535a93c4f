"""What is meant to be how fast: the lists in <section>/goals.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources

__all__ = ["SECTIONS", "Goal", "read_goals"]

SECTIONS = (
    "laboratory",
    "infer",
    "optimise",
    "json",
    "cache",
    "pipeline",
    "metrics",
    "text",
    "readout",
    "protocols",
    "measure",
    "generate",
    "llm",
    "enrichment",
    "fir",
    "jobs",
    "prompts",
    "synth",
    "cluster",
    "recommender",
    "service",
)


@dataclass(frozen=True)
class Goal:
    """One figure and what it should be.

    Args:
        key: Its short name, unique.
        section: The folder whose list it stands in.
        measured_by: "module:function" of that folder; a function may measure several figures.
        words: What is measured.
        peer: Beside whom, or "none".
        size: On what size of problem.
        unit: Unit of the figure.
        direction: "at most", "at least", or "shown" if there is no goal.
        goal: Target by instruction-set level; under the empty text the one for every other level, if there is one.
    """

    key: str
    section: str
    measured_by: str
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
            >>> goal = Goal("import", "", "", "", "", "", "times", "at most", {"": 1.5})
            >>> goal.is_met(1.4, "x86-64-v4"), goal.is_met(1.6, "x86-64-v4")
            (True, False)
        """
        target = self.target(simd_level)
        if target is None:
            return None
        return value <= target if self.direction == "at most" else value >= target


def read_goals() -> dict[str, Goal]:
    """All goals by key, section by section, in the order of their lists."""
    goals = {}
    for section in SECTIONS:
        text = resources.files("synqc.benchmarks").joinpath(section, "goals.toml").read_text(encoding="utf-8")
        for entry in tomllib.loads(text).get("goal", []):
            stated = entry.pop("goal", {})
            by_level = stated if isinstance(stated, dict) else {"": float(stated)}
            goals[entry["key"]] = Goal(**entry, section=section, goal=by_level)
    return goals
