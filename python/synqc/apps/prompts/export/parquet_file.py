"""Parquet: columns with types, a row group for each thousand rows, the data card in the file's metadata."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from synqc import json
from synqc.apps.prompts.export.exported_row import COLUMNS, exported
from synqc.apps.prompts.export.written_file import Target, write_parts
from synqc.apps.prompts.row import Row
from synqc.errors import MissingExtra

__all__ = ["parquet_parts", "write_parquet"]

_ROWS_PER_GROUP: Final = 1000


def parquet_parts(rows: Iterable[Row | Mapping[str, Any]], *, card: Mapping[str, Any] | None = None) -> Iterator[bytes]:
    """The file's bytes, a part for each row group, and the footer at the end.

    Raises:
        MissingExtra: pyarrow is not installed.
    """
    arrow, parquet = _arrow()
    schema = _schema(arrow)
    if card is not None:
        schema = schema.with_metadata({b"synqc_data_card": json.canonical(dict(card))})
    sink = _Drain()
    with parquet.ParquetWriter(sink, schema, compression="zstd", write_statistics=True) as writer:
        pending = iter(rows)
        while group := [_values(exported(row)) for row in islice(pending, _ROWS_PER_GROUP)]:
            columns = [
                arrow.array([one[name] for one in group], field.type)
                for name, field in zip(COLUMNS, schema, strict=True)
            ]
            writer.write_table(arrow.Table.from_arrays(columns, schema=schema), row_group_size=_ROWS_PER_GROUP)
            yield sink.drained()
    yield sink.drained()


def write_parquet(
    rows: Iterable[Row | Mapping[str, Any]], target: Target, *, card: Mapping[str, Any] | None = None
) -> int:
    """Write rows as Parquet (zstd); equal rows give equal bytes with one version of pyarrow.

    Hints are a list of {index, hint}. A lone surrogate, which UTF-8 cannot hold, is U+FFFD.

    Args:
        rows: As `PromptsApplication.export_rows` reads them; 1,000 at a time are in memory.
        target: A path, or a stream of bytes, which need not be able to seek.
        card: Data card, `data_card(...).to_dict()`: stands in the metadata under `synqc_data_card`.

    Returns:
        The number of bytes.

    Raises:
        MissingExtra: pyarrow is not installed.
    """
    return write_parts(parquet_parts(rows, card=card), target)


class _Drain(io.RawIOBase):
    """A stream that remembers where it is and hands on what was written."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        body = bytes(part)
        self._parts.append(body)
        self._size += len(body)
        return len(body)

    def tell(self) -> int:
        return self._size

    def drained(self) -> bytes:
        """What came since the last time."""
        body = b"".join(self._parts)
        self._parts.clear()
        return body


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtra("Parquet needs pyarrow: pip install 'synqc[prompts]'.") from error
    return pyarrow, pyarrow.parquet


def _schema(arrow: Any) -> Any:
    text, whole, real, flag = arrow.string(), arrow.int64(), arrow.float64(), arrow.bool_()
    verdict = arrow.struct([("of", text), ("kind", text), ("method", text), ("confidence", real)])
    duplicate = arrow.struct([("source", text), ("row", whole), ("score", real), ("containment", real)])
    types = {
        "id": whole, "attempt": whole, "hints": arrow.list_(arrow.struct([("index", text), ("hint", text)])),
        "hints_were_corrected": flag, "target_answers": arrow.list_(text), "verdicts": arrow.list_(verdict),
        "by_hand": flag, "duplicates": arrow.list_(duplicate), "usd_micros": whole, "tokens": whole, "created_at": real,
    }  # fmt: skip
    return arrow.schema([(name, types.get(name, text)) for name in COLUMNS])


def _values(row: dict[str, Any]) -> dict[str, Any]:
    row["hints"] = [{"index": index, "hint": hint} for index, hint in row["hints"].items()]
    return {name: _storable(value) for name, value in row.items()}


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_storable(one) for one in value]
    if isinstance(value, dict):
        return {name: _storable(one) for name, one in value.items()}
    return value
