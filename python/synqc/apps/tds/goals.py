"""What a run's figures are held against, in its events and by the pages that show them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BACKACTION", "BUDGET", "FIDELITY", "LATENCY_US", "BudgetMarks", "Goal"]


@dataclass(frozen=True)
class Goal:
    """A figure is good from here on."""

    value: float
    is_floor: bool
    """Whether more is better."""


@dataclass(frozen=True)
class BudgetMarks:
    """Shares of a session's shots from which on a run says that they are running out."""

    caution: float
    warning: float


FIDELITY = Goal(0.975, is_floor=True)
"""The same floor as of the objective `minimize-latency`."""
BACKACTION = Goal(0.15, is_floor=False)
LATENCY_US = Goal(20.0, is_floor=False)
BUDGET = BudgetMarks(caution=0.75, warning=0.95)
