"""One run of a pipeline: who drives it, and who serves it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from synqc import _core
from synqc.errors import TimedOut
from synqc.pipeline.results import Results
from synqc.pipeline.stage import SKIP, Native, Stage
from synqc.pipeline.workers import Caller, LoopTasks, LoopThread, Threads

__all__ = ["Run", "planned"]

_WORKED, _FINISHED = 1, 2
_TICK = 0.01  # s; stop flags are looked at so often
_CALLER, _THREADS, _LOOP, _NATIVE = range(4)


def planned(stage: Stage) -> tuple[Any, ...]:
    """What the core is told of a stage."""
    again = stage.retry.delay if stage.retry is not None and stage.retry.attempts > 1 else None
    if isinstance(stage.function, Native):
        native = stage.function
        return (_NATIVE, native.owner, stage.name, stage.concurrency, 0.0, again, native.kind, native.address)
    place = _LOOP if stage.awaits else _CALLER if stage.concurrency == 1 and stage.timeout is None else _THREADS
    return (place, stage.function, stage.name, stage.concurrency, stage.timeout or 0.0, again, "", 0)


def _timed_out(stage: str, index: int, seconds: float) -> TimedOut:
    return TimedOut(f"Stage `{stage}` must answer within {seconds:g} s, but did not for item {index}.")


class Run:
    """The core's driver with its threads and its event loop.

    Whoever drives takes the driver's seat first, by `with run.core`: that nobody else sits there is then certain.
    """

    def __init__(
        self,
        stages: tuple[Stage, ...],
        plan: list[tuple[Any, ...]],
        items: Iterator[Any] | None,
        stop: Any,
        show: Callable[[int], object] | None,
        **options: Any,
    ) -> None:
        self.core = _core.PipelineRun(stages=plan, items=items, skip=SKIP, timed_out=_timed_out, **options)
        self._names = [stage.name for stage in stages]
        self._stop = stop
        self._show = show
        placed = [(k, place, stages[first]) for k, (place, first, _) in enumerate(self.core.segments)]
        on_threads = [(k, stage) for k, place, stage in placed if place == _THREADS]
        self._on_loop = [(k, stage) for k, place, stage in placed if place == _LOOP]
        self._caller = Caller(self, self.core)
        self._threads = Threads(self.core, on_threads, self._caller) if on_threads else None
        self._loop: Any = None
        self._cancelled = False

    def turn(self) -> int:
        """Let the driver do what there is to do."""
        if self._stop is not None and self._stop.requested:
            self.core.stop("stop")
        state: int = self.core.advance()
        if self._threads is not None:
            self._threads.start_what_is_needed()
        if self._loop is not None and not self._cancelled and self.core.stop_reason:
            self._cancelled = True
            self._loop.cancel()
        if self._show is not None:
            self._show(self.core.ended)
        return state

    def results(self) -> Results:
        """What has ended since this was asked last."""
        return Results(self.core.hand_out(), self._names, self.core.stop_reason)

    # --- on a plain thread ---

    def drive(self, *, until_some: bool = False) -> bool:
        """Until the end, or until something has ended; False at the end."""
        self._caller.is_here()
        if self._on_loop and self._loop is None and not self.core.stop_reason:
            self._loop = LoopThread(self.core, self._on_loop, self._caller)
        while (state := self.turn()) != _FINISHED:
            if until_some and self.core.ended:
                return True
            if state != _WORKED:
                self.core.wait(_TICK)
        return False

    def end(self, reason: str) -> None:
        """Stop whatever still runs and wait for what can be stopped. In the driver's seat."""
        self._show = None
        if not self.core.finished:
            self.core.stop(reason)
            self.drive()
        self.core.send_workers_home()
        if self._loop is not None:
            self._loop.close()
            self._loop = None

    def close(self, reason: str) -> None:
        """`end` from anywhere: whoever drives just now is told to, and does it."""
        if self.core.driven:
            self.core.stop(reason)
            return
        with self.core:
            self.end(reason)

    # --- in an event loop ---

    async def adrive(self, source: AsyncIterator[Any] | None = None, *, until_some: bool = False) -> bool:
        """`drive`, and items of an asynchronous input."""
        self._caller.is_here()
        wake = self._enter_loop(source)
        while (state := self.turn()) != _FINISHED:
            if until_some and self.core.ended:
                return True
            self._feeder_may_go.set()
            if state != _WORKED and self.core.sleep_in_loop():
                await self._sleep(wake)
            else:
                await _once_around()
        return False

    def _enter_loop(self, source: AsyncIterator[Any] | None) -> Any:
        import asyncio

        if self._loop is None:
            loop = asyncio.get_running_loop()
            self._wake = asyncio.Event()
            self._feeder_may_go = asyncio.Event()
            self._loop = LoopTasks(self.core, self._on_loop, loop, self._caller)
            loop.add_reader(self.core.wake_fd, self._woken)
            self._feeder = loop.create_task(self._feed(source)) if source is not None else None
        return self._wake

    def _woken(self) -> None:
        self.core.clear_wake()
        self._loop.wake()
        self._wake.set()

    async def _sleep(self, wake: Any) -> None:
        import asyncio

        wake.clear()
        timer = asyncio.get_running_loop().call_later(self.core.seconds_to_next_event(_TICK), wake.set)
        try:
            await wake.wait()
        finally:
            timer.cancel()

    async def _feed(self, source: AsyncIterator[Any]) -> None:
        core = self.core
        try:
            async for item in source:
                core.feed(item)
                self._wake.set()
                while not core.has_room():
                    self._feeder_may_go.clear()
                    await self._feeder_may_go.wait()
                    if core.stop_reason:
                        return
            core.end_input(None)
        except Exception as error:
            core.end_input(error)
        finally:
            self._wake.set()

    async def aend(self, reason: str) -> None:
        """`end` in an event loop."""
        import asyncio

        if self._loop is None:
            return
        self._show = None
        if self._feeder is not None:
            self._feeder.cancel()
            await asyncio.wait([self._feeder])
        if not self.core.finished:
            self.core.stop(reason)
            await self.adrive()
        self.core.send_workers_home()
        await self._loop.join()
        asyncio.get_running_loop().remove_reader(self.core.wake_fd)
        self._loop = None

    async def aclose(self, reason: str) -> None:
        """`close` in an event loop."""
        if self.core.driven:
            self.core.stop(reason)
            return
        with self.core:
            await self.aend(reason)


async def _once_around() -> None:
    import asyncio

    await asyncio.sleep(0)
