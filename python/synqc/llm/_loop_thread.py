"""One event loop of its own thread, on which all conversations with language models take place.

Connections belong to the loop they were made on. Callers come from threads and from loops that live for one request, so
the connections live here.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import threading
import weakref
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

__all__ = ["LoopThread", "shared"]

Value = TypeVar("Value")
_MOST_AT_EXIT_S = 2.0


class _Closable(Protocol):
    async def close(self) -> None: ...


class LoopThread:
    """An event loop that starts with the first coroutine and ends with the process."""

    _lock: threading.Lock
    _loop: asyncio.AbstractEventLoop | None
    _thread: threading.Thread | None
    _open: weakref.WeakSet[_Closable]
    _told: set[asyncio.Future[Any]]

    def __init__(self) -> None:
        self._start_anew()

    def submit(self, coroutine: Coroutine[Any, Any, Value]) -> Future[Value]:
        """Run a coroutine there; cancelling the future cancels it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop())

    def tell(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine there and do not wait; from a finaliser, on whatever thread, even at the end of all."""
        loop = self._loop
        if loop is None or loop.is_closed():
            coroutine.close()
            return
        try:
            loop.call_soon_threadsafe(self._begin, coroutine)
        except RuntimeError:
            coroutine.close()

    def loop(self) -> asyncio.AbstractEventLoop:
        """The running loop."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="synqc-llm", daemon=True)
                self._thread.start()
            return self._loop

    def is_here(self) -> bool:
        """Whether the caller runs on it."""
        return self._loop is not None and asyncio._get_running_loop() is self._loop

    def close_at_exit(self, connection: _Closable) -> None:
        """Close what is still open when the process ends."""
        self._open.add(connection)

    def stop(self) -> None:
        """End what is under way, close connections and the loop."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None or thread is threading.current_thread():
            return
        with contextlib.suppress(Exception):
            self.submit(self._wind_up()).result(_MOST_AT_EXIT_S)
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(loop.stop)
        thread.join(_MOST_AT_EXIT_S)
        if not thread.is_alive():
            loop.close()
            self._start_anew()

    async def _wind_up(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others, timeout=_MOST_AT_EXIT_S / 2)
        for connection in list(self._open):
            with contextlib.suppress(Exception):
                await connection.close()

    def _begin(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.ensure_future(coroutine)
        self._told.add(task)
        task.add_done_callback(self._told.discard)

    def _start_anew(self) -> None:
        self._lock = threading.Lock()
        self._loop = self._thread = None
        self._open, self._told = weakref.WeakSet(), set()


shared = LoopThread()
atexit.register(shared.stop)

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=shared._start_anew)  # the thread did not survive the fork
