"""Where a key stands in a TOML file, for messages; the standard reader does not say."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["line_of"]

_HEADER: Final = re.compile(r"^\s*\[(\[?)\s*([\w.\-]+)\s*\]")


def line_of(text: str, table: str, place: int = 0, key: str = "") -> int:
    """Number of the line of a key, or of its table's header if the key is not there, from 1.

    Args:
        text: The file.
        table: Name of the table.
        place: Which one of an array of tables, from 0.
        key: In it; "": the table itself.

    Examples:
        >>> line_of('[a]\\nx = 1\\n[[b]]\\nx = 1\\n[[b]]\\nx = 2', "b", 1, "x")
        6
    """
    inside, seen, header = False, -1, 1
    for number, line in enumerate(text.splitlines(), 1):
        found = _HEADER.match(line)
        if found:
            name = found[2]
            if name == table:
                seen += 1
                inside = seen == place
                header = number if inside else header
            elif inside and key and name == f"{table}.{key}":
                return number
            elif not name.startswith(f"{table}."):
                inside = False
        elif inside and key and re.match(rf"""^\s*["']?{re.escape(key)}["']?\s*[=.]""", line):
            return number
    return header
