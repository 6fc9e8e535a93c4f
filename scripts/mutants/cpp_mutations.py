"""Every small mistake a C++ file could hold, as far as its text shows: the operators that clang-format sets between
spaces, numbers, flags, conditions, arguments and statements."""

from __future__ import annotations

import re

from mutants.mutation import Mutation

__all__ = ["cpp_mutations"]

_NOT_CODE = re.compile(
    rb'//[^\n]*|/\*.*?\*/|R"\((?:.|\n)*?\)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|^[ \t]*#[^\n]*(?:\\\n[^\n]*)*'
    rb"|^[ \t]*(?:static_assert|assert|using|template|namespace)\b[^\n]*",
    re.DOTALL | re.MULTILINE,
)
_OPERATORS = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&", "+": "-", "-": "+",
    "*": "/", "/": "*", "%": "*", "+=": "-=", "-=": "+=", "*=": "/=", "/=": "*=", "|": "&", "<<": ">>", ">>": "<<",
}  # fmt: skip
_NAMES = {
    "true": "false", "false": "true", "std::min": "std::max", "std::max": "std::min", "std::sin": "std::cos",
    "std::cos": "std::sin", "std::floor": "std::ceil", "std::ceil": "std::floor", "break;": "continue;",
    "continue;": "break;",
}  # fmt: skip

_OPERATOR = re.compile(r"(?<= )(<=|>=|==|!=|&&|\|\||\+=|-=|\*=|/=|<<|>>|[<>+\-*/%|])(?=[ \n])")
_NAME = re.compile(r"(?<![\w:])(?:" + "|".join(re.escape(name) for name in _NAMES) + r")(?!\w)")
_NUMBER = re.compile(r"(?<![\w.'])(\d[\d']*(?:\.\d*)?(?:e[-+]?\d+)?)(?![\w.'])")
_SIGN = re.compile(r"(?<=[(,{=?:] )-(?=[\w(])|(?<=[({])-(?=[\w(])|(?<=return )-(?=[\w(])")
_NEGATION = re.compile(r"(?<![\w)\]])!(?=[\w(])")
_CONDITION = re.compile(r"\b(?:if|while) (?:constexpr )?\(")
_ARGUMENTS = re.compile(r"(?<=[(, ])([a-z][\w.]*(?:\[\w+\])?), ([a-z][\w.]*(?:\[\w+\])?)(?=[,)])")
_STATEMENT = re.compile(
    r"(?<=[;{}]\n)[ ]+((?:[\w.\[\]\->:*]|\(\))+ (?:=|\+=|-=|\*=|/=|\|=) [^;{}]*;|[\w.\->:]+\([^;{}]*\);)(?=\n)"
)


def cpp_mutations(path: str, source: bytes) -> list[Mutation]:
    """All mutations of one file laid out by clang-format, in its order. Not every one compiles."""
    code = _NOT_CODE.sub(lambda match: re.sub(rb"[^\n]", b" ", match[0]), source).decode("ascii")
    found: list[Mutation] = []

    def add(start: int, end: int, text: str, kind: str) -> None:
        found.append(Mutation(path, start, end, text, kind))

    for match in _OPERATOR.finditer(code):
        add(match.start(), match.end(), _OPERATORS[match[0]], "operator")
    for match in _NAME.finditer(code):
        add(match.start(), match.end(), _NAMES[match[0]], "name")
    for match in _NUMBER.finditer(code):
        add(match.start(), match.end(), _moved(match[0]), "number")
    for match in (*_SIGN.finditer(code), *_NEGATION.finditer(code)):
        add(match.start(), match.end(), "", "sign" if match[0] == "-" else "not")
    for match in _CONDITION.finditer(code):
        end = _closing(code, match.end() - 1)
        add(match.end(), end, f"!({source[match.end() : end].decode()})", "condition turned round")
    for match in _ARGUMENTS.finditer(code):
        if match[1] != match[2]:
            add(match.start(), match.end(), f"{match[2]}, {match[1]}", "neighbours swapped")
    for match in _STATEMENT.finditer(code):
        add(match.start(1), match.end(1), ";", "statement left out")
    return sorted(found, key=lambda mutation: (mutation.start, mutation.end, mutation.text))


def _moved(number: str) -> str:
    plain = number.replace("'", "")
    return str(int(plain) + 1) if plain.isdigit() else repr(1.1 * float(plain) if float(plain) else 1.0)


def _closing(code: str, opening: int) -> int:
    depth = 0
    for place in range(opening, len(code)):
        depth += {"(": 1, ")": -1}.get(code[place], 0)
        if depth == 0:
            return place
    raise ValueError(f"A parenthesis at {opening} is never closed.")
