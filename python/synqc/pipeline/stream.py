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

    def _before_failure(self, results: Results) -> list[Any]:
        if self._pipeline.on_error == "raise" and results.errors:
            outcomes = list(results.outcomes)
            first = next(k for k, outcome in enumerate(outcomes) if outcome.error is not None)
            self._at_end = outcomes[first].error
            return [outcome.value for outcome in outcomes[:first] if outcome.status == "ok"]
        return results.values


class Stream(_Ready):
    """Iterator of `Pipeline.stream`."""

    def __init__(self, run: Run, pipeline: Pipeline) -> None:
        super().__init__(run, pipeline)
        self._process = os.getpid()
        _open.add(self)

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> Any:
        while not self._ready:
            if self._closed or self._at_end is not None:
                self.close()
                error, self._at_end = self._at_end, None
                raise error if error is not None else StopIteration
            if self._process != os.getpid():
                raise InputError("A stream must be used in the process that made it, but is used after a fork.")
            try:
                more = self._run.drive(until_some=True)
            except BaseException:
                self.close()
                raise
            self._refill(more=more)
            self._closed = not more
        return self._ready.popleft()

    def close(self) -> None:
        """Cancel what is under way."""
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
    """Asynchronous iterator of `Pipeline.astream`."""

    def __init__(self, run: Run, source: Any, pipeline: Pipeline) -> None:
        super().__init__(run, pipeline)
        self._source = source

    def __aiter__(self) -> AsyncStream:
        return self

    async def __anext__(self) -> Any:
        while not self._ready:
            if self._closed or self._at_end is not None:
                await self.aclose()
                error, self._at_end = self._at_end, None
                raise error if error is not None else StopAsyncIteration
            try:
                more = await self._run.adrive(self._source, until_some=True)
            except BaseException:
                await self.aclose()
                raise
            self._refill(more=more)
            self._closed = not more
        return self._ready.popleft()

    async def aclose(self) -> None:
        """Cancel what is under way."""
        self._closed = True
        await self._run.aclose("cancelled")

    async def __aenter__(self) -> AsyncStream:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()
