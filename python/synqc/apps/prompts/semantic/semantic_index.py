"""Semantic near-duplicates: the nearest text by the cosine of embeddings, exactly, above a threshold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from synqc.errors import InputError
from synqc.llm.embed import Embedder, embed

__all__ = ["SemanticIndex", "SemanticMatch"]

_TEXTS_PER_CALL: Final = 256
_ROWS_PER_BLOCK: Final = 512
ROUNDING: Final = 1e-6  # of a cosine of float32: equal texts have 1 give or take so much


@dataclass(frozen=True)
class SemanticMatch:
    """A row and the text that is nearest to it.

    Args:
        row: Number of the row within the query, from 0.
        of: Number of the text within the index.
        cosine: Cosine of their vectors, -1 to 1.
    """

    row: int
    of: int
    cosine: float


class SemanticIndex:
    """Texts that rows must not say in other words, compared one by one: 10,000 rows of 384 numbers are 15 MB.

    Embeddings put problems that differ in one number or in "not" near each other: take a threshold that was chosen by
    `choose_threshold`, which says how many unrelated rows it takes for copies. Not safe to use from several threads.

    Args:
        embedder: Makes the vectors.
        threshold: Least cosine of a match, above 0 and at most 1.
        language: Language of the texts.

    Raises:
        InputError: The threshold is out of its range.

    Examples:
        >>> from synqc.llm.languages import Languages
        >>> class Words:  # a model for the example
        ...     name, languages, most_tokens = "words", Languages(able=("en",)), None
        ...     def vectors(self, texts, *, is_query):
        ...         return np.array([[1, text.count("prime"), text.count("sum")] for text in texts], np.float32)
        >>> index = SemanticIndex(Words(), threshold=0.95)
        >>> index.add(["Find a prime.", "Find the sum."])
        >>> [(found.row, found.of, round(found.cosine, 3)) for found in index.query(["Name a prime number.", "Why?"])]
        [(0, 0, 1.0)]
    """

    def __init__(self, embedder: Embedder, *, threshold: float, language: str = "en") -> None:
        if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 < threshold <= 1:
            raise InputError(f"Argument `threshold` must be above 0 and at most 1, but is {threshold!r}.")
        self.embedder = embedder
        self.threshold = float(threshold)
        self.language = language
        self._vectors: NDArray[np.float32] | None = None
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, texts: Iterable[str]) -> None:
        """Keep texts; their numbers go on from those that are there.

        Raises:
            InputError: A text is blank or too long.
            LanguageModelError: The embedder did not answer; nothing of the call is kept.
        """
        self.add_vectors(self._embedded(list(texts)))

    def add_vectors(self, made: NDArray[np.float32]) -> None:
        """`add` of texts whose vectors (n, d), of length 1, are known."""
        if not len(made):
            return
        needed = self._count + len(made)
        if self._vectors is None or needed > len(self._vectors):
            grown = np.empty((max(needed, 2 * self._count, 64), made.shape[1]), dtype=np.float32)
            if self._vectors is not None:
                grown[: self._count] = self._vectors[: self._count]
            self._vectors = grown
        self._vectors[self._count : needed] = made
        self._count = needed

    def query(self, rows: Iterable[str]) -> list[SemanticMatch]:
        """The nearest text of each row that has one at the threshold or above; rows without are not listed."""
        nearest, cosines = self.nearest(list(rows))
        return [
            SemanticMatch(row, int(nearest[row]), min(1.0, float(cosines[row])))
            for row in np.flatnonzero(cosines >= self.threshold - ROUNDING).tolist()
        ]

    def nearest(self, rows: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """The number of the nearest text, and the cosine, of each row; -1 and -1 without texts."""
        return self.nearest_to(self._embedded(list(rows)))

    def nearest_to(self, made: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """`nearest` of texts whose vectors (n, d), of length 1, are known."""
        nearest = np.full(len(made), -1, dtype=np.intp)
        cosines = np.full(len(made), -1.0, dtype=np.float32)
        if self._vectors is None:
            return nearest, cosines
        kept = self._vectors[: self._count]
        for start in range(0, len(made), _ROWS_PER_BLOCK):
            block = made[start : start + _ROWS_PER_BLOCK] @ kept.T
            best = block.argmax(axis=1)
            nearest[start : start + len(block)] = best
            cosines[start : start + len(block)] = block[np.arange(len(block)), best]
        return nearest, cosines

    def others(self, count: int) -> NDArray[np.float32]:
        """The cosine of each of the first `count` texts with the nearest other one of them; -1 where there is none."""
        kept = np.empty((0, 1), np.float32) if self._vectors is None else self._vectors[:count]
        cosines = np.full(len(kept), -1.0, dtype=np.float32)
        for start in range(0, len(kept) if len(kept) > 1 else 0, _ROWS_PER_BLOCK):
            block = kept[start : start + _ROWS_PER_BLOCK] @ kept.T
            block[np.arange(len(block)), np.arange(start, start + len(block))] = -1.0
            cosines[start : start + len(block)] = block.max(axis=1)
        return cosines

    def reaches(self, cosine: float) -> bool:
        """Whether a text with this cosine is a match."""
        return cosine >= self.threshold - ROUNDING

    def _embedded(self, texts: list[Any]) -> NDArray[np.float32]:
        parts = [
            embed(texts[start : start + _TEXTS_PER_CALL], embedder=self.embedder, language=self.language)
            for start in range(0, len(texts), _TEXTS_PER_CALL)
        ]
        return np.concatenate(parts) if parts else np.empty((0, 1), dtype=np.float32)
