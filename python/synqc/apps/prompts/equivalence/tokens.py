"""Lexer: cleaned mathematics, LaTeX or plain, as tokens."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any, Final, NamedTuple

__all__ = ["NotMathematics", "Token", "tokens_of"]

_MOST_TOKENS: Final = 1500
_MOST_DIGITS: Final = 1200


class NotMathematics(Exception):
    """The text is not in the grammar; the message says where and why."""


class Token(NamedTuple):
    """A piece of a formula.

    Args:
        kind: "number", "decimal", "letters", "command", "word", "sign", or "end".
        text: As written; for commands without the backslash.
        value: Value of a number: a Fraction; of a decimal: Fraction and digits after the point.
        spaced: Whether blanks stand before it.
    """

    kind: str
    text: str
    value: Any = None
    spaced: bool = False


_SPACE = re.compile(
    r"(?:\s|~|&nbsp;|\\[,;:! ]|\\(?:quad|qquad|displaystyle|textstyle|limits|nolimits|thinspace"
    r"|left|right|middle|big|Big|bigg|Bigg"
    r"|bigl|bigr|Bigl|Bigr|biggl|biggr)(?![A-Za-z])\.?)+"
)
_REPEATING = re.compile(r"(\d{0,40})\.(\d{0,40})\\overline\s?(?:\{\s?(\d{1,40})\s?\}|(\d))")
_ELLIPSIS = re.compile(r"(\d{0,400})\.(\d{1,400})\s?(?:\.\.\.|\\(?:ldots|dots|cdots)(?![A-Za-z]))")
_GROUPED = re.compile(r"\d{1,3}(?:(?:\{,\}|\\,)\d{3})+(?!\d)(?:\.\d+)?")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?![\d,])(?:\.\d+)?")
_NUMBER = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4}(?![A-Za-z\d]))?")
_TEXT = re.compile(
    r"\\(?:text|textrm|textbf|textit|mathrm|mathbf|mathit|mathbb|mathcal|mathsf|boldsymbol|operatorname\*?|mbox|rm)\s?"
    r"\{([^{}\\]{0,200})\}"
)
_COMMAND = re.compile(r"\\([A-Za-z]+|[{}%|$&\\])")
_LETTERS = re.compile(r"[A-Za-z]+|[^\W\d_]")
_SIGNS = re.compile(r"\*\*|<=|>=|!=|==|->|[-+*/^_!'()\[\]{},;:<>=%|&]")


def tokens_of(text: str, *, thousands: bool) -> list[Token]:
    """The tokens of a cleaned text, the last of kind "end".

    Args:
        text: Cleaned by `written_answer.cleaned`.
        thousands: Whether "1,000" is one number.

    Raises:
        NotMathematics: A letter no formula has, too many tokens, or a number of too many digits.

    Examples:
        >>> [token.text for token in tokens_of(r"2x^{10} + \\frac{1}{2}", thousands=False)]
        ['2', 'x', '^', '{', '10', '}', '+', 'frac', '{', '1', '}', '{', '2', '}', '']
    """
    tokens: list[Token] = []
    position, spaced = 0, False
    while position < len(text):
        blank = _SPACE.match(text, position)
        if blank is not None:
            position, spaced = blank.end(), True
            continue
        token, position = _next(text, position, spaced, thousands)
        tokens.append(token)
        spaced = False
        if len(tokens) > _MOST_TOKENS:
            raise NotMathematics(f"It has more than {_MOST_TOKENS} tokens.")
    tokens.append(Token("end", ""))
    return tokens


def _next(text: str, position: int, spaced: bool, thousands: bool) -> tuple[Token, int]:
    letter = text[position]
    if (letter.isdigit() and letter.isascii()) or (letter == "." and text[position + 1 : position + 2].isdigit()):
        return _number(text, position, spaced, thousands)
    if letter == "\\":
        found = _TEXT.match(text, position)
        if found is not None:
            return Token("word", found.group(1).strip(), None, spaced), found.end()
        found = _COMMAND.match(text, position)
        if found is not None:
            return Token("command", found.group(1), None, spaced), found.end()
    found = _LETTERS.match(text, position)
    if found is not None:
        return Token("letters", found.group(), None, spaced), found.end()
    found = _SIGNS.match(text, position)
    if found is not None:
        return Token("sign", found.group(), None, spaced), found.end()
    raise NotMathematics(f"{letter!r} is in no formula.")


def _number(text: str, position: int, spaced: bool, thousands: bool) -> tuple[Token, int]:
    found = _REPEATING.match(text, position)
    if found is not None:
        whole, fixed, period = found.group(1) or "0", found.group(2), found.group(3) or found.group(4)
        value = Fraction(int(whole + fixed + period) - int(whole + fixed), 10 ** len(fixed) * (10 ** len(period) - 1))
        return Token("number", found.group(), value, spaced), found.end()
    found = _ELLIPSIS.match(text, position)
    if found is not None:
        digits = found.group(2)
        exact = Fraction(int((found.group(1) or "0") + digits), 10 ** len(digits))
        return Token("decimal", found.group(), (exact, len(digits), True), spaced), found.end()
    found = _GROUPED.match(text, position) or (_THOUSANDS.match(text, position) if thousands else None)
    found = found or _NUMBER.match(text, position)
    if found is None:
        raise NotMathematics("A point stands alone.")
    written = found.group().replace("{,}", "").replace("\\,", "").replace(",", "")
    if len(written) > _MOST_DIGITS:
        raise NotMathematics(f"A number has more than {_MOST_DIGITS} digits.")
    mantissa, _, exponent = written.lower().partition("e")
    if abs(int(exponent or 0)) > 1000:
        raise NotMathematics("A power of ten is beyond 1000.")
    if mantissa[0] == "0" and mantissa[1:2].isdigit():
        raise NotMathematics("A number begins with a zero.")
    value = Fraction(mantissa.rstrip(".") or "0") * Fraction(10) ** int(exponent or 0)
    if "." in mantissa.rstrip("."):
        digits_after = len(mantissa.partition(".")[2]) - int(exponent or 0)
        return Token("decimal", found.group(), (value, digits_after, False), spaced), found.end()
    return Token("number", found.group(), value, spaced), found.end()
