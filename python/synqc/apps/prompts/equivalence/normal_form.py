"""Normal forms of answers: one way of writing for what may be written in several, before two are compared."""

from __future__ import annotations

from typing import Final

from synqc.apps.prompts.equivalence.expression import Expression

__all__ = [
    "INFINITY", "MINUS_INFINITY", "as_range", "exactly", "has_relation", "kind_of", "label_of", "normal_form",
    "renamed", "with_same_variable",
]  # fmt: skip

_FUNCTION_NAMES: Final = frozenset("fghFGHpPuvqQrR")
INFINITY: Final = Expression("constant", (), "infinity")
MINUS_INFINITY: Final = Expression("negate", (INFINITY,))


def normal_form(node: Expression) -> Expression:
    """Signs of both kinds as sets, chains of inequalities and memberships as intervals, solutions as one set."""
    if node.is_scalar_but_signs():
        return Expression("set", (_with_signs(node, 1), _with_signs(node, -1)))
    if node.op in ("list", "set", "tuple"):
        items = tuple(normal_form(argument) for argument in node.args)
        if node.op == "list" and items and all(item.op == "set" for item in items):
            return Expression("set", tuple(inner for item in items for inner in item.args))
        labels = [label_of(item) for item in items]
        if node.op == "list" and all(label is not None for label in labels):
            names = [label[0] for label in labels if label is not None]
            values = tuple(label[1] for label in labels if label is not None)
            if len(set(names)) == 1:
                return Expression("relation", (Expression("symbol", (), names[0]), Expression("set", values)), "=")
            if len(set(names)) == len(names):
                order = sorted(range(len(names)), key=names.__getitem__)
                return Expression("list", tuple(items[k] for k in order), "assignments")
        ranges = [_inequality(item) for item in node.args]
        if node.op == "list" and len(items) > 1 and all(found is not None for found in ranges):
            parts = [found for found in ranges if found is not None]
            if len({name for name, _ in parts}) == 1:
                return Expression("union", tuple(span for _, span in parts))
        return Expression(node.op, items, node.value)
    if node.op == "relation":
        found = _inequality(node)
        if found is not None:
            return found[1]
        if node.value == "in" and node.args[0].op == "symbol":
            return as_range(normal_form(node.args[1]))
        if isinstance(node.value, str):
            return Expression("relation", tuple(normal_form(argument) for argument in node.args), node.value)
    if node.op == "union":
        return Expression("union", tuple(as_range(normal_form(argument)) for argument in node.args))
    return node


def exactly(node: Expression) -> Expression:
    """The relation with "=" in the place of "approximately"."""
    return Expression(node.op, node.args, "=") if node.op == "relation" and node.value == "approx" else node


def with_same_variable(one: Expression, other: Expression) -> tuple[Expression, Expression]:
    """Definitions of a function of one variable, f(x) = ... and f(t) = ..., with the variable of the first."""
    variables = [_variable(node) for node in (one, other)]
    if None in variables or variables[0] == variables[1] or str(variables[0]) in other.symbols():
        return one, other
    return one, renamed(other, str(variables[1]), str(variables[0]))


def label_of(node: Expression) -> tuple[str, Expression] | None:
    """x and 5 of "x = 5", also of "f(x) = 5"."""
    if node.op != "relation" or node.value not in ("=", "approx"):
        return None
    for left, right in (node.args, node.args[::-1]):
        name = _labelled_name(left)
        if name is not None and name.partition("(")[0] not in right.symbols() and right.op != "relation":
            return name, right
    return None


def kind_of(node: Expression) -> str:
    """What an answer is: "scalar", "interval", or its operation."""
    if node.op in ("list", "set", "tuple", "bracketed", "relation", "matrix"):
        if node.op == "bracketed" and node.args and all(row.op == "bracketed" for row in node.args):
            return "matrix"
        return node.op
    if node.op in ("interval", "union"):
        return "interval"
    return "scalar"


def has_relation(node: Expression) -> bool:
    """Whether it is a relation, or a list or set with one."""
    return node.op == "relation" or any(has_relation(argument) for argument in node.args if node.op in ("list", "set"))


def as_range(node: Expression) -> Expression:
    """Brackets with two ends as an interval."""
    if node.op in ("tuple", "bracketed") and len(node.args) == 2:
        return Expression("interval", node.args, (node.op == "bracketed", node.op == "bracketed"))
    return node


def renamed(node: Expression, old: str, new: str) -> Expression:
    """The expression with another name in the place of a symbol's."""
    if node.op == "symbol":
        return Expression("symbol", (), new) if node.value == old else node
    return Expression(node.op, tuple(renamed(argument, old, new) for argument in node.args), node.value)


def _with_signs(node: Expression, sign: int) -> Expression:
    """The expression with the upper sign, or the lower one, everywhere."""
    args = tuple(_with_signs(argument, sign) for argument in node.args)
    if node.op != "plus_minus":
        return Expression(node.op, args, node.value)
    base, amount = args
    return Expression("add", (base, amount if sign > 0 else Expression("negate", (amount,))))


def _labelled_name(node: Expression) -> str | None:
    if node.op == "symbol":
        return str(node.value)
    if node.op == "multiply" and node.args[0].op == "symbol" and node.args[0].value in _FUNCTION_NAMES:
        inner = node.args[1]
        if inner.op == "symbol" or (inner.op == "tuple" and all(item.op == "symbol" for item in inner.args)):
            return f"{node.args[0].value}()"
    return None


def _variable(node: Expression) -> str | None:
    if node.op != "relation" or node.value != "=" or not str(_labelled_name(node.args[0])).endswith("()"):
        return None
    inner = node.args[0].args[1]
    return str(inner.value) if inner.op == "symbol" else None


def _inequality(node: Expression) -> tuple[str, Expression] | None:
    """The variable and the interval of "x < 5", "5 >= x", "1 <= x < 2"."""
    if node.op != "relation":
        return None
    if isinstance(node.value, str):
        if node.value not in ("<", ">", "<=", ">="):
            return None
        left, right = node.args
        if right.op == "symbol" and not left.symbols():
            left, right, sign = right, left, {"<": ">", ">": "<", "<=": ">=", ">=": "<="}[node.value]
        else:
            sign = node.value
        if left.op != "symbol" or right.symbols() or not right.is_scalar():
            return None
        if sign in ("<", "<="):
            return str(left.value), Expression("interval", (MINUS_INFINITY, right), (False, sign == "<="))
        return str(left.value), Expression("interval", (right, INFINITY), (sign == ">=", False))
    if len(node.args) != 3 or node.args[1].op != "symbol" or node.args[0].symbols() or node.args[2].symbols():
        return None
    low, variable, high = node.args
    signs = node.value
    if all(sign in ("<", "<=") for sign in signs):
        return str(variable.value), Expression("interval", (low, high), (signs[0] == "<=", signs[1] == "<="))
    if all(sign in (">", ">=") for sign in signs):
        return str(variable.value), Expression("interval", (high, low), (signs[1] == ">=", signs[0] == ">="))
    return None
