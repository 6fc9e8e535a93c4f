"""Threads and event-loop tasks that serve a run."""

from __future__ import annotations

import _thread
import contextlib
import contextvars
import functools
import threading
import weakref
from collections.abc import Callable
from types import CoroutineType
from typing import Any

from synqc.errors import InputError
from synqc.pipeline.results import CANCELLED, ERROR, TIMEOUT
from synqc.pipeline.stage import Stage

__all__ = ["Caller", "LoopTasks", "LoopThread", "Threads"]

_TICK_OF_JOIN = 0.1  # s; who is told of the end is told at once


class Caller:
    """Whoever drives a run, as its threads and tasks know him.

    If nobody holds the run any more, wherever an interrupt struck, the core is told. No Python code runs for that, so
    that no further interrupt can get in the way.
    """

    def __init__(self, run: Any, core: Any) -> None:
        self.context = contextvars.copy_context()
        """His context variables when he last began to drive."""
        self._watched = weakref.ref(run, core.abandon)

    def is_here(self) -> None:
        """Take them as they are now; the same object as before if none has changed."""
        now = contextvars.copy_context()
        before = self.context
        if len(now) != len(before) or any(before.get(name, self) is not value for name, value in now.items()):
            self.context = now


class StartedThread:
    """A daemon thread at work, started so that no interrupt leaves it waiting.

    An interrupt strikes the main thread between any two steps of Python code: also where `Thread.start` or `Event.wait`
    holds a lock for which the new thread then waits for ever. So the main thread takes one step of C alone: it begins
    a thread that no interrupt reaches, which starts the one that works.
    """

    def __init__(self, name: str, work: Callable[..., None], *arguments: Any) -> None:
        self._has_ended = False
        self._at_work = _thread.allocate_lock()
        self._at_work.acquire()
        _thread.start_new_thread(self._start, (name, work, arguments))

    def join(self) -> None:
        """Wait until the work has ended. Where an interrupt breaks that off, it may be asked again."""
        while not self._has_ended:
            self._at_work.acquire(timeout=_TICK_OF_JOIN)  # a join that was broken off may have the lock

    def _start(self, name: str, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        thread = threading.Thread(target=self._do, args=(work, arguments), name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # there is room for no further one, and this one is free
            self._do(work, arguments)

    def _do(self, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        try:
            work(*arguments)
        finally:
            self._has_ended = True
            self._at_work.release()


def _work(run: Any, segment: int, stage: Stage, caller: Caller) -> None:
    function: Any = stage.function
    context = None
    while (handed := run.wait_and_take(segment)) is not None:
        token, item = handed
        try:
            if context is not caller.context:
                context = caller.context
                call = context.copy().run
            value = call(function, item)
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

    def __init__(self, run: Any, stages: list[tuple[int, Stage]], caller: Caller) -> None:
        self._run = run
        self._stages = stages
        self._caller = caller
        self._started = {segment: 0 for segment, _ in stages}

    def start_what_is_needed(self) -> None:
        for segment, stage in self._stages:
            missing = min(
                self._run.queued(segment) - self._run.waiting(segment), stage.concurrency - self._started[segment]
            )
            for _ in range(missing):
                self._started[segment] += 1
                StartedThread(f"synqc-{stage.name}", _work, self._run, segment, stage, self._caller)


class LoopTasks:
    """Resident tasks of the coroutine stages on one event loop.

    A task lives in the context it was made in: if the caller's variables change, others take its place.
    """

    def __init__(self, run: Any, stages: list[tuple[int, Stage]], loop: Any, caller: Caller) -> None:
        self._run = run
        self._loop = loop
        self._stages = stages
        self._caller = caller
        self._context = caller.context
        self._sleeping: dict[int, list[Any]] = {segment: [] for segment, _ in stages}
        self._tasks: dict[int, set[Any]] = {segment: set() for segment, _ in stages}
        self._closing = False

    def wake(self) -> None:
        """Send as many tasks to work as there are tokens."""
        if self._context is not self._caller.context:
            self._context = self._caller.context
            self._wake_all()
        for segment, stage in self._stages:
            sleeping, tasks = self._sleeping[segment], self._tasks[segment]
            if not sleeping and len(tasks) >= stage.concurrency:
                continue  # each takes the next token before it sleeps
            for _ in range(self._run.look(segment)):
                if sleeping:
                    waiter = sleeping.pop()
                    if not waiter.done():
                        waiter.set_result(None)
                elif len(tasks) < stage.concurrency and not self._closing:
                    work = self._work(segment, stage, self._context)
                    task = self._loop.create_task(work, context=self._context.copy())
                    tasks.add(task)
                    task.add_done_callback(functools.partial(self._left, tasks))
                else:
                    break

    def _wake_all(self) -> None:
        for sleeping in self._sleeping.values():
            while sleeping:
                waiter = sleeping.pop()
                if not waiter.done():
                    waiter.set_result(None)

    def _left(self, tasks: set[Any], task: Any) -> None:
        tasks.discard(task)
        if not self._closing:
            self.wake()

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

    async def _work(self, segment: int, stage: Stage, context: contextvars.Context) -> None:
        import asyncio

        run = self._run
        call = self._call if stage.timeout is None else self._call_in_time
        while not self._closing and context is self._context:
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
    """An event loop on a thread of its own, for runs outside of any.

    The loop is made and closed on that thread, which no Ctrl-C reaches, and the thread knows nothing of this object.
    """

    def __init__(self, run: Any, stages: list[tuple[int, Stage]], caller: Caller) -> None:
        self._served = _Served(run, stages, caller)
        self._thread = StartedThread("synqc-loop", self._served.serve)
        self._served.beginning.acquire()
        if self._served.failure is not None:
            raise self._served.failure

    def cancel(self) -> None:
        self._served.ask("cancel")

    def close(self) -> None:
        self._served.ask("end")
        self._thread.join()


class _Served:
    """What the thread of a `LoopThread` holds."""

    def __init__(self, run: Any, stages: list[tuple[int, Stage]], caller: Caller) -> None:
        self._run, self._stages, self._caller = run, stages, caller
        self._asked: set[str] = set()
        self._is_ending = False
        self._loop: Any = None
        self.beginning = _thread.allocate_lock()
        """Released once there is a loop, or a failure."""
        self.beginning.acquire()
        self.failure: BaseException | None = None

    def ask(self, what: str) -> None:
        """From any thread, at any time: "cancel" the tasks, or "end" the loop with them."""
        self._asked.add(what)
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended
                loop.call_soon_threadsafe(self._answer)

    def _answer(self) -> None:
        if self._asked:
            self._tasks.cancel()
        if "end" in self._asked and not self._is_ending:
            self._is_ending = True  # a second stop would break off what is done at the end
            self._loop.stop()

    def _woken(self) -> None:
        self._run.clear_wake()
        if self._run.abandoned:
            self._loop.remove_reader(self._run.wake_fd)
            self._run.abandon()  # wakes whoever else serves the run: an interrupt may have left two
            self.ask("end")
            return
        self._tasks.wake()

    def serve(self) -> None:
        import asyncio

        try:
            loop = asyncio.new_event_loop()
            self._tasks = LoopTasks(self._run, self._stages, loop, self._caller)
            loop.add_reader(self._run.wake_fd, self._woken)
        except BaseException as error:
            self.failure = error
            return
        finally:
            self.beginning.release()
        try:
            self._loop = loop
            loop.call_soon(self._answer)  # what was asked before there was a loop
            loop.run_forever()
            loop.run_until_complete(self._tasks.join())
            loop.run_until_complete(_cancel_what_is_left(loop))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()


async def _cancel_what_is_left(loop: Any) -> None:
    """As `asyncio.run` does with tasks that a coroutine has left behind."""
    import asyncio

    left = asyncio.all_tasks(loop) - {asyncio.current_task(loop)}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    for task in left:
        if not task.cancelled() and task.exception() is not None:
            words = {"message": "A task that a stage left behind failed", "exception": task.exception(), "task": task}
            loop.call_exception_handler(words)
