"""What a dict offers beyond single keys, for every cache."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from synqc.cache._flight import MISSING

__all__ = ["MappingMethods"]


class MappingMethods:
    """`pop`, `setdefault`, `update` and `items` on top of what a cache does with one key.

    As with a dict, but entries may leave at any moment: `setdefault` gives what was stored even if it is gone again.
    """

    def pop(self, key: Any, default: Any = MISSING) -> Any:
        """The value of a key, which is forgotten; without one `default`, or KeyError if none is given.

        Two steps, reading and forgetting: what somebody else stores between them is forgotten too.

        Examples:
            >>> from synqc.cache import MemoryCache
            >>> cache = MemoryCache()
            >>> cache["a"] = 1
            >>> cache.pop("a"), cache.pop("a", None)
            (1, None)
        """
        value = self.get(key, MISSING)  # type: ignore[attr-defined]
        if value is not MISSING and self.delete(key):  # type: ignore[attr-defined]
            return value
        if default is MISSING:
            raise KeyError(key)
        return default

    def setdefault(self, key: Any, default: Any = None, *, ttl: float | None = None, kind: str = "default") -> Any:
        """The value of a key; if there is none, `default`, which is then stored for `ttl` seconds.

        Of several callers in this process that find nothing at once, one stores and all are given that.

        Raises:
            InputError: `default` is a generator or an awaitable, which only one of them could read.

        Examples:
            >>> from synqc.cache import MemoryCache
            >>> cache = MemoryCache()
            >>> cache.setdefault("a", 1), cache.setdefault("a", 2)
            (1, 1)
        """
        return self.get_or_compute(key, lambda: default, ttl=ttl, kind=kind)  # type: ignore[attr-defined]

    def update(
        self,
        entries: Mapping[Any, Any] | Iterable[tuple[Any, Any]],
        *,
        ttl: float | None = None,
        kind: str = "default",
    ) -> None:
        """Store several values, one after the other; one that is refused ends it, and those before it stay.

        Args:
            entries: Values by key, or pairs of key and value.
            ttl: Seconds to live; None: the kind's.
            kind: Label for lifetimes and statistics.

        Examples:
            >>> from synqc.cache import MemoryCache
            >>> cache = MemoryCache()
            >>> cache.update({"a": 1, "b": 2}, ttl=60)
            >>> sorted(cache.items())
            [('a', 1), ('b', 2)]
        """
        for key, value in entries.items() if isinstance(entries, Mapping) else entries:
            self.set(key, value, ttl=ttl, kind=kind)  # type: ignore[attr-defined]

    def items(self) -> Iterator[tuple[Any, Any]]:
        """Live keys and their values: the keys of the moment of the first step, without those that have left when
        their turn comes. Each is a request, and counts as one."""
        for key in self:  # type: ignore[attr-defined]
            value = self.get(key, MISSING)  # type: ignore[attr-defined]
            if value is not MISSING:
                yield key, value
