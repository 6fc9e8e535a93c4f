"""What handlers need: the laboratory, and worker threads to block on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Annotated, ParamSpec, TypeVar

from fastapi import Depends
from starlette.requests import HTTPConnection

from synqc.apps.tds.laboratory import Laboratory
from synqc.apps.tds.session import Session

__all__ = ["Lab", "Workers", "durable", "laboratory_of", "on_worker", "recollected"]

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class Workers:
    """Threads for what blocks.

    Short simulations have one thread per processor: more would finish none sooner, and would keep the event loop
    waiting for the interpreter. Long ones are outside the interpreter nearly all the time, and have threads of their
    own, so that short ones do not wait for them; nor do reads.
    """

    def __init__(self) -> None:
        self.short_runs = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="synqc-short-run")
        self.long_runs = ThreadPoolExecutor(64, thread_name_prefix="synqc-long-run")
        self.reads = ThreadPoolExecutor(8, thread_name_prefix="synqc-read")

    def close(self) -> None:
        """Wait for what is going on."""
        for threads in (self.short_runs, self.long_runs, self.reads):
            threads.shutdown(wait=True)


def laboratory_of(connection: HTTPConnection) -> Laboratory:
    """The laboratory a request talks to."""
    found: Laboratory = connection.app.state.laboratory
    return found


async def _laboratory(connection: HTTPConnection) -> Laboratory:
    return laboratory_of(connection)  # a plain function would be sent to a thread


Lab = Annotated[Laboratory, Depends(_laboratory)]


async def on_worker(
    connection: HTTPConnection, call: Callable[_Arguments, _Result], *args: _Arguments.args, **kwargs: _Arguments.kwargs
) -> _Result:
    """Call something that blocks for a short while, off the event loop."""
    workers: Workers = connection.app.state.workers
    return await asyncio.wrap_future(workers.reads.submit(call, *args, **kwargs))


async def recollected(connection: HTTPConnection, laboratory: Laboratory, session_id: str) -> Session:
    """The session with this id, its log and telemetry in memory."""
    session = laboratory.store.get(session_id)
    if not session.recollected:
        await on_worker(connection, laboratory.store.recollect, session)
    return session


async def durable(stored: Future[_Result]) -> _Result:
    """Return when a change is on disk; a client that goes away meanwhile does not undo it."""
    return await asyncio.shield(asyncio.wrap_future(stored))
