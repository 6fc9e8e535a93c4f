"""One computation per key, however many threads and coroutines ask for it at once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import weakref
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final

from synqc.errors import SynqcError

__all__ = ["MISSING", "Flights"]

MISSING: Final = object()
"""Answer of `find` when there is nothing; every value, None included, is something."""

Find = Callable[[], Any]
Store = Callable[[Any], None]


class _Flight:
    """A computation under way, and who waits for it. Changed only under the lock of its Flights."""

    __slots__ = ("abandoned", "done", "error", "landed", "leader", "loop", "sleepers", "value")

    def __init__(self, leader: object, loop: asyncio.AbstractEventLoop | None) -> None:
        self.leader, self.loop = leader, loop
        self.landed = threading.Event()
        self.sleepers: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
        self.done = self.abandoned = False
        self.value: Any = None
        self.error: Exception | None = None

    def result(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.value


class Flights:
    """The computations of one cache that are under way.

    The first caller of a key leads: it computes while the others wait, whatever mixture of threads and coroutines of
    several event loops they are. An exception reaches all of them and is not stored. A leader that is cancelled, or
    hears Ctrl-C, hands over to one that waits; a waiter that is cancelled harms nobody. In a forked child nothing is
    under way.
    """

    def __init__(self) -> None:
        self.computations = 0
        self.landings = 0
        """How many flights have ended: unchanged since a miss means that the miss still holds."""
        self._start_anew()
        _all_flights.add(self)

    def _start_anew(self) -> None:
        self._lock = threading.Lock()
        self._flying: dict[Hashable, _Flight] = {}

    def compute(
        self, key: Hashable, find: Find, compute: Callable[[], Any], store: Store, seen: int
    ) -> tuple[Any, bool]:
        """The value of a key and whether it was found, by whoever computed it.

        Args:
            key: Of the value.
            find: Gives what is stored, or MISSING.
            compute: Gives the value.
            store: Keeps it.
            seen: `landings` before the caller found nothing.

        Raises:
            SynqcError: Waiting would never end: this thread, or a coroutine it runs, is computing the key already.
        """
        me = threading.get_ident()
        while True:
            flight, leads = self._join(key, me, None)
            if leads:
                with self._landing(key, flight):
                    return self._lead(flight, find if self.landings != seen else _nothing, compute, store)
            if flight.leader == me or (flight.loop is not None and flight.loop is asyncio._get_running_loop()):
                raise _deadlock(key)
            flight.landed.wait()
            if not flight.abandoned:
                return flight.result(), False

    async def acompute(
        self, key: Hashable, find: Find, compute: Callable[[], Awaitable[Any]], store: Store, seen: int
    ) -> tuple[Any, bool]:
        """Like `compute`, for a coroutine."""
        loop, me = asyncio.get_running_loop(), asyncio.current_task()
        while True:
            flight, leads = self._join(key, me, loop)
            if leads:
                with self._landing(key, flight):
                    return await self._alead(flight, find if self.landings != seen else _nothing, compute, store)
            if flight.leader is me:
                raise _deadlock(key)
            sleeper = self._sleep(flight, loop)
            if sleeper is not None:
                await sleeper
            if not flight.abandoned:
                return flight.result(), False

    def _join(self, key: Hashable, leader: object, loop: asyncio.AbstractEventLoop | None) -> tuple[_Flight, bool]:
        with self._lock:
            flight = self._flying.get(key)
            if flight is not None:
                return flight, False
            flight = self._flying[key] = _Flight(leader, loop)
            return flight, True

    def _lead(self, flight: _Flight, find: Find, compute: Callable[[], Any], store: Store) -> tuple[Any, bool]:
        value = find()
        hit = value is not MISSING
        if not hit:
            self.computations += 1
            value = compute()
            store(value)
        flight.value = value
        return value, hit

    async def _alead(
        self, flight: _Flight, find: Find, compute: Callable[[], Awaitable[Any]], store: Store
    ) -> tuple[Any, bool]:
        value = find()
        hit = value is not MISSING
        if not hit:
            self.computations += 1
            value = await compute()
            store(value)
        flight.value = value
        return value, hit

    @contextlib.contextmanager
    def _landing(self, key: Hashable, flight: _Flight) -> Any:
        try:
            yield
        except Exception as error:
            flight.error = error
            raise
        except BaseException:  # cancelled, interrupted, shut down: somebody else may go on
            flight.abandoned = True
            raise
        finally:
            self._land(key, flight)

    def _land(self, key: Hashable, flight: _Flight) -> None:
        with self._lock:
            if self._flying.get(key) is flight:
                del self._flying[key]
            flight.done = True
            self.landings += 1
            sleepers = flight.sleepers
        flight.landed.set()
        for loop, futures in sleepers.items():
            with contextlib.suppress(RuntimeError):  # a loop that is closed has nobody left to wake
                loop.call_soon_threadsafe(_wake, futures)

    def _sleep(self, flight: _Flight, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None] | None:
        with self._lock:
            if flight.done:
                return None
            future: asyncio.Future[None] = loop.create_future()
            flight.sleepers.setdefault(loop, []).append(future)
            return future


def _nothing() -> Any:
    return MISSING


def _wake(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


def _deadlock(key: Hashable) -> SynqcError:
    return SynqcError(f"The computation of key {key!r} must not wait for itself, but asks for its own key.")


_all_flights: weakref.WeakSet[Flights] = weakref.WeakSet()


def _start_anew_in_child() -> None:
    """The threads that were computing did not survive the fork."""
    for flights in _all_flights:
        flights._start_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew_in_child)
