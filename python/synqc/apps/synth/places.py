"""Counting semaphore for coroutines of any event loop, and threads."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import AsyncIterator

__all__ = ["Places"]


class _Waiter:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.told: asyncio.Future[None] = loop.create_future()
        self.has_place = False


class Places:
    """So many may be inside at a time; others wait in their order, each in the event loop it came from.

    `asyncio.Semaphore` belongs to one event loop; callers of this package come from several.

    Args:
        limit: Most that are inside.

    Examples:
        >>> import asyncio
        >>> places = Places(2)
        >>> async def inside():
        ...     async with places.place():
        ...         return places.taken
        >>> asyncio.run(inside()), places.taken
        (1, 0)
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0
        self._waiting: deque[_Waiter] = deque()
        self._lock = threading.Lock()

    @property
    def taken(self) -> int:
        """How many are inside."""
        return self._taken

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def change_limit(self, limit: int) -> None:
        """Another limit from now on; nobody is sent away."""
        with self._lock:
            self._limit = limit
            admitted = self._admitted()
        _tell(admitted)

    @contextlib.asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a place, and have it until the context ends."""
        await self._take()
        try:
            yield
        finally:
            self._give_back()

    async def _take(self) -> None:
        with self._lock:
            if self._taken < self._limit and not self._waiting:
                self._taken += 1
                return
            waiter = _Waiter(asyncio.get_running_loop())
            self._waiting.append(waiter)
        try:
            await waiter.told
        except BaseException:
            with self._lock:
                if not waiter.has_place:
                    self._waiting.remove(waiter)
            if waiter.has_place:  # it was given one while it was leaving
                self._give_back()
            raise

    def _give_back(self) -> None:
        with self._lock:
            self._taken -= 1
            admitted = self._admitted()
        _tell(admitted)

    def _admitted(self) -> list[_Waiter]:
        """Those who come in now; called with the lock."""
        admitted = []
        while self._waiting and self._taken < self._limit:
            waiter = self._waiting.popleft()
            if waiter.loop.is_closed():  # nobody is there any more to give it back
                continue
            waiter.has_place = True
            self._taken += 1
            admitted.append(waiter)
        return admitted


def _tell(admitted: list[_Waiter]) -> None:
    for waiter in admitted:
        waiter.loop.call_soon_threadsafe(_wake, waiter.told)


def _wake(told: asyncio.Future[None]) -> None:
    if not told.done():
        told.set_result(None)
