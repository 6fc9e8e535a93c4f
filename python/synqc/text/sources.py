"""Texts that rows must not repeat: seeds, benchmarks, earlier batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from synqc import _core
from synqc.errors import Cancelled, InputError
from synqc.pipeline.progress import ProgressBar, ProgressOption, progress_callback
from synqc.text._arguments import MOST_THREADS, chunks_of, number_between, raise_if_stopped, whole_number
from synqc.text.matches import Collected, Matches, _SourceNames
from synqc.text.shingling import Shingling

__all__ = ["Sources"]

_NEVER = 2.0  # no share is so large


class Sources:
    """Named texts, and every row that is a copy of one or holds one: decontamination by exact comparison.

    A row repeats a text if their Jaccard similarity is at least `threshold`, or if at least the share `containment` of
    the text's shingles stands in the row within twice the text's length. Nothing is missed: candidates are found by a
    prefix filter, not by chance. Of several texts the one most contained is named, then the most similar, then the
    earliest.

    Args:
        texts: Rows by name of their source.
        threshold: Least Jaccard similarity of a copy, 0.2 to 1.
        containment: Least share of a text found within a row, 0.2 to 1; None: look for whole copies alone. Texts of
            fewer than 32 different shingles are not looked for within rows.
        key: Name of the text in rows that are mappings.
        shingling: How texts are compared; by default with all numbers alike, since a problem with other numbers is a
            copy still.
        threads: Threads to use; 0 means all.
        stop: Another thread may call `stop.stop()`.

    Raises:
        InputError: An argument is out of range, a row is no text, or longer than 16 MiB.
        Cancelled: The stop flag was raised.

    Examples:
        >>> exams = Sources({"algebra": ["Find the sum of all positive divisors of 360."], "empty": []})
        >>> match = exams.query(["Task 1.\\nFіnd the sum of all\\npositive divisors of 1,024. Explain."])[0]
        >>> match.source, match.of, match.containment > 0.9, match.spans
        ('algebra', 0, True, ((8, 55),))
        >>> len(exams)
        1
    """

    def __init__(
        self,
        texts: Mapping[str, Iterable[Any]],
        *,
        threshold: float = 0.8,
        containment: float | None = 0.9,
        key: str | None = None,
        shingling: Shingling | None = None,
        threads: int = 0,
        stop: _core.StopFlag | None = None,
    ) -> None:
        # convert
        if not isinstance(texts, Mapping) or not all(isinstance(name, str) for name in texts):
            raise InputError(f"Argument `texts` must map names to rows, but is {type(texts).__name__}.")
        self.shingling = Shingling(numbers="rename") if shingling is None else shingling
        self.threshold = number_between("threshold", threshold, 0.2, 1)
        self.containment = None if containment is None else number_between("containment", containment, 0.2, 1)
        threads = whole_number("threads", threads, least=0, most=MOST_THREADS)
        listed: list[str] = []
        sizes = {}
        for name, rows in texts.items():
            before = len(listed)
            for _, chunk in chunks_of(name, rows, key):
                listed += chunk
            sizes[name] = len(listed) - before
        self.sizes = sizes
        self._names = _SourceNames(sizes)
        # call
        make: Any = _core.TextSources
        self._core = make(
            listed, threshold=self.threshold, containment=_NEVER if self.containment is None else self.containment,
            threads=threads, stop=stop, **self.shingling._to_core(),
        )  # fmt: skip
        if self._core.interrupted:
            raise KeyboardInterrupt
        if not self._core.is_complete:
            raise Cancelled("Sources were stopped before they were read.")

    def __len__(self) -> int:
        return sum(self.sizes.values())

    def query(
        self,
        rows: Iterable[Any],
        *,
        key: str | None = None,
        threads: int = 0,
        progress: ProgressOption = False,
        stop: _core.StopFlag | None = None,
    ) -> Matches:
        """Which rows repeat a source, and where.

        Args:
            rows: Texts, or mappings with the text under `key`.
            key: Name of the text in rows that are mappings.
            threads: Threads to use; 0 means all.
            progress: "auto", True, False, or a callable of (done, total), per 16,384 rows.
            stop: Another thread may call `stop.stop()`; this raises Cancelled within 50 ms.

        Returns:
            A match for each row that repeats one; rows without are not listed.
        """
        threads = whole_number("threads", threads, least=0, most=MOST_THREADS)
        show = progress_callback(progress, "rows")
        collected = Collected()
        try:
            for _, texts in chunks_of("rows", rows, key):
                columns, interrupted = self._core.query(texts, threads=threads, stop=stop, progress=show)
                raise_if_stopped(len(columns["of"]), len(texts), interrupted, "The query was stopped.")
                collected.add(columns, collected.rows)
        finally:
            if isinstance(show, ProgressBar):
                show.close()
        return collected.matches(self._names)
