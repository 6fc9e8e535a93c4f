"""JSON schema of a row: from fields by name, from a schema as it is, or from rows that are given as an example."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from synqc.apps.synth.errors import ValidationError
from synqc.apps.synth.known_words import words_of_column
from synqc.errors import InputError
from synqc.llm.structured import structured_in

__all__ = ["check_row", "schema_by_example", "schema_of_rows"]

_TYPES: Final = ("string", "number", "integer", "boolean", "object", "array", "null")
_FORMATS: Final = {"date": "date", "datetime": "date-time", "date-time": "date-time", "time": "time", "email": "email",
                   "uuid": "uuid", "uri": "uri", "url": "uri"}  # fmt: skip
_MOST_CHOICES: Final = 12
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d\Z")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?\Z")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.IGNORECASE)


def schema_of_rows(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What a row must fit, as a JSON schema of an object.

    Fields by name have a `type` (JSON's, or date, date-time, time, email, uuid, uri), and may have `required`, `enum`,
    `minimum`, `maximum`, `pattern`, `properties`, `items` and any other keyword of JSON Schema, all of which are kept.
    A text alone is a type. As in the original, a field is required where it says so.

    Raises:
        ValidationError: It is neither, or no JSON schema.

    Examples:
        >>> schema_of_rows({"name": {"type": "string", "required": True}, "age": "integer"})
        {'type': 'object', 'properties': {'name': {'type': 'string'}, 'age': {'type': 'integer'}}, 'required': ['name']}
    """
    found = dict(schema) if _is_json_schema(schema) else _object_of(schema, "$")
    try:
        structured_in("{}", found, checked=False)
    except InputError as error:
        raise ValidationError(f"Option `schema` must be a JSON schema or fields by name, but is not: {error}") from None
    return found


def check_row(row: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """Why a row does not fit, by all keywords of the schema; "" if it does.

    >>> check_row({"age": 3.5}, schema_of_rows({"age": "integer"}))
    '3.5 is not of type "integer" at $.age'
    """
    try:
        structured_in(json.dumps(row), schema)
    except ValueError as error:
        return str(error)
    return ""


def schema_by_example(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A JSON schema that describes rows like these: types, ranges, formats, and choices where values repeat.

    Texts have the lengths of the example, unless their column is called like words that the generators know, such as
    `city`: any of these will do then.

    Args:
        rows: At least one; columns that some lack are not required.

    Raises:
        ValidationError: There is none, or one is no mapping.

    Examples:
        >>> rows = [{"age": 31, "plan": "free"}, {"age": 44, "plan": "free"}, {"age": 27, "plan": "pro"}]
        >>> schema = schema_by_example(rows)
        >>> schema["properties"]["age"], schema["properties"]["plan"]["enum"], schema["required"]
        ({'type': 'integer', 'minimum': 27, 'maximum': 44}, ['free', 'pro'], ['age', 'plan'])
    """
    if not rows or not all(isinstance(row, Mapping) and row for row in rows):
        raise ValidationError("Argument `rows` must be a list of at least one row with columns, but is not.")
    names = list(dict.fromkeys(str(name) for row in rows for name in row))
    properties = {name: _described([row[name] for row in rows if name in row], name) for name in names}
    required = [name for name in names if all(name in row for row in rows)]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _is_json_schema(schema: Mapping[str, Any]) -> bool:
    """Whether it is a schema of an object as it stands; a field may itself be called `type` or `properties`."""
    return (schema.get("type") == "object" and isinstance(schema.get("properties", {}), Mapping)) or "$schema" in schema


def _object_of(fields: Mapping[str, Any], where: str) -> dict[str, Any]:
    if not isinstance(fields, Mapping) or not fields:
        raise ValidationError(f"Option `schema` must have at least one field at {where}, but has none.")
    properties, required = {}, []
    for name, field in fields.items():
        properties[name], is_required = _field(field, f"{where}.{name}")
        required += [name] * is_required
    return {"type": "object", "properties": properties, "required": required}


def _field(field: Any, where: str) -> tuple[dict[str, Any], bool]:
    field = {"type": field} if isinstance(field, str) else field
    if not isinstance(field, Mapping):
        raise ValidationError(f"Option `schema` must have a type or a mapping at {where}, but has {field!r:.80}.")
    found = dict(field)
    is_required = found.get("required") is True
    if isinstance(found.get("required"), bool):
        del found["required"]
    kind = found.get("type")
    if isinstance(kind, str) and kind in _FORMATS:
        found |= {"type": "string", "format": _FORMATS[kind]}
    elif isinstance(kind, str) and kind not in _TYPES:
        known = ", ".join([*_TYPES, *_FORMATS])
        raise ValidationError(f"Option `schema` must have one of {known} as type at {where}, but has {kind!r:.80}.")
    if isinstance(found.get("properties"), Mapping):
        inner = _object_of(found["properties"], where)
        names = found["required"] if isinstance(found.get("required"), list) else inner["required"]
        found |= {"properties": inner["properties"], "required": list(names)}
    if isinstance(found.get("items"), (Mapping, str)):
        found["items"] = _field(found["items"], f"{where}[]")[0]
    return found, is_required


def _described(values: Sequence[Any], name: str) -> dict[str, Any]:
    there = [value for value in values if value is not None]
    found = _of_values(there, name) if there else {}
    if there and len(there) < len(values):
        if "enum" in found:
            found["enum"] = [*found["enum"], None]
        found["type"] = [found["type"], "null"]
    return found or {"type": "null"}


def _of_values(values: Sequence[Any], name: str) -> dict[str, Any]:
    if all(isinstance(value, bool) for value in values):
        return {"type": "boolean"}
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        kind = "integer" if all(isinstance(value, int) for value in values) else "number"
        return {"type": kind, "minimum": min(values), "maximum": max(values)}
    if all(isinstance(value, str) for value in values):
        return _of_texts(values, name)
    if all(isinstance(value, Mapping) for value in values) and all(values):
        return schema_by_example(values)
    if all(isinstance(value, (list, tuple)) for value in values):
        inner = [one for value in values for one in value]
        lengths = [len(value) for value in values]
        return {
            "type": "array", "minItems": min(lengths), "maxItems": max(lengths),
            **({"items": _described(inner, name)} if inner else {}),
        }  # fmt: skip
    raise ValidationError(f"Argument `rows` must have values of one type in a column, but has {list(values)!r:.120}.")


def _of_texts(values: Sequence[str], name: str) -> dict[str, Any]:
    for kind, pattern in (("date", _DATE), ("date-time", _MOMENT), ("email", _EMAIL), ("uuid", _UUID)):
        if all(pattern.match(value) for value in values):
            return {"type": "string", "format": kind}
    distinct = list(dict.fromkeys(values))
    if len(distinct) <= _MOST_CHOICES and len(distinct) < len(values):
        return {"type": "string", "enum": distinct}
    if words_of_column(name) is not None:
        return {"type": "string"}
    lengths = [len(value) for value in values]
    return {"type": "string", "minLength": min(lengths), "maxLength": max(lengths)}
