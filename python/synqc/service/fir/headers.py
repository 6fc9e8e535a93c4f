"""Headers of every answer about reports: those that browsers act on, and the limit of requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from starlette.types import Scope

__all__ = ["headers_of"]

_ALWAYS: Final = (
    (b"x-xss-protection", b"1; mode=block"),
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
    (b"permissions-policy", b"geolocation=(), camera=(), payment=(), microphone=(self)"),
)
_NOTHING: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'")


def headers_of(requests_per_minute: int) -> Callable[[Scope], Iterable[tuple[bytes, bytes]]]:
    """What `Mount.headers` takes.

    Args:
        requests_per_minute: The limit; 0: there is none.
    """
    limited: tuple[tuple[bytes, bytes], ...] = ()
    if requests_per_minute:
        limited = (
            (b"x-ratelimit-limit", str(requests_per_minute).encode()),
            (b"x-ratelimit-window", b"60"),
        )

    def headers(_: Scope) -> Iterable[tuple[bytes, bytes]]:
        return (*_ALWAYS, _NOTHING, *limited)

    return headers
