"""Vocabulary of answers: the names that the grammar knows, of functions, letters, relations and commands."""

from __future__ import annotations

from typing import Final

__all__ = [
    "ATOM_COMMANDS", "FUNCTIONS", "GREEK", "INVERSES", "MATRICES", "RELATIONS", "SHORT_WORDS", "function_name",
    "plain_name",
]  # fmt: skip

FUNCTIONS: Final = frozenset({
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "arccot", "sinh", "cosh", "tanh", "coth",
    "arsinh", "arcosh", "artanh", "ln", "log", "exp", "floor", "ceil", "gcd", "lcm", "max", "min", "binomial", "sign",
    "gamma_function", "erf", "re", "im",
})  # fmt: skip
"""Functions that an expression may call; "log" carries its base as second operand if it is written."""

_ALIASES: Final = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "acot": "arccot", "asinh": "arsinh", "acosh": "arcosh",
    "atanh": "artanh", "arcsinh": "arsinh", "arccosh": "arcosh", "arctanh": "artanh", "tg": "tan", "ctg": "cot",
    "cosec": "csc", "lg": "lg", "sgn": "sign", "ceiling": "ceil", "comb": "binomial", "Gamma": "gamma_function",
    "Re": "re",
    "Im": "im", "abs": "abs", "sqrt": "sqrt", "cbrt": "cbrt",
}  # fmt: skip
SHORT_WORDS: Final = frozenset({
    "not", "the", "is", "are", "no", "yes", "but", "of", "to", "in", "it", "if", "any", "all", "non", "nor", "an",
    "as", "at",
    "by", "do", "for", "from", "has", "he", "his", "how", "its", "me", "my", "on", "our", "out", "she", "so", "too",
    "up",
    "us", "was", "we", "who", "why", "you",
})  # fmt: skip
"""English words that are no products of single letters."""
INVERSES: Final = {
    "sin": "arcsin", "cos": "arccos", "tan": "arctan", "cot": "arccot", "sinh": "arsinh", "cosh": "arcosh",
    "tanh": "artanh",
}  # fmt: skip
"""What a function with exponent -1 is."""
GREEK: Final = frozenset({
    "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta", "kappa",
    "lambda", "mu",
    "nu", "xi", "rho", "sigma", "tau", "phi", "varphi", "chi", "psi", "omega", "Delta", "Sigma", "Omega", "Phi", "Psi",
    "Lambda", "Theta", "ell", "hbar",
})  # fmt: skip
_PLAIN_WORDS: Final = (FUNCTIONS | _ALIASES.keys() | GREEK | {"pi", "infinity", "infty", "inf", "oo"}) - {
    "re", "im", "gamma_function", "inf", "oo", "Re", "Im", "Gamma",
}  # fmt: skip
RELATIONS: Final = {
    "=": "=", "==": "=", "<": "<", ">": ">", "<=": "<=", ">=": ">=", "!=": "!=", "le": "<=", "leq": "<=",
    "leqslant": "<=",
    "ge": ">=", "geq": ">=", "geqslant": ">=", "lt": "<", "gt": ">", "ne": "!=", "neq": "!=", "in": "in",
    "approx": "approx",
    "equiv": "=", ":": ":",
}  # fmt: skip
"""Signs between two sides, by how they are written."""
MATRICES: Final = frozenset({"matrix", "pmatrix", "bmatrix", "vmatrix", "Vmatrix", "smallmatrix", "array"})
"""Environments of LaTeX whose rows are rows of a matrix."""
ATOM_COMMANDS: Final = (
    GREEK
    | {
        "frac", "dfrac", "tfrac", "cfrac", "sqrt", "cbrt", "binom", "dbinom", "tbinom", "pi", "infty", "emptyset",
        "varnothing",
        "{", "langle", "lvert", "lfloor", "lceil", "begin", "int", "sum", "prod", "lim",
    }
)  # fmt: skip
"""Commands of LaTeX that an operand may begin with, beside functions."""


def plain_name(letters: str) -> str | None:
    """The longest known name that the letters begin with, of two letters or more."""
    for length in range(min(len(letters), 10), 1, -1):
        if letters[:length] in _PLAIN_WORDS:
            return letters[:length]
    return None


def function_name(name: str) -> str | None:
    """The function that a name stands for; None: none."""
    if name in _ALIASES:
        return _ALIASES[name]
    return name if name in FUNCTIONS else None
