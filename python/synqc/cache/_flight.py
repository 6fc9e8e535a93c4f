"""One computation per key, however many threads and coroutines ask for it at once."""

from __future__ import annotations

import asyncio
import copy
import inspect
import os
import sys
import threading
import weakref
from collections.abc import Awaitable, Callable, Hashable
from types import AsyncGeneratorType, GeneratorType, TracebackType
from typing import Any, Final

from synqc import _core
from synqc.errors import InputError, SynqcError
from synqc.metrics.context_value import ContextValue

__all__ = ["MISSING", "Flights"]

MISSING: Final = object()
"""Answer of `find` when there is nothing; every value, None included, is something."""

_LOOK_EVERY: Final = 1.0  # s; a waiter looks so often whether the leader is still there
_LANDED, _NOT_YET, _NEVER = range(3)

Find = Callable[[], Any]
Store = Callable[[Any], None]
AsyncFind = Callable[[], Awaitable[Any]]
AsyncStore = Callable[[Any], Awaitable[None]]

# The innermost computation in whose course this context runs; tasks and threads that are given the context inherit it.
_leading: ContextValue[Any] = ContextValue("synqc_leading_flight", None)


class Flights:
    """The computations of one cache that are under way.

    The first caller of a key leads: it computes while the others wait, whatever mixture of threads and coroutines of
    several event loops they are. An exception reaches all of them, each as a copy of its own where the exception can
    be copied, and is not stored. A leader that is cancelled, or hears Ctrl-C, hands over to one that waits; so does one
    that is gone, with its thread or its event loop. A waiter that is cancelled harms nobody. In a forked child nothing
    is under way.

    Joining and landing are single steps of the core, so that an interrupt cannot strike within them, and no lock is
    held while foreign code runs: finalisers and comparisons of keys may come back here.
    """

    def __init__(self) -> None:
        self.computations = 0
        self.landings = 0
        """How many values were stored: unchanged since a miss means that the miss still holds."""
        self._start_anew()
        _all_flights.add(self)

    def _start_anew(self) -> None:
        self._board = _core.FlightBoard(_wake)

    def compute(
        self, key: Hashable, find: Find, compute: Callable[[], Any], store: Store, seen: int
    ) -> tuple[Any, bool]:
        """The value of a key and whether it was found, by whoever computed it.

        Args:
            key: Key of the value.
            find: Gives what is stored, or MISSING.
            compute: Gives the value.
            store: Keeps it.
            seen: `landings` before the caller found nothing.

        Raises:
            SynqcError: Waiting would never end: what computes the key waits, at whatever remove, for this caller.
        """
        part_of = _leading.get()
        loop = asyncio._get_running_loop()
        while True:
            mine = _core.Flight(part_of, threading.get_ident(), None)
            try:
                flight = self._board.join(key, mine)
                if flight is mine:
                    _leading.set(mine)
                    return self._lead(mine, find if self.landings != seen else _nothing, compute, store)
            except Exception as error:
                mine.fail((error, error.__traceback__))
                raise
            finally:
                self._board.land(mine)
                _stop_leading(mine, part_of)
            try:
                while (waited := flight.wait(part_of, loop, _LOOK_EVERY)) != _LANDED:
                    if waited == _NEVER:
                        raise _deadlock(key)
                    self._relieve_if_gone(flight)
            except BaseException:
                flight.leave()
                raise
            if (value := _given_by(flight)) is not MISSING:
                return value, False

    async def acompute(
        self, key: Hashable, find: AsyncFind, compute: Callable[[], Awaitable[Any]], store: AsyncStore, seen: int
    ) -> tuple[Any, bool]:
        """Like `compute`, for a coroutine."""
        part_of = _leading.get()
        loop = asyncio.get_running_loop()
        while True:
            mine = _core.Flight(part_of, 0, loop)
            try:
                flight = self._board.join(key, mine)
                if flight is mine:
                    _leading.set(mine)
                    return await self._alead(mine, find if self.landings != seen else _anothing, compute, store)
            except Exception as error:
                mine.fail((error, error.__traceback__))
                raise
            finally:
                self._board.land(mine)
                _stop_leading(mine, part_of)
            try:
                while not flight.landed:
                    await self._sleep(key, flight, part_of, loop)
            except BaseException:
                flight.leave()
                raise
            if (value := _given_by(flight)) is not MISSING:
                return value, False

    def _lead(self, mine: _core.Flight, find: Find, compute: Callable[[], Any], store: Store) -> tuple[Any, bool]:
        value = find()
        hit = value is not MISSING
        if not hit:
            self.computations += 1
            value = checked_value(compute())
            store(value)
        self.landings += 1  # before it lands: whoever missed earlier must look again
        mine.succeed(value)
        return value, hit

    async def _alead(
        self, mine: _core.Flight, find: AsyncFind, compute: Callable[[], Awaitable[Any]], store: AsyncStore
    ) -> tuple[Any, bool]:
        value = await find()
        hit = value is not MISSING
        if not hit:
            self.computations += 1
            value = checked_value(await compute())
            await store(value)
        self.landings += 1
        mine.succeed(value)
        return value, hit

    async def _sleep(self, key: Hashable, flight: _core.Flight, part_of: Any, loop: asyncio.AbstractEventLoop) -> None:
        """Until the flight has landed, or for so long that it is worth a look at its leader."""
        sleeper: asyncio.Future[None] = loop.create_future()
        told = flight.sleep(part_of, loop, sleeper)
        if told is None:
            raise _deadlock(key)
        timer = loop.call_later(_LOOK_EVERY, _wake, sleeper)
        try:
            await sleeper
        finally:
            told.end()
            timer.cancel()
        if not flight.landed:
            self._relieve_if_gone(flight)

    def _relieve_if_gone(self, flight: _core.Flight) -> None:
        is_gone = flight.loop.is_closed() if flight.loop is not None else flight.thread not in sys._current_frames()
        if is_gone:
            self._board.land(flight)


def _stop_leading(mine: _core.Flight, part_of: Any) -> None:
    """Give the context back what it had, if it is the one that led.

    A coroutine that nobody awaits any more ends where it is collected, amid whatever computation runs there: that one
    must not forget that it leads, or it would wait for itself.
    """
    if _leading.get() is mine:
        _leading.set(part_of)


def checked_value(value: Any) -> Any:
    """What a computation gave, unless only one reader could use it.

    Raises:
        InputError: It is a generator, or has to be awaited first.
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    if isinstance(value, GeneratorType | AsyncGeneratorType) and not inspect.isawaitable(value):
        raise InputError(
            "Argument `compute` must give a value that can be read again, but gave a generator; give a list of it."
        )
    if hasattr(kind, "__await__") or inspect.isawaitable(value):
        if inspect.iscoroutine(value):
            value.close()
        raise InputError(
            f"Argument `compute` must give a value, but gave the awaitable {kind.__name__}; "
            "a coroutine function belongs to `aget_or_compute` and its kin."
        )
    return value


_PLAIN: Final = frozenset((type(None), bool, int, float, complex, str, bytes, list, tuple, dict))


def _nothing() -> Any:
    return MISSING


async def _anothing() -> Any:
    return MISSING


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)


def _given_by(flight: _core.Flight) -> Any:
    """What a flight that has landed gives to those who waited; MISSING if its leader abandoned it, so that one of them
    must lead."""
    abandoned, failure, value = flight.outcome()
    if failure is not None:
        raise _own_copy(*failure)
    return MISSING if abandoned else value


def _own_copy(error: BaseException, trace: TracebackType | None) -> BaseException:
    """An exception for one of several who raise it: each adds to the traceback, and may add notes and causes."""
    try:
        own = copy.copy(error)
        if type(own) is not type(error) or own is error:
            return error.with_traceback(trace)
        own.__cause__, own.__context__ = error.__cause__, error.__context__
        own.__suppress_context__ = error.__suppress_context__
        return own.with_traceback(trace)
    except Exception:  # made of arguments it does not keep, or frozen
        return error.with_traceback(trace)


def _deadlock(key: Hashable) -> SynqcError:
    return SynqcError(
        f"The computation of key {key!r} must not wait for itself, but asks for its own key, or for one whose "
        "computation waits for it."
    )


_all_flights: weakref.WeakSet[Flights] = weakref.WeakSet()


def _start_anew_in_child() -> None:
    """The threads that were computing did not survive the fork."""
    for flights in _all_flights:
        flights._start_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew_in_child)
