"""What handlers of every application need: worker threads to block on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec, TypeVar

from starlette.requests import HTTPConnection

from synqc.jobs.executors import thread_pool

__all__ = ["Workers", "run_in_thread", "wait_committed"]

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class Workers:
    """Threads for what blocks.

    Short simulations have one thread per processor: more would finish none sooner, and would keep the event loop
    waiting for the interpreter. Long ones are outside the interpreter nearly all the time, and have threads of their
    own, so that short ones do not wait for them; nor do reads.
    """

    def __init__(self) -> None:
        self.short_runs = thread_pool("short-run", os.cpu_count() or 1)
        self.long_runs = thread_pool("long-run", 64)
        self.reads = thread_pool("read", 8)

    def close(self) -> None:
        """Wait for what is going on."""
        for threads in (self.short_runs, self.long_runs, self.reads):
            threads.shutdown(wait=True)


async def run_in_thread(
    connection: HTTPConnection, call: Callable[_Arguments, _Result], *args: _Arguments.args, **kwargs: _Arguments.kwargs
) -> _Result:
    """Call something that blocks for a short while, off the event loop."""
    workers: Workers = connection.app.state.workers
    return await asyncio.wrap_future(workers.reads.submit(call, *args, **kwargs))


async def wait_committed(stored: Future[_Result]) -> _Result:
    """Return when a change is on disk; a client that goes away meanwhile does not undo it."""
    return await asyncio.shield(asyncio.wrap_future(stored))
