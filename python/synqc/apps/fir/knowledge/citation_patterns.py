"""Regular expressions of citations: numbers of sections before or behind the name of a code, in English and Hindi."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["LONGEST_TEXT", "citation_patterns"]

LONGEST_TEXT: Final = 60_000
"""What stands behind so many characters is not looked at."""
_BLANKS: Final = r"[ \t]*+"
"""Possessive: else a long run is divided among those that stand side by side in every way before a search gives up."""
_AND: Final = rf"{_BLANKS}(?:,|/|&|and|r/w|read with|तथा|और|व|एवं){_BLANKS}"


def citation_patterns(code: str, number: str, links: str = "की|,|:|-") -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Patterns with a group `numbers` of up to eight of them: those before a code's name, and those behind it.

    Args:
        code: Pattern of its names.
        number: Pattern of a section's number.
        links: Pattern of what may stand between the name and numbers behind it.

    Examples:
        >>> before, behind = citation_patterns("IPC", r"\\d+")
        >>> before.search("u/s 420 and 34 of the IPC")["numbers"], behind.search("IPC section 302")["numbers"]
        ('420 and 34', '302')
    """
    numbers = rf"(?P<numbers>{number}(?:{_AND}{number}){{0,7}})"
    of = rf"{_BLANKS}(?:of[ \t]++(?:the[ \t]++)?|,|के तहत|की)?{_BLANKS}"
    section = r"(?:sections?|secs?\.?|u/s|s\.|धारा|धाराओं)?"
    return (
        re.compile(rf"{numbers}{of}{code}", re.IGNORECASE),
        re.compile(rf"{code}{_BLANKS}(?:{links})?{_BLANKS}{section}{_BLANKS}{numbers}", re.IGNORECASE),
    )
