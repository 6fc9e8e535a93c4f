"""Tables: columns by name, and which of them are correlated."""

from __future__ import annotations

import math
from collections.abc import Mapping
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

from synqc import _core
from synqc.errors import InputError
from synqc.generate._arguments import is_unicode, number_of
from synqc.generate._documents import Configuration, document_of, json_of, value_from, value_from_json
from synqc.generate.columns import Column

__all__ = ["Correlations", "Table"]


@dataclass(frozen=True)
class Correlations:
    """Columns whose values go together, by a Gaussian copula: their marginals stay exactly what they are.

    Args:
        columns: Names of numbers, integers, booleans, categories (by the order of their values) or moments.
        matrix: Correlation of each with each; ones on the diagonal.
        measure: "spearman": of ranks, which no marginal changes, exact for columns without ties; "normal": of the
            normals behind them.
    """

    columns: SequenceOf[str]
    matrix: SequenceOf[SequenceOf[float]]
    measure: str = "spearman"

    def _normal(self) -> list[float]:
        """Correlations of the normals, row by row. Spearman's: Kruskal, JASA 53 (1958), 814."""
        if self.measure not in ("spearman", "normal"):
            raise InputError(f'Argument `measure` must be "spearman" or "normal", but is {self.measure!r}.')
        found = []
        for row in self.matrix:
            if len(row) != len(self.matrix):
                raise InputError(
                    f"Argument `matrix` must be square, but has {len(self.matrix)} rows and one of {len(row)}."
                )
            for value in row:
                wanted = number_of("matrix", value)
                found.append(2 * math.sin(math.pi * wanted / 6) if self.measure == "spearman" else wanted)
        return found


@dataclass(frozen=True)
class Table(Configuration):
    """Columns of a table. Every value follows from seed, the two names and the row: a further column changes no other.

    Args:
        columns: Kinds by name, in the order of the table.
        name: Name of the table.
        correlations: Groups of correlated columns; none shares a column with another.

    Examples:
        >>> from synqc import generate
        >>> people = generate.Table({
        ...     "id": generate.Sequence(),
        ...     "height": generate.Number("normal", {"mean": 170, "deviation": 8}, decimals=1),
        ...     "plan": generate.Category(["free", "paid"], weights=[9, 1]),
        ... })
        >>> for row in generate.make(people, rows=3, seed=7):
        ...     print(row)
        {'id': 1, 'height': 186.4, 'plan': 'free'}
        {'id': 2, 'height': 182.8, 'plan': 'free'}
        {'id': 3, 'height': 164.4, 'plan': 'free'}
    """

    kind: ClassVar[str] = "table"

    columns: Mapping[str, Column]
    name: str = "table"
    correlations: SequenceOf[Correlations] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.columns, Mapping) or not self.columns:
            raise InputError(f"Argument `columns` must be a mapping of names to columns, but is {self.columns!r}.")
        for name, column in self.columns.items():
            if not isinstance(name, str) or not isinstance(column, Column):
                raise InputError(f"Argument `columns` must map texts to columns, but maps {name!r} to {column!r}.")
            if not is_unicode(name):
                raise InputError(f"Argument `columns` must have names of Unicode characters, but has {name!r}.")
        if not isinstance(self.name, str):
            raise InputError(f"Argument `name` must be a text, but is {self.name!r}.")
        object.__setattr__(self, "columns", MappingProxyType(dict(self.columns)))
        object.__setattr__(self, "correlations", tuple(self.correlations))

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Table:
        """A table from what `to_dict` gives; DocumentError, with the path, for anything else."""
        return value_from(document, cls)

    @classmethod
    def from_json(cls, text: str | bytes) -> Table:
        """A table from what `to_json` gives."""
        return value_from_json(text, cls)

    def to_dict(self) -> dict[str, Any]:
        """The configuration as JSON has it.

        Examples:
            >>> from synqc import generate
            >>> generate.Table({"id": generate.Sequence()}).to_dict()
            {'kind': 'table', 'columns': {'id': {'kind': 'sequence'}}}
        """
        return document_of(self)

    def to_json(self) -> str:
        """The same as text."""
        return json_of(self)

    def _plan(self, seed: int) -> _core.TablePlan:
        plan = _core.TablePlan(self.name, seed)
        places: dict[str, int] = {}
        for name, column in self.columns.items():
            try:
                plan.add(name, column._make_after(seed, places), column._missing_share())
                places[name] = len(places)
            except InputError as error:
                raise type(error)(f"Column `{name}`: {error}") from error
        for group in self.correlations:
            plan.correlate(list(group.columns), group._normal())
        return plan
