"""Problem file: seeds and benchmarks of JSON, JSON Lines, CSV or Parquet, by path or upload, with errors by row."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from synqc import json
from synqc.apps.prompts.request import SeedProblem
from synqc.errors import DocumentError, InputError, MissingExtra

__all__ = ["FORMATS", "ProblemFile", "RowError", "read_problems"]

FORMATS: Final = ("json", "jsonl", "csv", "parquet")
"""Forms of a problem file, which are also its suffixes."""

_MEMBERS: Final = ("problem", "answer", "solution", "source_id", "tags", "subject", "topic")
_ALIASES: Final = {
    "question": "problem", "prompt": "problem", "text": "problem", "final_answer": "answer", "id": "source_id",
    "unique_id": "source_id",
}  # fmt: skip
_MOST_ERRORS: Final = 100
_MOST_UNPACKED: Final = 512 << 20


@dataclass(frozen=True)
class RowError:
    """Why a row is no problem.

    Args:
        row: Its number, from 1 as people count; the line of JSON Lines, the record of CSV after the names.
        words: What is wrong.
    """

    row: int
    words: str


@dataclass(frozen=True)
class ProblemFile:
    """What a file holds.

    Args:
        problems: Rows that are problems, in order.
        errors: Rows that are none, the first 100.
        refused: How many are none.
        format: That it was read as.
    """

    problems: tuple[SeedProblem, ...]
    errors: tuple[RowError, ...]
    refused: int
    format: str


def read_problems(
    source: str | os.PathLike[str] | bytes,
    *,
    name: str | None = None,
    format: str | None = None,
    most_bytes: int = 64 << 20,
    most_rows: int = 100_000,
) -> ProblemFile:
    """Read seeds or a benchmark.

    A row is a text, or an object with `problem` (also called question, prompt or text) and, if it has them, `answer`,
    `solution`, `source_id` (also id), `tags`, `subject`, `topic`; what else it has is passed over. In CSV the tags are
    separated by semicolons.

    Args:
        source: A path, or the bytes of an upload.
        name: Name of the upload, from whose suffix its format follows.
        format: One of `FORMATS`; None: by the suffix.
        most_bytes: Larger ones are refused unread.
        most_rows: Ones with more rows are refused.

    Raises:
        InputError: It is too large, or its format is not known.
        DocumentError: It is no such document at all; a bad row among good ones is in `errors` instead.
        MissingExtra: It is Parquet, and pyarrow is not installed.

    Examples:
        >>> lines = b'{"problem": "1 + 1?", "answer": 2}\\n{"answer": "3"}\\n"Find x."\\n'
        >>> found = read_problems(lines, format="jsonl")
        >>> [one.problem for one in found.problems], found.errors[0].row, found.errors[0].words
        (['1 + 1?', 'Find x.'], 2, 'It has no `problem`, but answer.')
    """
    form = _format(name if isinstance(source, bytes) else os.fspath(source), format)
    body = _body(source, most_bytes)
    problems: list[SeedProblem] = []
    errors: list[RowError] = []
    refused = 0
    for count, (number, row) in enumerate(_rows(body, form, most_rows)):
        if count == most_rows:
            raise InputError(f"A problem file must have at most {most_rows} rows, but has more.")
        found = row if isinstance(row, _Bad) else _problem(row)
        if isinstance(found, _Bad):
            refused += 1
            if len(errors) < _MOST_ERRORS:
                errors.append(RowError(number, found.words))
        else:
            problems.append(found)
    return ProblemFile(tuple(problems), tuple(errors), refused, form)


@dataclass(frozen=True)
class _Bad:
    words: str


def _format(name: str | None, format: str | None) -> str:
    form = format if format is not None else Path(name or "").suffix.lower().lstrip(".")
    form = {"ndjson": "jsonl", "pq": "parquet"}.get(form, form)
    if form not in FORMATS:
        known = ", ".join(FORMATS)
        raise InputError(
            f"A problem file must be of {known} by its suffix or `format`, but is of {form or 'none'!r:.40}."
        )
    return form


def _body(source: str | os.PathLike[str] | bytes, most_bytes: int) -> bytes:
    if isinstance(source, bytes):
        size, body = len(source), source
    else:
        try:
            with Path(source).open("rb") as stream:
                body = stream.read(most_bytes + 1)  # also of what has no size, such as a pipe
        except OSError as error:
            raise DocumentError(
                f"A problem file must be readable, but {os.fspath(source)!r} is not: {error.strerror}."
            ) from error
        size = len(body)
    if size > most_bytes:
        raise InputError(f"A problem file must have at most {most_bytes} bytes, but has more.")
    return body


def _rows(body: bytes, form: str, most_rows: int) -> Iterator[tuple[int, Any]]:
    if form == "parquet":
        yield from enumerate(_parquet_rows(body, most_rows), 1)
    elif form == "csv":
        yield from enumerate(_csv_rows(_text(body)), 1)
    elif form == "jsonl":
        for number, line in enumerate(body.split(b"\n"), 1):
            if line.strip():
                try:
                    yield number, json.loads(line)
                except DocumentError as error:
                    yield number, _Bad(f"It is no JSON: {error}")
    else:
        listed = json.loads(body)
        if isinstance(listed, Mapping):
            lists = [value for value in listed.values() if isinstance(value, list)]
            if len(lists) != 1:
                raise DocumentError("A problem file must be a list, or an object that holds one list: $")
            listed = lists[0]
        if not isinstance(listed, list):
            raise DocumentError(f"A problem file must be a list, but is {type(listed).__name__}: $")
        yield from enumerate(listed, 1)


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(f"A problem file must be UTF-8, but byte {error.start} is not: $") from error


def _csv_rows(text: str) -> Iterator[Any]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        names = next(reader, None)
        if names is None:
            return
        if not {_member(name) for name in names} & {"problem"}:
            raise DocumentError(
                f"A problem file must have a column `problem`, but has {', '.join(names)[:200]}: line 1"
            )
        for record in reader:
            if not record:
                continue
            if len(record) != len(names):
                yield _Bad(f"It has {len(record)} cells, but there are {len(names)} columns.")
                continue
            row = {name: cell for name, cell in zip(names, record, strict=True) if cell != ""}
            tags = row.get("tags")
            yield {**row, "tags": [tag.strip() for tag in tags.split(";") if tag.strip()]} if tags is not None else row
    except csv.Error as error:
        raise DocumentError(f"A problem file must be CSV, but is not: {error}: line {reader.line_num}") from error


def _parquet_rows(body: bytes, most_rows: int) -> Iterator[Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtra("Parquet needs pyarrow: pip install 'synqc[prompts]'.") from error
    try:
        file = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(body))
        groups = range(file.metadata.num_row_groups)
        if sum(file.metadata.row_group(group).total_byte_size for group in groups) > _MOST_UNPACKED:
            raise InputError(f"A problem file must unpack to at most {_MOST_UNPACKED} bytes, but does to more.")
        if file.metadata.num_rows > most_rows:
            raise InputError(f"A problem file must have at most {most_rows} rows, but has {file.metadata.num_rows}.")
        names = [name for name in file.schema_arrow.names if _member(name) in _MEMBERS]
        if "problem" not in map(_member, names):
            columns = ", ".join(file.schema_arrow.names)[:200]
            raise DocumentError(f"A problem file must have a column `problem`, but has {columns}: $")
        for batch in file.iter_batches(batch_size=256, columns=names):
            if batch.nbytes > _MOST_UNPACKED:
                raise InputError(f"A problem file must unpack to at most {_MOST_UNPACKED} bytes, but does to more.")
            yield from batch.to_pylist()
    except InputError:
        raise
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
        raise DocumentError(f"A problem file must be Parquet, but cannot be read: {error!s:.200}: $") from error


def _member(name: str) -> str:
    cleaned = name.strip().casefold()
    return _ALIASES.get(cleaned, cleaned)


def _problem(row: Any) -> SeedProblem | _Bad:
    if isinstance(row, str):
        row = {"problem": row}
    if not isinstance(row, Mapping):
        return _Bad(f"It must be a text or an object, but is {type(row).__name__}.")
    values: dict[str, Any] = {}
    for name, value in row.items():
        member = _member(str(name))
        # The plain name wins over another word for it.
        if member in _MEMBERS and value is not None and (member not in values or member == name):
            values[member] = value
    if "problem" not in values:
        return _Bad(f"It has no `problem`, but {', '.join(map(str, row))[:200] or 'nothing'}.")
    for name in ("answer", "source_id", "solution", "subject", "topic"):
        if name in values and not isinstance(values[name], str):
            values[name] = _as_text(values[name])
    if isinstance(values.get("tags"), str):
        values["tags"] = [values["tags"]]
    try:
        return SeedProblem(**values)
    except (InputError, TypeError) as error:
        return _Bad(str(error))


def _as_text(value: Any) -> str:
    if isinstance(value, bool | int | float | list | Mapping):
        try:
            return json.dumps(value).decode()
        except InputError:
            return str(value)
    return str(value)
