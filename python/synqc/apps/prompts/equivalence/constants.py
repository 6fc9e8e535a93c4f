"""Equality of constants: exact for fractions and algebraic numbers, by intervals for the rest."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from synqc.apps.prompts.equivalence.balls import Evaluator, NoValue, Unsharp, disjoint, precision
from synqc.apps.prompts.equivalence.expression import Expression
from synqc.apps.prompts.equivalence.rational import NotRational, rational
from synqc.apps.prompts.equivalence.separation_bound import NotAlgebraic, bits_to_separate
from synqc.apps.prompts.equivalence.verdict import Vote

__all__ = ["compare_constants"]

_BITS: Final = (64, 256, 1024, 4096)
_BITS_OF_INTEGRALS: Final = (64, 320)  # more take seconds
_MOST_BITS: Final = 20_000


@dataclass(frozen=True)
class _Rounded:
    """A number written with a point: itself, and what its last digit is worth."""

    value: Fraction
    last_digit: Fraction
    goes_on: bool


def compare_constants(one: Expression, other: Expression) -> Vote:
    """Whether two expressions without symbols have the same value.

    Examples:
        >>> from synqc.apps.prompts.equivalence.grammar import Reading, parse
        >>> compare_constants(parse("sqrt(8)", Reading()), parse("2sqrt(2)", Reading())).voter
        'algebraic'
        >>> compare_constants(parse("1-1/e", Reading()), parse("1+1/e", Reading())).kind
        'unequal'
    """
    ends = (_infinite(one), _infinite(other))
    if any(end is not None for end in ends):
        if ends[0] == ends[1]:
            return Vote("exact", "equal", "Both are the same infinity.")
        if None in ends and not _is_finite(other if ends[0] is not None else one):
            return Vote("interval", "unknown", "One is infinite, the other has no value that could be found.")
        return Vote("exact", "unequal", "Only one is that infinity.")
    exact = _fraction(one), _fraction(other)
    if exact[0] is not None and exact[0] == exact[1]:
        return Vote("rational", "equal", "Both are the same fraction.")
    rounded = _rounded(one), _rounded(other)
    if any(rounded):
        return _compare_rounded(one, other, *rounded)
    if None not in exact:
        return Vote("rational", "unequal", "They are different fractions.")
    return _compare_by_balls(one, other)


def _compare_by_balls(one: Expression, other: Expression) -> Vote:
    difference = Expression("add", (one, Expression("negate", (other,))))
    ladder = _BITS_OF_INTEGRALS if any(node.op == "integral" for node in difference.walk()) else _BITS
    try:
        vote, largest = _climb(one, other, ladder)
        if vote is not None:
            return vote
        if ladder is _BITS_OF_INTEGRALS:
            return _agreement(ladder[-1]) if 4 * largest + 128 <= ladder[-1] else _too_near()
        try:
            with precision(256):
                bits = bits_to_separate(difference)
        except NotAlgebraic:
            bits = None
        if bits is not None:
            with precision(bits + 128):
                if abs(Evaluator().value(difference)) < _power_of_two(-bits):
                    return Vote("algebraic", "equal", f"Their difference is below 2^-{bits}, so it is zero.")
            vote, _ = _climb(one, other, (bits + 1024,))
            if vote is not None:
                return vote
        needed = int(8 * largest) + 512
        if needed > _MOST_BITS:
            return _too_near()
        if needed > _BITS[-1]:
            vote, _ = _climb(one, other, (needed,))
            if vote is not None:
                return vote
        return _agreement(max(needed, _BITS[-1]))
    except NoValue as error:
        return Vote("interval", "unknown", str(error))
    except Unsharp as error:
        return Vote("interval", "unknown", str(error))


def _agreement(bits: int) -> Vote:
    words = f"They agree to {int(bits * 0.30)} digits, and no number on the way is so large or small."
    return Vote("interval", "equal", words)


def _too_near() -> Vote:
    return Vote("interval", "unknown", "They are too near each other to be told apart.")


def _climb(one: Expression, other: Expression, ladder: tuple[int, ...]) -> tuple[Vote | None, float]:
    """The proof that they differ, at the first precision that has it; else None, and the largest exponent met."""
    largest, blunt = 0.0, None
    for bits in ladder:
        with precision(bits):
            evaluator = Evaluator()
            try:
                blunt = None
                if disjoint(evaluator.value(one), evaluator.value(other)):
                    return Vote("interval", "unequal", f"Intervals of {bits} bits that hold them do not meet."), largest
            except Unsharp as error:
                blunt = error
            largest = evaluator.largest_exponent
    if blunt is not None:
        raise blunt
    return None, largest


def _compare_rounded(one: Expression, other: Expression, a: _Rounded | None, b: _Rounded | None) -> Vote:
    if a is not None and b is not None:
        coarse, fine = (a, b) if a.last_digit >= b.last_digit else (b, a)
        if _may_round_to(fine.value, coarse):
            return Vote("interval", "unknown", "They agree to the digits given, and are not the same number.")
        return Vote("rational", "unequal", "They differ in the digits given.")
    rounded, exact = (a, other) if a is not None else (b, one)
    assert rounded is not None
    value = _fraction(exact)
    if value is not None:
        if _may_round_to(value, rounded):
            return Vote(
                "interval", "unknown", "They agree to the digits given, but one is exact and the other rounded."
            )
        return Vote("rational", "unequal", "They differ in the digits given.")
    if not rounded.goes_on and _compare_by_balls(one, other).kind == "equal":
        return Vote("interval", "equal", "The number with a point is the exact value.")
    try:
        with precision(_BITS[-1]):
            return _compare_ball_with_rounded(Evaluator().value(exact), rounded)
    except (NoValue, Unsharp) as error:
        return Vote("interval", "unknown", str(error))


def _compare_ball_with_rounded(found: Any, rounded: _Rounded) -> Vote:
    apart = abs(found - _ball(rounded.value))
    may_be_cut_off = not abs(found) < _ball(abs(rounded.value)).real
    if apart > _ball(rounded.last_digit).real or (apart > _ball(rounded.last_digit / 2).real and not may_be_cut_off):
        return Vote("interval", "unequal", "They differ in the digits given.")
    return Vote("interval", "unknown", "They agree to the digits given, but one is exact and the other rounded.")


def _may_round_to(value: Fraction, rounded: _Rounded) -> bool:
    """Whether the number may be written so, rounded or cut off."""
    if abs(value - rounded.value) <= rounded.last_digit / 2:
        return True
    same_side = rounded.value == 0 or (value > 0) == (rounded.value > 0)
    return same_side and abs(rounded.value) <= abs(value) < abs(rounded.value) + rounded.last_digit


def _rounded(node: Expression) -> _Rounded | None:
    if node.op == "decimal":
        value, digits, goes_on = node.value
        return _Rounded(value, Fraction(1, 10) ** digits, goes_on)
    if node.op == "negate":
        found = _rounded(node.args[0])
        return None if found is None else _Rounded(-found.value, found.last_digit, found.goes_on)
    if node.op in ("multiply", "divide") and any(argument.op in ("decimal", "negate") for argument in node.args):
        found, factor = _rounded(node.args[0]), _fraction(node.args[1])
        if found is None or factor is None or factor <= 0 or _rounded(node.args[1]) is not None:
            return None
        factor = factor if node.op == "multiply" else 1 / factor
        return _Rounded(found.value * factor, found.last_digit * factor, found.goes_on)
    return None


def _infinite(node: Expression) -> int | None:
    if node.op == "constant" and node.value == "infinity":
        return 1
    if node.op == "negate":
        found = _infinite(node.args[0])
        return None if found is None else -found
    return None


def _is_finite(node: Expression) -> bool:
    try:
        with precision(128):
            Evaluator().value(node)
    except (NoValue, Unsharp):
        return _fraction(node) is not None or _rounded(node) is not None
    return True


def _fraction(node: Expression) -> Fraction | None:
    try:
        return rational(node)
    except NotRational:
        return None


def _ball(value: Fraction) -> Any:
    from flint import acb, fmpq

    return acb(fmpq(value.numerator, value.denominator))


def _power_of_two(exponent: int) -> Any:
    from flint import arb

    return arb(2) ** exponent
