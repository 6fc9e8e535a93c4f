"""Mathematics in JSON strings: `\\frac` with one backslash is valid JSON, and means a form feed and `rac`."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["suspicious_escape", "with_doubled_backslashes"]

_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:(u[0-9a-fA-F]{4})|([a-zA-Z]+)|(.))", re.DOTALL)

# Begin like the escapes of a tabulator, a new line or a carriage return. What is left without the first letter is no
# word, or hardly one at the beginning of a line.
_COMMANDS: Final = frozenset(
    """
    nabla natural nearrow ne neg neq nexists ngeq ngtr ni nleftarrow nleq nless nmid nolimits nonumber norm not notin
    nparallel nprec nrightarrow nsim nsubseteq nsucc nsupseteq nu nwarrow newline newcommand nicefrac
    tan tanh tau tbinom text textbf textit textrm textsf texttt textstyle textsuperscript textsubscript tfrac therefore
    theta thickapprox thicksim tilde times tiny to top triangle triangleleft triangleright triangleq twoheadrightarrow
    rangle rbrace rbrack rceil re real rfloor rgroup rho right rightarrow rightharpoonup rightleftharpoons
    rightsquigarrow risingdotseq rm rmoustache root rtimes rule rvert rVert
    """.split()  # noqa: SIM905
)
# With these the rest is a word or a letter that a line or a column may begin with, as in "\ne poi" and "\tan apple".
_AMBIGUOUS: Final = frozenset("ne neg ni nu norm not tan tau to top re real rm root rule".split())  # noqa: SIM905
_MATHEMATICS = re.compile(r"[$^_{}=]|\\\\|\\[()\[\]]")


def suspicious_escape(text: str) -> str | None:
    r"""The first command of mathematics in a JSON text that JSON reads as a control character, or None.

    A form feed or a backspace before a letter is never meant. A new line, a tabulator and a carriage return are, unless
    with the letters that follow they are a command; where those letters could be a word, unless they stand behind a
    space, at the beginning, or beside other mathematics.

    >>> suspicious_escape(r'{"a": "\frac{1}{2}"}'), suspicious_escape(r'{"a": "1.\n2.\tand \\times"}')
    ('\\frac', None)
    """
    if "\\" not in text:
        return None
    for string in _STRING.finditer(text):
        if "\\" in string[1]:
            for escape in _ESCAPE.finditer(string[1]):
                if _is_command(escape, string[1]):
                    return "\\" + escape[2]
    return None


def with_doubled_backslashes(text: str) -> tuple[str, tuple[str, ...]]:
    r"""A JSON text whose strings keep the backslashes their writer wrote, and the commands where one was missing.

    >>> with_doubled_backslashes(r'{"a": "\alpha \times 2\n"}')
    ('{"a": "\\\\alpha \\\\times 2\\n"}', ('\\alpha', '\\times'))
    """
    mended: list[str] = []

    def doubled(string: re.Match[str]) -> str:
        body = string[1]

        def kept(escape: re.Match[str]) -> str:
            letters = escape[2]
            if escape[1] is None and letters is not None and (_is_command(escape, body) or letters[0] not in "bfnrt"):
                mended.append("\\" + letters)
                return "\\\\" + letters
            if escape[3] is not None and escape[3] not in '"\\/':
                mended.append("\\" + escape[3])
                return "\\\\" + escape[3]
            return escape[0]

        return f'"{_ESCAPE.sub(kept, body)}"'

    return _STRING.sub(doubled, text), tuple(dict.fromkeys(mended))


def _is_command(escape: re.Match[str], body: str) -> bool:
    letters = escape[2]
    if letters is None or letters[0] not in "bfnrt" or len(letters) == 1:
        return False
    if letters[0] in "bf":
        return True
    if letters not in _COMMANDS:
        return False
    if letters not in _AMBIGUOUS:
        return True
    before, after = body[: escape.start()], body[escape.end() :]
    return not before or before[-1] in " (|+-*/<>" or _MATHEMATICS.search(f"{before} {after}") is not None
