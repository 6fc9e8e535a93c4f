"""Aligned tables for people and plain values for programs."""

from __future__ import annotations

import json
import math
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest
from typing import Any

__all__ = ["json_text", "table", "terminal_columns"]

_NARROWEST = 12
"""A column of texts stays at least this wide."""


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[int] = ()) -> str:
    """Columns under their heads, two blanks between them.

    On a terminal that is too narrow heads and the widest texts go on below themselves; a pipe gets whole lines.

    Args:
        head: Names of the columns.
        rows: Texts, as many as there are names.
        numbers: Columns to align on the right, whose cells are never broken.

    Examples:
        >>> print(table(["name", "T1"], [["fez", "145"], ["aachen", "9"]], numbers=[1]))
        name     T1
        ------  ---
        fez     145
        aachen    9
    """
    widths, gap = _widths_within(terminal_columns(), head, rows, [k for k in range(len(head)) if k not in numbers])

    def lines(cells: Sequence[str]) -> Iterator[str]:
        wrapped = [textwrap.wrap(cell, width, break_on_hyphens=False) if len(cell) > width else [cell]
                   for cell, width in zip(cells, widths, strict=True)]  # fmt: skip
        for parts in zip_longest(*wrapped, fillvalue=""):
            yield gap.join(
                f"{part:>{width}}" if k in numbers else f"{part:<{width}}"
                for k, (part, width) in enumerate(zip(parts, widths, strict=True))
            ).rstrip()

    return "\n".join(chain(lines(head), lines(["-" * width for width in widths]), *map(lines, rows)))


def terminal_columns() -> int:
    """Columns of the terminal that standard output is; 0 where it is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def _widths_within(
    columns: int, head: Sequence[str], rows: Sequence[Sequence[str]], texts: Sequence[int]
) -> tuple[list[int], str]:
    """Widths that fit, and what stands between columns; as wide as they are where `columns` is 0.

    Heads of several words go on below themselves first, then columns move together, then the widest texts are broken.
    """
    whole = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
    cells = [max((len(row[k]) for row in rows), default=0) for k in range(len(head))]
    words = [max(map(len, name.split()), default=0) for name in head]
    narrow = [max(pair) for pair in zip(cells, words, strict=True)]
    for widths, gap in ((whole, "  "), (narrow, "  "), (narrow, " ")):
        if columns == 0 or sum(widths) + len(gap) * (len(widths) - 1) <= columns:
            return widths, gap
    widths = list(narrow)
    for _ in range(sum(narrow) + len(narrow) - 1 - columns):
        widest = max(texts, key=lambda k: widths[k], default=None)
        if widest is None or widths[widest] <= _NARROWEST:
            break
        widths[widest] -= 1
    return widths, " "


def _plain(value: Any) -> Any:
    """Numbers that JSON has no word for become null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.item() if hasattr(value, "item") else value


def json_text(document: Any) -> str:
    """One JSON document; what is not finite becomes null.

    Examples:
        >>> json_text({"g": float("inf"), "shots": 5})
        '{"g": null, "shots": 5}'
    """
    return json.dumps(_plain(document), ensure_ascii=False, allow_nan=False)
