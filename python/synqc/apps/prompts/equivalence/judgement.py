"""Chain of voters on two written answers, in the calling process; `judge_equivalence` has one killed on time."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Final

from synqc.apps.prompts.equivalence.comparison import compare
from synqc.apps.prompts.equivalence.constants import compare_constants
from synqc.apps.prompts.equivalence.expression import Expression, number
from synqc.apps.prompts.equivalence.grammar import Reading, parse
from synqc.apps.prompts.equivalence.question_hints import QuestionHints
from synqc.apps.prompts.equivalence.reading import (
    Quantity,
    choice_of,
    choices_in,
    number_word,
    plain_words,
    quantity_of,
    same_words,
    several_choices_of,
)
from synqc.apps.prompts.equivalence.tokens import NotMathematics
from synqc.apps.prompts.equivalence.units import Unit
from synqc.apps.prompts.equivalence.verdict import Verdict, Vote
from synqc.apps.prompts.equivalence.written_answer import MOST_LETTERS, SeveralAnswers, cleaned, final_answer

__all__ = ["MOST_FORMULA_LETTERS", "Proof", "judge_plainly", "judge_texts"]

MOST_FORMULA_LETTERS: Final = 4000
"""Longer answers are compared as texts alone."""

_DECIMAL_COMMA: Final = re.compile(r"-?\d+,\d+")
_PLAIN: Final = re.compile(
    r"-?(?:\d{1,40}(?:\.\d{1,40})?|\.\d{1,40})(?:/[1-9]\d{0,39})?|-?\\[dt]?frac ?\{-?\d{1,40}\}\{[1-9]\d{0,39}\}",
    re.ASCII,
)
_SURE: Final = {
    "interval": 0.9999,
    "identity": 0.9999,
    "structure": 0.999,
    "unit": 0.999,
    "text": 0.99,
    "symbolic": 0.99,
}
Proof = Callable[[Expression, Expression], Vote | None]


def judge_texts(reference: str, answer: str, question: str = "", *, proof: Proof | None = None) -> Verdict:
    """Whether two written answers are the same.

    Args:
        reference, answer: As written.
        question: What they answer, if it is known: it tells units, choices and signs.
        proof: Asked about scalars that are equal without proof, or hold a series or limit that nobody else evaluates.
    """
    found = _before_mathematics(reference, answer, question)
    if isinstance(found, Verdict):
        return found
    here, there, asked = found
    return _verdict(_by_mathematics(here, there, QuestionHints(asked), proof))


def judge_plainly(reference: str, answer: str, question: str = "") -> Verdict | None:
    """The verdict of `judge_texts` on texts, choices, words and plain numbers, or None for anything else.

    Takes well under a millisecond whatever is written, and needs no package: no process is needed for it.
    """
    found = _before_mathematics(reference, answer, question)
    if isinstance(found, Verdict):
        return found
    here, there, asked = found
    if _PLAIN.fullmatch(here) is None or _PLAIN.fullmatch(there) is None:
        return None
    return _verdict(_by_mathematics(here, there, QuestionHints(asked), None))


def _before_mathematics(reference: str, answer: str, question: str) -> Verdict | tuple[str, str, str]:
    """A verdict that no formula is needed for, or both formulas and the question, cleaned."""
    if reference == answer and reference.strip():
        return _verdict([Vote("exact", "equal", "They are the same text.")])
    if max(len(reference), len(answer)) > MOST_LETTERS:
        return Verdict.unknown(f"An answer is longer than {MOST_LETTERS} letters.")
    try:
        here, there = final_answer(cleaned(reference)), final_answer(cleaned(answer))
    except SeveralAnswers as error:
        return Verdict.unknown(str(error))
    if not here or not there:
        return Verdict.unknown("An answer is empty.")
    if here == there:
        return _verdict([Vote("exact", "equal", "They are the same text but for spaces and wrappers.")])
    if max(len(here), len(there)) > MOST_FORMULA_LETTERS:
        return Verdict.unknown(
            f"An answer is longer than {MOST_FORMULA_LETTERS} letters and they are not the same text."
        )
    asked = cleaned(question[:20_000])
    chosen = _by_choice(here, there, asked)
    if isinstance(chosen, Vote):
        return _verdict([chosen])
    here, there = chosen
    words = _by_words(here, there)
    if isinstance(words, Vote):
        return _verdict([words])
    here, there = words
    return here, there, asked


def _verdict(votes: list[Vote]) -> Verdict:
    """The vote of all readings, if it is one."""
    kinds = {vote.kind for vote in votes}
    if len(kinds) > 1:
        return Verdict.unknown("Notation is ambiguous, and its readings differ.", tuple(votes))
    vote = votes[-1]
    if vote.kind == "unknown":
        return Verdict.unknown(vote.detail, tuple(votes))
    proved = vote.voter in ("exact", "rational", "algebraic") or (
        vote.kind == "unequal" and vote.voter in ("interval", "identity")
    )
    return Verdict(vote.kind, vote.voter, 1.0 if proved else _SURE[vote.voter], vote.detail, tuple(votes))


def _by_choice(here: str, there: str, question: str) -> Vote | tuple[str, str]:
    several = several_choices_of(here), several_choices_of(there)
    if several[0] is not None and several[1] is not None:
        same = several[0] == several[1]
        return Vote("exact", "equal" if same else "unequal", "Both choose several letters.")
    left, right = choice_of(here), choice_of(there)
    if left is not None and right is not None:
        if left[0] == right[0]:
            return Vote("exact", "equal", f"Both choose {left[0]}.")
        return Vote("exact", "unequal", f"One chooses {left[0]}, the other {right[0]}.")
    if left is None and right is None:
        return here, there
    listed = choices_in(question)
    letter, rest = left or right or ("", "")
    words = rest or listed.get(letter, "")
    if not words:
        return here, there
    return (words, there) if left is not None else (here, words)


def _by_words(here: str, there: str) -> Vote | tuple[str, str]:
    left, right = plain_words(here), plain_words(there)
    if left is not None and right is not None:
        same = same_words(left, right)
        if same is None:
            return Vote("text", "unknown", "They are different words, which may mean the same.")
        return Vote("text", "equal" if same else "unequal", f"The words are {left!r} and {right!r}.")
    return _as_formula(left, here), _as_formula(right, there)


def _as_formula(words: str | None, text: str) -> str:
    if words is None:
        return text
    value = number_word(words)
    if value is not None:
        return str(value)
    return {"infinity": r"\infty", "infinite": r"\infty", "no solution": r"\emptyset", "no solutions": r"\emptyset",
            "empty set": r"\emptyset"}.get(words, text)  # fmt: skip


def _by_mathematics(here: str, there: str, hints: QuestionHints, proof: Proof | None) -> list[Vote]:
    """One vote per reading of what is ambiguous in the notation."""
    first = Reading()
    vote = _by_reading(here, there, first, hints, proof)
    votes = [vote]
    doubtful = sorted(first.needed & {"tight", "natural_logarithm"})
    for choices in itertools.product((False, True), repeat=len(doubtful)):
        reading = Reading()
        changed = dict(zip(doubtful, choices, strict=True))
        reading.tight = changed.get("tight", reading.tight)
        reading.natural_logarithm = changed.get("natural_logarithm", reading.natural_logarithm)
        if (reading.tight, reading.natural_logarithm) != (first.tight, first.natural_logarithm):
            votes.append(_by_reading(here, there, reading, hints, proof))
    commas = [_DECIMAL_COMMA.fullmatch(text) is not None for text in (here, there)]
    if vote.kind == "unequal" and any(commas):
        # "3,14" are two numbers, or one where commas stand for points: the latter only makes them equal.
        pointed = [text.replace(",", ".") if comma else text for text, comma in zip((here, there), commas, strict=True)]
        one_number = _by_reading(pointed[0], pointed[1], Reading(), hints, proof)
        votes += [one_number] if one_number.kind == "equal" else []
    if _may_list_thousands(here) or _may_list_thousands(there):
        votes.append(_by_reading(here, there, Reading(thousands=False), hints, proof))
    return votes


def _may_list_thousands(text: str) -> bool:
    """Whether "1,000" stands in brackets, where it may be two numbers."""
    bracketed = text.startswith("{") or any(sign in text for sign in ("(", "[", ";", "\\{"))
    return bracketed and _has_thousands(text)


def _has_thousands(text: str) -> bool:
    from synqc.apps.prompts.equivalence.tokens import tokens_of

    try:
        return any(
            "," in token.text and "{" not in token.text
            for token in tokens_of(text, thousands=True)
            if token.kind == "number"
        )
    except NotMathematics:
        return False


def _by_reading(here: str, there: str, reading: Reading, hints: QuestionHints, proof: Proof | None) -> Vote:
    left, right = quantity_of(here, reading), quantity_of(there, reading)
    if left is not None and right is not None:
        return _compare_quantities(left, right)
    try:
        if left is not None or right is not None:
            quantity, text = (left, there) if left is not None else (right, here)
            assert quantity is not None
            bare = parse(text, reading)
            if not bare.symbols() and bare.is_scalar():
                return _compare_with_bare(quantity, bare, hints)
        one, other = parse(here, reading), parse(there, reading)
    except NotMathematics as error:
        return Vote("text", "unknown", f"An answer is neither mathematics nor known words: {error}")
    vote = compare(one, other, hints)
    if proof is not None and one.is_scalar() and other.is_scalar():
        unproved = vote.kind == "equal" and vote.voter in ("interval", "identity")
        if unproved or (vote.kind == "unknown" and (_is_unevaluated(one) or _is_unevaluated(other))):
            return _reconciled(vote, proof(one, other))
    return vote


def _is_unevaluated(node: Expression) -> bool:
    return any(inner.op in ("integral", "sum", "product", "limit") for inner in node.walk())


def _reconciled(vote: Vote, second: Vote | None) -> Vote:
    """A symbolic voter may confirm what numbers say, or speak where they cannot; against them it makes it unknown."""
    if second is None or second.kind == "unknown":
        return vote
    if vote.kind == "unknown":
        return second
    if second.kind != vote.kind:
        return Vote("symbolic", "unknown", f"The voters disagree: {vote.detail} {second.detail}")
    return vote


def _compare_quantities(left: Quantity, right: Quantity) -> Vote:
    if left.unit.dimension != right.unit.dimension:
        angle = {("degree", 1), ("radian", 1)}
        if {left.unit.dimension, right.unit.dimension} == {(("degree", 1),), (("radian", 1),)} and angle:
            return compare_constants(_in_radians(left), _in_radians(right))
        if left.written == right.written:
            return Vote("unit", "unknown", "The units are not comparable.")
        return Vote("unit", "unequal", f"The units {left.written!r} and {right.written!r} measure different things.")
    return compare_constants(_scaled(left.number, left.unit.factor / right.unit.factor), right.number)


def _compare_with_bare(quantity: Quantity, bare: Expression, hints: QuestionHints) -> Vote:
    """A number without unit has the question's, if that has one; beside degrees and percent it may be the value."""
    same_number = compare_constants(quantity.number, bare)
    if quantity.unit.dimension in ((("degree", 1),), (("radian", 1),), (("percent", 1),)):
        value = (
            _in_radians(quantity)
            if quantity.unit.dimension != (("percent", 1),)
            else _scaled(quantity.number, Fraction(1, 100))
        )
        by_value = compare_constants(value, bare)
        if by_value.kind == "equal" and not hints.speaks_of("degree"):
            return by_value
        if by_value.kind == "unequal" and same_number.kind == "unequal":
            return by_value
        word = "percent" if quantity.unit.dimension == (("percent", 1),) else "degree"
        if same_number.kind == "equal" and (hints.speaks_of(word) or (word == "percent" and hints.speaks_of("%"))):
            return same_number
        return Vote("unit", "unknown", "One has a unit, the other none.")
    if {name for name, _ in quantity.unit.dimension} == {"unit"}:
        return same_number  # "5 units", "5 square units"
    written = quantity.written.replace("\\text", "").replace("\\mathrm", "").strip("{}\\ $")
    if same_number.kind == "equal":
        if hints.speaks_of(written) and len(written) > 1:
            return same_number
        return Vote("unit", "unknown", "The numbers are equal, and one has no unit.")
    if same_number.kind == "unequal" and _is_counting(quantity.unit):
        return same_number
    return Vote("unit", "unknown", "The numbers differ, and one has no unit.")


def _is_counting(unit: Unit) -> bool:
    """Whether the unit has no smaller or larger ones: "5 ways" is 5 in any case."""
    return len(unit.dimension) == 1 and unit.dimension[0][0] in (
        "unit",
        "person",
        "student",
        "way",
        "apple",
        "coin",
        "point",
    )


def _in_radians(quantity: Quantity) -> Expression:
    if quantity.unit.dimension == (("radian", 1),):
        return quantity.number
    turn = Expression("divide", (Expression("constant", (), "pi"), number(180)))
    return Expression("multiply", (quantity.number, turn))


def _scaled(node: Expression, factor: Fraction) -> Expression:
    return node if factor == 1 else Expression("multiply", (node, number(factor)))
