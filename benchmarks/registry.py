"""Which function measures which figures; modules are loaded when one of their figures is wanted."""

from __future__ import annotations

import importlib
from collections.abc import Iterable

from synqc.benchmarks.goals import Goal
from synqc.benchmarks.measurement import Measure

__all__ = ["measures_for"]


def measures_for(goals: Iterable[Goal]) -> list[tuple[tuple[str, ...], Measure]]:
    """Functions that measure `goals`, each once, with the wanted keys it answers."""
    wanted: dict[tuple[str, str], list[str]] = {}
    for goal in goals:
        wanted.setdefault((goal.section, goal.measured_by), []).append(goal.key)
    measures = []
    for (section, measured_by), answered in wanted.items():
        module, _, function = measured_by.partition(":")
        place = importlib.import_module(f"synqc.benchmarks.{section}.{module}")
        measures.append((tuple(answered), getattr(place, function)))
    return measures
