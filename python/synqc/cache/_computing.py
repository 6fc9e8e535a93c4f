"""What every cache can do beyond storing: compute what is missing, once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from synqc.cache._control import Answer, Control
from synqc.cache._flight import MISSING, Flights, checked_value
from synqc.cache._mapping_methods import MappingMethods
from synqc.errors import CacheMiss

__all__ = ["Computing"]

_USUAL: Final = Control()


class Computing(MappingMethods):
    """`get_or_compute` and its kin on top of `get`, `set` and `look_up`; a cache inherits it and sets `_flights`.

    A cache that may have to wait for somebody else, such as a server, says what it can tell at once, and how to find
    and store without blocking an event loop: the `_at_once` and `_later` methods.
    """

    _flights: Flights
    _waits = False
    """Whether `get`, `set` and `look_up` may wait for somebody else."""

    def get_or_compute(
        self,
        key: Any,
        compute: Callable[[], Any],
        *,
        ttl: float | None = None,
        kind: str = "default",
        control: Control | None = None,
        flight: bool = True,
    ) -> Any:
        """The value of a key; computed and stored if there is none.

        Whoever asks while it is being computed, thread or coroutine, waits for that one computation. Values like
        None, 0 and "" are values. What `compute` raises reaches all who wait and is not stored.

        Args:
            key: Key of the entry.
            compute: Gives the value. It may ask for other keys, never for this one.
            ttl: Seconds to live; None: the kind's; 0: do not store.
            kind: Label for lifetimes and statistics.
            control: What this request asks of the cache.
            flight: False computes even if somebody else is computing the same.

        Raises:
            CacheMiss: `control.only_if_cached`, and there is no value.
            InputError: `compute` gave a generator or an awaitable, which only one could read.
            SynqcError: `compute` asked for its own key, or for one whose computation waits for this one, in its
                thread, or in tasks and threads that were given its context.
        """
        seen = None
        if control is None:
            seen = self._flights.landings
            value = self.get(key, MISSING)  # type: ignore[attr-defined]
            if value is not MISSING:
                return value
        return self._compute(key, compute, ttl, kind, control or _USUAL, flight, seen)[0]

    async def aget_or_compute(
        self,
        key: Any,
        compute: Callable[[], Awaitable[Any]],
        *,
        ttl: float | None = None,
        kind: str = "default",
        control: Control | None = None,
        flight: bool = True,
    ) -> Any:
        """Like `get_or_compute`, with a coroutine function; waiting blocks no event loop."""
        seen = None
        if control is None:
            seen = self._flights.landings
            value = self._find_at_once(key)
            if value is MISSING and self._waits:
                value = await self._find_later(key)
            if value is not MISSING:
                return value
        return (await self._acompute(key, compute, ttl, kind, control or _USUAL, flight, seen))[0]

    def answer(
        self,
        key: Any,
        compute: Callable[[], Any],
        *,
        ttl: float | None = None,
        kind: str = "default",
        control: Control | None = None,
        flight: bool = True,
    ) -> Answer:
        """Like `get_or_compute`, and says whether the value was stored before, how old it is, and under which key."""
        value, hit = self._compute(key, compute, ttl, kind, control or _USUAL, flight)
        return self._answer(key, value, hit, control or _USUAL)

    async def aanswer(
        self,
        key: Any,
        compute: Callable[[], Awaitable[Any]],
        *,
        ttl: float | None = None,
        kind: str = "default",
        control: Control | None = None,
        flight: bool = True,
    ) -> Answer:
        """Like `answer`, with a coroutine function."""
        value, hit = await self._acompute(key, compute, ttl, kind, control or _USUAL, flight)
        if not hit or not self._waits:
            return self._answer(key, value, hit, control or _USUAL)
        return await asyncio.to_thread(self._answer, key, value, hit, control or _USUAL)

    def _find_at_once(self, key: Any) -> Any:
        """The value of a key, or MISSING, without waiting."""
        return self.get(key, MISSING)  # type: ignore[attr-defined]

    async def _find_later(self, key: Any) -> Any:
        """The value of a key that could not be found at once, or MISSING."""
        return MISSING

    async def _store_later(self, key: Any, value: Any, ttl: float | None, kind: str) -> None:
        """`set` without blocking the event loop."""
        self.set(key, value, ttl=ttl, kind=kind)  # type: ignore[attr-defined]

    def _namespaced(self, key: Any, namespace: str) -> Any:
        """A key no other namespace has."""
        return ("namespace", namespace, key)

    def _compute(
        self,
        key: Any,
        compute: Callable[[], Any],
        ttl: float | None,
        kind: str,
        control: Control,
        flight: bool,
        seen: int | None = None,
    ) -> tuple[Any, bool]:
        """Value and whether it was a hit. `seen`: landings before the caller's own miss; None: it has not asked yet."""
        key, find, store = self._request(key, ttl, kind, control)
        if seen is None:
            seen = self._flights.landings
            value = find()
            if value is not MISSING:
                return value, True
        if control.only_if_cached:
            raise CacheMiss(f"Key {key!r} must be cached for this request, but is not.")
        if flight and not control.no_cache:
            return self._flights.compute(key, find, compute, store, seen)
        self._flights.computations += 1
        value = checked_value(compute())
        store(value)
        return value, False

    async def _acompute(
        self,
        key: Any,
        compute: Callable[[], Awaitable[Any]],
        ttl: float | None,
        kind: str,
        control: Control,
        flight: bool,
        seen: int | None = None,
    ) -> tuple[Any, bool]:
        key, lifetime = self._requested(key, ttl, control)

        async def find() -> Any:
            if control.no_cache:
                return MISSING
            value = self._find_at_once(key)
            return await self._find_later(key) if value is MISSING and self._waits else value

        async def store(value: Any) -> None:
            if not control.no_store:
                await self._store_later(key, value, lifetime, kind)

        if seen is None:
            seen = self._flights.landings
            value = await find()
            if value is not MISSING:
                return value, True
        if control.only_if_cached:
            raise CacheMiss(f"Key {key!r} must be cached for this request, but is not.")
        if flight and not control.no_cache:
            return await self._flights.acompute(key, find, compute, store, seen)
        self._flights.computations += 1
        value = checked_value(await compute())
        await store(value)
        return value, False

    def _requested(self, key: Any, ttl: float | None, control: Control) -> tuple[Any, float | None]:
        """Key and lifetime as the request wants them."""
        if control.namespace is not None:
            key = self._namespaced(key, control.namespace)
        return key, ttl if control.ttl is None else control.ttl

    def _request(
        self, key: Any, ttl: float | None, kind: str, control: Control
    ) -> tuple[Any, Callable[[], Any], Callable[[Any], None]]:
        """Key, how to find and how to store, as the request wants it."""
        key, lifetime = self._requested(key, ttl, control)

        def find() -> Any:
            return MISSING if control.no_cache else self.get(key, MISSING)  # type: ignore[attr-defined]

        def store(value: Any) -> None:
            if not control.no_store:
                self.set(key, value, ttl=lifetime, kind=kind)  # type: ignore[attr-defined]

        return key, find, store

    def _answer(self, key: Any, value: Any, hit: bool, control: Control) -> Answer:
        if control.namespace is not None:
            key = self._namespaced(key, control.namespace)
        found = self.look_up(key) if hit else None  # type: ignore[attr-defined]
        return Answer(value, hit, 0.0 if found is None else found.age, key)
