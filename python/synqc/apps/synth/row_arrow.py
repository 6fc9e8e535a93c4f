"""Rows as Arrow: columns of the schema's types, a batch for each ten thousand rows, the data card in the metadata."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from synqc import json
from synqc.errors import MissingExtra

if TYPE_CHECKING:
    import pyarrow

__all__ = ["arrow_batches", "arrow_schema", "arrow_table"]

_ROWS_PER_BATCH: Final = 10_000
_PLAIN: Final = {"integer": "int64", "number": "float64", "boolean": "bool_", "string": "string", "null": "null"}
_OPEN: Final = frozenset({
    "patternProperties", "prefixItems", "allOf", "anyOf", "oneOf", "if", "$ref", "dependentSchemas",
    "unevaluatedProperties", "unevaluatedItems", "contains",
})  # fmt: skip
"""What leaves open which members an object has, or of what type items are."""


def arrow_schema(schema: Mapping[str, Any], *, card: Mapping[str, Any] | None = None) -> pyarrow.Schema:
    """Columns of rows: moments are timestamps in UTC, dates date32, and what the schema leaves open is JSON as text.

    Args:
        schema: Schema of each row, a JSON schema of an object.
        card: Stands in the metadata under `synqc_data_card`.

    Raises:
        MissingExtra: pyarrow is not installed.
    """
    arrow = _arrow()
    fields = [(name, _type(arrow, one)) for name, one in (schema.get("properties") or {}).items()]
    made = arrow.schema(fields)
    return made if card is None else made.with_metadata({b"synqc_data_card": json.canonical(dict(card))})


def arrow_batches(
    rows: Iterable[Mapping[str, Any]], schema: Mapping[str, Any], columns: pyarrow.Schema
) -> Iterator[pyarrow.RecordBatch]:
    """Rows as they come, in batches.

    Args:
        rows: Rows, of any number.
        schema: Schema of each.
        columns: As `arrow_schema` makes of it.
    """
    arrow = _arrow()
    members = schema.get("properties") or {}
    pending = iter(rows)
    while group := list(islice(pending, _ROWS_PER_BATCH)):
        made = [
            arrow.array([_fitted(row.get(name), one) for row in group], field.type)
            for (name, one), field in zip(members.items(), columns, strict=True)
        ]
        yield arrow.RecordBatch.from_arrays(made, schema=columns)


def arrow_table(
    rows: Iterable[Mapping[str, Any]], schema: Mapping[str, Any], *, card: Mapping[str, Any] | None = None
) -> pyarrow.Table:
    """All rows in memory.

    Raises:
        MissingExtra: pyarrow is not installed.

    Examples:
        >>> schema = {"type": "object", "properties": {"n": {"type": "integer"}, "tags": {"type": "array",
        ...           "items": {"type": "string"}}, "more": {"type": "object"}, "at": {"type": "string",
        ...           "format": "date-time"}}}
        >>> table = arrow_table([{"n": 1, "tags": ["a"], "more": {"b": 2}, "at": "2026-01-01T00:00:00Z"}], schema)
        >>> [str(one) for one in table.schema.types], table.column("more").to_pylist()
        (['int64', 'list<item: string>', 'string', 'timestamp[us, tz=UTC]'], ['{"b":2}'])
    """
    columns = arrow_schema(schema, card=card)
    return _arrow().Table.from_batches(arrow_batches(rows, schema, columns), columns)


def _arrow() -> Any:
    try:
        import pyarrow
    except ImportError:
        raise MissingExtra("Arrow and Parquet need the package `pyarrow`: pip install 'synqc[synth]'.") from None
    return pyarrow


def _kind(schema: Any) -> str:
    """One type, "date" or "date-time", or "json" for what has several or none."""
    if not isinstance(schema, Mapping):
        return "json"
    kinds = schema.get("type")
    named = [kinds] if isinstance(kinds, str) else [kind for kind in kinds or () if kind != "null"]
    if not named and "enum" in schema:
        values = {type(one) for one in schema["enum"] if one is not None}
        named = ["string"] if values == {str} else ["json"]
    if not named and kinds:
        named = ["null"]
    if len(named) != 1 or (named[0] == "object" and not schema.get("properties")):
        return "json"
    if named[0] in ("object", "array") and not _OPEN.isdisjoint(schema):
        return "json"
    if named[0] == "string" and schema.get("format") in ("date", "date-time"):
        return str(schema["format"])
    return str(named[0])


def _type(arrow: Any, schema: Any) -> Any:
    kind = _kind(schema)
    if kind == "array":
        return arrow.list_(_type(arrow, schema.get("items", {})))
    if kind == "object":
        return arrow.struct([(name, _type(arrow, one)) for name, one in schema["properties"].items()])
    if kind == "date-time":
        return arrow.timestamp("us", tz="UTC")
    if kind == "date":
        return arrow.date32()
    return arrow.string() if kind == "json" else getattr(arrow, _PLAIN[kind])()


def _fitted(value: Any, schema: Any) -> Any:
    """A value as its column has it."""
    kind = _kind(schema)
    if value is None:
        return None
    if kind == "json":
        return json.dumps(value).decode()
    if kind == "array":
        return [_fitted(one, schema.get("items", {})) for one in value]
    if kind == "object":
        return {name: _fitted(value.get(name), one) for name, one in schema["properties"].items()}
    if kind == "date-time":
        return _moment(value)
    if kind == "date":
        return date.fromisoformat(value)
    return float(value) if kind == "number" else int(value) if kind == "integer" else value


def _moment(text: str) -> datetime:
    """A moment of RFC 3339; a leap second is the one after it, as POSIX has it."""
    text = text.upper()
    if text[17:19] == "60":
        return datetime.fromisoformat(f"{text[:17]}59{text[19:]}") + timedelta(seconds=1)
    return datetime.fromisoformat(text)
