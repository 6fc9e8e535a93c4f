"""Numbers in a text that was heard: what is most often misheard, and matters most."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["numbers_in"]

_DIGITS: Final = r"\d+(?:[.,:/\-]\d+)*(?:st|nd|rd|th|s)?"
_ONES: Final = (
    "zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
    "|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
)
_MORE: Final = "hundred|thousand|lakh|lac|crore|million|billion|dozen"
_ORDINAL: Final = (
    "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth"
    "|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth|hundredth|thousandth"
)
_HINDI: Final = (
    "दो|तीन|चार|पाँच|पांच|छह|छः|सात|आठ|नौ|दस|ग्यारह|बारह|तेरह|चौदह|पंद्रह|पन्द्रह|सोलह|सत्रह|अठारह|उन्नीस|बीस|पच्चीस|तीस"
    "|चालीस|पैंतालीस|पचास|साठ|सत्तर|पचहत्तर|अस्सी|नब्बे|सौ|ह(?:ज\u093c?|\u095b)ार|लाख|करो(?:ड\u093c?|\u095c)"
    "|सा(?:ढ\u093c?|\u095d)े|डे(?:ढ\u093c?|\u095d)|ढाई|सवा|पौने"
)
"""The commonest; without एक, which is `a` more often than `one`."""
_OF_HINDI: Final = "[\u0900-\u0963\u0966-\u097f]"
_WORD: Final = (
    rf"(?:{_DIGITS}|\b(?:{_ONES}|(?:{_MORE})s?|{_ORDINAL}|double|half|quarter)\b"
    rf"|(?<!{_OF_HINDI})(?:{_HINDI})(?!{_OF_HINDI}))"
)
_RUN = re.compile(rf"{_WORD}(?:(?:[ \-]|,? and )(?:oh |o'clock )?{_WORD})*", re.IGNORECASE)


def numbers_in(text: str) -> Iterator[tuple[int, int]]:
    """Where numbers stand: digits of any script, words of English and common ones of Hindi; neighbours are one.

    >>> said = "At nine thirty on the 14th two men took 9,000 rupees."
    >>> [said[start:end] for start, end in numbers_in(said)]
    ['nine thirty', '14th two', '9,000']
    >>> said = "साढ़े नौ बजे दो लड़के ९,००० रुपये ले गए"
    >>> [said[start:end] for start, end in numbers_in(said)]
    ['साढ़े नौ', 'दो', '९,०००']
    """
    return (one.span() for one in _RUN.finditer(text))
