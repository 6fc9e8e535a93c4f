"""Threads and event-loop tasks that serve a run."""

from __future__ import annotations

import threading
from types import CoroutineType
from typing import Any

from synqc.errors import InputError
from synqc.pipeline.results import CANCELLED, ERROR, TIMEOUT
from synqc.pipeline.stage import Stage

__all__ = ["LoopTasks", "LoopThread", "Threads"]


def _work(run: Any, segment: int, stage: Stage) -> None:
    function: Any = stage.function
    while (handed := run.wait_and_take(segment)) is not None:
        token, item = handed
        try:
            value = function(item)
            if type(value) is CoroutineType:
                value.close()
                raise InputError(
                    f"Stage `{stage.name}` must return a value, but returned a coroutine; "
                    "give it as Stage(..., awaits=True)."
                )
        except BaseException as error:
            run.fail(token, error, ERROR)
        else:
            run.finish(token, value)
        handed = item = value = None


class Threads:
    """Threads of the stages that ask for some, started as there is work for them."""

    def __init__(self, run: Any, stages: list[tuple[int, Stage]]) -> None:
        self._run = run
        self._stages = stages
        self._started = {segment: 0 for segment, _ in stages}

    def start_what_is_needed(self) -> None:
        for segment, stage in self._stages:
            missing = min(
                self._run.queued(segment) - self._run.waiting(segment), stage.concurrency - self._started[segment]
            )
            for _ in range(missing):
                self._started[segment] += 1
                threading.Thread(
                    target=_work, args=(self._run, segment, stage), name=f"synqc-{stage.name}", daemon=True
                ).start()


class LoopTasks:
    """Resident tasks of the coroutine stages on one event loop."""

    def __init__(self, run: Any, stages: list[tuple[int, Stage]], loop: Any) -> None:
        self._run = run
        self._loop = loop
        self._stages = stages
        self._sleeping: dict[int, list[Any]] = {segment: [] for segment, _ in stages}
        self._tasks: dict[int, set[Any]] = {segment: set() for segment, _ in stages}
        self._closing = False

    def wake(self) -> None:
        """Send as many tasks to work as there are tokens."""
        for segment, stage in self._stages:
            sleeping, tasks = self._sleeping[segment], self._tasks[segment]
            for _ in range(self._run.queued(segment)):
                if sleeping:
                    waiter = sleeping.pop()
                    if not waiter.done():
                        waiter.set_result(None)
                elif len(tasks) < stage.concurrency and not self._closing:
                    tasks.add(self._loop.create_task(self._work(segment, stage)))
                else:
                    break

    def cancel(self) -> None:
        self._closing = True
        for tasks in self._tasks.values():
            for task in tasks:
                task.cancel()

    async def join(self) -> None:
        import asyncio

        self.cancel()
        tasks = [task for of_stage in self._tasks.values() for task in of_stage]
        if tasks:
            await asyncio.wait(tasks)

    async def _work(self, segment: int, stage: Stage) -> None:
        import asyncio

        run = self._run
        call = self._call if stage.timeout is None else self._call_in_time
        while not self._closing:
            handed = run.take(segment)
            if handed is None:
                waiter = self._loop.create_future()
                self._sleeping[segment].append(waiter)
                try:
                    await waiter
                except asyncio.CancelledError:
                    return
                continue
            token, item = handed
            try:
                value = await call(stage, item)
            except asyncio.CancelledError as error:
                run.fail(token, error, CANCELLED if self._closing else ERROR)
            except _Late:
                run.fail(token, None, TIMEOUT)
            except BaseException as error:
                run.fail(token, error, ERROR)
            else:
                run.finish(token, value)
            handed = item = value = None

    @staticmethod
    def _call(stage: Stage, item: Any) -> Any:
        function: Any = stage.function
        awaitable = function(item)
        if not hasattr(awaitable, "__await__"):
            raise InputError(f"Stage `{stage.name}` must return an awaitable, but returned {awaitable!r}.")
        return awaitable

    async def _call_in_time(self, stage: Stage, item: Any) -> Any:
        import asyncio

        limit = asyncio.timeout(stage.timeout)
        try:
            async with limit:
                return await self._call(stage, item)
        except TimeoutError:
            if limit.expired():
                raise _Late from None
            raise


class _Late(BaseException):
    pass


class LoopThread:
    """An event loop on a thread of its own, for runs outside of any."""

    def __init__(self, run: Any, stages: list[tuple[int, Stage]]) -> None:
        import asyncio

        self._loop = asyncio.new_event_loop()
        self._tasks = LoopTasks(run, stages, self._loop)
        self._run = run
        self._loop.add_reader(run.wake_fd, self._woken)
        self._thread = threading.Thread(target=self._serve, name="synqc-loop", daemon=True)
        self._thread.start()

    def _woken(self) -> None:
        self._run.clear_wake()
        self._tasks.wake()

    def _serve(self) -> None:
        self._loop.run_forever()
        self._loop.run_until_complete(self._tasks.join())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def cancel(self) -> None:
        self._loop.call_soon_threadsafe(self._tasks.cancel)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
