"""Which words of two questions forbid that one is answered with the other's answer, however near their vectors are."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import Final

__all__ = ["differ"]

_SAYING_NOTHING: Final = frozenset((
    "a", "an", "the", "please", "kindly", "could", "can", "would", "you", "your", "tell", "me", "give", "us", "hi",
    "hello", "hey", "thanks", "thank", "is", "are", "do", "does", "of", "what", "which", "just", "ok", "okay", "so",
    "explain", "show", "let", "know", "i'd", "like", "want",
))  # fmt: skip
_MARKS: Final = str.maketrans({"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u2212": "-"})


def differ(first: str, second: str) -> str:
    """Why two questions may not share an answer; "" if their words do not forbid it.

    All words that say something must be the same, in the same order, and so must names and what is quoted. It is
    a narrow door on purpose: where one word may differ, a child is given an adult's dose.

    >>> differ("What is the capital of France?", "Please tell me the capital of France")
    ''
    >>> differ("Does a dog bite a man?", "Does a man bite a dog?")
    'the words stand in another order'
    >>> differ("Is 4 even?", "Is 5 even?"), differ("May I?", "May I not?"), differ("Greet Us", "Greet us")
    ('other words', 'other words', 'other names')
    """
    mine, theirs = _content(first), _content(second)
    if mine != theirs:
        return "the words stand in another order" if Counter(mine) == Counter(theirs) else "other words"
    if _quoted(first) != _quoted(second):
        return "other quotations"
    return "" if _names(first) == _names(second) else "other names"


def _content(text: str) -> list[str]:
    """Words that say something, in small letters; cut at white space, so that no script is cut within a word."""
    plain = unicodedata.normalize("NFKC", text).translate(_MARKS).casefold()
    return [word for word in map(_bare, plain.split()) if word and word not in _SAYING_NOTHING]


def _bare(word: str) -> str:
    """A word without the punctuation around it; a sign, as of a number, and per cent are none."""
    start, end = 0, len(word)
    while start < end and unicodedata.category(word[start])[0] == "P" and word[start] != "-":
        start += 1
    while end > start and unicodedata.category(word[end - 1])[0] == "P" and word[end - 1] != "%":
        end -= 1
    return word[start:end].removesuffix("'s")


def _quoted(text: str) -> list[str]:
    """What stands in quotation marks or backticks, as it is."""
    return text.translate(_MARKS).replace("`", '"').split('"')[1::2]


def _names(text: str) -> Counter[str]:
    """Words with a capital that does not begin a sentence, and words of capitals alone."""
    names: Counter[str] = Counter()
    begins = True
    for word in text.translate(_MARKS).split():
        bare = word.strip(".,;:!?()[]\"'").removesuffix("'s")
        if bare and ((bare[0].isupper() and not begins and bare != "I") or (len(bare) > 1 and bare.isupper())):
            names[bare.casefold()] += 1
        begins = word.endswith((".", "!", "?", ":"))
    return names
