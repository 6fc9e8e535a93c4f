"""Sections that a text names: of the Bharatiya Nyaya Sanhita, and in place of those of the repealed code."""

from __future__ import annotations

import re
from typing import Final

from synqc.apps.fir.knowledge.citation_patterns import LONGEST_TEXT, citation_patterns
from synqc.apps.fir.knowledge.devanagari_digits import ASCII_DIGITS
from synqc.apps.fir.knowledge.facts import bns_2023
from synqc.apps.fir.knowledge.superseded import find_superseded

__all__ = ["cited_sections"]

_NUMBER: Final = r"(?<!\d)\d{1,3}(?!\d)(?:[ \t]?\([0-9a-z]{1,2}\)){0,3}"
_CODE: Final = (
    r"(?:B\.?[ \t]?N\.?[ \t]?S\b\.?(?![ \t]?S\b)|Bharatiya Nyaya Sanhita|बी\.?[ \t]?एन\.?[ \t]?एस\b\.?(?!\.?[ \t]?एस)|"
    r"बीएनएस(?!एस)|भारतीय न्याय संहिता|भा\.?[ \t]?न्या\.?[ \t]?सं\.?)"
)
"""Of the Bharatiya Nagarik Suraksha Sanhita, which is the code of procedure, it has one letter less."""
_PATTERNS: Final = citation_patterns(_CODE, _NUMBER, links="की|,|:|-|2023")


def cited_sections(text: str) -> list[int]:
    """Numbers of sections that a text names, each once, in their order.

    >>> cited_sections("u/s 303(2) and 317 BNS, formerly 420 IPC"), cited_sections("धारा ३०४ बीएनएस")
    ([303, 317, 318], [304])
    """
    part = text[:LONGEST_TEXT].translate(ASCII_DIGITS)
    found: dict[int, list[int]] = {}
    for pattern in _PATTERNS:
        for match in pattern.finditer(part):
            for number in re.finditer(_NUMBER, match["numbers"], re.IGNORECASE):
                found[match.start("numbers") + number.start()] = [int(re.match(r"\d+", number[0])[0])]  # type: ignore[index]
    for citation in find_superseded(part):
        found.setdefault(citation.start, list(citation.successors))
    return list(dict.fromkeys(one for place in sorted(found) for one in found[place] if one in bns_2023()))
