"""Recursive-descent parser of answers: LaTeX and plain mathematics to an expression tree, evaluating nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from synqc.apps.prompts.equivalence.expression import Expression, number
from synqc.apps.prompts.equivalence.token_cursor import TokenCursor
from synqc.apps.prompts.equivalence.tokens import NotMathematics, Token, tokens_of
from synqc.apps.prompts.equivalence.vocabulary import (
    ATOM_COMMANDS,
    GREEK,
    INVERSES,
    MATRICES,
    RELATIONS,
    SHORT_WORDS,
    function_name,
    plain_name,
)

__all__ = ["Reading", "parse"]


_DEEPEST: Final = 90


@dataclass
class Reading:
    """Choices where notation is ambiguous, and which of them a text needed.

    Args:
        thousands: "1,000" is a thousand, not two numbers.
        tight: In "1/2x" and "sin x/2" what stands together belongs together.
        natural_logarithm: "log" without base is the natural one, not that of base 10.
        needed: Names of the choices that made a difference.
    """

    thousands: bool = True
    tight: bool = False
    natural_logarithm: bool = True
    needed: set[str] = field(default_factory=set)


def parse(text: str, reading: Reading) -> Expression:
    """The expression that a cleaned text writes.

    Args:
        text: Cleaned by `written_answer.cleaned`.
        reading: The choices; `reading.needed` gains those that mattered.

    Raises:
        NotMathematics: It is not in the grammar, or nested too deeply.

    Examples:
        >>> parse("x + 1/2", Reading()).op, parse("(1, 2]", Reading()).op, parse(r"\\{1, 2\\}", Reading()).op
        ('add', 'interval', 'set')
    """
    tokens = tokens_of(text, thousands=reading.thousands)
    if len(tokens) == 1:
        raise NotMathematics("It is empty.")
    parser = _Parser(tokens, reading)
    found = parser.listed(top=True)
    if parser.here.kind != "end":
        raise NotMathematics(f"{parser.here.text!r} is not expected where it stands.")
    return found


class _Parser(TokenCursor):
    def __init__(self, tokens: list[Token], reading: Reading) -> None:
        super().__init__(tokens)
        self.reading = reading
        self.depth = 0
        self.bars = 0  # open absolute values
        self.signs_both_ways = False  # whether this item of a list has one

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise NotMathematics(f"It is nested deeper than {_DEEPEST} levels.")

    def listed(self, *, top: bool = False) -> Expression:
        """Items between commas, semicolons, "or" and "and"; one item stands for itself."""
        items = [self.related()]
        while True:
            separated = self.take(",") or self.take(";")
            if not self._take_connective() and not separated:
                break
            if top and self.here.kind == "end":
                break
            items.append(self.related())
        return items[0] if len(items) == 1 else Expression("list", tuple(items))

    def _take_connective(self) -> bool:
        is_word = self.here.kind in ("word", "letters") and self.here.text in ("or", "and")
        if is_word or self.at_command("lor", "vee", "land", "wedge"):
            self.k += 1
            return True
        return False

    def related(self) -> Expression:
        self.signs_both_ways = False
        sides, signs = [self.union()], []
        while (self.here.kind in ("sign", "command")) and self.here.text in RELATIONS:
            if self.here.text == ":":
                break
            signs.append(RELATIONS[self.advance().text])
            sides.append(self.union())
        if not signs:
            return sides[0]
        if len(signs) == 1:
            return Expression("relation", tuple(sides), signs[0])
        return Expression("relation", tuple(sides), tuple(signs))

    def union(self) -> Expression:
        parts = [self.sum()]
        while self.at_command("cup"):
            self.k += 1
            parts.append(self.sum())
        return parts[0] if len(parts) == 1 else Expression("union", tuple(parts))

    def sum(self) -> Expression:
        self.deeper()
        terms: list[Expression] = []
        terms.append(self._signed_both_ways(number(0)) if self.at_command("pm", "mp") else self.signed_product())
        while True:
            if self.take("+"):
                terms.append(self.signed_product())
            elif self.take("-"):
                terms.append(Expression("negate", (self.signed_product(),)))
            elif self.at_command("pm", "mp"):
                terms = [self._signed_both_ways(terms[0] if len(terms) == 1 else Expression("add", tuple(terms)))]
            else:
                break
        self.depth -= 1
        return terms[0] if len(terms) == 1 else Expression("add", tuple(terms))

    def _signed_both_ways(self, base: Expression) -> Expression:
        if self.signs_both_ways and self.at_command("pm"):
            raise NotMathematics("Whether two signs of both kinds belong together is not said.")
        self.signs_both_ways = True
        lower_first = self.advance().text == "mp"
        amount = self.product()
        return Expression("plus_minus", (base, Expression("negate", (amount,)) if lower_first else amount))

    def signed_product(self) -> Expression:
        if self.take("-"):
            if self.here.kind == "sign" and self.here.text in "+-":
                raise NotMathematics("Two signs stand together.")
            return Expression("negate", (self.signed_product(),))
        self.take("+")
        return self.product()

    def product(self) -> Expression:
        found = self.power()
        while True:
            if self.take("*") or self.at_command("times", "cdot"):
                if self.at_command("times", "cdot"):
                    self.k += 1
                found = _times(found, self.signed_power())
            elif self.take("/") or self.at_command("div"):
                if self.at_command("div"):
                    self.k += 1
                below = self.signed_power()
                if self.begins_atom() and self.here.kind != "number":
                    self.reading.needed.add("tight")
                    while self.reading.tight and self.begins_atom():
                        below = _times(below, self.power())
                found = Expression("divide", (found, below))
            elif self.begins_atom():
                if self.here.kind in ("number", "decimal") and self.tokens[self.k - 1].kind in ("number", "decimal"):
                    raise NotMathematics("Two numbers stand side by side.")
                if self.here.kind == "sign" and self.here.text == "[":
                    break
                found = _times(found, self.power())
            else:
                return found
        return found

    def signed_power(self) -> Expression:
        if self.take("-"):
            return Expression("negate", (self.power(),))
        self.take("+")
        return self.power()

    def begins_atom(self) -> bool:
        token = self.here
        if token.kind in ("number", "decimal"):
            return True
        if token.kind == "letters":
            return token.text not in ("or", "and")
        if token.kind == "word":
            return token.text not in ("or", "and", "")
        if token.kind == "sign":
            if token.text == "|":
                return self.bars == 0
            return token.text in "({["
        if token.kind == "command":
            return token.text in ATOM_COMMANDS or function_name(token.text) is not None
        return False

    def power(self) -> Expression:
        self.deeper()
        base = self.postfix()
        if self.at("^", "**"):
            self.k += 1
            base = Expression("power", (base, self.exponent()))
        self.depth -= 1
        return base

    def exponent(self) -> Expression:
        if self.take("-"):
            return Expression("negate", (self.exponent(),))
        if self.here.kind == "sign" and self.here.text == "{":
            found = self.group()
            if self.at("^", "**"):
                self.k += 1
                return Expression("power", (found, self.exponent()))
            return found
        if self._is_latex_digit_exponent():
            return self.single()
        return self.power()

    def _is_latex_digit_exponent(self) -> bool:
        return self.here.kind == "letters" and len(self.here.text) > 1 and plain_name(self.here.text) is None

    def postfix(self) -> Expression:
        found = self.atom()
        while True:
            if self.here.kind == "sign" and self.here.text == "!":
                self.k += 1
                if self.here.kind == "sign" and self.here.text in ("!", "="):
                    raise NotMathematics("Double factorials are not read.")
                found = Expression("factorial", (found,))
            elif self.at("%"):
                self.k += 1
                found = Expression("divide", (found, number(100)))
            elif self._at_degree():
                found = Expression("divide", (Expression("multiply", (found, _PI)), number(180)))
            else:
                return found

    def _at_degree(self) -> bool:
        if self.at_command("degree"):
            self.k += 1
            return True
        if not self.at("^"):
            return False
        one, two, three = self.ahead(1), self.ahead(2), self.ahead(3)
        if one.kind == "command" and one.text == "circ":
            self.k += 2
            return True
        if one.text == "{" and two.kind == "command" and two.text == "circ" and three.text == "}":
            self.k += 4
            return True
        return False

    def group(self) -> Expression:
        """What stands in braces, as one."""
        self.expect("{")
        found = self.listed()
        self.expect("}")
        return found

    def single(self) -> Expression:
        """An operand of LaTeX: a group, a command, one digit, or one letter."""
        token = self.here
        if token.kind == "sign" and token.text == "{":
            return self.group()
        if token.kind == "number" and len(token.text) > 1 and token.text.isdigit():
            self.tokens[self.k] = Token("number", token.text[1:], Fraction(int(token.text[1:])), False)
            return number(int(token.text[0]))
        if token.kind == "letters" and len(token.text) > 1:
            self.tokens[self.k] = Token("letters", token.text[1:], None, False)
            return _letter(token.text[0])
        if token.kind == "sign" and token.text == "-":
            self.k += 1
            return Expression("negate", (self.single(),))
        return self.atom()

    def atom(self) -> Expression:
        self.deeper()
        found = self._atom()
        self.depth -= 1
        return found

    def _atom(self) -> Expression:
        token = self.advance()
        if token.kind == "number":
            return self._mixed(token)
        if token.kind == "decimal":
            return Expression("decimal", (), token.value)
        if token.kind == "letters":
            return self._letters(token)
        if token.kind == "word":
            return self._word(token)
        if token.kind == "command":
            return self._command(token.text)
        if token.text == "(":
            return self._bracketed("(", ")")
        if token.text == "[":
            return self._bracketed("[", "]")
        if token.text == "{":
            found = self.listed()
            self.expect("}")
            return Expression("set", found.args) if found.op == "list" else found
        if token.text == "|":
            return self._absolute("|")
        raise NotMathematics(f"{token.text!r} is not expected where it stands.")

    def _mixed(self, token: Token) -> Expression:
        """A whole number, with a proper fraction beside it if there is one: one and a half."""
        whole = number(token.value)
        if token.value.denominator != 1:
            return whole
        # 1\frac{1}{2}
        if self.at_command("frac", "dfrac", "tfrac"):
            start = self.k
            self.k += 1
            above, below = self.single(), self.single()
            if _is_whole(above) and _is_whole(below) and 0 < above.value < below.value:
                return number(token.value + above.value / below.value)
            self.k = start
            return whole
        # 1 1/2
        above_token, slash, below_token = self.here, self.ahead(1), self.ahead(2)
        if (
            above_token.kind == "number" and above_token.spaced and slash.text == "/" and below_token.kind == "number"
            and above_token.value.denominator == below_token.value.denominator == 1
            and 0 < above_token.value < below_token.value
        ):  # fmt: skip
            self.k += 3
            return number(token.value + above_token.value / below_token.value)
        return whole

    def _bracketed(self, left: str, right: str) -> Expression:
        bars, self.bars = self.bars, 0
        if self.at(right):
            self.k += 1
            self.bars = bars
            return Expression("tuple" if left == "(" else "bracketed", ())
        found = self.listed()
        self.bars = bars
        close = self.advance()
        if close.kind != "sign" or close.text not in (")", "]"):
            raise NotMathematics(f"{right!r} must stand where {close.text!r} does.")
        items = found.args if found.op == "list" else (found,)
        if close.text != right:
            if len(items) != 2:
                raise NotMathematics("An interval must have two ends.")
            return Expression("interval", items, (left == "[", close.text == "]"))
        if len(items) == 1:
            if left == "[" and items[0].op == "bracketed":
                return Expression("bracketed", items)
            return items[0]
        return Expression("tuple" if left == "(" else "bracketed", items)

    def _absolute(self, close: str) -> Expression:
        self.bars += 1
        found = self.sum()
        self.bars -= 1
        if not (self.take(close) or (self.at_command(close) and self.advance())):
            raise NotMathematics("An absolute value is not closed.")
        return Expression("absolute", (found,))

    def _letters(self, token: Token) -> Expression:
        """Letters without backslash: a known name, or a product of single letters."""
        text = token.text
        name = plain_name(text)
        if name is None:
            if len(text) > 3 or text.lower() in SHORT_WORDS:
                raise NotMathematics(f"{text!r} is a word.")
            first, rest = text[0], text[1:]
        else:
            first, rest = name, text[len(name) :]
        if rest:
            self.k -= 1
            self.tokens[self.k] = Token("letters", rest, None, False)
        function = function_name(first) if name is not None else None
        if function is not None:
            return self._call(function)
        if first in ("pi", "infinity", "infty"):
            return _PI if first == "pi" else _INFINITY
        return self._subscripted(first)

    def _subscripted(self, name: str) -> Expression:
        name = name.removeprefix("var") if name in GREEK else name
        if not (self.here.kind == "sign" and self.here.text == "_"):
            return _letter(name)
        self.k += 1
        parts: list[str] = []
        if self.take("{"):
            while not self.take("}"):
                parts.append(self.advance().text)
                if len(parts) > 12:
                    raise NotMathematics("A subscript is too long.")
        else:
            parts.append(self.advance().text)
        return Expression("symbol", (), f"{name}_{''.join(parts)}")

    def _word(self, token: Token) -> Expression:
        name = token.text
        function = function_name(name)
        if function is not None:
            return self._call(function)
        if len(name) == 1 and name.isalpha():
            return self._subscripted(name)
        raise NotMathematics(f"{name!r} is a word.")

    def _command(self, name: str) -> Expression:
        if name in ("frac", "dfrac", "tfrac", "cfrac"):
            return self._fraction()
        if name in ("sqrt", "cbrt"):
            return self._root(name)
        if name in ("binom", "dbinom", "tbinom"):
            above = self.single()
            return Expression("call", (above, self.single()), "binomial")
        if name == "pi":
            return _PI
        if name == "infty":
            return _INFINITY
        if name in ("emptyset", "varnothing"):
            return Expression("set", ())
        if name == "{":
            return self._set()
        if name == "langle":
            found = self.listed()
            if not self.at_command("rangle"):
                raise NotMathematics("An angle bracket is not closed.")
            self.k += 1
            return Expression("tuple", found.args if found.op == "list" else (found,))
        if name in ("lvert", "vert"):
            return self._absolute("rvert" if name == "lvert" else "vert")
        if name in ("lfloor", "lceil"):
            found = self.sum()
            if not self.at_command("rfloor" if name == "lfloor" else "rceil"):
                raise NotMathematics(f"\\{name} is not closed.")
            self.k += 1
            return Expression("call", (found,), "floor" if name == "lfloor" else "ceil")
        if name == "begin":
            return self._matrix()
        if name == "int":
            return self._integral()
        if name in ("sum", "prod"):
            return self._series("sum" if name == "sum" else "product")
        if name == "lim":
            return self._limit()
        function = function_name(name)
        if function is not None:
            return self._call(function)
        if name in GREEK:
            return self._subscripted(name)
        raise NotMathematics(f"\\{name} is not read.")

    def _fraction(self) -> Expression:
        above, below = self.single(), self.single()
        if _is_differential(below):
            if above == _letter("d"):
                raise NotMathematics("A derivative is not carried out.")
            if _is_differential(above):
                return Expression("symbol", (), f"d{above.args[1].value}/d{below.args[1].value}")
        return Expression("divide", (above, below))

    def _set(self) -> Expression:
        if self.at_command("}"):
            self.k += 1
            return Expression("set", ())
        bars, self.bars = self.bars, 0
        found = self.listed()
        self.bars = bars
        if not self.at_command("}"):
            raise NotMathematics("A set is not closed.")
        self.k += 1
        return Expression("set", found.args if found.op == "list" else (found,))

    def _root(self, name: str) -> Expression:
        degree = number(3 if name == "cbrt" else 2)
        if name == "sqrt" and self.take("["):
            degree = self.sum()
            self.expect("]")
        if self.here.kind == "sign" and self.here.text in "{(":
            return Expression("root", (degree, self.single()))
        if self.here.kind == "number":
            # Without braces TeX's root covers one digit; whoever writes it means the number.
            token = self.advance()
            return Expression("root", (degree, number(token.value)))
        return Expression("root", (degree, self.single()))

    def _call(self, name: str) -> Expression:
        if name in ("sqrt", "cbrt"):
            return self._root(name)
        base: Expression | None = None
        power: Expression | None = None
        for _ in range(2):
            if name == "log" and base is None and self.take("_"):
                base = self.single()
            elif power is None and self.at("^", "**"):
                self.k += 1
                power = self.exponent()
        if power is not None and _is_minus_one(power):
            if name not in INVERSES:
                raise NotMathematics(f"The inverse of {name} is not read.")
            name, power = INVERSES[name], None
        arguments = self._arguments(name)
        if name == "abs":
            found = Expression("absolute", arguments)
        elif name == "lg":
            found = Expression("call", (arguments[0], number(10)), "log")
        elif name == "log":
            if base is None and len(arguments) == 1:
                self.reading.needed.add("natural_logarithm")
                found = (
                    Expression("call", arguments, "ln")
                    if self.reading.natural_logarithm
                    else Expression("call", (arguments[0], number(10)), "log")
                )
            else:
                found = Expression("call", (arguments[0], base if base is not None else arguments[1]), "log")
        elif name == "exp":
            found = Expression("power", (_E, arguments[0]))
        else:
            found = Expression("call", arguments, name)
        return found if power is None else Expression("power", (found, power))

    def _arguments(self, name: str) -> tuple[Expression, ...]:
        several = {"gcd": 9, "lcm": 9, "max": 9, "min": 9, "binomial": 2, "log": 2}.get(name, 1)
        if self.here.kind == "sign" and self.here.text in "({[":
            close = {"(": ")", "{": "}", "[": "]"}[self.advance().text]
            bars, self.bars = self.bars, 0
            found = self.listed()
            self.bars = bars
            self.expect(close)
            arguments = found.args if found.op == "list" else (found,)
            if len(arguments) > several or (name == "binomial" and len(arguments) != 2):
                raise NotMathematics(f"{name} has {len(arguments)} arguments.")
            return arguments
        if several == 9 or name == "binomial":
            raise NotMathematics(f"{name} must have its arguments in brackets.")
        found = self.power()
        while self.begins_atom() and not self._begins_function() and self.here.text not in ("(", "["):
            found = _times(found, self.power())
        if self.here.kind == "sign" and self.here.text == "/":
            self.reading.needed.add("tight")
            if self.reading.tight:
                self.k += 1
                found = Expression("divide", (found, self.signed_power()))
        return (found,)

    def _begins_function(self) -> bool:
        token = self.here
        if token.kind == "letters":
            name = plain_name(token.text)
            return name is not None and function_name(name) not in (None, "sqrt", "cbrt", "abs")
        return token.kind in ("command", "word") and function_name(token.text) not in (None, "sqrt", "cbrt", "abs")

    def _matrix(self) -> Expression:
        self.expect("{")
        kind = self.advance().text
        self.expect("}")
        if kind not in MATRICES:
            raise NotMathematics(f"\\begin{{{kind}}} is not read.")
        if kind == "array" and self.take("{"):
            while not self.take("}"):
                self.advance()
        rows: list[Expression] = []
        row: list[Expression] = []
        while True:
            row.append(self.sum())
            if self.take("&"):
                continue
            rows.append(Expression("list", tuple(row)))
            row = []
            if self.at_command("\\"):
                self.k += 1
                if not self.at_command("end"):
                    continue
            if self.at_command("end"):
                break
            raise NotMathematics("A matrix is not closed.")
        self.k += 1
        self.expect("{")
        self.advance()
        self.expect("}")
        if len({len(line.args) for line in rows}) != 1:
            raise NotMathematics("The rows of a matrix differ in length.")
        if kind in ("vmatrix", "Vmatrix"):
            raise NotMathematics("Determinants are not read.")
        return Expression("matrix", tuple(rows))

    def _bounds(self) -> tuple[Expression | None, Expression | None]:
        lower = upper = None
        for _ in range(2):
            if lower is None and self.take("_"):
                lower = self.single()
            elif upper is None and self.take("^"):
                upper = self.single()
        return lower, upper

    def _integral(self) -> Expression:
        lower, upper = self._bounds()
        if lower is None or upper is None:
            raise NotMathematics("An integral without bounds is no value.")
        end, length, variable = self._differential()
        if end == self.k:
            integrand = number(1)
        else:
            inner = _Parser([*self.tokens[self.k : end], Token("end", "")], self.reading)
            inner.depth = self.depth
            integrand = inner.sum()
            if inner.here.kind != "end":
                raise NotMathematics("An integrand is not read.")
        self.k = end + length
        return Expression("integral", (integrand, lower, upper), variable)

    def _differential(self) -> tuple[int, int, str]:
        for k in range(self.k, len(self.tokens) - 1):
            token, after = self.tokens[k], self.tokens[k + 1]
            if token.kind == "letters" and len(token.text) == 2 and token.text[0] == "d":
                return k, 1, token.text[1]
            if (
                token.text == "d"
                and token.kind in ("letters", "word")
                and after.kind == "letters"
                and len(after.text) == 1
            ):
                return k, 2, after.text
            if token.text == "d" and after.kind == "command" and after.text in GREEK:
                return k, 2, after.text
        raise NotMathematics("An integral has no differential.")

    def _series(self, op: str) -> Expression:
        if not self.take("_"):
            raise NotMathematics(f"A {op} has no bounds.")
        first = self.single()
        if first.op != "relation" or first.value != "=" or first.args[0].op != "symbol":
            raise NotMathematics(f"A {op} must say where its variable begins.")
        if not self.take("^"):
            raise NotMathematics(f"A {op} must say where its variable ends.")
        last = self.single()
        return Expression(op, (self.product(), first.args[1], last), first.args[0].value)

    def _limit(self) -> Expression:
        self.expect("_")
        self.expect("{")
        variable = self.advance().text
        if not (self.take("->") or (self.at_command("to", "rightarrow") and self.advance())):
            raise NotMathematics("A limit must say where its variable goes.")
        place = self.sum()
        self.expect("}")
        return Expression("limit", (self.product(), place), variable)


_PI: Final = Expression("constant", (), "pi")
_E: Final = Expression("constant", (), "e")
_INFINITY: Final = Expression("constant", (), "infinity")


def _letter(name: str) -> Expression:
    if name in ("e", "i"):
        return Expression("constant", (), name)
    return Expression("symbol", (), name)


def _is_differential(node: Expression) -> bool:
    """Whether it is written as d and one letter."""
    return node.op == "multiply" and node.args[0] == _letter("d") and node.args[1].op == "symbol"


def _times(left: Expression, right: Expression) -> Expression:
    return Expression("multiply", (left, right))


def _is_whole(node: Expression) -> bool:
    return node.op == "number" and isinstance(node.value, Fraction) and node.value.denominator == 1


def _is_minus_one(node: Expression) -> bool:
    return node.op == "negate" and node.args[0] == number(1)
