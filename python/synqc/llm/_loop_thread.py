"""One event loop of its own thread, on which all conversations with language models take place.

Connections belong to the loop they were made on. Callers come from threads and from loops that live for one request, so
the connections live here.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

__all__ = ["LoopThread", "shared"]

Value = TypeVar("Value")


class LoopThread:
    """An event loop that starts with the first coroutine and ends with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def submit(self, coroutine: Coroutine[Any, Any, Value]) -> Future[Value]:
        """Run a coroutine there; cancelling the future cancels it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop())

    def loop(self) -> asyncio.AbstractEventLoop:
        """The running loop."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="synqc-llm", daemon=True).start()
            return self._loop

    def _start_anew(self) -> None:
        self._lock, self._loop = threading.Lock(), None


shared = LoopThread()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=shared._start_anew)  # the thread did not survive the fork
