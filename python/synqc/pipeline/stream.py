"""Results one by one."""

from __future__ import annotations

import atexit
import os
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any

from synqc.errors import InputError
from synqc.pipeline.results import Results
from synqc.pipeline.run import Run

if TYPE_CHECKING:
    from synqc.pipeline.pipeline import Pipeline

__all__ = ["AsyncStream", "Stream"]

_open: weakref.WeakSet[Stream] = weakref.WeakSet()
_closing: set[Any] = set()  # an event loop alone holds its tasks weakly


@atexit.register
def _close_all() -> None:
    for stream in list(_open):
        stream.close()


class _Ready:
    """What may be handed to the consumer, and what ends the stream."""

    def __init__(self, run: Run, pipeline: Pipeline) -> None:
        self._run = run
        self._pipeline = pipeline
        self._ready: deque[Any] = deque()
        self._closed = False
        self._at_end: BaseException | None = None

    def _refill(self, *, more: bool) -> None:
        results = self._run.results()
        self._pipeline._record(results)
        if self._pipeline.on_error == "collect":
            self._ready.extend(results.outcomes)
        else:
            self._ready.extend(self._before_failure(results))
        if not more and self._at_end is None:
            self._at_end = self._pipeline._reason_to_raise(self._run, results)

    def _ending(self, usual: type[Exception]) -> BaseException:
        """What ends the stream; a failure that the consumer's loop would take for the usual end is another error."""
        error, self._at_end = self._at_end, None
        if isinstance(error, StopIteration | StopAsyncIteration):
            name = type(error).__name__
            failure = RuntimeError(f"A stage must not end its stream, but raised {name}.")
            failure.__cause__ = error
            return failure
        return usual() if error is None else error

    def _before_failure(self, results: Results) -> list[Any]:
        if self._pipeline.on_error == "raise" and results.errors:
            outcomes = list(results.outcomes)
            first = next(k for k, outcome in enumerate(outcomes) if outcome.error is not None)
            self._at_end = outcomes[first].error
            return [outcome.value for outcome in outcomes[:first] if outcome.status == "ok"]
        return results.values


class Stream(_Ready):
    """Iterator of `Pipeline.stream`. One thread at a time may ask it."""

    def __init__(self, run: Run, pipeline: Pipeline) -> None:
        super().__init__(run, pipeline)
        self._process = os.getpid()
        _open.add(self)

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> Any:
        while not self._ready:
            if self._process != os.getpid():
                raise InputError("A stream must be used in the process that made it, but is used after a fork.")
            if self._closed or self._at_end is not None:
                self.close()
                raise self._ending(StopIteration)
            with self._run.core:  # refused, and nothing touched, where somebody else is asking
                self._ask()
        return self._ready.popleft()

    def _ask(self) -> None:
        try:
            more = self._run.drive(until_some=True)
            self._refill(more=more)
            if not more:
                self._end()
        except BaseException:
            self._end()
            raise

    def _end(self) -> None:
        self._closed = True
        _open.discard(self)
        self._run.end("cancelled")

    def close(self) -> None:
        """Cancel what is under way. Where another thread is asking, its question ends with what is ready."""
        self._closed = True
        _open.discard(self)
        if self._process == os.getpid():
            self._run.close("cancelled")

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):
            self.close()


class AsyncStream(_Ready):
    """Asynchronous iterator of `Pipeline.astream`. One task at a time may ask it."""

    def __init__(self, run: Run, source: Any, pipeline: Pipeline) -> None:
        super().__init__(run, pipeline)
        self._source = source
        self._loop: Any = None

    def __aiter__(self) -> AsyncStream:
        return self

    async def __anext__(self) -> Any:
        while not self._ready:
            if self._closed or self._at_end is not None:
                await self.aclose()
                raise self._ending(StopAsyncIteration)
            with self._run.core:  # refused, and nothing touched, where somebody else is asking
                await self._ask()
        return self._ready.popleft()

    async def _ask(self) -> None:
        import asyncio

        self._loop = asyncio.get_running_loop()
        try:
            more = await self._run.adrive(self._source, until_some=True)
            self._refill(more=more)
            if not more:
                await self._end()
        except BaseException:
            await self._end()
            raise

    async def _end(self) -> None:
        self._closed = True
        await self._run.aend("cancelled")

    async def aclose(self) -> None:
        """Cancel what is under way. Where another task is asking, its question ends with what is ready."""
        self._closed = True
        await self._run.aclose("cancelled")

    async def __aenter__(self) -> AsyncStream:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    def __del__(self) -> None:
        # As with an asynchronous generator that nobody closed, its loop does.
        if self._loop is not None and not self._closed and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_close_in_loop, self._run)


def _close_in_loop(run: Run) -> None:
    import asyncio

    task = asyncio.ensure_future(run.aclose("cancelled"))
    _closing.add(task)
    task.add_done_callback(_closing.discard)
