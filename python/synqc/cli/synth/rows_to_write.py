"""Rows as a file or on stdout, part by part: those of the generators are made while they are written."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synqc.apps.synth.data_card import DataCard
    from synqc.generate import Rows

__all__ = ["RowsToWrite"]


@dataclass(frozen=True)
class RowsToWrite:
    """Rows of one data set, to be written once.

    Args:
        rows: As they come.
        columns: Their names.
        tables: The same as the core has them, which is faster, where it has them.
        card: How they were made.
    """

    rows: Iterable[Mapping[str, Any]]
    columns: Sequence[str]
    tables: Iterator[Rows] | None
    card: DataCard

    def write(self, form: str, output: Path | None) -> None:
        """Write them; a file takes its name when it is whole, until then it is `<output>.part`."""
        if output is None:
            for part in self._parts(form):
                sys.stdout.write(part.decode())
            return
        is_special = output.exists() and not output.is_file()  # such as /dev/null
        part_file = output if is_special else output.with_name(output.name + ".part")
        try:
            with part_file.open("wb") as file:
                file.writelines(self._parts(form))
            if not is_special:
                part_file.replace(output)
        finally:
            if not is_special:
                part_file.unlink(missing_ok=True)

    def _parts(self, form: str) -> Iterator[bytes]:
        from synqc.apps.synth.row_files import arrow_parts, parquet_parts, table_parts
        from synqc.apps.synth.row_formats import csv_parts, json_lines, with_columns

        card = self.card.to_dict()
        if form == "json":
            return _indented(self.rows)
        if form == "array":
            return _indented([row.get(name) for name in self.columns] for row in self.rows)
        if self.tables is not None:
            return table_parts(self.tables, form, card=card)
        if form in ("parquet", "arrow"):
            parts_of = parquet_parts if form == "parquet" else arrow_parts
            return parts_of(self.rows, with_columns(card["schema"], self.columns), card=card)
        texts = csv_parts(self.rows, self.columns) if form == "csv" else json_lines(self.rows)
        return (text.encode() for text in texts)


def _indented(values: Iterable[Any]) -> Iterator[bytes]:
    """A JSON list as people read it, value by value."""
    before = "[\n  "
    for value in values:
        yield (before + json.dumps(value, indent=2, ensure_ascii=False).replace("\n", "\n  ")).encode()
        before = ",\n  "
    yield b"[]\n" if before == "[\n  " else b"\n]\n"
