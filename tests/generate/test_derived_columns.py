"""Derived columns are what Python makes of the same expression, row by row."""

import ast
import math

import numpy as np
import pytest
from drawn_seed import drawn_seed

from synqc import generate
from synqc.errors import InputError

COLUMNS = {
    "a": generate.Number("normal", {"mean": 0, "deviation": 3}),
    "n": generate.Integer("uniform", {"low": -4, "high": 9}, null_rate=0.2),
    "t": generate.Boolean(0.4),
    "word": generate.Category(["yes", "no"], null_rate=0.1),
    "two words": generate.Category([1.5, 3.0]),
    "code": generate.Pattern("[ab]"),
    "at": generate.Moment("2020-01-01", "2021-01-01", "1ms"),
    "day": generate.Moment("2020-01-01", "2021-01-01", "1d"),
}
SEED = drawn_seed(__name__)
NAMES = {name: getattr(math, name) for name in ("sqrt", "exp", "log", "sin", "cos", "floor", "ceil", "pi")}
NAMES |= {"abs": abs, "min": min, "max": max, "round": round, "where": lambda condition, a, b: a if condition else b}


@pytest.mark.parametrize(
    "expression",
    [
        "a + n * 2 - a / 3",
        "n // 3 + n % 4 - (-n) % 3",
        "abs(a) ** 0.5 + sqrt(abs(a)) + exp(-a * a) + log(1 + a * a)",
        "sin(a) * cos(a) + pi",
        "min(a, n) + max(a, 1) + floor(a) + ceil(a) + round(a)",
        "a if t else -a",
        "where(a > 0 and n >= 2 or not t, 1, 2.5)",
        "(a < n) + (a <= n) + (a == n) + (a != n)",
        '(word == "yes") * 2 + (code != "a")',
        "+a - 1e3",
    ],
)
def test_an_expression_is_what_python_computes(expression):
    rows = generate.make(generate.Table({**COLUMNS, "x": generate.Derived(expression)}), rows=300, seed=SEED)
    used = {node.id for node in ast.walk(ast.parse(expression)) if isinstance(node, ast.Name)} & set(COLUMNS)
    for row in rows:
        if any(row[name] is None for name in used):
            assert row["x"] is None
            continue
        expected = eval(expression, {"__builtins__": {}}, {**NAMES, **row})
        assert row["x"] == pytest.approx(float(expected), rel=1e-14), f"seed {SEED}: {row}"


def test_results_may_be_whole_true_or_moments():
    table = generate.Table(
        {
            **COLUMNS,
            "whole": generate.Derived("a", result="integer"),
            "true": generate.Derived("a > 0", result="boolean"),
            "later": generate.Derived("at + 36 * hour", result="moment"),
            "wide": generate.Derived('column("two words") * 2'),
        }
    )
    rows = generate.make(table, rows=200, seed=SEED)
    np.testing.assert_array_equal(rows.column("whole"), np.floor(rows.column("a")))
    np.testing.assert_array_equal(rows.column("true"), rows.column("a") > 0)
    assert set(rows.column("later") - rows.column("at")) == {np.timedelta64(36, "h")}
    np.testing.assert_array_equal(rows.column("wide"), rows.column("two words") * 2)


def test_what_is_no_number_is_missing():
    rows = generate.make(generate.Table({**COLUMNS, "x": generate.Derived("log(a)")}), rows=200, seed=SEED)
    np.testing.assert_array_equal(rows.valid("x"), rows.column("a") > 0)


def test_templates_join_columns():
    columns = {
        **COLUMNS,
        "name": generate.Category(["Ærø Straße-Ñandú Łódź 7", "ŠĎ'É"]),
        "text": generate.Template("{{{word}}} {n:lower}|{name:slug}|{name:lower}|{day}|{t}|{a}"),
    }
    rows = generate.make(generate.Table(columns), rows=400, seed=SEED)
    for row in rows:
        if row["word"] is None or row["n"] is None:
            assert row["text"] is None
            continue
        slug = {"Æ": "aerostrasenandulodz7", "Š": "sde"}[row["name"][0]].replace("aero", "aro", 1)
        lower = "".join(letter.lower() if letter.isascii() else letter for letter in row["name"])
        assert (
            row["text"]
            == f"{{{row['word']}}} {row['n']}|{slug}|{lower}|{row['day']}|{str(row['t']).lower()}|{row['a']!r}"
        )


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (generate.Derived("a +"), "Argument `expression` must be an expression in Python's notation"),
        (generate.Derived("b"), "must use columns before it (a, n, t, word, two words, code, at, day), but uses 'b'"),
        (generate.Derived("__import__('os')"), "must be made of numbers, columns, operators and functions"),
        (generate.Derived("a.real"), "must be made of numbers, columns, operators and functions"),
        (generate.Derived("[a for a in n]"), "must be made of numbers, columns, operators and functions"),
        (generate.Derived("sqrt(a, n)"), "must give sqrt 1 values, but gives 2"),
        (generate.Derived("'x' == 'x'"), "must compare a text with a column"),
        (generate.Derived("-" * 300 + "a"), "must be at most 100 deep"),
        (generate.Derived("1" + "0" * 400), "must have numbers of float64"),
        (generate.Derived("a", result="text"), "Argument `result` must be number, integer, boolean or moment"),
        (generate.Template("{a"), "must close each brace, but has one at character 0"),
        (generate.Template("{b}"), "must use columns before it"),
        (generate.Template("{word:upper}"), "Argument `template` must say lower or slug"),
    ],
)
def test_what_cannot_be_derived_is_refused(column, words):
    with pytest.raises(InputError) as refused:
        generate.make(generate.Table({**COLUMNS, "x": column}), rows=1)
    assert words in str(refused.value)


@pytest.mark.parametrize("expression", ["word + 1", 'a == "x"'])
def test_texts_and_numbers_are_not_mixed(expression):
    with pytest.raises(InputError, match="Argument `expression` must compare a"):
        generate.make(generate.Table({**COLUMNS, "x": generate.Derived(expression)}), rows=1)
