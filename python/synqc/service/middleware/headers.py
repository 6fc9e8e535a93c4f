"""Headers as ASGI has them."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["first_header"]


def first_header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    """The value of the first header of that name, which is in lower case."""
    for key, value in headers:
        if key == name:
            return value
    return None
