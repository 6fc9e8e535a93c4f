"""Exact nearest vectors: all cosines of some hundred records are one product of a matrix, and no index can be stale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from synqc.apps.fir.knowledge.record import Record, RecordFilter
from synqc.llm.embed import Embedder, embed

__all__ = ["VectorIndex"]

_STANDS_OUT: Final = 1.0
"""Standard deviations above the mean cosine: some models have no angle that means "nothing to do with it"."""


class VectorIndex:
    """Finds records by what they mean.

    Args:
        records: A record's place among them is its name; those without text have no vector.
        embedder: Makes the vectors.
    """

    def __init__(self, records: Sequence[Record], embedder: Embedder) -> None:
        self._embedder = embedder
        texts = [f"{one.title}. {one.text}".strip(" .") for one in records]
        self._places = np.array([place for place, text in enumerate(texts) if text], dtype=np.int64)
        self._vectors = embed([text for text in texts if text], embedder=embedder)
        self._records = [records[place] for place in self._places]

    @property
    def name(self) -> str:
        """The model's."""
        return self._embedder.name

    def find(self, query: str, most: int, only: RecordFilter, *, language: str) -> list[tuple[int, float]]:
        """Places of the records nearest to a text, with their cosines, the nearest first.

        Raises:
            UnsupportedLanguage: The model cannot read it.
            LanguageModelError: A server did not answer.
        """
        self._embedder.languages.require(language, self._embedder.name)
        if not len(self._places) or not query.strip():
            return []
        cosines = self._vectors @ embed([query], embedder=self._embedder, language=language, is_query=True)[0]
        least = float(cosines.mean() + _STANDS_OUT * cosines.std())
        allowed = cosines > least
        allowed &= np.fromiter(map(only.allows, self._records), bool, len(self._records))
        places = np.flatnonzero(allowed)
        best = places[np.argsort(-cosines[places], kind="stable")[:most]]
        return [(int(self._places[place]), float(cosines[place])) for place in best]
