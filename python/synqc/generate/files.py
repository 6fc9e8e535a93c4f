"""Files of rows, written chunk after chunk: CSV, JSON lines, JSON, Parquet, Arrow."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from synqc.errors import InputError
from synqc.generate.data_card import DataCard
from synqc.generate.documents import DocumentRows

__all__ = ["RowsWriter", "writer_for"]


class RowsWriter(Protocol):
    """Takes chunks of rows in turn; whole when its scope ends without an error."""

    def add(self, rows: Any) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class _TextWriter(ABC):
    def __init__(self, path: Path, empty: Any, card: DataCard) -> None:
        self._file = path.open("wb")
        self._chunks = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._file.write(self._last())
        self._file.close()

    def _last(self) -> bytes:
        """What stands at the end."""
        return b""

    @abstractmethod
    def add(self, rows: Any) -> None:
        """Writes the next chunk."""


class _CsvWriter(_TextWriter):
    def __init__(self, path: Path, empty: Any, card: DataCard) -> None:
        super().__init__(path, empty, card)
        self._file.write(empty.to_csv())

    def add(self, rows: Any) -> None:
        self._file.write(rows.to_csv(header=False))


class _JsonLinesWriter(_TextWriter):
    def add(self, rows: Any) -> None:
        self._file.write(rows.to_json_lines())


class _JsonWriter(_TextWriter):
    def add(self, rows: Any) -> None:
        self._file.write(b"[" if self._chunks == 0 else b",\n")
        self._file.write(rows.to_json()[1:-1])
        self._chunks += 1

    def _last(self) -> bytes:
        return b"[]\n" if self._chunks == 0 else b"]\n"


class _ArrowWriter(ABC):
    """Parquet with a row group per chunk, or Arrow's file format; the data card is in the schema's metadata."""

    def __init__(self, path: Path, empty: Any, card: DataCard) -> None:
        self._writer = self._opened(path, empty.to_arrow().schema.with_metadata({"synqc": card.to_json()}))

    @abstractmethod
    def _opened(self, path: Path, schema: Any) -> Any:
        """What writes batches of this schema to a file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    def add(self, rows: Any) -> None:
        batch = rows.to_arrow()
        self._writer.write_batch(batch.replace_schema_metadata(self._writer.schema.metadata))


class _ParquetWriter(_ArrowWriter):
    def _opened(self, path: Path, schema: Any) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        # Numbers hardly repeat: a dictionary of them is begun, filled and thrown away.
        repeating = [field.name for field in schema if pa.types.is_dictionary(field.type)]
        return pq.ParquetWriter(str(path), schema, use_dictionary=repeating, compression="snappy")


class _IpcWriter(_ArrowWriter):
    def _opened(self, path: Path, schema: Any) -> Any:
        import pyarrow as pa

        return pa.ipc.new_file(str(path), schema)

    def add(self, rows: Any) -> None:
        self._writer.write_batch(rows.to_arrow())


_FORMATS: dict[str, type[_TextWriter] | type[_ArrowWriter]] = {
    "csv": _CsvWriter,
    "jsonl": _JsonLinesWriter,
    "json": _JsonWriter,
    "parquet": _ParquetWriter,
    "arrow": _IpcWriter,
}


def writer_for(target: Path, format: str | None, part: Path, empty: Any, card: DataCard) -> RowsWriter:
    """The writer of a format, or of a file's suffix."""
    name = format if format is not None else target.suffix.removeprefix(".").lower()
    if name not in _FORMATS:
        where = "Argument `format`" if format is not None else "The suffix of `path`"
        raise InputError(f"{where} must be one of {', '.join(_FORMATS)}, but is {name!r}.")
    if isinstance(empty, DocumentRows) and name not in ("json", "jsonl"):
        raise InputError(f"Argument `format` must be json or jsonl for documents, but is {name!r}.")
    return _FORMATS[name](part, empty, card)
