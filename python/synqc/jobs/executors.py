"""Pools of threads and processes: made here alone, so that whoever closes the process can name and end them all."""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
from collections.abc import Coroutine
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, TypeVar

from synqc.errors import InputError

__all__ = ["EventLoopThread", "process_pool", "thread_pool"]

_Result = TypeVar("_Result")


def thread_pool(name: str, threads: int) -> ThreadPoolExecutor:
    """Threads for what blocks, started as they are needed.

    Args:
        name: Name of the threads, after `synqc-`.
        threads: Most of them.

    Raises:
        InputError: There shall be none.
    """
    if threads < 1:
        raise InputError(f"Argument `threads` must be at least 1, but is {threads}.")
    return ThreadPoolExecutor(threads, thread_name_prefix=f"synqc-{name}")


def process_pool(processes: int) -> ProcessPoolExecutor:
    """Processes for what computes, each a new interpreter: one that is forked has threads' locks without the threads.

    Args:
        processes: Most of them, started as they are needed.

    Raises:
        InputError: There shall be none.
    """
    if processes < 1:
        raise InputError(f"Argument `processes` must be at least 1, but is {processes}.")
    return ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"))


class EventLoopThread:
    """An event loop on a thread of its own, started when the first coroutine comes.

    Args:
        name: Name of the thread, after `synqc-`.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def run(self, coroutine: Coroutine[Any, Any, _Result]) -> Future[_Result]:
        """Begin a coroutine; cancelling the future cancels it."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name=f"synqc-{self._name}", daemon=True)
                self._thread.start()
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def close(self) -> None:
        """Cancel what is left, and end the thread."""
        with self._lock:
            loop, thread, self._loop = self._loop, self._thread, None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _cancel_all() -> None:
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
