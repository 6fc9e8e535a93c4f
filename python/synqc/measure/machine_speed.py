"""Machine-speed reference: fixed work whose time tells how fast the machine is at this moment."""

from __future__ import annotations

import zlib
from typing import Final

__all__ = ["reference_work"]

_WORDS: Final = 2000
_BYTES: Final = bytes(range(256)) * 512


def reference_work() -> int:
    """A few milliseconds of what programs do: dictionaries, texts, sorting, and a pass over memory.

    Returns:
        A number that depends on all of it, so that none of it can be left out.

    Examples:
        >>> reference_work() == reference_work()
        True
    """
    counted: dict[str, int] = {}
    for number in range(_WORDS):
        word = f"w{number * 7919 % 997}"
        counted[word] = counted.get(word, 0) + number
    ordered = sorted(counted.items(), key=lambda item: (item[1], item[0]))
    return zlib.crc32(_BYTES, sum(value for _, value in ordered[::3]) & 0xFFFFFFFF)
