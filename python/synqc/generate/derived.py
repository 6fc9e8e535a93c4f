"""Columns that follow from other columns of the same row: expressions and templates."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from synqc import _core
from synqc.errors import InputError
from synqc.generate.columns import Column

__all__ = ["Derived", "Template"]

_CONSTANTS: Final = {
    "pi": 3.141592653589793,
    "second": 1e6,
    "minute": 6e7,
    "hour": 3.6e9,
    "day": 8.64e10,
}
_BINARY: Final[dict[type, str]] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.FloorDiv: "floor_divide",
    ast.Mod: "remainder",
    ast.Pow: "power",
}
_COMPARISONS: Final[dict[type, str]] = {
    ast.Lt: "less",
    ast.LtE: "less_or_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_or_equal",
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
}
_FUNCTIONS: Final = {
    "abs": ("magnitude", 1),
    "sqrt": ("square_root", 1),
    "exp": ("exponential", 1),
    "log": ("logarithm", 1),
    "sin": ("sine", 1),
    "cos": ("cosine", 1),
    "floor": ("floor", 1),
    "ceil": ("ceiling", 1),
    "round": ("round", 1),
    "min": ("smaller", 2),
    "max": ("larger", 2),
    "where": ("choose", 3),
}
_DEEPEST: Final = 100

_Step = tuple[str, int, float, str]


@dataclass(frozen=True)
class Derived(Column):
    """Numbers, truth values or moments from earlier columns, by an expression.

    Python's notation: `+ - * / // % **`, comparisons, `and or not`, `a if condition else b`, the functions abs, sqrt,
    exp, log, sin, cos, floor, ceil, round, min, max and where(condition, a, b), and `column == "text"`. Columns go by
    their names; `column("a name")` where a name has other letters. A moment is its microseconds since 1970, of which
    `second`, `minute`, `hour` and `day` are so many. A value is missing where one that it is made of is, and where the
    result is no finite number.

    Args:
        expression: What to compute; arithmetic is that of float64.
        result: number, integer (rounded down), boolean or moment.
        null_rate: How likely a value is missing besides.

    Examples:
        >>> from synqc import generate
        >>> table = generate.Table({
        ...     "price": generate.Category([2.5, 4.0]),
        ...     "count": generate.Integer("uniform", {"low": 1, "high": 3}),
        ...     "sum": generate.Derived("price * count if count < 3 else 0.9 * price * count"),
        ... })
        >>> [row["sum"] == row["price"] * row["count"] * (0.9 if row["count"] == 3 else 1)
        ...  for row in generate.make(table, rows=3, seed=4)]
        [True, True, True]
    """

    kind: ClassVar[str] = "derived"

    expression: str = "0"
    result: str = "number"

    def _make_after(self, seed: int, places: Mapping[str, int]) -> _core.GeneratedColumnKind:
        return _core.expression_column(_steps(self.expression, places), self.result)

    def _make(self, seed: int) -> _core.GeneratedColumnKind:
        return self._make_after(seed, {})


@dataclass(frozen=True)
class Template(Column):
    """Texts joined from earlier columns: names in braces are replaced by their values.

    Args:
        template: Text with `{column}`, `{column:lower}` or `{column:slug}` in it: a slug has letters and digits of
            ASCII alone. `{{` and `}}` are braces.
        null_rate: How likely a value is missing besides.

    Examples:
        >>> from synqc import generate
        >>> table = generate.Table({
        ...     "first": generate.Category(["Zoë"]),
        ...     "last": generate.Category(["O'Brien"]),
        ...     "email": generate.Template("{first:slug}.{last:slug}@example.org"),
        ... })
        >>> generate.make(table, rows=1).column("email")[0]
        'zoe.obrien@example.org'
    """

    kind: ClassVar[str] = "template"

    template: str = ""

    def _make_after(self, seed: int, places: Mapping[str, int]) -> _core.GeneratedColumnKind:
        if not isinstance(self.template, str):
            raise InputError(f"Argument `template` must be a text, but is {self.template!r}.")
        parts: list[tuple[str, int | None, str]] = []
        at = 0
        for found in re.finditer(r"\{\{|\}\}|\{([^{}:]+)(?::([a-z]*))?\}|[{}]", self.template):
            parts.append((self.template[at : found.start()], None, ""))
            at = found.end()
            if found[1]:
                parts.append(("", _place_of(found[1], places), found[2] or ""))
            elif len(found[0]) == 2:
                parts.append((found[0][0], None, ""))
            else:
                raise InputError(
                    f"Argument `template` must close each brace, but has one at character {found.start()}."
                )
        parts.append((self.template[at:], None, ""))
        return _core.template_column([part for part in parts if part[0] or part[1] is not None])

    def _make(self, seed: int) -> _core.GeneratedColumnKind:
        return self._make_after(seed, {})


def _place_of(name: str, places: Mapping[str, int]) -> int:
    if name not in places:
        known = ", ".join(places) or "none"
        raise InputError(
            f"Argument `expression` or `template` must use columns before it ({known}), but uses {name!r}."
        )
    return places[name]


def _steps(expression: str, places: Mapping[str, int]) -> list[_Step]:
    """An expression in postfix order."""
    if not isinstance(expression, str):
        raise InputError(f"Argument `expression` must be a text, but is {expression!r}.")
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError(
            f"Argument `expression` must be an expression in Python's notation, but is {expression!r}."
        ) from error
    steps: list[_Step] = []
    _append(tree, places, steps, 0)
    return steps


def _append(node: ast.expr, places: Mapping[str, int], steps: list[_Step], depth: int) -> None:
    if depth > _DEEPEST:
        raise InputError(f"Argument `expression` must be at most {_DEEPEST} deep, but is deeper.")

    def inside(*nodes: ast.expr) -> None:
        for each in nodes:
            _append(each, places, steps, depth + 1)

    def operation(name: str) -> None:
        steps.append((name, 0, 0.0, ""))

    match node:
        case ast.Constant(value=bool() | int() | float() as number):
            steps.append(("constant", 0, _number(number), ""))
        case ast.Name(id=name) if name in places:
            steps.append(("column", places[name], 0.0, ""))
        case ast.Name(id=name) if name in _CONSTANTS:
            steps.append(("constant", 0, _CONSTANTS[name], ""))
        case ast.Name(id=name):
            _place_of(name, places)
        case ast.Call(func=ast.Name(id="column"), args=[ast.Constant(value=str() as name)], keywords=[]):
            steps.append(("column", _place_of(name, places), 0.0, ""))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            done, count = _FUNCTIONS[name]
            if len(arguments) != count:
                raise InputError(f"Argument `expression` must give {name} {count} values, but gives {len(arguments)}.")
            inside(*arguments)
            operation(done)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inside(operand)
            operation("negate")
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            inside(operand)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inside(operand)
            operation("not_true")
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            inside(left, right)
            operation(_BINARY[type(op)])
        case ast.BoolOp(op=op, values=[first, *others]):
            inside(first)
            for other in others:
                inside(other)
                operation("both" if isinstance(op, ast.And) else "either")
        case ast.IfExp(test=test, body=body, orelse=otherwise):
            inside(test, body, otherwise)
            operation("choose")
        case ast.Compare(left=left, ops=[op], comparators=[ast.Constant(value=str() as text)]) if isinstance(
            op, (ast.Eq, ast.NotEq)
        ):
            steps.append(("text_equals", _column_place(left, places), 0.0, text))
            if isinstance(op, ast.NotEq):
                operation("not_true")
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            inside(left, right)
            operation(_COMPARISONS[type(op)])
        case _:
            raise InputError(
                f"Argument `expression` must be made of numbers, columns, operators and functions, but has "
                f"{ast.unparse(node)!r}."
            )


def _number(value: Any) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise InputError("Argument `expression` must have numbers of float64, but has a greater one.") from error


def _column_place(node: ast.expr, places: Mapping[str, int]) -> int:
    match node:
        case ast.Name(id=name):
            return _place_of(name, places)
        case ast.Call(func=ast.Name(id="column"), args=[ast.Constant(value=str() as name)], keywords=[]):
            return _place_of(name, places)
    raise InputError(f"Argument `expression` must compare a text with a column, but compares {ast.unparse(node)!r}.")
