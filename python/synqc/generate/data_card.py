"""Data cards: what a data set is, and how to make it again."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

from synqc import json
from synqc._version import __version__

__all__ = ["DataCard"]


@dataclass(frozen=True)
class DataCard:
    """What stands beside every data set that is written: enough to make the same bytes again.

    Args:
        kind: Kind of the configuration, such as `table`.
        configuration: As its `to_dict` gives it.
        fingerprint: SHA-256 of the configuration in canonical JSON.
        seed: What was given.
        generator_version: Version of the generators; the same version gives the same values.
        synqc_version: Version of the package.
        first_row: Number of the first row.
        rows: How many there are.
        columns: Name and type of each.
        licences: Licences of the package and of the tables that texts came from.
        distances: How far the data are from what the configuration was fitted to, if it was.
    """

    kind: str
    configuration: dict[str, Any]
    fingerprint: str
    seed: int | str
    generator_version: int
    synqc_version: str
    first_row: int
    rows: int
    columns: tuple[tuple[str, str], ...]
    licences: tuple[dict[str, str], ...]
    distances: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """The card as JSON has it."""
        document = asdict(self)
        document["columns"] = [{"name": name, "type": kind} for name, kind in self.columns]
        document["licences"] = list(self.licences)
        return document

    def to_json(self) -> str:
        """The same as text."""
        return json.dumps(self.to_dict()).decode()


def fingerprint_of(configuration: dict[str, Any]) -> str:
    """SHA-256 of a configuration in canonical JSON."""
    return hashlib.sha256(json.canonical(configuration)).hexdigest()


def licences_of(configuration: dict[str, Any]) -> tuple[dict[str, str], ...]:
    """Of the package, and of mimesis where its tables are used."""
    own = {"name": "synqc", "version": __version__, "licence": "Apache-2.0"}
    if '"locale_text"' not in json.dumps(configuration).decode():
        return (own,)
    from synqc.generate.locale_text import source

    return (own, source())
