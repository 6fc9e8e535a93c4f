"""Rows that were made: as arrays, as dicts, as text, and for other libraries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from synqc import _core, json
from synqc.errors import MissingExtra, UnknownName

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["Rows"]


class Rows:
    """Rows `first_row`, `first_row` + 1, ... of a configuration, held column by column in the core.

    Examples:
        >>> from synqc import generate
        >>> rows = generate.make(generate.Table({"n": generate.Integer("poisson", {"mean": 3})}), rows=5, seed=1)
        >>> len(rows), rows.names
        (5, ('n',))
        >>> rows.column("n")
        array([1, 2, 7, 4, 2])
        >>> rows.to_csv()
        b'n\\r\\n1\\r\\n2\\r\\n7\\r\\n4\\r\\n2\\r\\n'
    """

    def __init__(self, table: _core.GeneratedTable, checkpoint: bytes | None = None) -> None:
        self._table = table
        self.checkpoint = checkpoint
        """Of a log of events: what `make`, `stream` and `write` take as `resume_from` to go on behind these rows."""
        self._places = {name: place for place, name in enumerate(table.names)}

    @property
    def first_row(self) -> int:
        """Number of the first row."""
        return self._table.first

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in their order."""
        return tuple(self._places)

    def __len__(self) -> int:
        return self._table.rows

    def __repr__(self) -> str:
        return f"Rows({len(self)} from {self.first_row}: {', '.join(self.names)})"

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.to_dicts())

    def _place(self, name: str) -> int:
        if name not in self._places:
            raise UnknownName(f"There is no column {name!r}, but {', '.join(self.names)}.")
        return self._places[name]

    def _types(self) -> tuple[tuple[str, str], ...]:
        """Name and type of each column."""
        return tuple((name, self._table.storage(place)) for name, place in self._places.items())

    def valid(self, name: str) -> NDArray[np.bool_]:
        """Where a column has a value, as an array of bool."""
        valid = self._table.valid(self._place(name))
        return np.ones(len(self), np.bool_) if valid is None else valid.view(np.bool_)

    def column(self, name: str) -> NDArray[Any]:
        """Values of a column.

        Returns:
            float64, int64, bool, datetime64 (UTC; days for dates), or object for texts; categories as int64, float64 or
            object. A missing real is nan, a missing moment NaT, a missing text None; whole numbers, truth values and
            categories of numbers are a masked array where any is missing. Read-only views where nothing is missing.

        Raises:
            UnknownName: There is no such column.
        """
        place = self._place(name)
        storage = self._table.storage(place)
        valid = self._table.valid(place)
        missing = None if valid is None or valid.all() else valid == 0
        if storage == "text":
            made = np.empty(len(self), object)
            made[:] = self._table.texts(place)
            return made
        values: NDArray[Any] = self._table.values(place)
        if storage == "real":
            return values if missing is None else np.where(missing, np.nan, values)
        if storage in ("moment", "day"):
            moments = values.view("datetime64[us]" if storage == "moment" else "datetime64[D]").copy()
            if missing is not None:
                moments[missing] = np.datetime64("NaT")
            return moments
        if storage == "truth":
            values = values.view(np.bool_)
        if storage == "category":
            words = self._words(place)
            values = words[values]
            if words.dtype == object and missing is not None:
                values[missing] = None
                return values
        return values if missing is None else np.ma.MaskedArray(values, mask=missing)

    def _words(self, place: int) -> NDArray[Any]:
        """What a column of categories can have: numbers, or texts in an array of objects."""
        words = self._table.words(place)
        if self._table.has_numbers(place):
            return np.array([json.loads(word) for word in words])
        made = np.empty(len(words), object)
        made[:] = words
        return made

    def to_numpy(self) -> dict[str, NDArray[Any]]:
        """All columns by name, each as `column` gives it."""
        return {name: self.column(name) for name in self.names}

    def to_dicts(self) -> list[dict[str, Any]]:
        """Rows as JSON has them: moments as text in RFC 3339, missing values None."""
        return [dict(row) for row in json.loads(self.to_json())]

    def to_json(self) -> bytes:
        """An array of objects."""
        return b"[" + self._table.json_members() + b"]"

    def to_json_lines(self) -> bytes:
        """An object per line, each line ended by a line feed."""
        return self._table.json_lines()

    def to_csv(self, header: bool = True) -> bytes:
        """CSV of RFC 4180 in UTF-8; a missing value is nothing, an empty text is ""."""
        return self._table.csv(header)

    def to_arrow(self) -> pa.RecordBatch:
        """A record batch of Apache Arrow, which reads our memory where it lies; needs pyarrow.

        Categories are dictionaries, moments timestamps in UTC, days date32.
        """
        return _arrow_batch(self._table)

    def to_pandas(self) -> pd.DataFrame:
        """A data frame by way of Arrow; needs pandas and pyarrow."""
        return self.to_arrow().to_pandas()


def _arrow_batch(table: _core.GeneratedTable) -> Any:
    try:
        import pyarrow as pa
    except ImportError as error:
        raise MissingExtra("Arrow and Parquet need pyarrow: pip install 'synqc[generate]'.") from error
    arrays, fields = [], []
    for place, name in enumerate(table.names):
        array = _arrow_array(pa, table, place)
        arrays.append(array)
        fields.append(pa.field(name, array.type, nullable=table.valid(place) is not None))
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _arrow_array(pa: Any, table: _core.GeneratedTable, place: int) -> Any:
    storage, rows = table.storage(place), table.rows
    valid = table.valid(place)
    bitmap = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    values = table.values(place)
    if storage == "text":
        return pa.Array.from_buffers(
            pa.string(), rows, [bitmap, pa.py_buffer(values), pa.py_buffer(table.text_bytes(place))]
        )
    if storage == "truth":
        return pa.Array.from_buffers(pa.bool_(), rows, [bitmap, pa.py_buffer(np.packbits(values, bitorder="little"))])
    if storage == "category":
        places = pa.Array.from_buffers(pa.int32(), rows, [bitmap, pa.py_buffer(values)])
        words = table.words(place)
        if table.has_numbers(place):
            words = [json.loads(word) for word in words]
        return pa.DictionaryArray.from_arrays(places, pa.array(words))
    if storage == "day":
        days = np.asarray(values, np.int32)
        return pa.Array.from_buffers(pa.date32(), rows, [bitmap, pa.py_buffer(days)])
    types = {"real": pa.float64(), "integer": pa.int64(), "moment": pa.timestamp("us", tz="UTC")}
    return pa.Array.from_buffers(types[storage], rows, [bitmap, pa.py_buffer(values)])
