"""Interval arithmetic: the value of an expression as a ball of complex numbers that surely holds it (Arb)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, Final

from synqc.apps.prompts.equivalence.expression import Expression
from synqc.apps.prompts.equivalence.rational import NotRational, rational

__all__ = ["Evaluator", "NoValue", "Unsharp", "disjoint", "precision"]


class NoValue(Exception):
    """The expression has no value there, such as 1/0 and ln 0, or is not one that balls can hold."""


class Unsharp(Exception):
    """The balls are too wide to tell, for example, on which side of a jump they lie: more bits may do."""


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Compute with so many bits. flint keeps one precision per process: judges are processes of one thread."""
    from flint import ctx

    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def disjoint(one: Any, other: Any) -> bool:
    """Whether two balls have no number in common, which proves that what they hold differs."""
    return not one.overlaps(other)


class Evaluator:
    """Evaluates expressions at the current precision.

    Args:
        values: Values of the symbols: exact fractions.

    Attributes:
        largest_exponent: Largest |log2| of a value on the way: how many bits an agreement must have to mean something.
        used_complex: Whether a value on the way was not real.
    """

    def __init__(self, values: Mapping[str, Fraction] | None = None) -> None:
        self.values = dict(values or {})
        self.largest_exponent = 0.0
        self.used_complex = False
        self._bound: dict[str, Any] = {}

    def value(self, node: Expression) -> Any:
        """A flint.acb that holds the value.

        Raises:
            NoValue: There is none.
            Unsharp: More bits may tell.
        """
        found = self._value(node)
        if not found.is_finite():
            raise Unsharp("A ball is not finite.")
        if found.imag != 0:
            self.used_complex = True
        size = abs(found).mid()
        if size != 0 and size.is_finite() and not found.contains(0):
            _, exponent = size.man_exp()
            mantissa_bits = size.man_exp()[0].bit_length()
            self.largest_exponent = max(self.largest_exponent, abs(float(int(exponent) + int(mantissa_bits))))
        return found

    def _value(self, node: Expression) -> Any:
        from flint import acb, arb

        op, args = node.op, node.args
        if op == "number":
            return acb(_arb(node.value))
        if op == "decimal":
            if node.value[2]:
                raise NoValue("A number goes on after its last digit.")
            return acb(_arb(node.value[0]))
        if op == "constant":
            if node.value == "infinity":
                raise NoValue("Infinity is no number.")
            return {"pi": lambda: acb(arb.pi()), "e": lambda: acb(arb.const_e()), "i": lambda: acb(0, 1)}[node.value]()
        if op == "symbol":
            if node.value in self._bound:
                return self._bound[node.value]
            if node.value not in self.values:
                raise NoValue(f"{node.value} has no value.")
            return acb(_arb(self.values[node.value]))
        if op == "add":
            total = acb(0)
            for argument in args:
                total += self.value(argument)
            return total
        if op == "negate":
            return -self.value(args[0])
        if op == "multiply":
            return self.value(args[0]) * self.value(args[1])
        if op == "divide":
            return self._quotient(self.value(args[0]), self.value(args[1]), args[1])
        if op == "power":
            return self._power(args[0], args[1])
        if op == "root":
            return self._root(args[0], args[1])
        if op == "factorial":
            return self._factorial(args[0])
        if op == "absolute":
            return acb(abs(self.value(args[0])))
        if op == "call":
            return self._call(node.value, args)
        if op == "integral":
            return self._integral(node)
        if op in ("sum", "product"):
            return self._series(node)
        raise NoValue(f"{op} is no number.")

    def _exact(self, node: Expression) -> Fraction | None:
        try:
            return rational(node, self.values)
        except NotRational:
            return None

    def _quotient(self, above: Any, below: Any, written: Expression) -> Any:
        if below.contains(0):
            if below == 0 or self._exact(written) == 0:
                raise NoValue("It divides by zero.")
            raise Unsharp("A divisor may be zero.")
        return above / below

    def _power(self, base: Expression, exponent: Expression) -> Any:
        exact = self._exact(exponent)
        if base == Expression("constant", (), "e"):
            return self.value(exponent).exp()
        below = self.value(base)
        if exact is not None and exact.denominator == 1:
            if below.contains(0) and exact <= 0:
                if below == 0:
                    raise NoValue("It is a power of zero.")
                raise Unsharp("A base may be zero.")
            return below ** _integer(exact.numerator)
        if below == 0:
            power = self.value(exponent).real
            if power > 0:
                return below
            raise NoValue("It is a power of zero.")
        if below.contains(0):
            if exact is None or exact <= 0:
                raise Unsharp("A base may be zero.")
            return _power_around_zero(below, exact)
        if below.imag == 0 and below.real < 0 and exact is not None and exact.denominator % 2 == 1:
            # The real root or the principal one: both are in use.
            raise NoValue("An odd root of a negative number is written as a power.")
        if below.imag == 0 and below.real > 0:
            return (self.value(exponent) * below.log()).exp()
        return below ** self.value(exponent)

    def _root(self, degree: Expression, radicand: Expression) -> Any:
        from flint import acb

        exact = self._exact(degree)
        if exact is None or exact.denominator != 1 or not 2 <= exact.numerator <= 1000:
            raise NoValue("The degree of a root must be a whole number from 2.")
        k = exact.numerator
        inner = self.value(radicand)
        if inner == 0:
            return acb(0)
        if inner.imag == 0:
            if inner.real > 0:
                return acb(inner.real.root(k))
            if inner.real < 0:
                if k % 2:
                    return acb(-((-inner.real).root(k)))
                return inner.sqrt() if k == 2 else inner.root(k)
        if inner.contains(0):
            return _power_around_zero(inner, Fraction(1, k))
        return inner.sqrt() if k == 2 else inner.root(k)

    def _factorial(self, node: Expression) -> Any:
        exact = self._exact(node)
        if exact is not None and exact.denominator == 1 and exact < 0:
            raise NoValue("It is a factorial of a negative number.")
        return (self.value(node) + 1).gamma()

    def _call(self, name: str, args: tuple[Expression, ...]) -> Any:
        from flint import acb

        if name == "log":
            below = self._logarithm(self.value(args[1]))
            if below.contains(0):
                raise NoValue("The base of a logarithm is 1.") if below == 0 else Unsharp("A base may be 1.")
            return self._logarithm(self.value(args[0])) / below
        if name == "ln":
            return self._logarithm(self.value(args[0]))
        if name in ("gcd", "lcm", "max", "min", "binomial", "sign"):
            return self._of_several(name, args)
        value = self.value(args[0])
        if name in ("floor", "ceil"):
            return acb(self._rounded(name, value, args[0]))
        if name in ("re", "im"):
            return acb(value.real if name == "re" else value.imag)
        if name in _POLES:
            below = _POLES[name](value)
            if below.contains(0):
                raise Unsharp("A divisor may be zero.")
        return _CALLS[name](value)

    def _logarithm(self, value: Any) -> Any:
        if value == 0:
            raise NoValue("It is a logarithm of zero.")
        if value.contains(0):
            raise Unsharp("The argument of a logarithm may be zero.")
        return value.log()

    def _rounded(self, name: str, value: Any, written: Expression) -> Any:
        from flint import arb

        exact = self._exact(written)
        if exact is not None:
            return arb(math.floor(exact) if name == "floor" else math.ceil(exact))
        if value.imag != 0:
            raise NoValue("It rounds a complex number.")
        found = value.real.floor() if name == "floor" else value.real.ceil()
        if found.rad() != 0:
            raise Unsharp("A value may lie on either side of a whole number.")
        return found

    def _of_several(self, name: str, args: tuple[Expression, ...]) -> Any:
        from flint import acb

        exact = self._exact(Expression("call", args, name))
        if exact is not None:
            return acb(_arb(exact))
        if name == "binomial":
            n, k = self.value(args[0]), self.value(args[1])
            return (n + 1).gamma() / ((k + 1).gamma() * (n - k + 1).gamma())
        if name in ("gcd", "lcm"):
            raise NoValue(f"It is a {name} of what is not whole.")
        values = [self.value(argument) for argument in args]
        if any(value.imag != 0 for value in values):
            raise NoValue("It orders complex numbers.")
        if name == "sign":
            if values[0].contains(0):
                raise Unsharp("A sign is not known.")
            return acb(1 if values[0].real > 0 else -1)
        best = values[0].real
        for value in values[1:]:
            best = best.max(value.real) if name == "max" else best.min(value.real)
        return acb(best)

    def _integral(self, node: Expression) -> Any:
        from flint import acb

        integrand, lower, upper = node.args
        variable, outer = node.value, dict(self._bound)
        if any(node.op in _NOT_ANALYTIC or (node.op == "call" and node.value in _JUMPS) for node in integrand.walk()):
            raise NoValue("The integrand is not analytic.")
        ends = [self.value(end) for end in (lower, upper)]
        if any(end.imag != 0 for end in ends):
            raise NoValue("The bounds of an integral are complex.")

        def inside(x: Any, _: bool) -> Any:
            self._bound = {**outer, variable: x}
            try:
                return self._analytic(integrand)
            except (NoValue, Unsharp):
                return acb("nan")

        try:
            found = acb.integral(inside, ends[0], ends[1], eval_limit=20_000)
        finally:
            self._bound = outer
        if not found.is_finite():
            raise Unsharp("An integral did not converge.")
        return found

    def _analytic(self, node: Expression) -> Any:
        """A value on a complex ball, where functions with a cut have none if the ball may touch it."""
        op, args = node.op, node.args
        if op == "root" or (
            op == "power" and self._exact(args[1]) is None and args[0] != Expression("constant", (), "e")
        ):
            return self._off_cut(node)
        if op == "call" and node.value in ("ln", "log"):
            inner = self._analytic(args[0])
            return _cut_checked(inner).log() / (self._analytic(args[1]).log() if node.value == "log" else 1)
        if op == "call":
            inner = self._analytic(args[0])
            if node.value not in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "arctan", "erf"):
                raise NoValue("The integrand is not analytic.")
            if node.value == "arctan" and not abs(inner.imag) < 1:
                raise Unsharp("A ball may touch a cut.")
            return _CALLS[node.value](inner)
        if op == "add":
            total = self._analytic(args[0])
            for argument in args[1:]:
                total += self._analytic(argument)
            return total
        if op == "negate":
            return -self._analytic(args[0])
        if op == "multiply":
            return self._analytic(args[0]) * self._analytic(args[1])
        if op == "divide":
            return self._quotient(self._analytic(args[0]), self._analytic(args[1]), args[1])
        if op == "power":
            if args[0] == Expression("constant", (), "e"):
                return self._analytic(args[1]).exp()
            exact = self._exact(args[1])
            if exact is None or exact.denominator != 1:
                return self._off_cut(node)
            return self._analytic(args[0]) ** _integer(exact.numerator)
        return self._value(node)

    def _off_cut(self, node: Expression) -> Any:
        if node.op == "root":
            exact = self._exact(node.args[0])
            if exact is None or exact.denominator != 1 or not 2 <= exact.numerator <= 1000:
                raise NoValue("The degree of a root must be a whole number from 2.")
            return _cut_checked(self._analytic(node.args[1])).root(exact.numerator)
        base = _cut_checked(self._analytic(node.args[0]))
        return (self._analytic(node.args[1]) * base.log()).exp()

    def _series(self, node: Expression) -> Any:
        from flint import acb

        first, last = self._exact(node.args[1]), self._exact(node.args[2])
        if first is None or last is None or first.denominator != 1 or last.denominator != 1:
            raise NoValue("A series does not end at a whole number.")
        if not -1 <= last - first <= 2000:
            raise NoValue("A series has too many terms.")
        outer = self.values.get(node.value)
        total = acb(0 if node.op == "sum" else 1)
        try:
            for k in range(first.numerator, last.numerator + 1):
                self.values[node.value] = Fraction(k)
                term = self.value(node.args[0])
                total = total + term if node.op == "sum" else total * term
        finally:
            self.values.pop(node.value, None)
            if outer is not None:
                self.values[node.value] = outer
        return total


def _arb(value: Fraction) -> Any:
    from flint import arb, fmpq

    return arb(fmpq(value.numerator, value.denominator))


def _integer(value: int) -> Any:
    from flint import acb

    return acb(value)


def _power_around_zero(base: Any, exponent: Fraction) -> Any:
    """A ball that holds every value of a positive power of what may be zero: whichever is meant, none is larger."""
    from flint import acb, arb

    radius = (_arb(exponent) * abs(base).upper().log()).exp().upper()
    return acb(arb(0, radius), arb(0, radius))


def _cut_checked(value: Any) -> Any:
    """The value, if it does not touch the negative real axis."""
    if value.real > 0 or (not value.imag.contains(0)):
        return value
    raise Unsharp("A ball may touch a cut.")


_NOT_ANALYTIC: Final = frozenset({"absolute", "integral", "sum", "product"})
_JUMPS: Final = frozenset({"floor", "ceil", "max", "min", "sign"})
_POLES: Final[dict[str, Callable[[Any], Any]]] = {
    "tan": lambda z: z.cos(), "sec": lambda z: z.cos(), "cot": lambda z: z.sin(), "csc": lambda z: z.sin(),
    "coth": lambda z: z.sinh(), "arccot": lambda z: z,
}  # fmt: skip
_CALLS: Final[dict[str, Callable[[Any], Any]]] = {
    "sin": lambda z: z.sin(), "cos": lambda z: z.cos(), "tan": lambda z: z.tan(), "cot": lambda z: z.cot(),
    "sec": lambda z: z.sec(), "csc": lambda z: z.csc(), "arcsin": lambda z: z.asin(), "arccos": lambda z: z.acos(),
    "arctan": lambda z: z.atan(), "arccot": lambda z: (1 / z).atan(), "sinh": lambda z: z.sinh(),
    "cosh": lambda z: z.cosh(),
    "tanh": lambda z: z.tanh(), "coth": lambda z: z.coth(), "arsinh": lambda z: z.asinh(),
    "arcosh": lambda z: z.acosh(),
    "artanh": lambda z: z.atanh(), "gamma_function": lambda z: z.gamma(), "erf": lambda z: z.erf(),
}  # fmt: skip
