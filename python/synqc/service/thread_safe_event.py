"""An event of a coroutine that any thread may set."""

from __future__ import annotations

import asyncio
import contextlib
import threading

__all__ = ["ThreadSafeEvent"]


class ThreadSafeEvent:
    """`asyncio.Event` whose `set` may be called from every thread; made in the event loop that waits."""

    def __init__(self) -> None:
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        self._event = asyncio.Event()

    def set(self) -> None:
        """Wake who waits."""
        if threading.get_ident() == self._thread:
            self._event.set()
            return
        with contextlib.suppress(RuntimeError):  # the loop may have ended with the server
            self._loop.call_soon_threadsafe(self._event.set)

    def clear(self) -> None:
        """Wait again, from now on."""
        self._event.clear()

    async def wait(self, timeout_s: float) -> bool:
        """Whether it was set within that time."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self._event.wait()
        except TimeoutError:
            return False
