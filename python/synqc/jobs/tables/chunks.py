"""Long lists, a few at a time: databases bound the parameters of one statement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

__all__ = ["chunks"]

_MOST = 1000

_Item = TypeVar("_Item")


def chunks(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    """Successive parts of a sequence."""
    for start in range(0, len(items), _MOST):
        yield items[start : start + _MOST]
