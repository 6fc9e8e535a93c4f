"""DataGenerator of the original: typed fields by a seed, with an id for each row, over the seeded generators."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from synqc.apps.synth.checks import check_choice, check_whole
from synqc.apps.synth.errors import ValidationError
from synqc.apps.synth.generated_rows import GeneratedRows
from synqc.apps.synth.options import DataOptions, check_seed
from synqc.apps.synth.row_formats import csv_text

__all__ = ["DataGenerator"]

_MEMBERS = {
    "string": {"length": 10}, "number": {"min": 0, "max": 100}, "boolean": {}, "array": {"items": 5},
    "vector": {"dimensions": 128},
}  # fmt: skip


class DataGenerator:
    """Makes rows of fields: string(length 10), number(min 0, max 100), boolean, array(items 5), vector(dimensions 128).

    Numbers are real ones between their bounds, 0 included where it is one; items of arrays are words. The same seed
    gives the same rows, each with its number as `id`.

    Args:
        options: `seed`, `format` ("json" or "csv"), `schema`: fields by name, each with its `type`.
        named: The same, as keywords.

    Raises:
        ValidationError: A field has another type or member.

    Examples:
        >>> generator = DataGenerator({"seed": 42, "schema": {"n": {"type": "number", "min": -5, "max": 0}}})
        >>> rows = generator.generate(3)
        >>> [row["id"] for row in rows], all(-5 <= row["n"] <= 0 for row in rows), rows == generator.generate(3)
        ([0, 1, 2], True, True)
    """

    def __init__(self, options: Mapping[str, Any] | None = None, **named: Any) -> None:
        given = {**(options or {}), **named}
        unknown = set(given) - {"seed", "format", "schema"}
        if unknown:
            raise ValidationError(f"Option {sorted(unknown)[0]!r} is not known: there are seed, format, schema.")
        self._format = given.get("format", "json")
        check_choice("format", self._format, ("json", "csv"))
        schema = given.get("schema")
        if not isinstance(schema, Mapping) or not schema:
            raise ValidationError(f"Option `schema` must have fields by name, but is {schema!r:.80}.")
        self._schema = {
            "type": "object", "properties": {name: _field(name, one) for name, one in schema.items()},
        }  # fmt: skip
        self.set_seed(given.get("seed"))

    def set_seed(self, seed: int | str | None) -> None:
        """Another seed from now on; None: one that is drawn."""
        check_seed(seed)
        self._seed = secrets.randbelow(2**31) if seed is None else seed

    def generate(self, count: int) -> Any:
        """So many rows: a list, or one text of CSV."""
        check_whole("count", count, 0, 100_000_000)
        options = DataOptions(schema=self._schema, count=max(1, count), seed=self._seed)
        rows = GeneratedRows("structured", options).rows(0, count)
        found = [{"id": place, **row} for place, row in enumerate(rows)]
        return csv_text(found) if self._format == "csv" else found

    setSeed = set_seed  # noqa: N815


def _field(name: str, field: Any) -> dict[str, Any]:
    if not isinstance(field, Mapping):
        raise ValidationError(f"Option `schema.{name}` must be a mapping with a type, but is {field!r:.80}.")
    kind = str(field.get("type"))
    check_choice(f"schema.{name}.type", kind, _MEMBERS)
    unknown = set(field) - {"type", *_MEMBERS[kind]}
    if unknown:
        known = ", ".join(["type", *_MEMBERS[kind]])
        raise ValidationError(f"Option `schema.{name}.{sorted(unknown)[0]}` is not known: there are {known}.")
    told = {**_MEMBERS[kind], **field}
    if kind == "string":
        check_whole(f"schema.{name}.length", told["length"], 0, 10_000)
        return {"type": "string", "pattern": f"[A-Za-z0-9]{{{told['length']}}}"}
    if kind == "number":
        return {"type": "number", "minimum": told["min"], "maximum": told["max"]}
    if kind == "boolean":
        return {"type": "boolean"}
    size = told["items"] if kind == "array" else told["dimensions"]
    check_whole(f"schema.{name}.{'items' if kind == 'array' else 'dimensions'}", size, 0, 10_000)
    item = {"type": "string"} if kind == "array" else {"type": "number", "minimum": 0.0, "maximum": 1.0}
    return {"type": "array", "items": item, "minItems": size, "maxItems": size}
