"""Deduplication and decontamination of a collection in one call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from synqc import _core
from synqc.pipeline.progress import ProgressOption
from synqc.text.index import TextIndex
from synqc.text.matches import Deduplication
from synqc.text.shingling import Shingling
from synqc.text.sources import Sources

__all__ = ["deduplicate"]


def deduplicate(
    rows: Iterable[Any],
    *,
    threshold: float = 0.8,
    against: Sources | Mapping[str, Iterable[Any]] | None = None,
    key: str | None = None,
    shingling: Shingling | None = None,
    recall: float = 0.99,
    seed: int = 0,
    threads: int = 0,
    progress: ProgressOption = "auto",
    stop: _core.StopFlag | None = None,
) -> Deduplication:
    """Keep the first of rows that are nearly the same, and none that repeats a source.

    A row that is at least `threshold` similar to an earlier kept row is its duplicate. Candidates are found by MinHash
    with a stated recall; each is then compared exactly. Rows of a source are found without chance.

    Args:
        rows: Texts, or mappings with the text under `key`; any iterable, read once; dropped rows are let go.
        threshold: Least Jaccard similarity of the shingles of two duplicates, 0.2 to 1.
        against: Rows by name of their source, such as seeds and benchmarks; or `Sources`, to choose how they are
            compared. By default numbers do not matter there, and a source found within a longer row counts.
        key: Name of the text in rows (those of sources too) that are mappings.
        shingling: How rows become sets, compared with each other.
        recall: Probability of finding a pair of rows at the threshold, 0.5 to 0.9999.
        seed: Seed of the hash functions.
        threads: Threads to use; 0 means all. The result is the same for any number.
        progress: "auto" shows a bar where a person looks, True always, False never; or a callable of (done, total).
        stop: Another thread may call `stop.stop()`.

    Returns:
        Rows that stay, and for each other one what it repeats, where, and how much.

    Raises:
        InputError: An argument is out of range; a row is no text, or longer than 16 MiB in UTF-8.
        Cancelled: The stop was heard, within 50 ms.

    Examples:
        >>> rows = [{"id": 1, "problem": "What is 2 + 2?"}, {"id": 2, "problem": "WHAT is 2 +  2?"}]
        >>> found = deduplicate(rows, key="problem", progress=False)
        >>> found.kept_rows, found.duplicates[0].jaccard, found.duplicates[0].spans
        ([{'id': 1, 'problem': 'What is 2 + 2?'}], 1.0, ((0, 15),))
    """
    index = TextIndex(threshold=threshold, recall=recall, shingling=shingling, seed=seed)
    if against is not None and not isinstance(against, Sources):
        against = Sources(against, threshold=threshold, key=key, threads=threads, stop=stop)
    return index.add(rows, against=against, key=key, threads=threads, progress=progress, stop=stop)
