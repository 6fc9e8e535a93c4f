"""Expression tree of an answer: what the grammar reads and every voter looks at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

__all__ = ["CONTAINERS", "Expression", "number"]

CONTAINERS = frozenset({"list", "tuple", "bracketed", "set", "interval", "union", "matrix", "relation", "plus_minus"})
"""Operations whose value is no number."""


@dataclass(frozen=True)
class Expression:
    """An operation, its operands, and what it is besides.

    Args:
        op: "number" (value: Fraction), "symbol" (name), "constant" ("pi", "e", "i", "infinity"), "add", "multiply",
            "divide", "negate", "power", "root" (degree, radicand), "call" (value: function), "factorial", "absolute",
            "integral" (integrand, lower, upper; value: variable), "sum",
            "product" (term, first, last; value: variable),
            "limit" (term, place; value: variable), "list", "tuple", "bracketed", "set", "interval" (ends; value: which
            ends belong to it), "union", "matrix" (rows are lists), "relation" (sides; value: sign), "plus_minus" (base
            or nothing, amount), "decimal" (value: Fraction and digits after the point).
        args: The operands.
        value: What is no operand.
    """

    op: str
    args: tuple[Expression, ...] = ()
    value: Any = None

    def walk(self) -> Iterator[Expression]:
        """This and all below, each as often as it stands there."""
        pending = [self]
        while pending:
            node = pending.pop()
            yield node
            pending.extend(node.args)

    def symbols(self) -> frozenset[str]:
        """Names of free symbols; variables of integrals, sums and limits are bound."""
        if self.op == "symbol":
            return frozenset({self.value})
        if self.op in ("integral", "sum", "product", "limit"):
            rest = frozenset().union(*(node.symbols() for node in self.args[1:])) if self.args[1:] else frozenset()
            return (self.args[0].symbols() - {self.value}) | rest
        return frozenset().union(*(node.symbols() for node in self.args)) if self.args else frozenset()

    def is_scalar_but_signs(self) -> bool:
        """Whether it is one number or function with a sign of both kinds in it."""
        ops = {node.op for node in self.walk()}
        return ops & CONTAINERS == {"plus_minus"}

    def is_scalar(self) -> bool:
        """Whether it is one number or function: no list, set, interval, relation or matrix is in it."""
        return not any(node.op in CONTAINERS for node in self.walk())


def number(value: int | Fraction) -> Expression:
    """An exact number."""
    return Expression("number", (), Fraction(value))
