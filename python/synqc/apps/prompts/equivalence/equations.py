"""Equality of equations: the same set of solutions, not the same way to write it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

from synqc.apps.prompts.equivalence.expression import Expression
from synqc.apps.prompts.equivalence.identity import random_fractions
from synqc.apps.prompts.equivalence.rational import NotRational, rational
from synqc.apps.prompts.equivalence.verdict import Vote

__all__ = ["compare_equations", "difference_of_sides"]

_MOST_DEGREE: Final = 24


def difference_of_sides(relation: Expression) -> Expression:
    """Left minus right."""
    return Expression("add", (relation.args[0], Expression("negate", (relation.args[1],))))


def compare_equations(one: Expression, other: Expression) -> Vote:
    """Whether two polynomial equations have the same solutions.

    They do if their left sides, once everything is there, have the same irreducible factors. If they do not, and a
    factor that only one has changes its sign somewhere, then that one has real solutions which the other has not.
    """
    from flint import fmpq_mpoly_ctx

    sides = [difference_of_sides(relation) for relation in (one, other)]
    names = sorted(sides[0].symbols() | sides[1].symbols())
    if not names:
        return Vote("structure", "unknown", "They are equations between constants.")
    context = fmpq_mpoly_ctx.get(names, "lex")
    try:
        polynomials = [_polynomial(side, context, names) for side in sides]
    except NotRational:
        return Vote("structure", "unknown", "They are equations, and not both polynomial.")
    if any(polynomial == 0 for polynomial in polynomials):
        both = polynomials[0] == polynomials[1]
        return Vote("structure", "equal" if both else "unequal", "One holds for all values.")
    here, there = (_factors(polynomial) for polynomial in polynomials)
    if here.keys() == there.keys():
        return Vote("identity", "equal", "Their sides, brought to one, have the same irreducible factors.")
    for name in here.keys() ^ there.keys():
        if _changes_sign(here.get(name, there.get(name)), names):
            return Vote("identity", "unequal", "A factor that only one of them has is zero where the other is not.")
    return Vote("identity", "unknown", "Their factors differ, perhaps without real zeros.")


def _factors(polynomial: Any) -> dict[str, Any]:
    """Irreducible factors with leading coefficient 1, by how they are printed: flint's polynomials have no hash."""
    _, factors = polynomial.factor()
    monic = [factor / factor.leading_coefficient() for factor, _ in factors if factor.total_degree() > 0]
    return {str(factor): factor for factor in monic}


def _changes_sign(factor: Any, names: list[str]) -> bool:
    signs = set()
    for k in range(40):
        width = (1, 10, 1000)[k % 3]
        point = random_fractions(f"{factor}|{k}", len(names), -width, width)
        value = _at(factor, point)
        if value != 0:
            signs.add(value > 0)
        if len(signs) == 2:
            return True
    return False


def _at(polynomial: Any, point: list[Fraction]) -> Any:
    from flint import fmpq

    return polynomial(*(fmpq(value.numerator, value.denominator) for value in point))


def _polynomial(node: Expression, context: Any, names: list[str]) -> Any:
    """The polynomial, denominators without symbols."""
    from flint import fmpq

    op, args = node.op, node.args
    if op == "symbol":
        return context.gen(names.index(node.value))
    if not node.symbols():
        value = rational(node)
        return context.constant(fmpq(value.numerator, value.denominator))
    if op == "add":
        total = context.constant(0)
        for argument in args:
            total += _polynomial(argument, context, names)
        return total
    if op == "negate":
        return -_polynomial(args[0], context, names)
    if op == "multiply":
        found = _polynomial(args[0], context, names) * _polynomial(args[1], context, names)
        if found.total_degree() > _MOST_DEGREE or len(found) > 2000:
            raise NotRational("degree")
        return found
    if op == "divide" and not args[1].symbols():
        below = rational(args[1])
        if below == 0:
            raise NotRational("division by zero")
        return _polynomial(args[0], context, names) / fmpq(below.numerator, below.denominator)
    if op == "power":
        exponent = rational(args[1])
        base = _polynomial(args[0], context, names)
        if exponent.denominator != 1 or not 0 <= exponent <= 12 or exponent * int(base.total_degree()) > _MOST_DEGREE:
            raise NotRational("degree")
        return base ** int(exponent)
    raise NotRational(op)
