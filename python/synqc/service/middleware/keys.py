"""What a request shows to be let in."""

from __future__ import annotations

import hmac
from collections.abc import Iterable

__all__ = ["Keys", "shown_in_headers"]


class Keys:
    """Keys of a service; without any, everybody is let in.

    >>> Keys(("one", "two")).found_in([b"three", b"two"])
    b'two'
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = tuple(key.encode() for key in keys)

    def __bool__(self) -> bool:
        return bool(self._keys)

    def found_in(self, shown: Iterable[bytes]) -> bytes | None:
        """The first that is among what was shown. Each is compared in full, so that time tells nothing."""
        found = None
        for one in shown:
            for key in self._keys:
                if hmac.compare_digest(one, key):
                    found = key
        return found


def shown_in_headers(headers: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    """Values of `X-API-Key`, and of `Authorization` after `Bearer`.

    >>> shown_in_headers([(b"authorization", b"bearer one"), (b"x-api-key", b"two")])
    [b'one', b'two']
    """
    shown = []
    for name, value in headers:
        if name == b"x-api-key":
            shown.append(value)
        elif name == b"authorization" and value[:7].lower() == b"bearer ":
            shown.append(value[7:].strip())
    return shown
