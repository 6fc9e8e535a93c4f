"""Rows as text or lists: CSV by RFC 4180 with the columns of all rows, JSON lines, lists of values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

__all__ = ["columns_of", "csv_parts", "csv_text", "json_lines", "rows_as_lists", "with_columns"]


def columns_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Names of columns of all rows, in the order in which they come.

    >>> columns_of([{"a": 1}, {"b": 2, "a": 3}])
    ['a', 'b']
    """
    return list(dict.fromkeys(str(name) for row in rows for name in row))


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """One text of CSV; see `csv_parts`.

    >>> csv_text([{"a": 'say "hi", Ada', "b": None}, {"a": "two\\nlines", "c": [1, 2]}])
    'a,b,c\\r\\n"say ""hi"", Ada",,\\r\\n"two\\nlines",,"[1, 2]"\\r\\n'
    """
    return "".join(csv_parts(rows, columns_of(rows)))


def csv_parts(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[str]:
    """CSV part by part: a header, then a part for each row.

    Lines end in CR LF; a field with a comma, a quote or a line break stands in quotes, with its quotes doubled. What is
    missing or None is empty, an empty text is `""`, lists and mappings are JSON, and a boolean is `true` or `false`.
    """
    yield ",".join(map(_field, columns)) + "\r\n"
    for row in rows:
        yield ",".join(_field(row.get(name)) for name in columns) + "\r\n"


def json_lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A line of JSON for each row.

    >>> list(json_lines([{"name": "Zoë"}]))
    ['{"name": "Zoë"}\\n']
    """
    for row in rows:
        yield json.dumps(row, ensure_ascii=False) + "\n"


def rows_as_lists(rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """Values of rows in the order of `columns_of`.

    >>> rows_as_lists([{"a": 1}, {"b": 2}])
    [[1, None], [None, 2]]
    """
    columns = columns_of(rows)
    return [[row.get(name) for name in columns] for row in rows]


def with_columns(schema: Mapping[str, Any], columns: Iterable[str]) -> dict[str, Any]:
    """A schema that has columns, too, which it lets rows have without naming them.

    >>> with_columns({"type": "object", "properties": {"a": {"type": "integer"}}}, ["b", "a"])["properties"]
    {'b': {}, 'a': {'type': 'integer'}}
    """
    return {**schema, "properties": {**{name: {} for name in columns}, **(schema.get("properties") or {})}}


def _field(value: Any) -> str:
    if value is None:
        return ""
    if value == "":
        return '""'
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if any(sign in text for sign in ',"\r\n') or text != text.strip():
        return '"' + text.replace('"', '""') + '"'
    return text
