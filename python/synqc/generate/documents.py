"""Nested documents by a JSON Schema (2020-12)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from synqc import _core, json
from synqc.errors import Cancelled
from synqc.generate._documents import Configuration, document_of, json_of, value_from, value_from_json
from synqc.generate.schema_sampler import SchemaSampler

__all__ = ["DocumentRows", "Documents"]


class DocumentRows:
    """Documents `first_row`, `first_row` + 1, ..., each a value of JSON."""

    def __init__(self, first_row: int, values: list[Any]) -> None:
        self.first_row = first_row
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __repr__(self) -> str:
        return f"DocumentRows({len(self)} from {self.first_row})"

    def to_dicts(self) -> list[Any]:
        """The documents as Python has them."""
        return list(self._values)

    def to_json(self) -> bytes:
        """An array of them."""
        return b"[" + b",\n".join(json.dumps(value) for value in self._values) + b"]"

    def to_json_lines(self) -> bytes:
        """One per line, each line ended by a line feed."""
        return b"".join(json.dumps(value) + b"\n" for value in self._values)


@dataclass(frozen=True)
class Documents(Configuration):
    """Documents that fulfil a schema; needs the extra `generate`.

    Understood: type, enum, const; minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf; minLength,
    maxLength, pattern, format (all that 2020-12 names); items, prefixItems, minItems, maxItems, uniqueItems, contains;
    properties, required, patternProperties, additionalProperties, propertyNames, minProperties, maxProperties,
    dependentRequired, dependentSchemas; unevaluatedItems, unevaluatedProperties; allOf, anyOf, oneOf, not, if, then,
    else; $ref within the schema, $defs, $anchor. What is not is refused by name. A document that is not right by
    construction is checked and drawn again.

    Args:
        schema: The schema, as JSON has it.
        optional_rate: How likely a property is there that is not required.
        depth: How deep references go back into themselves before what is optional is left out.
        name: Name of the documents.

    Examples:
        >>> from synqc import generate
        >>> orders = generate.Documents({
        ...     "type": "object",
        ...     "required": ["id", "lines"],
        ...     "properties": {
        ...         "id": {"type": "string", "pattern": "^[A-Z]{2}[0-9]{4}$"},
        ...         "lines": {"type": "array", "minItems": 1, "maxItems": 2, "items": {
        ...             "type": "object", "required": ["count"],
        ...             "properties": {"count": {"type": "integer", "minimum": 1, "maximum": 9}},
        ...         }},
        ...     },
        ... })
        >>> for order in generate.make(orders, rows=2, seed=7):
        ...     print(order)
        {'id': 'PR8609', 'lines': [{'count': 9}, {'count': 5}]}
        {'id': 'HF8243', 'lines': [{'count': 9}, {'count': 9}]}
    """

    kind: ClassVar[str] = "documents"

    schema: Mapping[str, Any] | bool
    optional_rate: float = 0.5
    depth: int = 4
    name: str = "documents"

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Documents:
        """A configuration from what `to_dict` gives; DocumentError, with the path, for anything else."""
        return value_from(document, cls)

    @classmethod
    def from_json(cls, text: str | bytes) -> Documents:
        """A configuration from what `to_json` gives."""
        return value_from_json(text, cls)

    def to_dict(self) -> dict[str, Any]:
        """The configuration as JSON has it."""
        return document_of(self)

    def to_json(self) -> str:
        """The same as text."""
        return json_of(self)

    def _plan(self, seed: int) -> _DocumentPlan:
        return _DocumentPlan(SchemaSampler(self.schema, self.optional_rate, self.depth), self.name, seed)


class _DocumentPlan:
    def __init__(self, sampler: SchemaSampler, name: str, seed: int) -> None:
        self._sampler = sampler
        self._name = name
        self._seed = seed

    def make(self, first: int, rows: int, threads: int, stop: Any) -> tuple[DocumentRows, bool]:
        """Documents of these rows; `threads` makes no difference, Python makes them."""
        made: list[Any] = []
        for row in range(first, first + rows):
            if stop is not None and stop.requested:
                raise Cancelled("Generation was stopped before its rows were complete.")
            made.append(self._sampler.sample(_core.RowStream(self._seed, self._name, row)))
        return DocumentRows(first, made), False
