"""Rows as files of Parquet and Arrow's stream format, part by part, the data card inside."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from synqc import json
from synqc.apps.synth.row_arrow import arrow_batches, arrow_schema

if TYPE_CHECKING:
    from synqc.generate import Rows

__all__ = ["arrow_parts", "parquet_parts", "table_parts"]


def parquet_parts(
    rows: Iterable[Mapping[str, Any]], schema: Mapping[str, Any], *, card: Mapping[str, Any] | None = None
) -> Iterator[bytes]:
    """The file's bytes, a part for each row group, and the footer at the end; see `arrow_schema`.

    Args:
        rows: As they come.
        schema: Schema of each, a JSON schema of an object.
        card: Stands in the metadata under `synqc_data_card`.

    Raises:
        MissingExtra: pyarrow is not installed.

    Examples:
        >>> import io, pyarrow.parquet
        >>> schema = {"type": "object", "properties": {"n": {"type": "integer"}, "more": {"type": "object"}}}
        >>> file = b"".join(parquet_parts([{"n": 1, "more": {"b": 2}}, {"n": None}], schema))
        >>> pyarrow.parquet.read_table(io.BytesIO(file)).to_pylist()
        [{'n': 1, 'more': '{"b":2}'}, {'n': None, 'more': None}]
    """
    columns = arrow_schema(schema, card=card)
    from pyarrow import parquet

    sink = _Drain()
    with parquet.ParquetWriter(sink, columns, compression="zstd") as writer:
        for batch in arrow_batches(rows, schema, columns):
            writer.write_batch(batch, row_group_size=max(1, batch.num_rows))
            yield sink.drained()
    yield sink.drained()


def arrow_parts(
    rows: Iterable[Mapping[str, Any]], schema: Mapping[str, Any], *, card: Mapping[str, Any] | None = None
) -> Iterator[bytes]:
    """The bytes of a stream of record batches, which `pyarrow.ipc.open_stream` and pandas' readers take.

    Args and errors as of `parquet_parts`.

    Examples:
        >>> import pyarrow
        >>> schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
        >>> pyarrow.ipc.open_stream(b"".join(arrow_parts([{"n": 1}], schema))).read_all().to_pylist()
        [{'n': 1}]
    """
    columns = arrow_schema(schema, card=card)
    from pyarrow import ipc

    sink = _Drain()
    with ipc.new_stream(sink, columns) as writer:
        for batch in arrow_batches(rows, schema, columns):
            writer.write_batch(batch)
            yield sink.drained()
    yield sink.drained()


def table_parts(tables: Iterable[Rows], form: str, *, card: Mapping[str, Any]) -> Iterator[bytes]:
    """The bytes of rows that are columns in the core already, written by it, a part for each table.

    Args:
        tables: One after another, at least one, all with the same columns.
        form: "jsonl", "json", "csv", "parquet" or "arrow".
        card: Stands in the metadata of the last two under `synqc_data_card`.

    Raises:
        MissingExtra: The form needs pyarrow, and it is not installed.

    Examples:
        >>> from synqc import generate
        >>> tables = list(generate.stream(generate.Table({"n": generate.Sequence()}), rows=3, chunk_rows=2))
        >>> b"".join(table_parts(tables, "csv", card={})), b"".join(table_parts(tables, "jsonl", card={}))
        (b'n\\r\\n1\\r\\n2\\r\\n3\\r\\n', b'{"n":1}\\n{"n":2}\\n{"n":3}\\n')
    """
    if form == "jsonl":
        return (table.to_json_lines() for table in tables)
    if form == "json":
        return _json_list(tables)
    if form == "csv":
        return (table.to_csv(header=place == 0) for place, table in enumerate(tables))
    return _batch_parts((table.to_arrow() for table in tables), form, card)


def _json_list(tables: Iterable[Rows]) -> Iterator[bytes]:
    """One JSON array; texts of JSON have no line feed but those between rows."""
    before = b"[\n"
    for table in tables:
        yield before + table.to_json_lines().removesuffix(b"\n").replace(b"\n", b",\n")
        before = b",\n"
    yield b"\n]\n"


def _batch_parts(batches: Iterator[Any], form: str, card: Mapping[str, Any]) -> Iterator[bytes]:
    first = next(batches)
    columns = first.schema.with_metadata({b"synqc_data_card": json.canonical(dict(card))})
    from pyarrow import ipc, parquet

    sink = _Drain()
    opened = ipc.new_stream if form == "arrow" else partial(parquet.ParquetWriter, compression="zstd")
    with opened(sink, columns) as writer:
        for batch in chain([first], batches):
            writer.write_batch(batch.replace_schema_metadata(columns.metadata))
            yield sink.drained()
    yield sink.drained()


class _Drain(io.RawIOBase):
    """Takes what is written, and gives it away part by part."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        self._size += len(self._parts[-1])
        return len(self._parts[-1])

    def tell(self) -> int:
        return self._size

    def drained(self) -> bytes:
        """What has come since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)
