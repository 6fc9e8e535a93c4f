"""JSON Lines: a row a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from synqc import json
from synqc.apps.prompts.export.exported_row import exported
from synqc.apps.prompts.export.written_file import Target, write_parts
from synqc.apps.prompts.row import Row

__all__ = ["jsonl_parts", "write_jsonl"]


def jsonl_parts(rows: Iterable[Row | Mapping[str, Any]]) -> Iterator[bytes]:
    """A line of UTF-8 for each row, members in the order of `COLUMNS`."""
    for row in rows:
        yield json.dumps(exported(row)) + b"\n"


def write_jsonl(rows: Iterable[Row | Mapping[str, Any]], target: Target) -> int:
    """Write rows as JSON Lines; equal rows give equal bytes.

    Args:
        rows: As `PromptsApplication.export_rows` reads them; they need not fit into memory.
        target: A path, or a stream of bytes.

    Returns:
        The number of bytes.

    Examples:
        >>> import io
        >>> stream = io.BytesIO()
        >>> write_jsonl([{"id": 1, "problem": "1 + 1?", "answer": "2"}], stream) == len(stream.getvalue())
        True
    """
    return write_parts(jsonl_parts(rows), target)
