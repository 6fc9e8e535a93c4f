"""Written file: parts of bytes go to a stream, or to a file that takes its name when it is whole."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

__all__ = ["Target", "write_parts"]

Target = str | os.PathLike[str] | BinaryIO
"""Where to: a path, or a stream of bytes."""


def write_parts(parts: Iterable[bytes], target: Target) -> int:
    """Write parts as they come; the number of bytes.

    A file is made beside its place and put there when it is on the disk: an export that fails leaves the old one.
    """
    if not isinstance(target, str | os.PathLike):
        return sum(_written(target, part) for part in parts)
    path = Path(target)
    beside = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    try:
        with beside.open("xb") as stream:
            size = sum(_written(stream, part) for part in parts)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return size


def _written(stream: BinaryIO, part: bytes) -> int:
    stream.write(part)
    return len(part)
