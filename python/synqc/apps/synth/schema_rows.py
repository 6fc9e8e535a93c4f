"""Rows of a schema: columns where a field is one, documents where it is more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from synqc import generate
from synqc.apps.synth.generated_tree import GeneratedTree

__all__ = ["SchemaRows"]


class SchemaRows:
    """Rows that fit a JSON schema of an object.

    Args:
        schema: Schema of a row.
        seed: Seed of the rows.

    Raises:
        ValidationError, InputError: The schema has something that cannot be made.

    Examples:
        >>> schema = {"type": "object", "properties": {"n": {"type": "integer", "multipleOf": 7, "minimum": 50,
        ...           "maximum": 60}}}
        >>> SchemaRows(schema, 7).rows(0, 1)
        [{'n': 56}]
    """

    def __init__(self, schema: Mapping[str, Any], seed: int | str) -> None:
        self._seed = seed
        self._tree = GeneratedTree(schema)
        self.is_open = "$" in self._tree.documents
        self._table = generate.Table(self._tree.columns or {"nothing": generate.Boolean()}, name="structured")

    @property
    def configurations(self) -> tuple[generate.Table | generate.Documents, ...]:
        """What makes them."""
        return (self._table, *self._tree.documents.values())

    def rows(self, first: int, count: int) -> list[dict[str, Any]]:
        """Rows from a number on."""
        values = list(generate.make(self._table, rows=count, seed=self._seed, first_row=first))
        for path, documents in self._tree.documents.items():
            made = generate.make(documents, rows=count, seed=self._seed, first_row=first)
            for row, one in zip(values, made, strict=True):
                row[path] = one
        return [self._tree.row(one) for one in values]
