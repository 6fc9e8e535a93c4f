"""The doors: rows in memory, a stream of them, a file of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from synqc._version import __version__
from synqc.errors import Cancelled, InputError
from synqc.generate._arguments import MOST_ROWS, MOST_THREADS, seed_of, whole_number
from synqc.generate.data_card import DataCard, fingerprint_of, licences_of
from synqc.generate.documents import DocumentRows, Documents
from synqc.generate.event_log import EventLog
from synqc.generate.files import writer_for
from synqc.generate.log_checkpoint import opened_checkpoint, sealed_checkpoint
from synqc.generate.rows import Rows
from synqc.generate.table import Table
from synqc.generate.time_series import TimeSeries
from synqc.generate.version import GENERATOR_VERSION

if TYPE_CHECKING:
    from synqc.lab.experiment import StopFlag

__all__ = ["make", "stream", "write"]

_ROWS_PER_CHUNK = 262_144


Tabular: TypeAlias = Table | TimeSeries | EventLog
"""What is made column by column."""


class _Maker:
    """A configuration with its seed, ready to make any rows."""

    def __init__(
        self, configuration: Tabular | Documents, seed: int | str, threads: int, stop: StopFlag | None
    ) -> None:
        if not isinstance(configuration, (Table, TimeSeries, EventLog, Documents)):
            raise InputError(
                f"Argument `configuration` must be a Table, TimeSeries, EventLog or Documents, "
                f"but is {configuration!r}."
            )
        self._plan: Any = configuration._plan(seed_of(seed))
        self._log = configuration if isinstance(configuration, EventLog) else None
        self._seed = seed_of(seed)
        self._threads = whole_number("threads", threads, 0, MOST_THREADS)
        self._stop: Any = stop

    def resume_from(self, checkpoint: bytes | None, first_row: int) -> None:
        """Go on from there; None: from the first row."""
        if checkpoint is None:
            return
        if self._log is None:
            raise InputError(
                "Argument `resume_from` is of logs of events, but any row of a table, series or document is at hand."
            )
        row, state = opened_checkpoint(checkpoint, self._log.to_dict(), self._seed)
        if first_row < row:
            raise InputError(
                f"Argument `first_row` must be at least {row}, where `resume_from` stands, but is {first_row}."
            )
        self._plan.resume_from(state)

    def rows(self, first_row: int, rows: int) -> Any:
        made, interrupted = self._plan.make(first_row, rows, self._threads, self._stop)
        if interrupted:
            raise KeyboardInterrupt
        if isinstance(made, DocumentRows):
            return made
        if made.rows < rows:
            raise Cancelled("Generation was stopped before its rows were complete.")
        return Rows(made, None if self._log is None else self._checkpoint(first_row + rows))

    def _checkpoint(self, row: int) -> bytes:
        assert self._log is not None
        return sealed_checkpoint(self._log.to_dict(), self._seed, row, self._plan.checkpoint())


@overload
def make(
    configuration: Tabular,
    *,
    rows: int,
    seed: int | str = 0,
    first_row: int = 0,
    threads: int = 0,
    stop: StopFlag | None = None,
    resume_from: bytes | None = None,
) -> Rows: ...


@overload
def make(
    configuration: Documents,
    *,
    rows: int,
    seed: int | str = 0,
    first_row: int = 0,
    threads: int = 0,
    stop: StopFlag | None = None,
    resume_from: bytes | None = None,
) -> DocumentRows: ...


def make(
    configuration: Tabular | Documents,
    *,
    rows: int,
    seed: int | str = 0,
    first_row: int = 0,
    threads: int = 0,
    stop: StopFlag | None = None,
    resume_from: bytes | None = None,
) -> Rows | DocumentRows:
    """Rows `first_row` to `first_row + rows - 1`, in memory.

    Args:
        configuration: What to make.
        rows: How many.
        seed: A whole number of 64 bits, or a text. The same seed gives the same bytes for any number of threads, any
            cut into calls, and on any processor.
        first_row: Number of the first row: what a resumed job goes on with.
        threads: At most so many; 0 for all the machine offers.
        stop: Ends the work when it is set.
        resume_from: `checkpoint` of earlier rows of a log of events, so that those before it need not be made again.

    Raises:
        InputError: An argument is out of its range, or a column of distinct values has too few.
        Cancelled: `stop` was set.

    Examples:
        >>> from synqc import generate
        >>> table = generate.Table({"code": generate.Pattern("[A-Z]{2}-[0-9]{3}")})
        >>> generate.make(table, rows=4, seed=7).column("code").tolist()
        ['FQ-018', 'VD-696', 'HZ-676', 'ZN-935']
        >>> generate.make(table, rows=1, seed=7, first_row=3).column("code").tolist()
        ['ZN-935']
    """
    count = whole_number("rows", rows, 0, MOST_ROWS)
    first = whole_number("first_row", first_row, 0, MOST_ROWS)
    maker = _Maker(configuration, seed, threads, stop)
    maker.resume_from(resume_from, first)
    made: Rows | DocumentRows = maker.rows(first, count)
    return made


@overload
def stream(
    configuration: Tabular,
    *,
    rows: int | None = None,
    seed: int | str = 0,
    first_row: int = 0,
    chunk_rows: int = _ROWS_PER_CHUNK,
    threads: int = 0,
    stop: StopFlag | None = None,
    resume_from: bytes | None = None,
) -> Iterator[Rows]: ...


@overload
def stream(
    configuration: Documents,
    *,
    rows: int | None = None,
    seed: int | str = 0,
    first_row: int = 0,
    chunk_rows: int = _ROWS_PER_CHUNK,
    threads: int = 0,
    stop: StopFlag | None = None,
    resume_from: bytes | None = None,
) -> Iterator[DocumentRows]: ...


def stream(
    configuration: Tabular | Documents,
    *,
    rows: int | None = None,
    seed: int | str = 0,
    first_row: int = 0,
    chunk_rows: int = _ROWS_PER_CHUNK,
    threads: int = 0,
    stop: StopFlag | None = None,
    resume_from: bytes | None = None,
) -> Iterator[Rows] | Iterator[DocumentRows]:
    """The same rows in chunks, each made when it is asked for: memory is that of one chunk.

    Args:
        configuration: What to make.
        rows: How many in all; None for no end.
        seed: As for `make`.
        first_row: Number of the first row.
        chunk_rows: How many in a chunk; the last may have fewer.
        threads: At most so many; 0 for all the machine offers.
        stop: Ends the work when it is set.
        resume_from: `checkpoint` of earlier rows of a log of events, so that those before it need not be made again.

    Raises:
        InputError: An argument is out of its range.
        Cancelled: `stop` was set.

    Examples:
        >>> from synqc import generate
        >>> table = generate.Table({"n": generate.Sequence()})
        >>> [len(chunk) for chunk in generate.stream(table, rows=2500, chunk_rows=1000)]
        [1000, 1000, 500]
    """
    total = None if rows is None else whole_number("rows", rows, 0, MOST_ROWS)
    first = whole_number("first_row", first_row, 0, MOST_ROWS)
    size = whole_number("chunk_rows", chunk_rows, 1, 2**31 - 1)
    maker = _Maker(configuration, seed, threads, stop)
    maker.resume_from(resume_from, first)
    return _chunks(maker, total, first, size)


def _chunks(maker: _Maker, total: int | None, first: int, size: int) -> Iterator[Any]:
    done = 0
    while total is None or done < total:
        now = size if total is None else min(size, total - done)
        yield maker.rows(first + done, now)
        done += now


def write(
    configuration: Tabular | Documents,
    path: str | os.PathLike[str],
    *,
    rows: int,
    seed: int | str = 0,
    first_row: int = 0,
    format: str | None = None,
    chunk_rows: int = _ROWS_PER_CHUNK,
    threads: int = 0,
    stop: StopFlag | None = None,
    resume_from: bytes | None = None,
    distances: dict[str, Any] | None = None,
) -> DataCard:
    """Write rows to a file, chunk after chunk, and the data card beside it (`<path>.card.json`).

    A file takes its name when it is whole: until then it is `<path>.part`.

    Args:
        configuration: What to make.
        path: Where to.
        rows: How many.
        seed: As for `make`.
        first_row: Number of the first row.
        format: csv, jsonl, json, parquet or arrow; None to go by the suffix of `path`. Parquet and Arrow need pyarrow.
        chunk_rows: Rows that are held at a time; of Parquet, those of a row group.
        threads: At most so many; 0 for all the machine offers.
        stop: Ends the work when it is set; no file is left then.
        resume_from: As for `make`.
        distances: What the data card shall say of how far the data are from others.

    Returns:
        The data card.

    Raises:
        InputError: An argument is out of its range.
        Cancelled: `stop` was set.
        MissingExtra: The format needs a package that is not installed.

    Examples:
        >>> from synqc import generate
        >>> card = generate.write(generate.Table({"n": generate.Sequence()}), "n.csv", rows=2)
        >>> open("n.csv", newline="").read()
        'n\\r\\n1\\r\\n2\\r\\n'
        >>> card.rows, card.columns
        (2, (('n', 'integer'),))
    """
    target = Path(path)
    count = whole_number("rows", rows, 0, MOST_ROWS)
    first = whole_number("first_row", first_row, 0, MOST_ROWS)
    size = whole_number("chunk_rows", chunk_rows, 1, 2**31 - 1)
    maker = _Maker(configuration, seed, threads, stop)
    maker.resume_from(resume_from, first)
    empty = maker.rows(first, 0)
    document = configuration.to_dict()
    card = DataCard(
        kind=configuration.kind,
        configuration=document,
        fingerprint=fingerprint_of(document),
        seed=seed,
        generator_version=GENERATOR_VERSION,
        synqc_version=__version__,
        first_row=first,
        rows=count,
        columns=() if isinstance(empty, DocumentRows) else empty._types(),
        licences=licences_of(document),
        distances=distances,
    )
    part = target.with_name(target.name + ".part")
    try:
        with writer_for(target, format, part, empty, card) as writer:
            for chunk in _chunks(maker, count, first, size):
                writer.add(chunk)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    target.with_name(target.name + ".card.json").write_text(card.to_json() + "\n", encoding="utf-8")
    return card
