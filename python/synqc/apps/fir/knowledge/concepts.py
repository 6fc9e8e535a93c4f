"""Thesaurus of complaints: which words, in English and Hindi, tell of one thing."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any, Final

from synqc.apps.fir.knowledge.search_words import telling_words

__all__ = ["concepts_of", "concepts_of_section"]

_SHORTEST_ROOT: Final = 3


def concepts_of(words: Iterable[str]) -> list[str]:
    """Names of the things that words tell of, each once, in a form that no word of a text has.

    >>> concepts_of(["punched"]) == concepts_of(["घूंस"])
    True
    >>> concepts_of(["kerosene"]), concepts_of(["quaternion"])
    (['concept0fire'], [])
    """
    table = _table()
    return list(dict.fromkeys(name for word in words for name in table.get(_root(word), ())))


def concepts_of_section(number: int) -> list[str]:
    """Names of the things that a section of the Bharatiya Nyaya Sanhita is mostly about.

    >>> concepts_of_section(124)
    ['concept0fire', 'concept0acid']
    """
    return [f"concept0{name}" for name, plain in _concepts().items() if number in plain["sections"]]


@cache
def _concepts() -> dict[str, dict[str, Any]]:
    file = files("synqc") / "data" / "complaint_words" / "concepts.toml"
    return tomllib.loads(file.read_text("utf-8"))


@cache
def _table() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for name, plain in _concepts().items():
        for word in telling_words(f"{plain['english']} {plain['hindi']}"):
            names = table.get(_root(word), ())
            if f"concept0{name}" not in names:
                table[_root(word)] = (*names, f"concept0{name}")
    return table


def _root(word: str) -> str:
    """A word of English without its ending, roughly: both sides of a comparison lose the same.

    >>> _root("stabbed") == _root("stabbing") == _root("stabs"), _root("चोर")
    (True, 'चोर')
    """
    if not word.isascii():
        return word
    for ending in ("ing", "ied", "ies", "ed", "es", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_ROOT:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > _SHORTEST_ROOT and word[-1] == word[-2] else word
