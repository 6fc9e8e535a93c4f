"""Coverage schedule: which topic and level an attempt has, evenly whenever a job ends, from its seed alone."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

from synqc.apps.prompts.topics.taxonomy import DIFFICULTY_WEIGHTS, Taxonomy, Topic, level_of
from synqc.errors import InputError

__all__ = ["Assignment", "CoverageSchedule"]

_GOLDEN: Final = 0x9E3779B97F4A7C15  # 2^64 over the golden ratio: steps of it fill a circle evenly at any length


@dataclass(frozen=True)
class Assignment:
    """What an attempt is about.

    Args:
        topic: Topic of the taxonomy.
        level: The taxonomy's own, or by the weights of levels.
    """

    topic: Topic
    level: str


class CoverageSchedule:
    """Low-discrepancy assignment of topics and levels to attempts.

    Each block of as many attempts as there are topics has every topic once, in an order of its own. The k-th time
    that a
    topic comes, its level is that of a Kronecker sequence with the golden ratio from a start of the topic's own:
    after any
    number of attempts a topic has been asked floor or ceil of its share, and of n attempts at a topic a level of
    weight w
    has n w, give or take less than 2 + ln n.

    Args:
        taxonomy: The topics.
        difficulties: Weights of levels, for topics that have none of their own, or for all if `override`; by default
            `DIFFICULTY_WEIGHTS`.
        override: Whether the weights hold for topics with a level, too.
        seed: The same one gives the same assignments, in any order of asking.

    Raises:
        InputError: A weight is no number of at least 0, or all are 0; the seed is out of its range.
        UnknownName: A level is not known.

    Examples:
        >>> schedule = CoverageSchedule(Taxonomy.of({"Algebra": ["Roots", "Groups"]}), seed=1)
        >>> sorted(schedule.at(k).topic.name for k in (6, 7)), schedule.at(6) == schedule.at(6)
        (['Groups', 'Roots'], True)
    """

    def __init__(
        self,
        taxonomy: Taxonomy,
        *,
        difficulties: Mapping[str, float] | None = None,
        override: bool = False,
        seed: int = 0,
    ) -> None:
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
            raise InputError(f"Argument `seed` must be a whole number from 0 to {2**63 - 1}, but is {seed!r}.")
        self.taxonomy = taxonomy
        self.seed = seed
        self.override = override
        self.weights = _shares(DIFFICULTY_WEIGHTS if difficulties is None else difficulties)
        self._order = lru_cache(maxsize=64)(self._ordered)

    def at(self, attempt: int) -> Assignment:
        """The assignment of an attempt, from 0."""
        if isinstance(attempt, bool) or not isinstance(attempt, int) or attempt < 0:
            raise InputError(f"Argument `attempt` must be a whole number of at least 0, but is {attempt!r}.")
        block, place = divmod(attempt, len(self.taxonomy))
        number = self._order(block)[place]
        topic = self.taxonomy.topics[number]
        if topic.level and not self.override:
            return Assignment(topic, topic.level)
        return Assignment(topic, self._level(number, block))

    def _ordered(self, block: int) -> tuple[int, ...]:
        return tuple(sorted(range(len(self.taxonomy)), key=lambda number: self._drawn("order", block, number)))

    def _level(self, number: int, visit: int) -> str:
        place = Fraction((self._drawn("level", number, 0) + visit * _GOLDEN) % 2**64, 2**64)
        for level, share in self.weights.items():
            if place < share:
                return level
            place -= share
        return next(reversed(self.weights))

    def _drawn(self, purpose: str, *numbers: int) -> int:
        text = f"{self.seed} {purpose} {numbers}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _shares(weights: Mapping[str, float]) -> dict[str, Fraction]:
    if not isinstance(weights, Mapping):
        raise InputError(f"Argument `difficulties` must map levels to weights, but is {type(weights).__name__}.")
    found: dict[str, Fraction] = {}
    for name, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not math.isfinite(weight) or weight < 0:
            raise InputError(
                f"Argument `difficulties` must give {name!r:.80} a finite weight of at least 0, but gives {weight!r}."
            )
        if not isinstance(name, str):
            raise InputError(f"Argument `difficulties` must name levels by texts, but has {name!r:.80}.")
        level = level_of(name)
        found[level] = found.get(level, Fraction(0)) + Fraction(weight)
    total = sum(found.values())
    if total == 0:
        raise InputError("Argument `difficulties` must hold a weight above 0, but holds none.")
    return {level: weight / total for level, weight in found.items() if weight}
