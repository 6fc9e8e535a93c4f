"""Head of a GGUF file: what a model says of itself, read without loading it.

Source: the GGUF specification of the ggml project, version 3.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

from synqc.errors import InputError

__all__ = ["head_of"]

_NUMBERS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT, _LIST = 8, 9
_LONGEST_TEXT: Final = 1 << 24
_MOST_ITEMS: Final = 1 << 24
_MOST_ENTRIES: Final = 4096


def head_of(path: Path) -> Mapping[str, Any]:
    """Names and values at the beginning of a file; lists as their length.

    Raises:
        InputError: It is no GGUF file that is understood.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        try:
            if file.read(4) != b"GGUF" or (version := _number(file, "I")) not in (2, 3):
                raise ValueError
            _number(file, "Q")  # tensors
            entries = _number(file, "Q")
            if entries > _MOST_ENTRIES:
                raise ValueError
            found = {"gguf.version": version}
            for _ in range(entries):
                name = _text(file)
                found[name] = _value(file, _number(file, "I"))
            return found
        except (ValueError, KeyError, struct.error, UnicodeDecodeError):
            raise InputError(f"{path} must be a GGUF file of version 2 or 3, but is not.") from None


def _number(file: BinaryIO, kind: str) -> Any:
    return struct.unpack(f"<{kind}", file.read(struct.calcsize(kind)))[0]


def _text(file: BinaryIO) -> str:
    length = _number(file, "Q")
    if length > _LONGEST_TEXT:
        raise ValueError
    return file.read(length).decode()


def _value(file: BinaryIO, kind: int) -> Any:
    if kind == _TEXT:
        return _text(file)
    if kind != _LIST:
        return _number(file, _NUMBERS[kind])
    of, length = _number(file, "I"), _number(file, "Q")
    if length > _MOST_ITEMS:
        raise ValueError
    if of == _TEXT:
        for _ in range(length):
            _text(file)
    else:
        file.seek(length * struct.calcsize(f"<{_NUMBERS[of]}"), 1)
    return length
