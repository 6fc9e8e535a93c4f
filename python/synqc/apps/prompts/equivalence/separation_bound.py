"""Root separation bound: how near zero an algebraic number can be without being zero (Burnikel et al.)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from synqc.apps.prompts.equivalence.balls import Evaluator, NoValue, Unsharp
from synqc.apps.prompts.equivalence.expression import Expression
from synqc.apps.prompts.equivalence.rational import NotRational, rational

__all__ = ["NotAlgebraic", "bits_to_separate"]

_MOST_BITS: Final = 40_000


class NotAlgebraic(Exception):
    """Something in the expression is not known to be algebraic, or the bound is too far out to compute to."""


@dataclass
class _Field:
    """What the numbers of an expression are adjoined from: its degree is the bound's exponent."""

    radicals: dict[Expression, int]
    order: int = 1  # of the root of unity that sines, cosines and i are made of

    def degree(self) -> int:
        found = _totient(self.order)
        for k in self.radicals.values():
            found *= k
            if found > 4096:
                raise NotAlgebraic("The degree is too high.")
        return found


def bits_to_separate(difference: Expression) -> int:
    """b such that the expression is zero or its absolute value at least 2^-b.

    Integers, i, sums, products, quotients, roots, rational powers, absolute values of reals, and sine, cosine and
    tangent of rational multiples of pi. With E = U/L for algebraic integers whose conjugates are at most u and l in
    absolute value, in a field of degree D, E is zero or |E| >= 1 / (u^(D-1) l), since the norm of U is a whole
    number.

    Raises:
        NotAlgebraic: Something else is in it, or b is above 40,000.

    Source: C. Burnikel, S. Funke, K. Mehlhorn, S. Schirra, S. Schmitt, A separation bound for real algebraic
    expressions, Algorithmica 55 (2009), 14; here with roots of unity.
    """
    field = _Field({})
    above, below = _sizes(difference, field)
    bits = (field.degree() - 1) * above + below
    if not bits < _MOST_BITS:
        raise NotAlgebraic("The bound is too far out.")
    return math.ceil(bits) + 2


def _sizes(node: Expression, field: _Field) -> tuple[float, float]:
    """log2 of u and of l, rounded up."""
    op, args = node.op, node.args
    if op in ("number", "decimal"):
        if op == "decimal" and node.value[2]:
            raise NotAlgebraic("A number goes on after its last digit.")
        value = Fraction(node.value if op == "number" else node.value[0])
        return _log2(abs(value.numerator)), _log2(value.denominator)
    if op == "constant" and node.value == "i":
        field.order = math.lcm(field.order, 4)
        return 0.0, 0.0
    if op in ("negate", "absolute"):
        # |x| is x or -x for real x; for complex x it is a root of another field.
        if op == "absolute" and not _is_real(args[0]):
            raise NotAlgebraic("an absolute value")
        return _sizes(args[0], field)
    if op == "add":
        u, below = _sizes(args[0], field)
        for argument in args[1:]:
            u2, below2 = _sizes(argument, field)
            u, below = _up(max(u + below2, u2 + below) + 1), below + below2
        return u, below
    if op == "multiply":
        (u, below), (u2, below2) = _sizes(args[0], field), _sizes(args[1], field)
        return _up(u + u2), _up(below + below2)
    if op == "divide":
        (u, below), (u2, below2) = _sizes(args[0], field), _sizes(args[1], field)
        return _up(u + below2), _up(below + u2)
    if op == "power":
        return _power(node, field)
    if op == "root":
        return _root(node, _exact(args[0]), args[1], field)
    if op == "factorial":
        return _log2(_exact_value(node).numerator), 0.0
    if op == "call":
        return _call(node, field)
    raise NotAlgebraic(op)


def _power(node: Expression, field: _Field) -> tuple[float, float]:
    exponent = _exact_value(node.args[1])
    if exponent.denominator != 1:
        if not _is_real(node.args[0]):
            raise NotAlgebraic("a power of a complex number")
        u, below = _root(node, exponent.denominator, node.args[0], field)
    else:
        u, below = _sizes(node.args[0], field)
    n = abs(exponent.numerator)
    u, below = _up(u * n), _up(below * n)
    return (u, below) if exponent >= 0 else (below, u)


def _root(node: Expression, k: int, radicand: Expression, field: _Field) -> tuple[float, float]:
    u, below = _sizes(radicand, field)
    if not 1 <= k <= 64:
        raise NotAlgebraic("The degree is too high.")
    # The root of U/L is that of U L^(k-1), an algebraic integer, over L.
    field.radicals[Expression("root", (radicand,), k)] = k
    return _up((u + (k - 1) * below) / k), below


def _call(node: Expression, field: _Field) -> tuple[float, float]:
    if node.value in ("sin", "cos", "tan", "cot", "sec", "csc"):
        turn = _over_pi(node.args[0])  # z = exp(i pi turn) is a root of unity of order 2 q at most
        field.order = math.lcm(field.order, 2 * turn.denominator, 4)
        if field.order > 4000:
            raise NotAlgebraic("The degree is too high.")
        # Each is a quotient of two among z + 1/z, z - 1/z, 2 and i.
        return 1.0, 1.0
    if node.value in ("floor", "ceil", "gcd", "lcm", "binomial", "max", "min", "sign"):
        value = _exact_value(node)
        return _log2(abs(value.numerator)), _log2(value.denominator)
    raise NotAlgebraic(str(node.value))


def _over_pi(node: Expression) -> Fraction:
    """The rational number r of an angle r pi."""
    symbolic = _with_pi_as_symbol(node)
    try:
        at_one = rational(symbolic, {"pi": Fraction(1)})
        at_two, at_three = rational(symbolic, {"pi": Fraction(2)}), rational(symbolic, {"pi": Fraction(3)})
        at_zero = rational(symbolic, {"pi": Fraction(0)})
    except NotRational as error:
        raise NotAlgebraic("an angle") from error
    if at_zero != 0 or at_two != 2 * at_one or at_three != 3 * at_one or not _is_linear_in_pi(symbolic):
        raise NotAlgebraic("an angle")
    return at_one


def _is_linear_in_pi(node: Expression) -> bool:
    """Whether pi stands in sums, and in products and quotients with numbers alone."""
    if node.op in ("add", "negate"):
        return all(_is_linear_in_pi(argument) for argument in node.args)
    if node.op == "multiply":
        return sum("pi" in argument.symbols() for argument in node.args) <= 1 and all(map(_is_linear_in_pi, node.args))
    if node.op == "divide":
        return "pi" not in node.args[1].symbols() and _is_linear_in_pi(node.args[0])
    return node.op == "symbol" or "pi" not in node.symbols()


def _with_pi_as_symbol(node: Expression) -> Expression:
    if node.op == "constant" and node.value == "pi":
        return Expression("symbol", (), "pi")
    if not node.args:
        return node
    return Expression(node.op, tuple(_with_pi_as_symbol(argument) for argument in node.args), node.value)


def _is_real(node: Expression) -> bool:
    try:
        return bool(Evaluator().value(node).imag == 0)
    except (NoValue, Unsharp):
        return False


def _exact_value(node: Expression) -> Fraction:
    try:
        return rational(node)
    except NotRational as error:
        raise NotAlgebraic(node.op) from error


def _exact(node: Expression) -> int:
    value = _exact_value(node)
    if value.denominator != 1:
        raise NotAlgebraic("The degree of a root is no whole number.")
    return value.numerator


def _log2(n: int) -> float:
    return 0.0 if n < 2 else float(n.bit_length())


def _up(value: float) -> float:
    if not value < 1e12:
        raise NotAlgebraic("The bound is too far out.")
    return value + 1e-9 * abs(value) + 1e-9


def _totient(n: int) -> int:
    found, rest, p = n, n, 2
    while p * p <= rest:
        if rest % p == 0:
            while rest % p == 0:
                rest //= p
            found -= found // p
        p += 1
    return found - found // rest if rest > 1 else found
