"""Names, numbers, counts and sexes that a model wrote and nobody said: shown to the officer beside the text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import cached_property
from typing import Final

from synqc.apps.fir.workflow.number_words import Number, folded, numbers_of
from synqc.apps.fir.workflow.person_words import Person, Sex, people_of

__all__ = ["unsupported_words"]

_WORD: Final = re.compile(r"[^\W_](?:[\w\u0900-\u0963\u0966-\u097f\u200c\u200d]|['’.:/-](?=\w)|,(?=\d))*")
_ENDS_SENTENCE: Final = re.compile(r"(?:^|[.!?।॥:;\n\"“])\s*[\"'“‘(]*$")
_MOST: Final = 50
_ALSO_COUNTS: Final = {
    folded(word): Fraction(value)
    for word, value in {"both": 2, "couple": 2, "pair": 2, "twice": 2, "दोनों": 2, "तीनों": 3, "चारों": 4}.items()
}
"""What says a count where it was said; written, it may count what was named."""
_ANOTHER: Final = frozenset(map(folded, ("another", "other", "second", "दूसरा", "दूसरे", "दूसरी", "अन्य")))
_NO_COUNT: Final = frozenset(map(folded, ("one", "एक")))
"""Also a pronoun and an article; a person's count by it is looked at with the person."""


def unsupported_words(text: str, said: Iterable[str]) -> list[str]:
    """What a text has that is in none of the texts that were said, as it stands there and in its order.

    - Words with a digit, and capitalised words within a sentence.
    - Numbers in words, of English and Hindi, whose value nobody named in words or digits.
    - One person where only several were spoken of, and several where only one was.
    - Pronouns and words for people that tell a sex which nothing that was said tells.

    It is a help to the eye and proves nothing: a name in Devanagari has no capital, a wrong verb is no name, and
    where both sexes were spoken of, nobody can tell whom a pronoun means. Digits of all scripts count as the same.

    Args:
        text: As the model wrote it.
        said: By the complainant and the officer.

    Examples:
        >>> unsupported_words("On 12 May Ram met Shyam at 5 pm.", ["राम said: on १२ may Ram came"])
        ['Shyam', '5']
        >>> unsupported_words("A young man took his bag for three days.", ["Two men took my bag and kept it 4 days."])
        ['A young man', 'three']
        >>> unsupported_words("He says that the bag is gone.", ["My bag is gone."])
        ['He']
    """
    sources = [_Words(one) for one in said]
    known = {folded(word) for one in sources for word in one.words}
    values = {number.value for one in sources for number in one.numbers}
    values |= {_ALSO_COUNTS[word] for word in known if word in _ALSO_COUNTS}
    people = [person for one in sources for person in one.people]
    written = _Words(text)
    found: list[tuple[int, int]] = []
    covered: set[int] = set()
    for first, last in (
        *_altered_counts(written.people, people, is_split=bool(known & _ANOTHER)),
        *_untold_sexes(written.people, people),
        *_unnamed_numbers(written, values),
        *_unsaid_words(written, known, values),
    ):
        places = range(first, last + 1)
        if not covered.issuperset(places):
            found.append((first, last))
            covered.update(places)
    words = (text[written.starts[first] : written.ends[last]] for first, last in sorted(found))
    return list(dict.fromkeys(words))[:_MOST]


class _Words:
    """A text by its words."""

    def __init__(self, text: str) -> None:
        matches = list(_WORD.finditer(text))
        self.words = [one[0] for one in matches]
        self.starts, self.ends = [one.start() for one in matches], [one.end() for one in matches]
        self.gaps = [text[end:start] for end, start in zip([0, *self.ends], self.starts, strict=False)]
        self.begins_sentence = [bool(_ENDS_SENTENCE.search(text[max(0, one - 20) : one])) for one in self.starts]

    @cached_property
    def numbers(self) -> list[Number]:
        return list(numbers_of(self.words))

    @cached_property
    def people(self) -> list[Person]:
        return list(people_of(self.words, self.gaps, self.numbers))


def _altered_counts(written: list[Person], said: list[Person], *, is_split: bool) -> Iterator[tuple[int, int]]:
    """One where there were only several, or several where there was only one."""
    counts = {sex: {one.is_one for one in said if one.is_one is not None and _may_be(sex, one.sex)} for sex in Sex}
    for person in written:
        if person.is_one is None:
            continue
        if counts[person.sex] == {not person.is_one} and (person.is_one or not is_split):
            yield person.first, person.last


def _may_be(written: Sex, said: Sex) -> bool:
    return written is said or Sex.UNTOLD in (written, said)


def _untold_sexes(written: list[Person], said: list[Person]) -> Iterator[tuple[int, int]]:
    told = {one.sex for one in said} | {Sex.UNTOLD}
    return ((person.last, person.last) for person in written if person.sex not in told and not person.is_speaker)


def _unnamed_numbers(written: _Words, values: set[Fraction]) -> Iterator[tuple[int, int]]:
    for number in written.numbers:
        is_count = folded(written.words[number.first]) not in _NO_COUNT or number.last > number.first
        if number.is_word and is_count and number.value not in values:
            yield number.first, number.last


def _unsaid_words(written: _Words, known: set[str], values: set[Fraction]) -> Iterator[tuple[int, int]]:
    meant = {
        place: number.value
        for number in written.numbers
        if not number.is_part
        for place in range(number.first, number.last + 1)
    }
    for at, word in enumerate(written.words):
        if folded(word) in known:
            continue
        has_digit = any(char.isdigit() for char in word)
        if has_digit and meant.get(at) in values:
            continue
        is_name = word[0].isupper() and not written.begins_sentence[at] and re.split("['’]", word)[0] != "I"
        if has_digit or is_name:
            yield at, at
