"""Rows of a whole configuration of `synqc.generate`, or of one that is fitted to rows given as an example."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from synqc import generate
from synqc.apps.synth.errors import ValidationError
from synqc.apps.synth.row_formats import columns_of, csv_parts
from synqc.errors import InputError

__all__ = ["ConfiguredRows", "fitted"]

Configuration = generate.Table | generate.TimeSeries | generate.EventLog | generate.Documents

_OF_KIND: Final[Mapping[str, tuple[type[Configuration], ...]]] = {
    "timeseries": (generate.TimeSeries,),
    "events": (generate.EventLog,),
    **dict.fromkeys(("structured", "json", "csv"), (generate.Table, generate.Documents)),
}
_CHUNK: Final = 262_144
_DTYPES: Final = {"f": "number", "i": "integer", "b": "boolean"}


def fitted(example: Sequence[Mapping[str, Any]]) -> generate.Fit:
    """The table that makes rows like those given, and how far from them, by column; see `generate.fit_csv`.

    Args:
        example: Rows of plain values: numbers, texts, truth values, None.

    Raises:
        ValidationError: A value is a list or a mapping, or the rows cannot be fitted.

    Examples:
        >>> fit = fitted([{"age": 20 + k % 7, "plan": "free" if k % 3 else "paid"} for k in range(90)])
        >>> sorted(fit.columns), fit.columns["age"].distance < 0.2
        (['age', 'plan'], True)
    """
    for place, row in enumerate(example):
        for name, value in row.items():
            if not isinstance(name, str):
                raise ValidationError(
                    f"Option `example` must have columns named by texts, but row {place} has {name!r:.80}.",
                    {"option": "example"},
                )
            is_plain = value is None or isinstance(value, (str, bool, int, float))
            if not is_plain or (isinstance(value, float) and not math.isfinite(value)):
                raise ValidationError(
                    f"Option `example` must have rows of plain values, but row {place} has {value!r:.80} as `{name}`.",
                    {"option": "example"},
                )
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "example.csv")
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.writelines(csv_parts(example, columns_of(example)))
        try:
            return generate.fit_csv(path, name="example")
        except InputError as error:
            raise ValidationError(f"Option `example` cannot be fitted: {error}", {"option": "example"}) from None


class ConfiguredRows:
    """Rows that a configuration makes.

    Args:
        kind: Kind of data.
        document: The configuration as its `to_dict` gives it: `table` or `documents` of structured data,
            `time_series`, `event_log`.
        seed: Seed of the rows.

    Raises:
        ValidationError: It is no configuration of this kind of data.

    Examples:
        >>> log = generate.EventLog.funnel({"visit": 0.4, "buy": 0.0}, users=9)
        >>> rows = ConfiguredRows("events", log.to_dict(), 7)
        >>> rows.rows(0, 1)
        [{'event': 1, 'time': '2025-01-01T00:00:03.024Z', 'session': 1, 'user': 2, 'type': 'visit'}]
        >>> rows.schema["properties"]["user"]
        {'type': ['integer', 'null']}
    """

    def __init__(self, kind: str, document: Mapping[str, Any], seed: int | str) -> None:
        self._seed = seed
        self._configuration = _configuration_of(kind, document)
        self.is_open = isinstance(self._configuration, generate.Documents)
        self.schema = _schema_of(self._configuration)

    @property
    def configurations(self) -> tuple[Configuration, ...]:
        """What makes them."""
        return (self._configuration,)

    def rows(self, first: int, count: int) -> list[dict[str, Any]]:
        """Rows from a number on."""
        made = generate.make(self._configuration, rows=count, seed=self._seed, first_row=first)
        return _checked(made.to_dicts())

    def all(self, count: int) -> Iterator[dict[str, Any]]:
        """The first rows, of which few are in memory at a time."""
        for part in generate.stream(self._configuration, rows=count, seed=self._seed, chunk_rows=_CHUNK):
            yield from _checked(part.to_dicts())

    def tables(self, count: int) -> Iterator[generate.Rows] | None:
        """The same, column by column as the core has them; None of documents, which have no columns."""
        if isinstance(self._configuration, generate.Documents):
            return None
        return generate.stream(self._configuration, rows=count, seed=self._seed, chunk_rows=_CHUNK)


def _configuration_of(kind: str, document: Mapping[str, Any]) -> Configuration:
    known = {one.kind: one for one in _OF_KIND[kind]}
    named = document.get("kind")
    if named not in known:
        raise ValidationError(
            f"Option `configuration` must be of kind {' or '.join(known)} for {kind} data, but is of {named!r:.80}.",
            {"option": "configuration"},
        )
    try:
        return known[str(named)].from_dict(document)
    except InputError as error:
        raise ValidationError(f"Option `configuration` is none: {error}", {"option": "configuration"}) from None


def _schema_of(configuration: Configuration) -> dict[str, Any]:
    """What each row fits: a JSON schema of an object."""
    if isinstance(configuration, generate.Documents):
        schema = configuration.schema
        return dict(schema) if isinstance(schema, Mapping) else {"type": "object"}
    empty = generate.make(configuration, rows=0)
    properties = {name: _type_of(empty, name) for name in empty.names}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _type_of(rows: generate.Rows, name: str) -> dict[str, Any]:
    kind = rows.column(name).dtype
    if kind.kind == "M":
        form = "date" if kind == "datetime64[D]" else "date-time"
        return {"type": ["string", "null"], "format": form}
    return {"type": [_DTYPES.get(kind.kind, "string"), "null"]}


def _checked(rows: list[Any]) -> list[dict[str, Any]]:
    for row in rows:
        if not isinstance(row, dict):
            raise ValidationError(f"Option `configuration` must make rows with columns, but makes {row!r:.80}.")
    return rows
