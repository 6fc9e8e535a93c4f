"""What a problem repeats: rows of its generation, rows of the store, seeds and benchmarks; exactly, with spans."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from synqc.apps.prompts.request import DuplicateRule
from synqc.apps.prompts.row import DuplicateOf
from synqc.apps.prompts.semantic.meaning import Meaning
from synqc.text import Match, Shingling, Sources, TextIndex

__all__ = ["Novelty", "digest_of"]


@dataclass
class _Known:
    """A row that others must not repeat; its id is known once it is committed."""

    source: str
    text: str
    row: int | asyncio.Future[int]


class Novelty:
    """Index of what a generation has, and of what it must not repeat. One thread at a time.

    Args:
        rule: What counts as a repetition.
        rows: (row id, text) of rows that are there already, those of the generation itself last.
        own: How many of them are its own.
        load: Which attempt at the job it is made by.
        sources: Seeds and benchmarks by name.
    """

    def __init__(
        self, rule: DuplicateRule, rows: Sequence[tuple[int, str]], sources: Mapping[str, Sequence[str]], *,
        own: int = 0, load: int = 1,
    ) -> None:  # fmt: skip
        self._index = TextIndex(threshold=rule.threshold)
        self._known: dict[int, _Known] = {}
        self._texts = {name: tuple(texts) for name, texts in sources.items()}
        self._sources = None
        if any(self._texts.values()):
            self._sources = Sources(self._texts, threshold=rule.threshold, containment=rule.containment)
        others = len(rows) - own
        self._extent = {"load": load, "store_until": max((row for row, _ in rows[:others]), default=0)}
        self._taken = 0
        if rows:
            self._index.add([text for _, text in rows], progress=False)
            for place, (row, text) in enumerate(rows):
                self._known[place] = _Known("store" if place < others else "batch", text, row)

    @property
    def extent(self) -> dict[str, int]:
        """What problems are held against at this moment: by whom the index was made, the last row of the store that is
        in it, and how many rows were taken since."""
        return {**self._extent, "taken": self._taken}

    async def repeats(self, problem: str, meaning: Meaning | None = None) -> tuple[DuplicateOf, ...]:
        """What a problem repeats of seeds and benchmarks, and of rows, at this moment; else what says the same."""
        found = self._matches(problem)
        if found or meaning is None:
            return tuple([await self._told(match) for match in found])
        nearest = meaning.nearest()
        if nearest is None or not nearest.is_repeat:
            return ()
        row = nearest.row if isinstance(nearest.row, int) else await asyncio.shield(nearest.row)
        meaning.tell_row(row)
        return (DuplicateOf(nearest.source, row, nearest.cosine, 0.0, (), (), nearest.text, by="meaning"),)

    def take(self, problem: str, row: asyncio.Future[int], meaning: Meaning | None = None) -> bool:
        """Whether a problem repeats no row; if so it is one from now on, whose id `row` will have."""
        if meaning is not None and (nearest := meaning.nearest()) is not None and nearest.is_repeat:
            return False
        place = self._index.rows_seen
        if not len(self._index.add([problem], progress=False, threads=1).kept):
            return False
        self._known[place] = _Known("batch", problem, row)
        if meaning is not None:
            meaning.take(problem, row)
        self._taken += 1
        return True

    def _matches(self, problem: str) -> list[Match]:
        in_sources = [] if self._sources is None else list(self._sources.query([problem], threads=1))
        return in_sources + list(self._index.query([problem], threads=1))

    async def _told(self, match: Match) -> DuplicateOf:
        if match.source is not None:
            source, row, text = match.source, match.of, self._texts[match.source][match.of]
        else:
            known = self._known[match.of]
            source, text = known.source, known.text
            row = known.row if isinstance(known.row, int) else await asyncio.shield(known.row)
        return DuplicateOf(source, row, match.jaccard, match.containment, match.spans, match.of_spans, text)


def digest_of(problem: str) -> bytes:
    """SHA-256 of a problem as it is compared.

    >>> digest_of("Find  X.") == digest_of("find x.")
    True
    """
    return hashlib.sha256(Shingling().folded(problem).encode()).digest()
