"""An index of texts that grows: what comes later is held against all that was kept."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import Any, Final

from synqc import _core
from synqc.errors import DocumentError, InputError
from synqc.pipeline.progress import ProgressBar, ProgressOption, progress_callback
from synqc.text._arguments import MOST_THREADS, chunks_of, number_between, raise_if_stopped, whole_number
from synqc.text._index_file import read_head, read_parts, write_index_file
from synqc.text.matches import Collected, Deduplication, Matches
from synqc.text.shingling import Shingling
from synqc.text.sources import Sources

__all__ = ["TextIndex"]

_PART_BYTES: Final = 1 << 20


class TextIndex:
    """Near-duplicate detection by MinHash and locality-sensitive hashing, row after row.

    A row is a duplicate of the earliest kept row whose Jaccard similarity with it is at least `threshold`, compared
    exactly; otherwise it is kept. Clusters do not chain: every member resembles its representative, the first of them.
    Decisions depend on the rows and these arguments, never on threads or on how rows are cut into calls.

    Threads may share it: calls wait for each other. It is kept in memory: the texts of kept rows and about 0.35 kB for
    each of them.

    Args:
        threshold: Least Jaccard similarity of a duplicate, 0.2 to 1.
        recall: Probability of finding a pair at the threshold, 0.5 to 0.9999; more similar pairs are found more surely.
        shingling: How texts become sets.
        seed: Seed of the hash functions, 0 to 2**64 - 1.

    Raises:
        InputError: An argument is out of range.

    Examples:
        >>> index = TextIndex(threshold=0.7)
        >>> index.add(["A train leaves at nine.", "Name the capital of France."]).kept.tolist()
        [0, 1]
        >>> again = index.add(["A train leaves at nine!", "A ship leaves at ten."])
        >>> again.kept.tolist(), again.duplicates[0].row, again.duplicates[0].of
        ([3], 2, 0)
        >>> index.save("texts.index")
        >>> index = TextIndex.load("texts.index")
        >>> index.rows_seen, len(index), len(index.query(["name the CAPITAL of france?"]))
        (4, 3, 1)

    Source: A. Broder, On the resemblance and containment of documents (1997); P. Indyk, R. Motwani, Approximate nearest
        neighbors (1998).
    """

    def __init__(
        self, *, threshold: float = 0.8, recall: float = 0.99, shingling: Shingling | None = None, seed: int = 0
    ) -> None:
        self.threshold = number_between("threshold", threshold, 0.2, 1)
        self.recall = number_between("recall", recall, 0.5, 0.9999)
        self.shingling = Shingling() if shingling is None else shingling
        if not isinstance(self.shingling, Shingling):
            raise InputError(f"Argument `shingling` must be a Shingling, but is {type(shingling).__name__}.")
        self.seed = whole_number("seed", seed, least=0, most=2**64 - 1)
        self._core: Any = _core.TextIndex(
            threshold=self.threshold, recall=self.recall, seed=self.seed, **self.shingling._to_core()
        )
        self._lock = threading.Lock()
        self._owner = 0

    def __len__(self) -> int:
        """Kept rows."""
        return int(self._core.kept_count)

    @property
    def rows_seen(self) -> int:
        """Rows decided on so far: the number of the next one."""
        return int(self._core.rows_seen)

    def arguments(self) -> dict[str, Any]:
        """What it was made with, as plain values."""
        return {
            "threshold": self.threshold,
            "recall": self.recall,
            "seed": self.seed,
            "shingling": self.shingling.to_dict(),
        }

    def add(
        self,
        rows: Iterable[Any],
        *,
        against: Sources | None = None,
        key: str | None = None,
        threads: int = 0,
        progress: ProgressOption = "auto",
        stop: _core.StopFlag | None = None,
    ) -> Deduplication:
        """Decide on rows in order and keep the new ones.

        Args:
            rows: Texts, or mappings with the text under `key`; numbered from `rows_seen` on.
            against: Sources no kept row may repeat.
            key: Name of the text in rows that are mappings.
            threads: Threads to use; 0 means all.
            progress: "auto" shows a bar where a person looks, True always, False never; or a callable of (done, total),
                where the total is that of rows taken so far if `rows` has no length.
            stop: Another thread may call `stop.stop()`.

        Returns:
            Which of these rows stay, and what the others repeat.

        Raises:
            InputError: A row is no text, or longer than 16 MiB in UTF-8. Rows of calls of the core before it, of 16,384
                rows each, have been added.
            Cancelled: The stop was heard, within 50 ms; `rows_seen` says how many rows have been added.
            KeyboardInterrupt: After Ctrl-C, likewise.
        """
        threads = whole_number("threads", threads, least=0, most=MOST_THREADS)
        if against is not None and not isinstance(against, Sources):
            raise InputError(f"Argument `against` must be Sources or None, but is {type(against).__name__}.")
        sources = None if against is None else against._core
        total = len(rows) if isinstance(rows, Sized) else 0
        show = progress_callback(progress, "rows")
        collected = Collected()
        kept_rows: list[Any] = []
        try:
            with self._alone():
                for chunk, texts in chunks_of("rows", rows, key):
                    first, done = self._core.rows_seen, collected.rows
                    columns, interrupted = self._core.add(
                        texts, sources, threads=threads, stop=stop, progress=show, done=done,
                        total=max(total, done + len(texts)),
                    )  # fmt: skip
                    raise_if_stopped(len(columns["of"]), len(texts), interrupted, "Adding rows was stopped.")
                    kept_rows += [chunk[place] for place in collected.add(columns, first).tolist()]
        finally:
            if isinstance(show, ProgressBar):
                show.close()
        names = None if against is None else against._names
        return Deduplication(collected.rows, collected.kept(), kept_rows, collected.matches(names), self.arguments())

    def query(
        self,
        rows: Iterable[Any],
        *,
        key: str | None = None,
        threads: int = 0,
        progress: ProgressOption = False,
        stop: _core.StopFlag | None = None,
    ) -> Matches:
        """What each row would be a duplicate of, if it came next and alone; rows that would be kept are not listed.

        Arguments and errors are those of `add`; rows are numbered from 0.
        """
        threads = whole_number("threads", threads, least=0, most=MOST_THREADS)
        show = progress_callback(progress, "rows")
        collected = Collected()
        try:
            for _, texts in chunks_of("rows", rows, key):
                with self._alone():
                    columns, interrupted = self._core.query(texts, threads=threads, stop=stop, progress=show)
                raise_if_stopped(len(columns["of"]), len(texts), interrupted, "The query was stopped.")
                collected.add(columns, collected.rows)
        finally:
            if isinstance(show, ProgressBar):
                show.close()
        return collected.matches(None)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to a file that `load` reads: the whole file, or the old one stays.

        Kept texts stand in it in plain UTF-8, so its size is theirs.

        Raises:
            OSError: It cannot be written.
        """
        with self._alone():
            head = {**self.arguments(), "rows_seen": self.rows_seen, "kept": len(self)}
            write_index_file(path, head, self._parts())

    def _parts(self) -> Iterator[bytes]:
        first = 0
        while first < self._core.kept_count:
            part, first = self._core.packed(first, _PART_BYTES)
            yield part

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, threads: int = 0) -> TextIndex:
        """Read a file that `save` wrote, here or elsewhere.

        Whatever is in the file, the answer is a whole index or an error. Its SHA-256 shows damage; it does not show who
        wrote it.

        Raises:
            DocumentError: It is none, or is damaged.
            OSError: It cannot be opened.
        """
        threads = whole_number("threads", threads, least=0, most=MOST_THREADS)
        with open(path, "rb") as file:
            head = read_head(file)
            try:
                names = {"threshold", "recall", "seed", "shingling", "rows_seen", "kept"}
                if head.keys() != names or not isinstance(head["shingling"], dict):
                    raise InputError(f"Its head must have {', '.join(sorted(names))}, but has {', '.join(head)}.")
                index = cls(
                    threshold=head["threshold"], recall=head["recall"], seed=head["seed"],
                    shingling=Shingling(**head["shingling"]),
                )  # fmt: skip
                for part in read_parts(file):
                    if index._core.unpack(part, threads=threads):
                        raise KeyboardInterrupt
                index._core.restore_rows_seen(whole_number("rows_seen", head["rows_seen"], least=0, most=2**62 - 1))
                if len(index) != head["kept"]:
                    raise InputError(f"It must hold {head['kept']} rows, but holds {len(index)}.")
            except DocumentError:
                raise
            except (InputError, TypeError) as error:
                raise DocumentError(
                    f"Document must be a whole file of TextIndex.save(), but is not: {error}"
                ) from error
        return index

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One call at a time; a callback of this one that comes back would wait for itself."""
        here = threading.get_ident()
        if self._owner == here:
            raise InputError("A TextIndex must not be used by its own progress callback or rows, but was.")
        with self._lock:
            self._owner = here
            try:
                yield
            finally:
                self._owner = 0
