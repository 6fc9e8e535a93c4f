"""Words for people in English and Hindi that tell a sex, or whether there is one or more of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from synqc.apps.fir.workflow.number_words import Number, folded

__all__ = ["Person", "Sex", "people_of"]


class Sex(StrEnum):
    """That a word tells."""

    MALE = "male"
    FEMALE = "female"
    UNTOLD = "untold"


@dataclass(frozen=True)
class Person:
    """A word for a person.

    Args:
        first, last: Which words say it: its count or article, what describes it, and the word itself.
        sex: That it tells.
        is_one: Whether there is one; None: the word does not tell, as a pronoun that may mean anybody named before.
        is_speaker: Whether it is the end of a sentence about मैं: whose speaker's sex is told by it.
    """

    first: int
    last: int
    sex: Sex
    is_one: bool | None
    is_speaker: bool = False


_PRONOUNS: Final = {
    Sex.MALE: "he him his himself mr shri sri s/o sir श्री श्रीमान",
    Sex.FEMALE: "she her hers herself mrs ms smt kumari w/o d/o madam श्रीमती कुमारी",
}
_NOUNS: Final = {
    Sex.MALE: (
        "man/men boy/boys gentleman/gentlemen guy/guys male/males father/fathers husband/husbands son/sons "
        "brother/brothers uncle/uncles grandfather/grandfathers nephew/nephews "
        "लड़का/ लड़के/लड़कों पुरुष/पुरुषों युवक/युवकों आदमी/आदमियों पिता/ पति/पतियों बेटा/ बेटे/बेटों भाई/भाइयों "
        "चाचा/ मामा/ दादा/ दामाद/ ससुर/ साला/ देवर/ जेठ/ मौसा/ फूफा/ नौकर/"
    ),
    Sex.FEMALE: (
        "woman/women girl/girls lady/ladies female/females mother/mothers wife/wives daughter/daughters "
        "sister/sisters aunt/aunts grandmother/grandmothers niece/nieces widow/widows maid/maids "
        "लड़की/लड़कियाँ लड़की/लड़कियों महिला/महिलाएँ महिला/महिलाओं महिला/महिलाएं औरत/औरतें औरत/औरतों युवती/युवतियाँ "
        "युवती/युवतियों माँ/ पत्नी/ बेटी/बेटियाँ बेटी/बेटियों बहन/बहनें बहन/बहनों "
        "चाची/ मामी/ दादी/ ननद/ सास/ साली/ भाभी/ बहू/ मौसी/ बुआ/ नौकरानी/ बच्ची/बच्चियाँ बच्ची/बच्चियों"
    ),
    Sex.UNTOLD: (
        "person/persons individual/individuals thief/thieves robber/robbers attacker/attackers assailant/assailants "
        "stranger/strangers culprit/culprits miscreant/miscreants rider/riders youth/youths child/children baby/babies "
        "/people "
        "व्यक्ति/व्यक्तियों चोर/चोरों बदमाश/बदमाशों लुटेरा/लुटेरों बच्चा/बच्चों /लोग /लोगों"
    ),
}
"""For one of them, and for more; of Hindi the forms for more that are for nothing else."""
_BOTH_WAYS: Final = frozenset(map(folded, ["लड़के", "बेटे", "पुरुष", "युवक", "आदमी", "पति", "भाई", "व्यक्ति", "चोर", "बदमाश"]))
"""The same word for one and for more, where no count stands before it."""
_OF_PRONOUN: Final = {folded(word): sex for sex, words in _PRONOUNS.items() for word in words.split()}
_OF_NOUN: Final[dict[str, tuple[Sex, bool | None]]] = {
    folded(word): (sex, None if folded(word) in _BOTH_WAYS else place == 0)
    for sex, nouns in _NOUNS.items()
    for noun in nouns.split()
    for place, word in enumerate(noun.split("/"))
    if word
}
_ARTICLES: Final = frozenset(map(folded, ("a", "an", "one", "single", "एक")))
_MOST_BEFORE: Final = 3
_CLOSES: Final = re.compile(r"[.!?।॥,;:\n]")
_STOPS: Final = frozenset(
    ["of", "with", "and", "or", "to", "on", "in", "from", "by", "का", "के", "की", "को", "से", "में", "ने", "पर"]
)
"""Behind which another count stands: `दो साल के बेटे` is one."""
_DEVANAGARI: Final = "\u0900"
_LONGEST_SENTENCE: Final = 30
_I: Final = folded("मैं")
_SPOKEN_BY: Final = {
    Sex.MALE: frozenset(["रहा", "गया", "आया", "था", "करता", "चाहता", "रहता", "जाता"]),
    Sex.FEMALE: frozenset(["रही", "गई", "गयी", "आई", "आयी", "थी", "करती", "चाहती", "रहती", "जाती"]),
}
"""Ends of a sentence whose subject is मैं."""


def people_of(words: Sequence[str], gaps: Sequence[str], numbers: Sequence[Number]) -> Iterator[Person]:
    """Words for people among words.

    Args:
        words: Words of a text.
        gaps: What stands before each of them.
        numbers: Among them.

    Examples:
        >>> said = "two young men and a woman".split()
        >>> found = people_of(said, [" "] * 6, [Number(0, 0, 2, True)])
        >>> [(" ".join(said[one.first : one.last + 1]), one.sex.value, one.is_one) for one in found]
        [('two young men', 'male', False), ('a woman', 'female', True)]
    """
    counts = {one.last: one for one in numbers}
    for at, word in enumerate(words):
        plain = re.sub(r"['’]s?$", "", folded(word))
        noun = _OF_NOUN.get(plain.removesuffix("-in-law"))
        if noun is None:
            if plain in _OF_PRONOUN:
                yield Person(at, at, _OF_PRONOUN[plain], None)
            elif plain == _I:
                yield from _speaker(words, gaps, at)
            continue
        sex, is_one = noun
        first, is_counted_one = _count_before(words, gaps, counts, at)
        if is_one is None or (is_one and is_counted_one is False and plain[0] >= _DEVANAGARI):
            is_one = is_counted_one
        yield Person(first if is_one is is_counted_one else at, at, sex, is_one)


def _count_before(
    words: Sequence[str], gaps: Sequence[str], counts: dict[int, Number], at: int
) -> tuple[int, bool | None]:
    """Where the count or article of a noun stands, and whether it is one; its own place and None if it has none."""
    for place in range(at - 1, max(-1, at - 1 - _MOST_BEFORE), -1):
        if _CLOSES.search(gaps[place + 1]) or folded(words[place]) in _OF_NOUN:
            break
        if place in counts:
            return counts[place].first, counts[place].value == 1
        if folded(words[place]) in _ARTICLES:
            return place, True
        if folded(words[place]) in _STOPS:
            break
    return at, None


def _speaker(words: Sequence[str], gaps: Sequence[str], at: int) -> Iterator[Person]:
    for place in range(at + 1, min(at + _LONGEST_SENTENCE, len(words))):
        if _CLOSES.search(gaps[place]):
            return
        for sex, ends in _SPOKEN_BY.items():
            if folded(words[place]) in ends:
                yield Person(place, place, sex, None, is_speaker=True)
