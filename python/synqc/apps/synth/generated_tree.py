"""Columns and documents of the seeded generators for a JSON schema of rows, and rows out of their values."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from synqc import generate
from synqc.apps.synth.errors import ValidationError
from synqc.apps.synth.known_words import words_of_column

__all__ = ["GeneratedTree"]

_SAID: Final = frozenset({
    "title", "description", "default", "examples", "$schema", "$id", "$comment", "type", "enum", "const", "required",
    "additionalProperties", "properties", "items", "minItems", "maxItems", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "pattern", "minLength", "maxLength", "format", "$defs", "definitions",
})  # fmt: skip
_SHARED: Final = ("$defs", "definitions")
_WIDTH: Final = 100
_LENGTH: Final = 10
_ITEMS: Final = 5
_MOST_ITEMS: Final = 10_000
_LONGEST_TEXT: Final = 100_000
_MISSING: Final = 0.1
_FORMATS: Final[Mapping[str, Callable[[], generate.Column]]] = {
    "uuid": generate.Uuid,
    "date-time": generate.Moment,
    "date": lambda: generate.Moment(resolution="1d"),
    "time": lambda: generate.Pattern("([01][0-9]|2[0-3])(:[0-5][0-9]){2}Z"),
    "email": lambda: generate.LocaleText("email"),
    "uri": lambda: generate.Pattern("https://[a-z]{4,10}\\.example/[a-z]{2,8}"),
    "ipv4": lambda: generate.Pattern("([1-9][0-9]?|1[0-9]{2}|2[0-4][0-9])(\\.([1-9]?[0-9]|1[0-9]{2}|2[0-4][0-9])){3}"),
}


@dataclass
class GeneratedTree:
    """A schema as columns by their paths, documents by theirs, and how a row is put together of their values.

    A part that is no column, such as a choice, several types or a reference, is made as a document.

    Args:
        schema: Schema of an object.

    Raises:
        ValidationError: A bound or a type is none.

    Examples:
        >>> tree = GeneratedTree({"type": "object", "properties": {"n": {"type": "integer", "minimum": 1, "maximum": 1},
        ...                       "tags": {"type": "array", "items": {"enum": ["a"]}, "minItems": 2, "maxItems": 2},
        ...                       "size": {"oneOf": [{"type": "integer"}, {"enum": ["S", "M"]}]}}})
        >>> list(tree.columns), list(tree.documents)
        (['$.n', '$.tags[0]', '$.tags[1]'], ['$.size'])
        >>> tree.row({"$.n": 1, "$.tags[0]": "a", "$.tags[1]": "a", "$.size": "M"})
        {'n': 1, 'tags': ['a', 'a'], 'size': 'M'}
    """

    schema: Mapping[str, Any]
    columns: dict[str, generate.Column] = field(default_factory=dict)
    documents: dict[str, generate.Documents] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            self._make = self._compiled(self.schema, "$")
        except _RefersBeyond:
            self.columns.clear()
            self.documents = {"$": generate.Documents(self.schema, name="$")}
            self._make = _value_at("$")

    def row(self, values: Mapping[str, Any]) -> Any:
        """The row that values of one row of the columns and documents make."""
        return self._make(values)

    def _compiled(self, schema: Any, path: str) -> Callable[[Mapping[str, Any]], Any]:
        if not _is_plain(schema) or not _is_plain_throughout(schema.get("items") or {}):
            self.documents[path] = self._document(schema, path)
            return _value_at(path)
        kind, missing = _type_of(schema)
        if kind == "object":
            return self._object(schema, path)
        if kind == "array":
            return self._array(schema, path)
        column = _column(schema, kind, path, missing)
        if column is None:
            return lambda values: None
        self.columns[path] = column
        return _value_at(path)

    def _document(self, schema: Any, path: str) -> generate.Documents:
        """A part by itself, with the definitions of the whole.

        Raises:
            _RefersBeyond: It refers to more of the whole than them.
        """
        shared = {name: self.schema[name] for name in _SHARED if name in self.schema}
        within = tuple(f"#/{name}/" for name in shared)
        refers = any(not one.startswith(within) for one in _references([schema, shared]))
        if path != "$" and (refers or (isinstance(schema, Mapping) and not schema.keys().isdisjoint(_SHARED))):
            raise _RefersBeyond
        whole = {**shared, **schema} if isinstance(schema, Mapping) else schema
        return generate.Documents(whole, name=path)

    def _object(self, schema: Mapping[str, Any], path: str) -> Callable[[Mapping[str, Any]], Any]:
        members = {
            name: self._compiled(one, f"{path}.{name}") for name, one in (schema.get("properties") or {}).items()
        }
        return lambda values: {name: make(values) for name, make in members.items()}

    def _array(self, schema: Mapping[str, Any], path: str) -> Callable[[Mapping[str, Any]], Any]:
        least = schema.get("minItems", min(_ITEMS, schema.get("maxItems", _ITEMS)))
        most = schema.get("maxItems", max(_ITEMS, least))
        if not 0 <= least <= most <= _MOST_ITEMS:
            raise ValidationError(
                f"Option `schema` must ask for 0 to {_MOST_ITEMS} items at {path}, but asks for {least} to {most}."
            )
        items = [self._compiled(schema.get("items") or {"type": "null"}, f"{path}[{place}]") for place in range(most)]
        if least == most:
            return lambda values: [make(values) for make in items]
        size = f"{path}.length"
        self.columns[size] = generate.Integer("uniform", {"low": least, "high": most})
        return lambda values: [make(values) for make in items[: values[size]]]


class _RefersBeyond(Exception):
    """A part of a schema needs the rest of it."""


def _value_at(path: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda values: values[path]


def _references(schema: Any) -> Iterator[str]:
    """All that `$ref` names."""
    if isinstance(schema, Mapping):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for one in schema.values():
            yield from _references(one)
    elif isinstance(schema, (list, tuple)):
        for one in schema:
            yield from _references(one)


def _is_plain(schema: Any) -> bool:
    """Whether columns can make it; parts of objects and arrays are looked at by themselves."""
    if not isinstance(schema, Mapping) or not _SAID.issuperset(schema):
        return False
    kinds = schema.get("type")
    if isinstance(kinds, (list, tuple)) and len([kind for kind in kinds if kind != "null"]) > 1:
        return False
    if not set(schema.get("required") or ()) <= set(schema.get("properties") or ()):
        return False
    if {"pattern", "format"} & set(schema) and len({"pattern", "format", "minLength", "maxLength"} & set(schema)) > 1:
        return False
    if schema.get("format", "uuid") not in _FORMATS:
        return False
    there = {type(one) for one in [*(schema.get("enum") or ()), schema.get("const")] if one is not None}
    return len(there) <= 1 and there <= {str, int, float, bool}


def _is_plain_throughout(schema: Any) -> bool:
    """Whether columns can make all of it."""
    if not _is_plain(schema):
        return False
    parts = [*(schema.get("properties") or {}).values(), *([schema["items"]] if schema.get("items") else ())]
    return all(map(_is_plain_throughout, parts))


def _type_of(schema: Mapping[str, Any]) -> tuple[str, float]:
    """One type, and how likely a value is null."""
    kinds = schema.get("type")
    kinds = [kinds] if isinstance(kinds, str) else list(kinds or [])
    missing = _MISSING if "null" in kinds and len(kinds) > 1 else 0.0
    named = [kind for kind in kinds if kind != "null"] or kinds
    if named:
        return named[0], missing
    if "properties" in schema:
        return "object", missing
    return ("any" if "enum" in schema or "const" in schema else "string"), missing


def _column(schema: Mapping[str, Any], kind: str, path: str, missing: float) -> generate.Column | None:
    if "enum" in schema and not schema["enum"]:
        raise ValidationError(f"Option `schema` must have one value or more as `enum` at {path}, but has none.")
    if "const" in schema or "enum" in schema:
        return _choice([schema["const"]] if "const" in schema else list(schema["enum"]), missing)
    if kind == "integer":
        low, high = _bounds(schema)
        if math.ceil(low) > math.floor(high):
            raise ValidationError(
                f"Option `schema` must leave a whole number between its bounds at {path}, but from {low:g} to {high:g} "
                "there is none."
            )
        return generate.Integer("uniform", {"low": math.ceil(low), "high": math.floor(high)}, null_rate=missing)
    if kind == "number":
        low, high = _bounds(schema)
        if low > high:
            raise ValidationError(f"Option `schema` must leave a number between its bounds at {path}, but leaves none.")
        is_round = all(round(bound, 2) == bound for bound in (low, high)) and not {
            "exclusiveMinimum", "exclusiveMaximum"
        } & set(schema)  # fmt: skip
        decimals = 2 if is_round and high - low >= 1 else None
        return generate.Number("uniform", {"low": low, "high": high}, decimals=decimals, null_rate=missing)
    if kind == "boolean":
        return generate.Boolean(null_rate=missing)
    if kind == "null":
        return None
    return _text(schema, path, missing)


def _choice(values: list[Any], missing: float) -> generate.Column | None:
    there = [value for value in values if value is not None]
    missing = max(missing, (len(values) - len(there)) / max(1, len(values)))
    if not there:
        return None
    if all(isinstance(value, bool) for value in there):
        return generate.Boolean(sum(there) / len(there), null_rate=missing)
    return generate.Category(there, null_rate=missing)


def _bounds(schema: Mapping[str, Any]) -> tuple[float, float]:
    """Least and greatest value: 0 counts, and one bound alone has the other a hundred away."""
    lows = [schema["minimum"]] if "minimum" in schema else []
    highs = [schema["maximum"]] if "maximum" in schema else []
    step = 1 if schema.get("type") == "integer" else 0
    if "exclusiveMinimum" in schema:
        lows.append(math.floor(schema["exclusiveMinimum"]) + 1 if step else math.nextafter(
            schema["exclusiveMinimum"], math.inf))  # fmt: skip
    if "exclusiveMaximum" in schema:
        highs.append(math.ceil(schema["exclusiveMaximum"]) - 1 if step else math.nextafter(
            schema["exclusiveMaximum"], -math.inf))  # fmt: skip
    if not lows and not highs:
        return 0, _WIDTH
    low = max(lows) if lows else min(highs) - _WIDTH
    high = min(highs) if highs else low + _WIDTH
    return low, high


def _text(schema: Mapping[str, Any], path: str, missing: float) -> generate.Column:
    form, pattern = schema.get("format"), schema.get("pattern")
    if pattern is not None:
        return generate.Pattern(_within_anchors(pattern), null_rate=missing)
    if form is not None:
        made = _FORMATS[form]()
        return type(made)(**{**vars(made), "null_rate": missing}) if missing else made
    least, most = schema.get("minLength"), schema.get("maxLength")
    if (least or 0) > _LONGEST_TEXT or (most is not None and (least or 0) > most):
        words = f"more than {most}" if most is not None and (least or 0) <= _LONGEST_TEXT else f"{least} characters"
        raise ValidationError(
            f"Option `schema` must have `minLength` up to `maxLength` and {_LONGEST_TEXT} at {path}, but asks for "
            f"{words}."
        )
    known = words_of_column(path.rpartition(".")[2].partition("[")[0])
    if known is not None and least in (None, 0, 1) and most is None:
        return generate.LocaleText(known, null_rate=missing)
    low = least if least is not None else min(_LENGTH, most if most is not None else _LENGTH)
    high = min(most, max(low, _LONGEST_TEXT)) if most is not None else max(low, _LENGTH)
    return generate.Pattern(f"[A-Za-z0-9]{{{low},{high}}}", null_rate=missing)


def _within_anchors(pattern: str) -> str:
    """A pattern that is searched for, as one of whole texts."""
    start = 1 if pattern.startswith("^") else 0
    end = -1 if pattern.endswith("$") and not pattern.endswith("\\$") else len(pattern)
    return pattern[start:end]
