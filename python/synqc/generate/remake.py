"""The rows of a data card once more."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from synqc import json
from synqc.errors import DocumentError, InputError
from synqc.generate._documents import Configuration, value_from
from synqc.generate.data_card import DataCard, fingerprint_of
from synqc.generate.documents import DocumentRows
from synqc.generate.doors import make
from synqc.generate.rows import Rows
from synqc.generate.version import GENERATOR_VERSION

__all__ = ["remake"]


def remake(card: DataCard | Mapping[str, Any] | str | os.PathLike[str]) -> Rows | DocumentRows:
    """Make the rows that a data card tells of, byte for byte, or refuse.

    Args:
        card: The card, its document, or the path of its file.

    Raises:
        InputError: Another version of the generators made the data, or another version of the tables of texts; or the
            card's configuration is not the one it was written with.
        DocumentError: The document is no data card.

    Examples:
        >>> from synqc import generate
        >>> table = generate.Table({"n": generate.Integer("poisson", {"mean": 3})})
        >>> card = generate.write(table, "n.csv", rows=100, seed=7)
        >>> generate.remake("n.csv.card.json").to_csv() == open("n.csv", "rb").read()
        True
    """
    if isinstance(card, DataCard):
        document: Any = card.to_dict()
    elif isinstance(card, Mapping):
        document = card
    else:
        document = json.loads(Path(card).read_bytes())
    if not isinstance(document, Mapping):
        raise DocumentError(f"A data card must be an object, but is {document!r} (at $)")
    for name in ("configuration", "fingerprint", "seed", "generator_version", "first_row", "rows", "licences"):
        if name not in document:
            raise DocumentError(f"`{name}` must be given, but is not (at $)")
    if document["generator_version"] != GENERATOR_VERSION:
        raise InputError(
            f"Argument `card` must be of generators of version {GENERATOR_VERSION}, which this SynQc has, "
            f"but is of version {document['generator_version']!r}."
        )
    if fingerprint_of(document["configuration"]) != document["fingerprint"]:
        raise InputError("Argument `card` must have the configuration that it was written with, but that was changed.")
    _check_tables(document["licences"])
    configuration: Any = value_from(document["configuration"], Configuration, "$.configuration")
    rows: Rows | DocumentRows = make(
        configuration, rows=document["rows"], seed=document["seed"], first_row=document["first_row"]
    )
    return rows


def _check_tables(licences: Any) -> None:
    """Texts by locale are those of one version of their tables."""
    for licence in licences:
        if licence.get("name") != "mimesis":
            continue
        from synqc.generate.locale_text import source

        installed = source()["version"]
        if licence.get("version") != installed:
            raise InputError(
                f"Argument `card` must be of the tables of mimesis {installed}, which is installed, "
                f"but is of {licence.get('version')!r}."
            )
