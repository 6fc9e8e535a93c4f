"""What a problem says, as a vector: the nearest of what there is, looked up live, or as it was when it was recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from synqc.apps.prompts.acceptance.share import Share, exact_share
from synqc.apps.prompts.semantic.semantic_index import SemanticIndex
from synqc.llm.embed import Embedder, embed

__all__ = ["Meaning", "Nearest", "RecordedMeaning", "RowMeanings"]


@dataclass(frozen=True)
class Nearest:
    """What is nearest in meaning.

    Args:
        source: "batch", "store", or the name of the seeds or the benchmark.
        row: Its id, or its number within the source; a row that is being committed has it later.
        text: Its text.
        cosine: Cosine of both vectors.
        is_repeat: Whether that is near enough to be a repetition.
    """

    source: str
    row: int | asyncio.Future[int]
    text: str
    cosine: float
    is_repeat: bool


class Meaning(Protocol):
    """Of one problem."""

    told: list[dict[str, Any] | None]
    """Each answer of `nearest`, for the store; row and text of repetitions alone."""

    async def read(self, problem: str) -> None:
        """Make the vector."""

    def nearest(self) -> Nearest | None:
        """At this moment; None where there is nothing yet."""

    def tell_row(self, row: int) -> None:
        """The id of the row that `nearest` named last is known now."""

    def take(self, problem: str, row: asyncio.Future[int]) -> None:
        """The problem is a row from now on, whose id `row` will have."""


@dataclass
class _Known:
    source: str
    row: int | asyncio.Future[int]
    text: str


class RowMeanings:
    """Vectors of what a generation has, and of what it must not repeat. One thread at a time.

    Args:
        embedder: Makes the vectors; each takes milliseconds.
        threshold: Least cosine of a repetition.
        language: Language of all texts.
        rows: (row id, text) of rows that are there already, those of the generation itself last.
        own: How many of them are its own.
        sources: Seeds and benchmarks by name.
    """

    def __init__(
        self, embedder: Embedder, *, threshold: float, language: str, rows: Sequence[tuple[int, str]], own: int,
        sources: Mapping[str, Sequence[str]],
    ) -> None:  # fmt: skip
        self.index = SemanticIndex(embedder, threshold=threshold, language=language)
        self.known = [_Known(name, place, text) for name, texts in sources.items() for place, text in enumerate(texts)]
        self._source_count = len(self.known)
        others = len(rows) - own
        self.known += [
            _Known("store" if place < others else "batch", row, text) for place, (row, text) in enumerate(rows)
        ]
        self.index.add(one.text for one in self.known)

    def false_alarms(self) -> Share:
        """Of seeds and benchmarks, which are different problems, those that count as repetitions of another one."""
        cosines = self.index.others(self._source_count)
        measured = len(cosines) if len(cosines) > 1 else 0
        return exact_share(sum(map(self.index.reaches, cosines.tolist())) if measured else 0, measured)

    def of_problem(self) -> Meaning:
        """For one that is about to be written."""
        return _LiveMeaning(self)


class _LiveMeaning:
    def __init__(self, rows: RowMeanings) -> None:
        self.told: list[dict[str, Any] | None] = []
        self._rows = rows
        self._vector: NDArray[np.float32] | None = None

    async def read(self, problem: str) -> None:
        index = self._rows.index
        self._vector = await asyncio.to_thread(embed, [problem], embedder=index.embedder, language=index.language)

    def nearest(self) -> Nearest | None:
        assert self._vector is not None  # it was read when the problem was written
        places, cosines = self._rows.index.nearest_to(self._vector)
        if places[0] < 0:
            self.told.append(None)
            return None
        known, cosine = self._rows.known[int(places[0])], min(1.0, float(cosines[0]))
        is_repeat = self._rows.index.reaches(cosine)
        row = known.row if is_repeat and isinstance(known.row, int) else None
        text = known.text if is_repeat else ""
        self.told.append(
            {"source": known.source, "cosine": cosine, "is_repeat": is_repeat, "row": row, "text": text}
        )  # fmt: skip
        return Nearest(known.source, known.row, known.text, cosine, is_repeat)

    def tell_row(self, row: int) -> None:
        told = self.told[-1]
        assert told is not None
        told["row"] = row

    def take(self, problem: str, row: asyncio.Future[int]) -> None:
        assert self._vector is not None
        self._rows.index.add_vectors(self._vector)
        self._rows.known.append(_Known("batch", row, problem))


class RecordedMeaning:
    """A `Meaning` from the store: what was nearest then, in the order in which it was asked.

    Args:
        recorded: `Row.meanings`.
    """

    def __init__(self, recorded: Sequence[Mapping[str, Any] | None]) -> None:
        self.told: list[dict[str, Any] | None] = []
        self._left = list(recorded)

    async def read(self, problem: str) -> None:
        """Nothing is computed."""

    def nearest(self) -> Nearest | None:
        """What was nearest; nothing where nothing more is recorded, of which the comparison of rows will tell."""
        found = self._left.pop(0) if self._left else None
        self.told.append(None if found is None else dict(found))
        if found is None:
            return None
        row = -1 if found["row"] is None else found["row"]
        return Nearest(found["source"], row, found["text"], found["cosine"], found["is_repeat"])

    def tell_row(self, row: int) -> None:
        """It is recorded."""

    def take(self, problem: str, row: asyncio.Future[int]) -> None:
        """Whatever comes after it is recorded, too."""
