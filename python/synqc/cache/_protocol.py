"""What all caches of this package have in common, for annotations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Protocol, runtime_checkable

from synqc.cache._control import Answer, Control
from synqc.cache._stored import Stored

__all__ = ["Cache"]


@runtime_checkable
class Cache(Protocol):
    """A cache: MemoryCache, DiskCache, TieredCache and RedisCache, and whatever else has these methods.

    `ttl` is in seconds: None takes the kind's, else the cache's; 0 stores nothing and forgets the key; negative is
    refused.
    """

    def get(self, key: Any, default: Any = None) -> Any: ...
    def set(self, key: Any, value: Any, *, ttl: float | None = None, kind: str = "default") -> None: ...
    def look_up(self, key: Any) -> Stored | None: ...
    def touch(self, key: Any, ttl: float | None = None) -> bool: ...
    def delete(self, key: Any) -> bool: ...
    def clear(self) -> None: ...
    def expire(self) -> int: ...
    def stats(self) -> Any: ...
    def get_or_compute(
        self,
        key: Any,
        compute: Callable[[], Any],
        *,
        ttl: float | None = None,
        kind: str = "default",
        control: Control | None = None,
        flight: bool = True,
    ) -> Any: ...
    async def aget_or_compute(
        self,
        key: Any,
        compute: Callable[[], Awaitable[Any]],
        *,
        ttl: float | None = None,
        kind: str = "default",
        control: Control | None = None,
        flight: bool = True,
    ) -> Any: ...
    def answer(
        self,
        key: Any,
        compute: Callable[[], Any],
        *,
        ttl: float | None = None,
        kind: str = "default",
        control: Control | None = None,
        flight: bool = True,
    ) -> Answer: ...
    def __len__(self) -> int: ...
    def __contains__(self, key: object) -> bool: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __getitem__(self, key: Any) -> Any: ...
    def __setitem__(self, key: Any, value: Any) -> None: ...
    def __delitem__(self, key: Any) -> None: ...
