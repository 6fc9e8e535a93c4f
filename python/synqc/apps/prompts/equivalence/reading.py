"""Reading of a written answer: a choice, a quantity with its unit, words, or mathematics."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from synqc.apps.prompts.equivalence.expression import Expression
from synqc.apps.prompts.equivalence.grammar import Reading, parse
from synqc.apps.prompts.equivalence.tokens import NotMathematics
from synqc.apps.prompts.equivalence.units import Unit, read_unit
from synqc.apps.prompts.equivalence.vocabulary import FUNCTIONS

__all__ = [
    "Quantity",
    "choice_of",
    "choices_in",
    "number_word",
    "plain_words",
    "quantity_of",
    "same_words",
    "several_choices_of",
]

_CHOICE = re.compile(
    r"^(?:\\text(?:bf)?\{)?\s*(?:(?:[Oo]ption|[Cc]hoice)\s+)?[(\[]?\s*(?:\\text(?:bf)?\{)?\s*\(?([A-J])\)?\s*\}?\s*"
    r"(?:[)\].:](?:\s*\}?\s*(?P<rest>\S.*)?)?|\}?)\s*$",
    re.DOTALL,
)
_LISTED = re.compile(
    r"(?:^|\s|\{)\(?\s?([A-J])\s?[).:]\s?\}?\s*(.*?)(?=(?:\s|\{)\(?\s?[A-J]\s?[).:]\s?\}?\s|$)", re.DOTALL
)
_UNIT_START = re.compile(r"(?:\s+|(?<=[\d})!])(?=\\(?:text|mathrm|textrm|mbox|%|circ|degree)|%|\^))")
_CURRENCY = re.compile(r"^(-?)\s*(\\\$|\$|€|£|₹|Rs\.?|USD)\s*(?=[\d.])")
_CURRENCIES: Final = {"\\$": "dollar", "$": "dollar", "USD": "dollar", "€": "euro", "£": "pound sterling"}
_WORDS_OF_NUMBERS: Final = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
]
_SAME: Final = {
    "no solution": "∅", "no solutions": "∅", "no real solution": "∅r", "no real solutions": "∅r", "none": "∅",
    "empty set": "∅",
    "infinity": "\\infty", "infinite": "\\infty", "does not exist": "dne", "dne": "dne", "undefined": "dne",
}  # fmt: skip
_CLOSED: Final = (
    frozenset({"yes", "no"}), frozenset({"true", "false"}), frozenset({"even", "odd"}),
    frozenset({"converges", "diverges"}), frozenset({"convergent", "divergent"}), frozenset({"rational", "irrational"}),
    frozenset({"left", "right"}), frozenset({"increasing", "decreasing"}), frozenset({"positive", "negative", "zero"}),
    frozenset({"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}),
    frozenset({"north", "south", "east", "west"}),
    frozenset({"red", "green", "blue", "yellow", "black", "white", "orange", "purple"}),
)  # fmt: skip


@dataclass(frozen=True)
class Quantity:
    """A number with a unit.

    Args:
        number: As written, without the unit.
        unit: Read by `units.read_unit`.
        written: The unit as written.
    """

    number: Expression
    unit: Unit
    written: str


def choice_of(text: str) -> tuple[str, str] | None:
    """The letter of a multiple choice and what stands beside it; None for what is none.

    Examples:
        >>> choice_of("(B)"), choice_of("B) 12"), choice_of(r"\\textbf{(C) }\\frac12"), choice_of("x")
        (('B', ''), ('B', '12'), ('C', '\\\\frac12'), None)
    """
    found = _CHOICE.match(text) if len(text) < 2000 else None
    if found is None:
        return None
    rest = (found.group("rest") or "").strip()
    return None if re.match(r"(?:and|or|,|&)\b", rest) else (found.group(1), rest)


def several_choices_of(text: str) -> frozenset[str] | None:
    """The letters of an answer that chooses several; None for what does not.

    Examples:
        >>> several_choices_of("(A) and (C)") == several_choices_of("A, C"), several_choices_of("A")
        (True, None)
    """
    letters = re.fullmatch(r"\(?[A-J]\)?(?:\s*(?:,|and|&|, and)\s*\(?[A-J]\)?){1,9}", text)
    return None if letters is None else frozenset(re.findall(r"[A-J]", text))


def choices_in(question: str) -> dict[str, str]:
    """The choices that a question lists, by letter; empty without at least A and B."""
    found = {letter: words.strip().rstrip(",;") for letter, words in _LISTED.findall(question[-4000:])}
    return found if {"A", "B"} <= found.keys() else {}


def quantity_of(text: str, reading: Reading) -> Quantity | None:
    """The number and unit of a text, if it ends in a known unit or begins with a currency."""
    money = _CURRENCY.match(text)
    if money is not None:
        rest = money.group(1) + text[money.end() :]
        unit = Unit(Fraction(1), ((_CURRENCIES.get(money.group(2), "rupee"), 1),))
        try:
            return Quantity(parse(rest, reading), unit, money.group(2))
        except NotMathematics:
            return None
    for found in _UNIT_START.finditer(text):
        written = text[found.start() :].strip()
        unit_found = read_unit(written)
        if unit_found is None:
            continue
        try:
            number = parse(text[: found.start()], reading)
        except NotMathematics:
            continue
        if number.symbols() or not number.is_scalar() or any(inner.op == "call" for inner in number.walk()):
            return None  # in "sin 18°" the unit is the argument's
        return Quantity(number, unit_found, written)
    return None


def plain_words(text: str) -> str | None:
    """A text answer as words in small letters, or None if it is no words.

    Examples:
        >>> plain_words(r"\\text{No solution}"), plain_words("x + 1"), plain_words("The Moon."), plain_words("sin")
        ('no solution', None, 'moon', None)
    """
    text = re.sub(r"\\(?:text|textbf|textit|mathrm|textrm|mbox)\s?\{([^{}]*)\}", r"\1", text[:2000])
    text = text.replace("~", " ").strip(" .!\"'")
    if not re.fullmatch(r"[^\W\d_]+(?:[ '’,.&-]+[^\W\d_]+)*", text):
        return None
    words = text.casefold().split()
    if words and words[0] in ("the", "a", "an") and len(words) > 1:
        words = words[1:]
    joined = " ".join(words)
    pieces = re.split(r"[ -]", joined)
    if "-" in joined and any(len(piece) == 1 for piece in pieces):
        return None  # a difference
    if any(piece in FUNCTIONS for piece in pieces):
        return None
    if len(joined) < 2 or joined in ("pi", "sin", "cos", "tan", "ln", "log", "exp", "sqrt"):
        return None
    return joined


def same_words(one: str, other: str) -> bool | None:
    """Whether two text answers say the same; None if that is not known."""
    here, there = _SAME.get(one, one), _SAME.get(other, other)
    if here == there:
        return True
    for closed in _CLOSED:
        if here in closed and there in closed:
            return False
    return None


def number_word(words: str) -> int | None:
    """The number that a word names, to twenty."""
    return _WORDS_OF_NUMBERS.index(words) if words in _WORDS_OF_NUMBERS else None
