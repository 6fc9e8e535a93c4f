"""Equality of functions: values at random points, exact where they are rational, by intervals where not."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from synqc.apps.prompts.equivalence.balls import Evaluator, NoValue, Unsharp, disjoint, precision
from synqc.apps.prompts.equivalence.expression import Expression
from synqc.apps.prompts.equivalence.rational import NotRational, rational
from synqc.apps.prompts.equivalence.verdict import Vote

__all__ = ["compare_functions", "differ_by_a_constant", "random_fractions", "without_constant_of_integration"]

_WHOLE: Final = frozenset("nkmNp")
_POINTS: Final = 20
_BITS: Final = (192, 768)
_MOST_BITS: Final = 12_000
_STEPS: Final = frozenset({"floor", "ceil", "sign", "gcd", "lcm"})
_AGREE: Final = 6  # points at least at which both are real and agree
_SPANS: Final = ((0, 2), (-2, 2), (0, 1), (-12, 12), (1, 40), (-1, 1))


def compare_functions(one: Expression, other: Expression, *, positive: bool = False) -> Vote:
    """Whether two expressions with symbols are the same function of real variables.

    Args:
        one, other: Without sets, relations and the like.
        positive: The variables are known to be positive.
    """
    names = sorted(one.symbols() | other.symbols())
    try:
        return _compare_rational_functions(one, other, names)
    except NotRational:
        pass
    tally = _Tally()
    for values in _points(one, other, names, positive):
        tally.add(_at(one, other, values))
        if tally.differ:
            return _explained_difference(one, other, names, values)
    if tally.agree < _AGREE and set(names) & _WHOLE:
        return _compare_sequences(one, other, names)
    if tally.agree < _AGREE:
        return Vote("identity", "unknown", "They have values together at too few points.")
    if any(node.op == "call" and node.value in _STEPS for side in (one, other) for node in side.walk()):
        return Vote("identity", "unknown", "They agree at random points, but may jump between them.")
    if tally.domain:
        return Vote("identity", "unknown", "They agree where both are real, but not where one of them is.")
    return Vote("identity", "equal", f"They agree to {int(_BITS[-1] * 0.3)} digits at {tally.agree} random points.")


def without_constant_of_integration(node: Expression) -> tuple[Expression, str] | None:
    """The expression without "+ C", and that constant's name; None if there is none.

    The constant is a C, c, K, k or c_1 that is added once, alone, to something that has other symbols.
    """
    if node.op != "add":
        return None
    constants = [
        term for term in node.args if term.op == "symbol" and str(term.value).partition("_")[0] in ("C", "c", "K", "k")
    ]
    if len(constants) != 1:
        return None
    rest = tuple(term for term in node.args if term is not constants[0])
    kept = rest[0] if len(rest) == 1 else Expression("add", rest)
    name = str(constants[0].value)
    if name in kept.symbols() or not kept.symbols():
        return None
    return kept, name


@dataclass
class _Tally:
    agree: int = 0
    domain: int = 0
    differ: bool = False

    def add(self, outcome: str) -> None:
        self.agree += outcome == "agree"
        self.domain += outcome == "domain"
        self.differ = self.differ or outcome == "differ"


def _compare_rational_functions(one: Expression, other: Expression, names: list[str]) -> Vote:
    """By values at three points of 64 random bits: degree d passes by chance with probability (d / 2^64)^3."""
    met = 0
    for attempt in range(9):
        if met == 3:
            break
        values = dict(
            zip(names, random_fractions(f"{one}|{other}|{attempt}", len(names), 0, 2**64, whole=True), strict=True)
        )
        try:
            here, there = rational(one, values), rational(other, values)
        except NotRational as error:
            if "zero" in str(error):
                continue
            raise
        if here != there:
            if _differ_only_between_whole_numbers(one, other, names):
                return Vote("identity", "unknown", "They agree at whole numbers alone.")
            return Vote("identity", "unequal", "As rational functions they have different values at a point.")
        met += 1
    if met < 3:
        raise NotRational("no points")
    if not all(_is_arithmetic(node) for side in (one, other) for node in side.walk()):
        raise NotRational("not only arithmetic")  # positive whole points alone do not show |x| = x
    return Vote(
        "identity", "equal", "As rational functions they have the same exact values at 3 points of 64 random bits."
    )


def _is_arithmetic(node: Expression) -> bool:
    """Whether a node makes rational functions of rational functions."""
    if node.op == "power":
        exponent = node.args[1].args[0] if node.args[1].op == "negate" else node.args[1]
        return exponent.op == "number" and exponent.value.denominator == 1
    return node.op in ("number", "decimal", "symbol", "add", "negate", "multiply", "divide")


def _differ_only_between_whole_numbers(one: Expression, other: Expression, names: list[str]) -> bool:
    return bool(set(names) & _WHOLE) and _agree_at_whole_numbers(one, other, names)


def _explained_difference(one: Expression, other: Expression, names: list[str], values: dict[str, Fraction]) -> Vote:
    """A point at which they differ proves it, unless its variables may be whole numbers alone."""
    if set(names) & _WHOLE and _agree_at_whole_numbers(one, other, names):
        return Vote("identity", "unknown", "They agree at whole numbers alone.")
    where = ", ".join(f"{name} = {value}" for name, value in values.items())
    return Vote("identity", "unequal", f"Intervals that hold their values at {where[:200]} do not meet.")


def _compare_sequences(one: Expression, other: Expression, names: list[str]) -> Vote:
    """Functions that are real at hardly any other than whole numbers, such as (-1)^n, are sequences."""
    agreed = 0
    for k in range(1, 16):
        whole = random_fractions(f"{one}|{other}|s{k}", len(names), 1, 4 + 2 * k, whole=True)
        between = random_fractions(f"{one}|{other}|b{k}", len(names), 0, 3)
        values = {name: whole[at] if name in _WHOLE else between[at] for at, name in enumerate(names)}
        outcome = _at(one, other, values)
        if outcome == "differ":
            where = ", ".join(f"{name} = {value}" for name, value in values.items())
            return Vote("identity", "unequal", f"As sequences they differ at {where[:200]}.")
        agreed += outcome == "agree"
    if agreed < _AGREE:
        return Vote("identity", "unknown", "They have values together at too few points.")
    return Vote("identity", "equal", f"As sequences they agree at {agreed} random places.")


def _agree_at_whole_numbers(one: Expression, other: Expression, names: list[str]) -> bool:
    agreed = 0
    for n in range(1, 10):
        values = dict(zip(names, random_fractions(f"{one}|{other}|{n}", len(names), 1, 8 + n, whole=True), strict=True))
        outcome = _at(one, other, values)
        if outcome == "differ":
            return False
        agreed += outcome == "agree"
    return agreed >= 3


def _at(one: Expression, other: Expression, values: dict[str, Fraction]) -> str:
    """What a point says: "agree", "differ", "domain" (one alone is real) or "nothing"."""
    outcome, exponent, bits = "nothing", 0.0, 0
    for wanted in _BITS:
        bits = wanted
        outcome, exponent = _at_precision(one, other, values, bits)
        if outcome not in ("agree", "blunt"):
            return outcome
    # What is small or large on the way may hide a difference: 10^-300 beside 1 needs more than 1,000 bits.
    needed = int(2 * exponent) + _BITS[0]
    if outcome == "agree" and needed > bits:
        outcome = _at_precision(one, other, values, needed)[0] if needed <= _MOST_BITS else "nothing"
    return "nothing" if outcome == "blunt" else outcome


def _at_precision(one: Expression, other: Expression, values: dict[str, Fraction], bits: int) -> tuple[str, float]:
    """The outcome, or "blunt" if more bits may tell; and the largest exponent of a value on the way."""
    with precision(bits):
        evaluators = Evaluator(values), Evaluator(values)
        here, there = _value(one, evaluators[0]), _value(other, evaluators[1])
        exponent = max(evaluator.largest_exponent for evaluator in evaluators)
        if here is Unsharp or there is Unsharp:
            return "blunt", exponent
        if here is not None and there is not None and _complex_is_meant(one, other):
            return ("differ" if disjoint(here, there) else "agree"), exponent
        # As real functions they have a value where nothing on the way is complex.
        real = [
            value is not None and not evaluator.used_complex and bool(value.imag == 0)
            for value, evaluator in zip((here, there), evaluators, strict=True)
        ]
        if real == [True, True]:
            return ("differ" if disjoint(here, there) else "agree"), exponent
        return ("domain" if any(real) else "nothing"), exponent


def _complex_is_meant(one: Expression, other: Expression) -> bool:
    return any(node.op == "constant" and node.value == "i" for side in (one, other) for node in side.walk())


def _value(node: Expression, evaluator: Evaluator) -> Any:
    try:
        return evaluator.value(node)
    except NoValue:
        return None
    except Unsharp:
        return Unsharp


def _points(one: Expression, other: Expression, names: list[str], positive: bool) -> Iterator[dict[str, Fraction]]:
    """Points in ranges small and large, beyond all numbers that are written, and whole ones where there are jumps."""
    seed = f"{one}|{other}"
    written = [abs(node.value) for side in (one, other) for node in side.walk() if node.op == "number"]
    far = min(10 * int(max(written, default=Fraction(0))) + 10, 10**30)
    jumps = any(node.op == "call" and node.value in _STEPS for side in (one, other) for node in side.walk())
    for k in range(_POINTS + (8 if far > 100 else 0)):
        low, high = _SPANS[k % len(_SPANS)] if k < _POINTS else (-far, far)
        yield dict(zip(names, random_fractions(f"{seed}|{k}", len(names), 0 if positive else low, high), strict=True))
    if len(names) == 1:
        for place in _between_bends(one, other, names[0]):
            if place > 0 or not positive:
                yield {names[0]: place}
    for k in range(12 if jumps else 0):
        low = 1 if positive else -6
        yield dict(zip(names, random_fractions(f"{seed}|j{k}", len(names), low, 7, whole=True), strict=True))


def _between_bends(one: Expression, other: Expression, name: str) -> list[Fraction]:
    """Points between neighbouring zeros of what bends a function at them, where that is linear, and these zeros."""
    zeros: set[Fraction] = set()
    for node in (*one.walk(), *other.walk()):
        if node.op == "absolute" or (node.op == "call" and node.value in ("max", "min") and len(node.args) == 2):
            inner = node.args[0]
            if node.op == "call":
                inner = Expression("add", (node.args[0], Expression("negate", (node.args[1],))))
        elif node.op in ("root", "power") and node.args[0 if node.op == "power" else 1].op == "power":
            inner = node.args[0 if node.op == "power" else 1].args[0]
        else:
            continue
        try:
            at = [rational(inner, {name: Fraction(k)}) for k in range(3)]
        except NotRational:
            continue
        if at[2] - at[1] == at[1] - at[0] != 0:
            zeros.add(-at[0] / (at[1] - at[0]))
    places = sorted(zeros)[:16]
    return [(low + high) / 2 for low, high in itertools.pairwise(places)] + places


def random_fractions(seed: str, count: int, low: int, high: int, *, whole: bool = False) -> list[Fraction]:
    """Numbers between two limits that follow from a text alone: the same question has the same answer for ever."""
    found = []
    for k in range(count):
        drawn = int.from_bytes(hashlib.sha256(f"{seed}|{k}".encode("utf-8", "replace")).digest()[:10], "big")
        if whole:
            found.append(Fraction(low + drawn % (high - low)))
        else:
            found.append(low + (high - low) * Fraction(drawn % 999_983 + 1, 999_984))
    return found


def differ_by_a_constant(one: Expression, other: Expression) -> Vote:
    """Whether the difference of two functions does not change with their symbols: antiderivatives of one function.

    On each interval of their domain the constant may be another, as with ln|x|.
    """
    difference = Expression("add", (one, Expression("negate", (other,))))
    names = sorted(difference.symbols())
    step = Fraction(1, 2**20)
    same = 0
    for values in _points(one, other, names, False):
        moved = {name: value + step for name, value in values.items()}
        outcome = _compare_values(difference, values, moved)
        if outcome == "differ":
            return Vote("identity", "unequal", "Their difference changes from one point to another.")
        same += outcome == "agree"
    if same < _AGREE:
        return Vote("identity", "unknown", "They have values together at too few points.")
    return Vote("identity", "equal", f"Their difference is constant around {same} random points.")


def _compare_values(node: Expression, values: dict[str, Fraction], moved: dict[str, Fraction]) -> str:
    bits = _BITS[0]
    for _ in range(3):
        with precision(bits):
            evaluators = Evaluator(values), Evaluator(moved)
            here, there = _value(node, evaluators[0]), _value(node, evaluators[1])
            if here is None or there is None:
                return "nothing"
            if here is not Unsharp and there is not Unsharp:
                if here.imag != 0 or there.imag != 0:
                    return "nothing"
                if disjoint(here, there):
                    return "differ"
            needed = 2 * int(max(evaluator.largest_exponent for evaluator in evaluators)) + _BITS[-1]
        if needed <= bits:
            return "nothing" if here is Unsharp or there is Unsharp else "agree"
        if needed > _MOST_BITS:
            return "nothing"
        bits = needed
    return "nothing"
