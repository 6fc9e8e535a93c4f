"""Escapes for characters that paper cannot carry, which everybody sees and which are read back without loss.

Controls end lines, ring bells and end texts; marks of direction turn what is read away from what is stored. In forms
for people each is written as its code point in brackets, `[U+202E]`, and what looks like such a mark in the text itself
has its own bracket written so. JSON alone has every character as it was.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from functools import cache

__all__ = ["mark_invisible", "mark_missing", "mark_stacked", "read_marks"]

_MARK = re.compile(r"\[U\+([0-9A-F]{4,6})\]")
_LOOKS_LIKE_MARK = "[U+"
_BRACKET = "[U+005B]"
_KEPT = frozenset("\n\t\u200c\u200d")  # joiners decide on the form of Devanagari's letters
_MOST_STACKED = 30  # as Unicode's Stream-Safe Text Format has it (UAX 15)
_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Cn"})


def mark_invisible(text: str) -> str:
    """Controls, marks of direction, lone surrogates and unassigned code points as marks; CR LF becomes LF.

    Examples:
        >>> print(mark_invisible("a\\u202eb [U+0000] क्\\u200dष"))
        a[U+202E]b [U+005B]U+0000] क्‍ष
        >>> read_marks(mark_invisible("a\\u202eb [U+0000]")) == "a\\u202eb [U+0000]"
        True
    """
    plain = text.replace("\r\n", "\n").replace(_LOOKS_LIKE_MARK, _BRACKET + _LOOKS_LIKE_MARK[1:])
    if plain.isprintable():
        return plain
    return "".join(_mark(char) if _is_invisible(char) else char for char in plain)


def mark_missing(text: str, shown: Container[int]) -> tuple[str, list[str]]:
    """Characters that a font has no glyph for as marks.

    Args:
        text: As `mark_invisible` gave it.
        shown: Code points that the font shows.

    Returns:
        The text, and the characters that were marked, each once.
    """
    missing = sorted({char for char in text if char not in "\n\t\u200c\u200d" and ord(char) not in shown})
    if not missing:
        return text, []
    return text.translate({ord(char): _mark(char) for char in missing}), missing


def mark_stacked(text: str) -> tuple[str, list[str]]:
    """Accents and vowel signs beyond thirty in a row as marks: no language has them, and who prints them may not end.

    Returns:
        The text, and the characters that were marked, each once.

    Examples:
        >>> mark_stacked("e" + 31 * "\\u0301")[0][-9:], mark_stacked("é")
        ('\u0301[U+0301]', ('é', []))
    """
    written, marked, stacked = [], set(), 0
    for char in text:
        stacked = stacked + 1 if unicodedata.category(char)[0] == "M" else 0
        written.append(char if stacked <= _MOST_STACKED else _mark(char))
        if stacked > _MOST_STACKED:
            marked.add(char)
    return "".join(written), sorted(marked)


def read_marks(text: str) -> str:
    """The text of which these are the marks."""
    return _MARK.sub(lambda found: chr(int(found[1], 16)) if int(found[1], 16) < 0x110000 else found[0], text)


@cache
def _is_invisible(char: str) -> bool:
    return char not in _KEPT and unicodedata.category(char) in _CATEGORIES


def _mark(char: str) -> str:
    return f"[U+{ord(char):04X}]"
