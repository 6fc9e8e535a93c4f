"""Bounds for every text and list of a schema: a small model does not end them by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["bounded"]

_LONGEST_TEXT: Final = 400
_MOST_ITEMS: Final = 8
_NESTED: Final = ("items", "additionalProperties", "contains", "not", "if", "then", "else")
_LISTED: Final = ("anyOf", "oneOf", "allOf", "prefixItems")
_NAMED: Final = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")


def bounded(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema whose texts and lists all have an end, for a grammar; whatever fits it fits the given one.

    Texts that have neither `maxLength`, `enum`, `const`, `pattern` nor `format` get at most 400 characters, lists
    without `maxItems` at most 8 items. What the schema says itself is kept. Grammars do not enforce `minimum` and
    `maximum` of a "number": an answer is held against the whole schema all the same, see `JsonForm`.

    >>> bounded({"type": "array", "items": {"type": "string"}})
    {'type': 'array', 'items': {'type': 'string', 'maxLength': 400}, 'maxItems': 8}
    """
    made: dict[str, Any] = {}
    for name, value in schema.items():
        if name in _NAMED and isinstance(value, Mapping):
            made[name] = {key: _bounded(one) for key, one in value.items()}
        elif name in _LISTED and isinstance(value, list):
            made[name] = [_bounded(one) for one in value]
        else:
            made[name] = _bounded(value) if name in _NESTED else value
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if "string" in kinds and not {"maxLength", "enum", "const", "pattern", "format"} & schema.keys():
        made["maxLength"] = max(_LONGEST_TEXT, _least(schema, "minLength"))
    if "array" in kinds and not {"maxItems", "enum", "const"} & schema.keys():
        made["maxItems"] = max(_MOST_ITEMS, _least(schema, "minItems"), len(schema.get("prefixItems") or ()))
    return made


def _bounded(value: Any) -> Any:
    return bounded(value) if isinstance(value, Mapping) else value


def _least(schema: Mapping[str, Any], name: str) -> int:
    least = schema.get(name)
    return least if isinstance(least, int) else 0
