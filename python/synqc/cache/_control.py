"""What one request may ask of a cache, and what it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from synqc.errors import InputError

__all__ = ["Answer", "Control"]


@dataclass(frozen=True, slots=True)
class Control:
    """How one request uses a cache.

    Args:
        no_cache: Compute anew whatever is stored; the new value replaces it.
        no_store: Do not store what is computed.
        only_if_cached: Do not compute: a miss raises `CacheMiss`.
        ttl: Seconds the value lives; None: what the call says.
        namespace: Whose values: the same key in another namespace is another entry.

    Raises:
        InputError: The request excludes every answer, or `ttl` is negative.

    Examples:
        >>> from synqc.cache import MemoryCache
        >>> cache = MemoryCache(max_entries=10)
        >>> cache.get_or_compute("k", lambda: 1, control=Control(namespace="ada"))
        1
        >>> cache.get_or_compute("k", lambda: 2, control=Control(namespace="bob", no_store=True))
        2
        >>> cache.get_or_compute("k", lambda: 3, control=Control(namespace="ada", only_if_cached=True))
        1
    """

    no_cache: bool = False
    no_store: bool = False
    only_if_cached: bool = False
    ttl: float | None = None
    namespace: str | None = None

    def __post_init__(self) -> None:
        if self.no_cache and self.only_if_cached:
            raise InputError("Argument `only_if_cached` must be False where `no_cache` is True, but is True.")
        if self.ttl is not None and not self.ttl >= 0:
            raise InputError(f"Argument `ttl` must be 0 or more seconds or None, but is {self.ttl}.")


@dataclass(frozen=True, slots=True)
class Answer:
    """A value and where it came from.

    Args:
        value: What was asked for.
        hit: Whether it was stored before this request.
        age: Seconds since it was stored; 0 for what was just computed.
        key: Under which it is, or would be, stored.
    """

    value: Any
    hit: bool
    age: float
    key: Any
