"""What a durable data set is asked: checked, made definite and written down before it is a job."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from synqc import json
from synqc.apps.synth.checks import check_choice, check_text
from synqc.apps.synth.configured_rows import fitted
from synqc.apps.synth.errors import ValidationError
from synqc.apps.synth.generated_rows import ROWS_VERSION, GeneratedRows, source_of
from synqc.apps.synth.moments import stamp
from synqc.apps.synth.options import DATA_KINDS, CacheOptions, DataOptions
from synqc.apps.synth.row_tasks import event_range, row_task_of, rows_asked, time_grid

__all__ = ["MOST_MODEL_ROWS", "DataSetRequest"]

MOST_MODEL_ROWS: Final = 100_000
"""Rows of one data set that a model writes; each is stored."""
_LONGEST_NAME: Final = 200
_NOT_OF_A_SET: Final = {one.name for one in fields(CacheOptions)} | {"accept", "deadline_ms", "format"}


@dataclass(frozen=True, kw_only=True)
class DataSetRequest:
    """A data set.

    Args:
        kind: Kind of data.
        options: As `DataOptions`, definite: with a seed, and moments instead of "now".
        name: For people.
        licence: Licence of the rows, as whoever publishes them says.
        generator_version: Version of the generators that make the rows; None: a model writes them.
        distances: Distances of the rows from the example they were fitted to, by column; None: there was none.

    Examples:
        >>> request = DataSetRequest.of("events", {"count": 5, "timeRange": {"start": "2026-01-01"}, "seed": 7})
        >>> request.options.time_range["end"], DataSetRequest.from_dict(request.to_dict()) == request
        ('2026-01-02T00:00:00.000Z', True)
    """

    kind: str
    options: DataOptions
    name: str = ""
    licence: str | None = None
    generator_version: str | None = None
    distances: Mapping[str, Any] | None = None

    @classmethod
    def of(
        cls,
        kind: str,
        options: Mapping[str, Any],
        *,
        name: str = "",
        licence: str | None = None,
        has_model: bool = False,
    ) -> DataSetRequest:
        """Check what is asked, and make it definite; of an example what was fitted to it is kept, and no row of it.

        Args:
            kind: Kind of data.
            options: As `DataOptions` has them, in either spelling.
            name: For people.
            licence: Licence of the rows.
            has_model: Whether a model is configured, which then writes what either could make.

        Raises:
            ValidationError: An option is not known, out of its range, or does not fit a durable data set.
        """
        check_choice("kind", kind, DATA_KINDS)
        if not isinstance(name, str) or len(name) > _LONGEST_NAME:
            raise ValidationError(f"Option `name` must have at most {_LONGEST_NAME} characters, but is {name!r:.80}.")
        if licence is not None:
            check_text("licence", licence)
        asked = DataOptions.of(options)
        for name_ in sorted(_NOT_OF_A_SET):
            if getattr(asked, name_) != getattr(DataOptions(), name_):
                raise ValidationError(f"Option `{name_}` must be left out for a durable data set, but is given.")
        source = source_of(kind, asked, has_model=has_model)
        distances = None
        if asked.example is not None:
            rows_asked(kind, asked)
            fit = fitted(asked.example)
            asked = replace(asked, example=None, configuration=fit.table.to_dict())
            distances = fit.distances()
        definite = _definite(kind, asked, source)
        if source == "generator":
            made = GeneratedRows(kind, definite)
            return cls(
                kind=kind, options=replace(definite, seed=made.seed), name=name, licence=licence,
                generator_version=ROWS_VERSION, distances=distances,
            )  # fmt: skip
        count = row_task_of(kind, asked).count
        if count > MOST_MODEL_ROWS:
            raise ValidationError(
                f"Option `count` must be at most {MOST_MODEL_ROWS} where a model writes the rows, but is {count}."
            )
        return cls(kind=kind, options=definite, name=name, licence=licence)

    @property
    def is_generated(self) -> bool:
        """Whether its rows are made by the seeded generators, whenever they are wanted."""
        return self.options.source == "generator"

    def generated(self) -> GeneratedRows:
        """Its rows, by the generators.

        Raises:
            ValidationError: It was asked of another version of them, whose rows were others.
        """
        if self.generator_version != ROWS_VERSION:
            raise ValidationError(
                f"The data set was made by version {self.generator_version} of the generators, and this is version "
                f"{ROWS_VERSION}, whose rows are others: make it anew, or with a SynQc of its time."
            )
        made = GeneratedRows(self.kind, self.options)
        made.distances = self.distances
        return made

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "kind": self.kind, "name": self.name, "licence": self.licence, "generator": self.generator_version,
            "distances": None if self.distances is None else dict(self.distances),
            "options": json.loads(json.dumps(_given(self.options))),
        }  # fmt: skip

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> DataSetRequest:
        """What `to_dict` made."""
        options = DataOptions(**document["options"])
        return cls(
            kind=document["kind"], options=options, name=document["name"], licence=document["licence"],
            generator_version=document["generator"], distances=document.get("distances"),
        )  # fmt: skip


def _given(options: DataOptions) -> dict[str, Any]:
    """Those that are not as usual."""
    usual = DataOptions()
    found = {one.name: getattr(options, one.name) for one in fields(DataOptions) if one.name != "accept"}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in found.items() if value != getattr(usual, name)
    }  # fmt: skip


def _definite(kind: str, options: DataOptions, source: str) -> DataOptions:
    changes: dict[str, Any] = {"source": source}
    if options.seed is None:
        changes["seed"] = secrets.randbelow(2**31)
    if options.configuration is not None:
        return DataOptions(**{**_given(options), **changes})
    if kind == "timeseries":
        grid = time_grid(options)
        changes |= {"count": grid.count, "start_date": stamp(grid.start)}
        if options.end_date is not None:
            changes["end_date"] = stamp(grid.at(grid.count - 1))
    if kind == "events":
        start, end = event_range(options)
        changes["time_range"] = {"start": stamp(start), "end": stamp(end)}
    return DataOptions(**{**_given(options), **changes})
