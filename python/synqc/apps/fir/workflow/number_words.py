"""Numbers as people write them, digits or words of English and Hindi, and what they come to."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

__all__ = ["Number", "folded", "numbers_of"]

_ONES: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS: Final = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS: Final = (
    "second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth"
)
_HINDI: Final = (
    "शून्य एक दो तीन चार पाँच छह|छः|छे सात आठ नौ दस ग्यारह बारह तेरह चौदह पंद्रह|पन्द्रह सोलह सत्रह अठारह|अट्ठारह "
    "उन्नीस बीस इक्कीस बाईस|बाइस तेईस|तेइस चौबीस पच्चीस छब्बीस सत्ताईस|सत्ताइस अट्ठाईस|अट्ठाइस|अठाईस उनतीस|उन्तीस "
    "तीस इकतीस|इकत्तीस बत्तीस तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस|उन्तालीस चालीस इकतालीस बयालीस "
    "तैंतालीस चौवालीस|चवालीस पैंतालीस छियालीस सैंतालीस अड़तालीस उनचास पचास इक्यावन बावन तिरेपन|तिरपन चौवन पचपन "
    "छप्पन सत्तावन अट्ठावन|अठावन उनसठ साठ इकसठ बासठ तिरसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर सत्तर इकहत्तर "
    "बहत्तर तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर उन्यासी|उनासी अस्सी इक्यासी बयासी तिरासी चौरासी पचासी "
    "छियासी सत्तासी अट्ठासी|अठासी नवासी नब्बे इक्यानवे बानवे तिरानवे चौरानवे पचानवे छियानवे सत्तानवे "
    "अट्ठानवे|अठानवे निन्यानवे"
)
"""From 0 to 99, each with its spellings."""
_SCALES: Final = {
    "hundred": 100, "thousand": 1000, "lakh": 10**5, "lac": 10**5, "million": 10**6, "crore": 10**7, "dozen": 12,
    "सौ": 100, "हज़ार": 1000, "लाख": 10**5, "करोड़": 10**7, "दर्जन": 12,
}  # fmt: skip
_SHIFTS: Final = {"साढ़े": Fraction(1, 2), "सवा": Fraction(1, 4), "पौने": Fraction(-1, 4)}
_FRACTIONS: Final = {"डेढ़": Fraction(3, 2), "ढाई": Fraction(5, 2)}
_UNITS: Final = frozenset({"year", "day", "month", "week", "hour", "minute", "foot"})
"""What a number and a hyphen stand before where it is a count: a two-wheeler is none."""
_DIGITS: Final = re.compile(r"(\d+(?:,\d+)*)(?:st|nd|rd|th)?")
_OF_TIME: Final = re.compile(r"([01]?\d|2[0-4])[:.]([0-5]\d)")
_OF_DATE: Final = re.compile(r"\d{1,4}(?:[/.:-]\d{1,4})+")


def folded(word: str) -> str:
    """A word as it is compared: without case, nukta, candrabindu and the script of its digits.

    >>> folded("पाँच"), folded("१२वीं"), folded("THREE")
    ('पांच', '12वीं', 'three')
    """
    digits = (str(unicodedata.digit(char)) if char.isdigit() else char for char in word)
    plain = unicodedata.normalize("NFKC", "".join(digits)).casefold()
    return plain.replace("\u093c", "").replace("\u0901", "\u0902")


_SMALL: Final = (
    {word: Fraction(value) for value, word in enumerate(_ONES.split())}
    | {word: Fraction(10 * value) for value, word in enumerate(_TENS.split(), 2)}
    | {word: Fraction(value) for value, word in enumerate(_ORDINALS.split(), 2)}
    | {folded(one): Fraction(value) for value, word in enumerate(_HINDI.split()) for one in word.split("|")}
    | {folded(word): value for word, value in _FRACTIONS.items()}
)
_LARGE: Final = {folded(word): value for word, value in _SCALES.items()}
_SHIFT: Final = {folded(word): value for word, value in _SHIFTS.items()}
_JOINING: Final = frozenset({"and", "व"})


@dataclass(frozen=True)
class Number:
    """One number of a text.

    Args:
        first, last: Which of its words say it.
        value: What it comes to.
        is_word: Whether no digit is in it, and it is said as the number that it is.
        is_part: Whether it is a part of a date or a time alone, which says more than that.
    """

    first: int
    last: int
    value: Fraction
    is_word: bool
    is_part: bool = False


def numbers_of(words: Sequence[str]) -> Iterator[Number]:
    """Numbers among words; of a date each part, of a time what the clock shows in hours, too.

    >>> [str(one.value) for one in numbers_of("two men took 1,50,000 or डेढ़ लाख at 9:30".split())]
    ['2', '150000', '150000', '9', '30', '19/2']
    >>> [str(one.value) for one in numbers_of("साढ़े नौ बजे twenty-five on the 14th".split())]
    ['19/2', '25', '14']
    """
    at = 0
    while at < len(words):
        end, value = _counted(words, at)
        if value is not None:
            is_word = not any(char.isdigit() for word in words[at:end] for char in word)
            yield Number(at, end - 1, value, is_word)
            yield from _said_as_time(words, at, end, value)
        else:
            end = at + 1
            yield from _of_dates_and_times(folded(words[at]), at)
        at = end


def _of_dates_and_times(word: str, at: int) -> Iterator[Number]:
    if _OF_DATE.fullmatch(word):
        yield from (Number(at, at, Fraction(part), False, is_part=True) for part in re.split(r"[/.:-]", word))
    time = _OF_TIME.fullmatch(word)
    if time:
        yield Number(at, at, int(time[1]) + Fraction(int(time[2]), 60), False)


def _said_as_time(words: Sequence[str], at: int, end: int, hour: Fraction) -> Iterator[Number]:
    """`nine thirty`: two numbers, and one of the clock."""
    if hour.denominator != 1 or not 0 <= hour <= 24 or end >= len(words):
        return
    after, minute = _counted(words, end)
    if minute is not None and minute.denominator == 1 and 10 <= minute < 60:
        yield Number(at, after - 1, hour + minute / 60, False)


def _counted(words: Sequence[str], at: int) -> tuple[int, Fraction | None]:
    """The number that begins at a word, and the word after it: hundreds before tens before ones, as it is said."""
    total, part, shift, end = Fraction(0), None, Fraction(0), at
    last = Fraction(0)  # what was said last, below which the rest must be; nothing follows digits but a scale
    while end < len(words):
        word = folded(words[end])
        small, is_digits = _small(words, end), word[:1].isdigit()
        if word in _JOINING and last == 100 and _small(words, end + 1) is not None and not _is_digits(words, end + 1):
            end += 1
            continue
        scale = _LARGE.get(word if part is None else word.removesuffix("s"))
        if scale is not None and last < scale:
            part = (1 + shift if part is None else part) * scale
            last, shift = Fraction(scale), Fraction(0)
            if scale >= 1000:
                total, part = total + part, Fraction(0)
        elif word in _SHIFT and part is None and not shift:
            shift = _SHIFT[word]
        elif small is None or (part is not None and not (_follows(part, small, last) and _goes_on(words, end))):
            break
        else:
            part = (part or Fraction(0)) + small + shift
            last, shift = Fraction(1) if is_digits else small, Fraction(0)
        end += 1
    return (at, None) if part is None else (end, total + part)


def _follows(part: Fraction, small: Fraction, last: Fraction) -> bool:
    """Whether a number goes on: `twenty five`, `two hundred twelve`, `5 lakh twenty`; not `nine thirty`."""
    if last >= 100:
        return small < last
    return last >= 20 and part % 10 == 0 and 0 < small < 10


def _goes_on(words: Sequence[str], at: int) -> bool:
    """Whether a word may be more of a number: digits only where a scale follows them, as in `5 lakh 20 thousand`."""
    return not _is_digits(words, at) or (at + 1 < len(words) and folded(words[at + 1]) in _LARGE)


def _is_digits(words: Sequence[str], at: int) -> bool:
    return at < len(words) and folded(words[at])[:1].isdigit()


def _small(words: Sequence[str], at: int) -> Fraction | None:
    if at >= len(words):
        return None
    word = folded(words[at])
    found = _SMALL.get(word)
    if found is None and (digits := _DIGITS.fullmatch(word)):
        return Fraction(int(digits[1].replace(",", "")))
    if found is None and "-" in word:
        first, *rest = word.split("-")
        if rest and all(one in _UNITS or one == "old" for one in rest):
            return _small([first], 0)
        tens, ones = _SMALL.get(first), _SMALL.get("-".join(rest))
        if tens is not None and ones is not None and _follows(tens, ones, tens):
            return tens + ones
    return found
