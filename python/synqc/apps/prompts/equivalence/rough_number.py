"""Rough value of a constant, for putting ends in order; nothing is decided by it."""

from __future__ import annotations

import math

from synqc.apps.prompts.equivalence.balls import Evaluator, NoValue, Unsharp, precision
from synqc.apps.prompts.equivalence.expression import Expression

__all__ = ["rough_number"]


def rough_number(node: Expression) -> float:
    """The value as a float, infinities included; NaN if there is none."""
    if node.op == "constant" and node.value == "infinity":
        return math.inf
    if node.op == "negate":
        return -rough_number(node.args[0])
    try:
        with precision(64):
            return float(Evaluator().value(node).real)
    except (NoValue, Unsharp):
        return math.nan
