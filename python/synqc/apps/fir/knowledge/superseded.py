"""Citations of the Indian Penal Code, 1860, repealed on 1 July 2024: what stands in the place of the section now."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from synqc.apps.fir.knowledge.citation_patterns import LONGEST_TEXT, citation_patterns
from synqc.apps.fir.knowledge.devanagari_digits import ASCII_DIGITS
from synqc.apps.fir.knowledge.facts import BNS, bns_2023

__all__ = ["SupersededCitation", "find_superseded", "successors"]

_LAST_IPC: Final = 511
_WITHOUT_SUCCESSOR: Final = {
    "124A": "sedition has no section of its own; section 152 (acts endangering sovereignty) is another offence",
    "309": "attempted suicide is no offence as such; section 226 covers it where it shall compel a public servant",
    "377": "no section stands in its place",
    "497": "struck down in 2018; no section stands in its place",
    "310": "thugs are not mentioned any more",
    "311": "thugs are not mentioned any more",
}
_NUMBER: Final = r"\d{1,3}(?:-?[A-I]{1,2})?\b"
_CODE: Final = (
    r"(?:I\.?[ \t]?P\.?[ \t]?C\b\.?|Indian Penal Code|आई\.?[ \t]?पी\.?[ \t]?सी\.?|आईपीसी|"
    r"भा\.?[ \t]?द\.?[ \t]?(?:वि|सं)\.?|भादवि|भादसं|भारतीय दंड संहिता|भारतीय दण्ड संहिता)"
)
_PATTERNS: Final = citation_patterns(_CODE, _NUMBER)


@dataclass(frozen=True)
class SupersededCitation:
    """A citation of the repealed code in a text.

    Args:
        cited: The section, as `498A`.
        written: As it stands in the text.
        start: Where, in characters.
        successors: Sections of the Bharatiya Nyaya Sanhita in its place; empty: none, or none in our table.
        note: A sentence for whoever reads the text.
    """

    cited: str
    written: str
    start: int
    successors: tuple[int, ...]
    note: str


def successors(ipc: str) -> tuple[int, ...]:
    """Sections of the Bharatiya Nyaya Sanhita in place of one of the Indian Penal Code; empty: no entry.

    >>> successors("420"), successors("498-a"), successors("377")
    ((318,), (85, 86), ())
    """
    return _by_ipc().get(_plain(ipc), ())


def find_superseded(text: str) -> list[SupersededCitation]:
    """Citations of the Indian Penal Code in a text, in their order.

    >>> [found.note for found in find_superseded("Booked u/s 420 and 377 IPC.")]  # doctest: +NORMALIZE_WHITESPACE
    ['Section 420 of the Indian Penal Code, 1860, is repealed; in its place stands section 318 of the Bharatiya Nyaya
      Sanhita, 2023.', 'Section 377 of the Indian Penal Code, 1860, is repealed; no section stands in its place.']
    >>> find_superseded("धारा 302 भादवि")[0].successors
    (103,)
    """
    found: dict[int, SupersededCitation] = {}
    part = text[:LONGEST_TEXT].translate(ASCII_DIGITS)
    for pattern in _PATTERNS:
        for match in pattern.finditer(part):
            start = match.start("numbers")
            for number in re.finditer(_NUMBER, match["numbers"]):
                cited = _plain(number[0])
                if not 1 <= int(re.match(r"\d+", cited)[0]) <= _LAST_IPC:  # type: ignore[index]
                    continue
                at = start + number.start()
                found.setdefault(at, SupersededCitation(cited, number[0], at, successors(cited), _note(cited)))
    return [found[at] for at in sorted(found)]


def _note(cited: str) -> str:
    sections = successors(cited)
    if sections:
        numbers = " and ".join(filter(None, [", ".join(map(str, sections[:-1])), str(sections[-1])]))
        many = len(sections) > 1
        now = f"in its place {'stand sections' if many else 'stands section'} {numbers} of the {BNS}"
    else:
        now = _WITHOUT_SUCCESSOR.get(cited, "there is no entry for it in this table, look it up")
    return f"Section {cited} of the Indian Penal Code, 1860, is repealed; {now}."


def _plain(number: str) -> str:
    return re.sub(r"[\s-]", "", number).upper()


@cache
def _by_ipc() -> dict[str, tuple[int, ...]]:
    table: dict[str, tuple[int, ...]] = {}
    for section in bns_2023().values():
        for number in section.ipc:
            table[_plain(number)] = (*table.get(_plain(number), ()), section.number)
    return table
