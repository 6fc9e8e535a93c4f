"""Aligned tables for people and plain values for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

__all__ = ["json_text", "table"]


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[int] = ()) -> str:
    """Columns under their heads, two blanks between them.

    Args:
        head: Names of the columns.
        rows: Texts, as many as there are names.
        numbers: Columns to align on the right.

    Examples:
        >>> print(table(["name", "T1"], [["fez", "145"], ["aachen", "9"]], numbers=[1]))
        name     T1
        ------  ---
        fez     145
        aachen    9
    """
    widths = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(
            f"{cell:>{width}}" if k in numbers else f"{cell:<{width}}"
            for k, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()

    return "\n".join([line(head), line(["-" * width for width in widths]), *map(line, rows)])


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
