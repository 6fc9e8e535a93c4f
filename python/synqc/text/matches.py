"""What was found: matches of rows, and the result of a deduplication."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, overload

import numpy as np
import numpy.typing as npt

__all__ = ["Deduplication", "Match", "Matches"]

_NAMES = ("of", "in_sources", "jaccard", "containment")


@dataclass(frozen=True)
class Match:
    """A row and what it is a copy of.

    Args:
        row: Number of the row, from 0.
        of: Number of the other: of the earliest kept row it resembles, or within its source.
        source: Name of the source, or None if the other is a row.
        jaccard: Shared shingles over all shingles of both, exact.
        containment: Share of the other's shingles that stand in the row within twice the other's length, exact.
        spans: Matching characters of the row: pairs of first and past the last, in order.
        of_spans: Matching characters of the other.
    """

    row: int
    of: int
    source: str | None
    jaccard: float
    containment: float
    spans: tuple[tuple[int, int], ...]
    of_spans: tuple[tuple[int, int], ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain values, ready for JSON."""
        return {**vars(self), "spans": [*map(list, self.spans)], "of_spans": [*map(list, self.of_spans)]}


class Matches(Sequence[Match]):
    """Matches in the order of their rows, held in a few arrays and made when looked at.

    Examples:
        >>> from synqc import text
        >>> found = text.deduplicate(["one fine row", "another", "One  fine row"]).duplicates
        >>> len(found), found[0].row, found[0].of, found[0].jaccard
        (1, 2, 0, 1.0)
        >>> found.jaccard
        array([1.])
    """

    def __init__(self, rows: npt.NDArray[np.int64], columns: Mapping[str, Any], sources: _SourceNames | None) -> None:
        self.rows = rows
        self.of: npt.NDArray[np.int64] = columns["of"]
        self.in_sources: npt.NDArray[np.uint8] = columns["in_sources"]
        self.jaccard: npt.NDArray[np.float64] = columns["jaccard"]
        self.containment: npt.NDArray[np.float64] = columns["containment"]
        self._spans = columns["spans"], columns["span_ends"]
        self._of_spans = columns["of_spans"], columns["of_span_ends"]
        self._sources = sources

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, place: int) -> Match: ...
    @overload
    def __getitem__(self, place: slice) -> list[Match]: ...
    def __getitem__(self, place: int | slice) -> Match | list[Match]:
        if isinstance(place, slice):
            return [self[k] for k in range(*place.indices(len(self)))]
        k = range(len(self))[place]
        of, source = int(self.of[k]), None
        if self.in_sources[k] and self._sources is not None:
            source, of = self._sources.name_of(of)
        return Match(
            int(self.rows[k]), of, source, float(self.jaccard[k]), float(self.containment[k]),
            _part(*self._spans, k), _part(*self._of_spans, k),
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"<{len(self)} matches>"


def _part(spans: npt.NDArray[np.uint32], ends: npt.NDArray[np.int64], k: int) -> tuple[tuple[int, int], ...]:
    first = int(ends[k - 1]) if k else 0
    return tuple((int(begin), int(end)) for begin, end in spans[first : int(ends[k])])


class _SourceNames:
    """Which source a number of all their texts together belongs to, and its number there."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self._names = list(sizes)
        self._ends = np.cumsum([*sizes.values()], dtype=np.int64)

    def name_of(self, number: int) -> tuple[str, int]:
        place = int(np.searchsorted(self._ends, number, side="right"))
        return self._names[place], number - (int(self._ends[place - 1]) if place else 0)


class Collected:
    """Columns of several calls of the core, joined to the matches and kept rows of all."""

    def __init__(self) -> None:
        self.rows = 0
        self._kept: list[npt.NDArray[np.int64]] = []
        self._found: list[npt.NDArray[np.int64]] = []
        self._columns: dict[str, list[Any]] = {name: [] for name in (*_NAMES, "spans", "of_spans")}
        self._span_ends: dict[str, list[Any]] = {"span_ends": [], "of_span_ends": []}
        self._span_counts = {"span_ends": 0, "of_span_ends": 0}

    def add(self, columns: Mapping[str, Any], first: int) -> npt.NDArray[np.int64]:
        """Take in the answer for the rows from number `first` on; returns which of them, from 0, were not found."""
        is_found = columns["of"] >= 0
        places = np.flatnonzero(is_found)
        kept = np.flatnonzero(~is_found)
        self.rows += len(is_found)
        self._kept.append(kept + first)
        if not len(places):
            return kept
        self._found.append(places + first)
        for name in _NAMES:
            self._columns[name].append(columns[name][places])
        for spans, ends in (("spans", "span_ends"), ("of_spans", "of_span_ends")):
            self._columns[spans].append(columns[spans])
            self._span_ends[ends].append(columns[ends][places] + self._span_counts[ends])
            self._span_counts[ends] += len(columns[spans])
        return kept

    def kept(self) -> npt.NDArray[np.int64]:
        kept: npt.NDArray[np.int64] = _joined(self._kept, np.zeros(0, np.int64))
        return kept

    def matches(self, sources: _SourceNames | None) -> Matches:
        empty = {"of": np.int64, "in_sources": np.uint8}
        columns = {
            name: _joined(
                parts, np.zeros((0, 2), np.uint32) if "spans" in name else np.zeros(0, empty.get(name, np.float64))
            )
            for name, parts in self._columns.items()
        }
        ends = {name: _joined(parts, np.zeros(0, np.int64)) for name, parts in self._span_ends.items()}
        return Matches(_joined(self._found, np.zeros(0, np.int64)), columns | ends, sources)


def _joined(parts: list[Any], empty: Any) -> Any:
    joined = np.concatenate(parts) if parts else empty
    joined.setflags(write=False)
    return joined


@dataclass(frozen=True, repr=False)
class Deduplication:
    """Rows without their repetitions.

    Args:
        row_count: Rows that were looked at.
        kept (int64, (kept,)): Numbers of the rows that stay, in order.
        kept_rows: Those rows as they were given.
        duplicates: What each other row is a copy of, in order.
        arguments: What was asked for, as plain values.

    Examples:
        >>> from synqc import text
        >>> rows = ["Find the roots of x + 1.", "Find  the roots of x + 1!", "Name a prime above 100."]
        >>> found = text.deduplicate(rows, against={"exam": ["Name a prime above 7."]})
        >>> found.kept.tolist(), [(match.row, match.of, match.source) for match in found.duplicates]
        ([0], [(1, 0, None), (2, 0, 'exam')])
        >>> print(found)
        3 rows: 1 kept, 1 repeats of rows, 1 repeats of sources (exam 1).
    """

    row_count: int
    kept: npt.NDArray[np.int64]
    kept_rows: list[Any]
    duplicates: Matches
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def clusters(self) -> dict[int, tuple[int, ...]]:
        """Rows that repeat a row, by the number of that one: it is the first of them, and all resemble it."""
        members: dict[int, list[int]] = {}
        found = self.duplicates
        for row, of, in_sources in zip(found.rows.tolist(), found.of.tolist(), found.in_sources.tolist(), strict=True):
            if not in_sources:
                members.setdefault(of, []).append(row)
        return {of: tuple(rows) for of, rows in members.items()}

    @cached_property
    def source_counts(self) -> dict[str, int]:
        """How many rows repeat each source that any repeats."""
        counts: dict[str, int] = {}
        for place in np.flatnonzero(self.duplicates.in_sources).tolist():
            name = self.duplicates[place].source or ""
            counts[name] = counts.get(name, 0) + 1
        return counts

    def to_dict(self) -> dict[str, Any]:
        """Counts and matches as plain values, ready for JSON; without the rows themselves."""
        return {
            "rows": self.row_count,
            "kept": len(self.kept),
            "repeats_of_rows": len(self.duplicates) - sum(self.source_counts.values()),
            "repeats_of_sources": dict(self.source_counts),
            "arguments": dict(self.arguments),
            "duplicates": [match.to_dict() for match in self.duplicates],
        }

    def __str__(self) -> str:
        in_sources = sum(self.source_counts.values())
        names = ", ".join(f"{name} {count:,}" for name, count in self.source_counts.items())
        return (
            f"{self.row_count:,} rows: {len(self.kept):,} kept, {len(self.duplicates) - in_sources:,} repeats of rows, "
            f"{in_sources:,} repeats of sources{f' ({names})' if names else ''}."
        )

    __repr__ = __str__
