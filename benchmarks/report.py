"""Figures beside their goals, for people and for programs."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

from synqc.benchmarks.goals import Goal
from synqc.benchmarks.measurement import Measurement

__all__ = ["Entry", "entry_document", "entry_lines", "head_lines", "machine_lines", "summary_line"]


@dataclass(frozen=True)
class Entry:
    """A goal and what came of it: a measurement, or the reason why there is none."""

    goal: Goal
    simd_level: str
    measurement: Measurement | None = None
    unavailable: str = ""
    wrong: str = ""

    @property
    def verdict(self) -> str:
        """One word: met, missed, shown (no goal), unavailable, or wrong."""
        if self.measurement is None:
            return "wrong" if self.wrong else "unavailable"
        met = self.goal.is_met(self.measurement.value, self.simd_level)
        return "shown" if met is None else "met" if met else "missed"

    @property
    def ratio_to_goal(self) -> float | None:
        """Figure divided by goal."""
        target = self.goal.target(self.simd_level)
        return None if self.measurement is None or not target else self.measurement.value / target


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


_ROW = "{:<26} {:>12} {:>12} {:>16} {:>8}  {:<12} {}"


def machine_lines(found: dict[str, Any]) -> list[str]:
    """The machine in two lines."""
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items() if version)
    return [
        f"{found['processor']}, {found['simd_level']}, {found['threads']} threads, load {found['load']}, "
        f"{found['system']}",
        f"Python {found['python']}; {versions}",
    ]


def head_lines() -> list[str]:
    """Names of the columns."""
    head = _ROW.format("figure", "median", "best", "goal", "ratio", "verdict", "peer")
    return [head, "-" * len(head)]


def entry_lines(entry: Entry) -> list[str]:
    """One row, and indented under it what it means and how it was found right."""
    goal, measured = entry.goal, entry.measurement
    target = goal.target(entry.simd_level)
    bound = "" if target is None else f"{'<=' if goal.direction == 'at most' else '>='} {_number(target)} {goal.unit}"
    row = _ROW.format(
        goal.key,
        f"{_number(measured.value)} {goal.unit}" if measured else "-",
        f"{_number(measured.best)} {goal.unit}" if measured and measured.best is not None else "-",
        bound or "-",
        _number(entry.ratio_to_goal),
        entry.verdict,
        "" if goal.peer == "none" else goal.peer,
    ).rstrip()
    below = [f"{goal.words}; {goal.size}."]
    if measured:
        below += [f"Right: {measured.proof}."] if measured.proof else []
        below += [f"{detail}." for detail in measured.details]
    else:
        below.append(entry.wrong or entry.unavailable)
    return [
        row,
        *(
            line
            for text in below
            for line in textwrap.wrap(text, 124, initial_indent="    ", subsequent_indent="      ")
        ),
    ]


def entry_document(entry: Entry) -> dict[str, Any]:
    """One figure as plain values."""
    goal, measured = entry.goal, entry.measurement
    return {
        "key": goal.key,
        "words": goal.words,
        "size": goal.size,
        "peer": None if goal.peer == "none" else goal.peer,
        "unit": goal.unit,
        "direction": goal.direction,
        "goal": goal.target(entry.simd_level),
        "value": measured.value if measured else None,
        "best": measured.best if measured else None,
        "ratio_to_goal": entry.ratio_to_goal,
        "verdict": entry.verdict,
        "proof": measured.proof if measured else None,
        "details": list(measured.details) if measured else [],
        "reason": entry.wrong or entry.unavailable or None,
    }


def summary_line(entries: list[Entry]) -> str:
    """How many figures met their goals."""
    words = ("met", "missed", "shown", "unavailable", "wrong")
    counts = {word: sum(entry.verdict == word for entry in entries) for word in words}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)
