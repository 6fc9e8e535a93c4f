"""Exact rational arithmetic: the value of an expression as a fraction, if it is one and not too long."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final

from synqc.apps.prompts.equivalence.expression import Expression

__all__ = ["NotRational", "rational"]

_MOST_BITS: Final = 60_000


class NotRational(Exception):
    """The expression is no fraction by rules of arithmetic alone, or a very long one, or divides by zero."""


def rational(node: Expression, values: Mapping[str, Fraction] | None = None) -> Fraction:
    """The exact value.

    Args:
        node: Sums, products, quotients, whole powers, factorials, binomials of numbers and symbols.
        values: Values of the symbols.

    Raises:
        NotRational: Something else is in it, a number gets longer than 60,000 bits, or a divisor is 0.
    """
    found = _value(node, values or {})
    if _bits(found) > _MOST_BITS:
        raise NotRational("too long")
    return found


def _value(node: Expression, values: Mapping[str, Fraction]) -> Fraction:
    op, args = node.op, node.args
    if op == "number":
        return Fraction(node.value)
    if op == "decimal" and not node.value[2]:
        return Fraction(node.value[0])
    if op == "symbol" and node.value in values:
        return values[node.value]
    if op == "add":
        total = Fraction(0)
        for argument in args:
            total += rational(argument, values)
        return total
    if op == "negate":
        return -rational(args[0], values)
    if op == "multiply":
        return rational(args[0], values) * rational(args[1], values)
    if op == "divide":
        below = rational(args[1], values)
        if below == 0:
            raise NotRational("division by zero")
        return rational(args[0], values) / below
    if op == "power":
        return _power(rational(args[0], values), rational(args[1], values))
    if op == "absolute":
        return abs(rational(args[0], values))
    if op == "factorial":
        return Fraction(math.factorial(_whole(args[0], values, 5000)))
    if op == "root":
        return _root(rational(args[1], values), rational(args[0], values))
    if op == "call" and node.value in _CALLS:
        return _CALLS[node.value]([rational(argument, values) for argument in args])
    raise NotRational(op)


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        return (
            _power(_root(base, Fraction(exponent.denominator)), Fraction(exponent.numerator)) if base > 0 else _refuse()
        )
    if base == 0 and exponent <= 0:
        raise NotRational("a power of zero")
    if base in (0, 1):
        return base
    if base == -1:
        return Fraction(-1 if exponent.numerator % 2 else 1)
    if _bits(base) * abs(exponent.numerator) > _MOST_BITS:
        raise NotRational("too long")
    return Fraction(base**exponent.numerator)


def _root(base: Fraction, degree: Fraction) -> Fraction:
    """The root, if it is rational."""
    if degree.denominator != 1 or not 1 <= degree.numerator <= 64:
        raise NotRational("degree of a root")
    k = degree.numerator
    if base < 0:
        if k % 2 == 0:
            raise NotRational("an even root of a negative number")
        return -_root(-base, degree)
    above, below = _whole_root(base.numerator, k), _whole_root(base.denominator, k)
    if above**k != base.numerator or below**k != base.denominator:
        raise NotRational("irrational")
    return Fraction(above, below)


def _whole_root(n: int, k: int) -> int:
    if n < 2 or k == 1:
        return n
    guess = 1 << -(-n.bit_length() // k)
    while True:
        better = ((k - 1) * guess + n // guess ** (k - 1)) // k
        if better >= guess:
            return guess
        guess = better


def _whole(node: Expression, values: Mapping[str, Fraction], most: int) -> int:
    value = rational(node, values)
    if value.denominator != 1 or not 0 <= value.numerator <= most:
        raise NotRational("no small whole number")
    return value.numerator


def _refuse() -> Fraction:
    raise NotRational("a power of a negative number")


def _binomial(args: list[Fraction]) -> Fraction:
    n, k = args
    if n.denominator != 1 or k.denominator != 1 or not 0 <= k <= n <= 10_000:
        raise NotRational("a binomial coefficient")
    return Fraction(math.comb(int(n), int(k)))


def _of_whole(args: list[Fraction], function: str) -> Fraction:
    if any(value.denominator != 1 for value in args):
        raise NotRational(function)
    numbers = [int(value) for value in args]
    return Fraction(math.gcd(*numbers) if function == "gcd" else math.lcm(*numbers))


_CALLS: Final[dict[str, Callable[[list[Fraction]], Fraction]]] = {
    "floor": lambda args: Fraction(math.floor(args[0])),
    "ceil": lambda args: Fraction(math.ceil(args[0])),
    "max": lambda args: max(args),
    "min": lambda args: min(args),
    "sign": lambda args: Fraction((args[0] > 0) - (args[0] < 0)),
    "gcd": lambda args: _of_whole(args, "gcd"),
    "lcm": lambda args: _of_whole(args, "lcm"),
    "binomial": _binomial,
}


def _bits(value: Fraction) -> int:
    return value.numerator.bit_length() + value.denominator.bit_length()
