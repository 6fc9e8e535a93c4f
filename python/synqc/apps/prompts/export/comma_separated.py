"""Comma-separated values by RFC 4180, which spreadsheets may not take for formulas if that is asked for."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from synqc import json
from synqc.apps.prompts.export.exported_row import COLUMNS, exported
from synqc.apps.prompts.export.written_file import Target, write_parts
from synqc.apps.prompts.row import Row

__all__ = ["csv_parts", "write_csv"]

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_parts(rows: Iterable[Row | Mapping[str, Any]], *, formula_safe: bool = False) -> Iterator[bytes]:
    """The line of names and a line for each row, in UTF-8 with CR LF."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    yield _line(writer, text, COLUMNS)
    for row in rows:
        found = exported(row)
        yield _line(writer, text, [_cell(found[name], formula_safe=formula_safe) for name in COLUMNS])


def write_csv(rows: Iterable[Row | Mapping[str, Any]], target: Target, *, formula_safe: bool = False) -> int:
    """Write rows as comma-separated values; equal rows give equal bytes.

    Lists and objects are JSON within their cell, None is an empty cell, booleans are true and false. A lone surrogate,
    which UTF-8 cannot hold, is U+FFFD.

    Args:
        rows: As `PromptsApplication.export_rows` reads them; they need not fit into memory.
        target: A path, or a stream of bytes.
        formula_safe: Whether a text that a spreadsheet may take for a formula (it begins with = + - @ or a control
            character) gets an apostrophe before it. It then is another text: leave it off for programs.

    Returns:
        The number of bytes.

    Examples:
        >>> import io
        >>> stream = io.BytesIO()
        >>> size = write_csv([{"problem": '=HYPERLINK("x")', "answer": "-1"}], stream, formula_safe=True)
        >>> '''"'=HYPERLINK(""x"")",'-1,''' in stream.getvalue().decode()
        True
    """
    return write_parts(csv_parts(rows, formula_safe=formula_safe), target)


def _line(writer: Any, text: io.StringIO, cells: Iterable[object]) -> bytes:
    writer.writerow(cells)
    line = text.getvalue().encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
    text.seek(0)
    text.truncate()
    return line


def _cell(value: Any, *, formula_safe: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{value}" if formula_safe and value.startswith(_FORMULA) else value
    return json.dumps(value).decode()
