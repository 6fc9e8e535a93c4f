"""Rows without a model, by the seeded generators: each follows from the seed and its number, whoever makes it when."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any, Final

from synqc import generate
from synqc.apps.synth.configured_rows import ConfiguredRows, fitted
from synqc.apps.synth.errors import ValidationError
from synqc.apps.synth.event_rows import EventRows
from synqc.apps.synth.options import DataOptions
from synqc.apps.synth.row_formats import columns_of
from synqc.apps.synth.row_schema import check_row
from synqc.apps.synth.row_tasks import row_task_of, rows_asked
from synqc.apps.synth.schema_rows import SchemaRows
from synqc.apps.synth.series_rows import SeriesRows
from synqc.errors import InputError
from synqc.generate.data_card import licences_of

__all__ = ["GENERATOR_NAME", "ROWS_VERSION", "GeneratedRows", "source_of"]

ROWS_VERSION: Final = f"{generate.GENERATOR_VERSION}.2"
"""Of the generators, and of what is made of them here; raise the second number when a request gives other rows."""
GENERATOR_NAME: Final = f"synqc.generate {ROWS_VERSION}"
_OF_MODELS: Final = ("prompt", "constraints", "model", "temperature", "accept", "distinct")
_OF_GENERATORS: Final = ("configuration", "example")
_CHUNK: Final = 10_000
_CHECKED: Final = 100


def source_of(kind: str, options: DataOptions, *, has_model: bool) -> str:
    """Who makes the rows: "model" or "generator".

    Args:
        kind: Kind of data.
        options: Options of the request.
        has_model: Whether a model is configured.

    Raises:
        ValidationError: The generator is asked for something that a model alone can do, or a model for what
            generators alone can.
    """
    named = [name for name in _OF_MODELS if getattr(options, name) is not None]
    own = [name for name in _OF_GENERATORS if getattr(options, name) is not None]
    if own:
        if options.source == "model":
            raise ValidationError(f"Option `{own[0]}` must be left out where a model is asked, but is given.")
        if named:
            raise ValidationError(f"Option `{named[0]}` must be left out beside `{own[0]}`, which asks no model.")
        return "generator"
    if options.source == "generator":
        if kind == "text":
            raise ValidationError('Option `source` must not be "generator" for rows of text, which models write.')
        if named:
            raise ValidationError(f"Option `{named[0]}` must be left out where no model is asked, but is given.")
        return "generator"
    if options.source == "model" or has_model or named or kind == "text":
        return "model"
    return "generator"


class GeneratedRows:
    """Rows of one request.

    Args:
        kind: Kind of data.
        options: Options of the request; without a seed one is drawn.

    Raises:
        ValidationError: An option does not fit, or the schema has something for which there is no generator.

    Examples:
        >>> asked = DataOptions.of({"count": 3, "schema": {"n": {"type": "integer", "maximum": 9}}}, seed=42)
        >>> rows = GeneratedRows("structured", asked)
        >>> rows.rows(0, 3) == [*rows.rows(0, 1), *rows.rows(1, 2)]
        True
    """

    def __init__(self, kind: str, options: DataOptions) -> None:
        self.kind = kind
        self.seed = secrets.randbelow(2**31) if options.seed is None else options.seed
        self.count = rows_asked(kind, options)
        self.distances: Mapping[str, Any] | None = None
        try:
            self._maker = self._maker_of(kind, options)
            for row in self.rows(0, min(self.count, _CHECKED)):
                problem = check_row(row, self.schema)
                if problem:
                    raise ValidationError(
                        f"Option `schema` asks for what the seeded generators do not keep to ({problem}): ask a model."
                    )
        except ValidationError:
            raise
        except InputError as error:
            raise ValidationError(f"The seeded generators refuse it: {error}") from None

    def rows(self, first: int, count: int) -> list[dict[str, Any]]:
        """Rows from a number on, at most to the last."""
        return self._maker.rows(first, max(0, min(count, self.count - first)))

    def all(self) -> Iterator[dict[str, Any]]:
        """All rows, of which few are in memory at a time."""
        if isinstance(self._maker, ConfiguredRows):
            yield from self._maker.all(self.count)
            return
        for first in range(0, self.count, _CHUNK):
            yield from self.rows(first, _CHUNK)

    def tables(self) -> Iterator[generate.Rows] | None:
        """The same, column by column as the core has them, where a configuration makes them so; else None."""
        return self._maker.tables(self.count) if isinstance(self._maker, ConfiguredRows) else None

    def columns(self) -> list[str]:
        """Names of columns; where the schema leaves them open, all rows are looked through."""
        return columns_of(self.all()) if self._maker.is_open else list(self.schema["properties"])

    @property
    def version(self) -> str:
        """Under which the same request gives the same rows."""
        return ROWS_VERSION

    @property
    def licences(self) -> Mapping[str, str]:
        """Of tables that texts come from, by their names."""
        found: dict[str, str] = {}
        for configuration in self._maker.configurations:
            _, *tables = licences_of(configuration.to_dict())
            found |= {f"{one['name']} {one['version']}": one["licence"] for one in tables}
        return found

    def _maker_of(self, kind: str, options: DataOptions) -> SeriesRows | EventRows | SchemaRows | ConfiguredRows:
        configuration = options.configuration
        if options.example is not None:
            fit = fitted(options.example)
            configuration, self.distances = fit.table.to_dict(), fit.distances()
        if configuration is not None:
            made = ConfiguredRows(kind, configuration, self.seed)
            self.schema = made.schema
            return made
        self.schema = dict(row_task_of(kind, options).schema)
        if kind == "timeseries":
            return SeriesRows(options, self.seed)
        if kind == "events":
            return EventRows(options, self.count, self.seed)
        return SchemaRows(self.schema, self.seed)
