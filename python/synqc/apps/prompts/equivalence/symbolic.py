"""Symbolic voter: SymPy's simplification of a difference, built from our own tree and never from text."""

from __future__ import annotations

from typing import Any, Final

from synqc.apps.prompts.equivalence.expression import Expression
from synqc.apps.prompts.equivalence.verdict import Vote

__all__ = ["prove"]

_FUNCTIONS: Final = {
    "sin": "sin", "cos": "cos", "tan": "tan", "cot": "cot", "sec": "sec", "csc": "csc", "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan", "arccot": "acot", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "coth": "coth",
    "arsinh": "asinh",
    "arcosh": "acosh", "artanh": "atanh", "ln": "log", "log": "log", "floor": "floor", "ceil": "ceiling", "gcd": "gcd",
    "lcm": "lcm", "max": "Max", "min": "Min", "binomial": "binomial", "sign": "sign", "gamma_function": "gamma",
    "erf": "erf",
    "re": "re", "im": "im",
}  # fmt: skip


def prove(one: Expression, other: Expression) -> Vote | None:
    """SymPy's vote on two scalars, or None if it has none.

    May take any time and memory: call it in a process that can be killed.
    """
    import sympy

    difference = _built(one) - _built(other)
    if _is_unevaluated(difference):
        difference = difference.doit()
    for step in (lambda term: term, sympy.expand, sympy.simplify):
        difference = step(difference)
        if difference == 0:
            return Vote("symbolic", "equal", "SymPy simplifies their difference to 0.")
    # Of functions it may have left out a constant of integration on purpose: others compare those.
    if not (one.symbols() or other.symbols()) and not _is_unevaluated(difference):
        value = difference.evalf(30)
        if value.is_number and value.is_finite and abs(value) > sympy.Float("1e-12"):
            return Vote("symbolic", "unequal", "SymPy finds a difference that is not 0.")
    return None


def _is_unevaluated(term: Any) -> bool:
    import sympy

    return bool(term.has(sympy.Integral, sympy.Sum, sympy.Product, sympy.Limit))


def _built(node: Expression) -> Any:
    import sympy

    op, args = node.op, node.args
    if op in ("number", "decimal"):
        value = node.value if op == "number" else node.value[0]
        return sympy.Rational(value.numerator, value.denominator)
    if op == "constant":
        return {"pi": sympy.pi, "e": sympy.E, "i": sympy.I, "infinity": sympy.oo}[node.value]
    if op == "symbol":
        return sympy.Symbol(node.value, real=True)
    if op == "integral":
        return sympy.Integral(_built(args[0]), (_built_symbol(node), _built(args[1]), _built(args[2])))
    if op == "sum":
        return sympy.Sum(_built(args[0]), (_built_symbol(node), _built(args[1]), _built(args[2])))
    if op == "product":
        return sympy.Product(_built(args[0]), (_built_symbol(node), _built(args[1]), _built(args[2])))
    if op == "limit":
        return sympy.Limit(_built(args[0]), _built_symbol(node), _built(args[1]), "+-")
    built = [_built(argument) for argument in args]
    if op == "add":
        return sympy.Add(*built)
    if op == "negate":
        return -built[0]
    if op == "multiply":
        return built[0] * built[1]
    if op == "divide":
        return built[0] / built[1]
    if op == "power":
        return built[0] ** built[1]
    if op == "root":
        return sympy.real_root(built[1], built[0]) if built[1].is_negative else sympy.root(built[1], built[0])
    if op == "factorial":
        return sympy.factorial(built[0])
    if op == "absolute":
        return sympy.Abs(built[0])
    if op == "call":
        return getattr(sympy, _FUNCTIONS[node.value])(*built)
    raise ValueError(op)


def _built_symbol(node: Expression) -> Any:
    import sympy

    return sympy.Symbol(node.value, real=True)
