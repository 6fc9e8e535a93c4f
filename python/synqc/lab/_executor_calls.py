"""Calls of one function on an executor: few in flight, stopped from here, and gone on with where workers die."""

from __future__ import annotations

import importlib
import itertools
import queue
import shutil
import socket
import tempfile
import time
import uuid
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from synqc import _core
from synqc.errors import InputError

__all__ = ["Executor", "calls_on", "check_executor"]

_PER_WORKER = 4
_WORKERS_UNKNOWN = 16
_TASK_S = 0.05
_MOST_OF_A_TASK = 256
_LOOK_S = 0.05
_ATTEMPTS_TOGETHER = 2
_BREAKS_IN_VAIN = 3
_LAST_WORDS_S = 1.0
_WORKERS_DIED = ("KilledWorker", "WorkerCrashedError")
"""Errors of Dask and Ray after several workers have died of a call."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_Look = Callable[[int, int], None]
_Function = Callable[[_Item, _core.StopFlag, _Look], _Result | None]


class Executor(Protocol):
    """Anything shaped like `concurrent.futures.Executor`: its pools, loky's, Dask's, mpi4py's."""

    def submit(self, function: Any, /, *arguments: Any, **keywords: Any) -> Future[Any]: ...


class _Signal(Protocol):
    """Whether calls shall end, as a worker sees it; travels to it with the call."""

    def is_raised(self) -> bool: ...

    def close(self) -> None:
        """Raise it for good, and leave nothing behind."""
        ...


class _SharedFlag:
    """Between threads of one process."""

    def __init__(self) -> None:
        self.flag = _core.StopFlag()

    def is_raised(self) -> bool:
        return bool(self.flag.requested)

    def close(self) -> None:
        self.flag.stop()


class _MissingFile:
    """Between processes that see one folder: raised while a file is not there.

    A worker on another machine that does not see the file when it begins cannot be told.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="synqc-calls-"))
        self._file = self._folder / "go-on"
        self._file.touch()
        self._host = socket.gethostname()
        self._is_seen: bool | None = None

    def is_raised(self) -> bool:
        if self._is_seen is None:
            self._is_seen = self._file.exists() or socket.gethostname() == self._host
        return self._is_seen and not self._file.exists()

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


class _ClearedEvent:
    """Between a client and the workers of a Dask cluster: raised while an event of the scheduler is not set."""

    def __init__(self, client: Any) -> None:
        self._name = f"synqc-calls-{uuid.uuid4().hex}"
        self._client = client
        self._event(client).set()

    def __getstate__(self) -> dict[str, Any]:
        return {"_name": self._name, "_client": None}

    def _event(self, client: Any) -> Any:
        return importlib.import_module("distributed").Event(self._name, client=client)

    def is_raised(self) -> bool:
        if self._client is None:
            self._client = importlib.import_module("distributed").get_client()
        return not self._event(self._client).is_set()

    def close(self) -> None:
        self._event(self._client).clear()


class _Looking:
    """Looks at a signal now and then while a call makes progress, and raises the call's own flag."""

    def __init__(self, signal: _Signal, flag: _core.StopFlag) -> None:
        self._signal = signal
        self._flag = flag
        self._next = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _LOOK_S
            if self._signal.is_raised():
                self._flag.stop()


def _do(function: _Function[_Item, _Result], items: list[_Item], signal: _Signal) -> tuple[list[_Result | None], float]:
    """Call a function of some items one after the other; their results, None where a stop came first, and seconds."""
    started = time.monotonic()
    flag = signal.flag if isinstance(signal, _SharedFlag) else _core.StopFlag()
    look = _Looking(signal, flag)
    results: list[_Result | None] = []
    for item in items:
        look(0, 1)
        results.append(None if flag.requested else function(item, flag, look))
    return results, time.monotonic() - started


def check_executor(executor: Any) -> None:
    """Raises InputError unless `calls_on` takes it."""
    if type(executor).__module__.split(".")[0] == "joblib" and not hasattr(executor, "submit"):
        raise InputError(
            f"Argument `executor` must have a method submit(), but joblib's {type(executor).__name__} has none: take "
            "joblib.externals.loky.get_reusable_executor()."
        )
    if executor is None or callable(executor) or callable(getattr(executor, "submit", None)):
        return
    raise InputError(
        "Argument `executor` must have a method submit(), as those of concurrent.futures have, or be a function that "
        f"makes such a one, but is {type(executor).__name__}."
    )


def calls_on(
    executor: Executor | Callable[[], Executor],
    function: _Function[_Item, _Result],
    items: Iterable[_Item],
    *,
    stop: _core.StopFlag | None,
    max_in_flight: int | None = None,
) -> Generator[tuple[_Item, _Result], None, None]:
    """Call a function of each item on an executor, in the order in which they end.

    Items are taken from `items` when there is room for them. Short calls travel together, some 50 ms of them. Where a
    worker dies and breaks the executor, a new one like it takes its place, and what was under way is tried again, at
    last each item alone; an item that ends its worker alone is left out, with a warning.

    Args:
        executor: Or what makes one, which is then closed at the end.
        function: Takes the item, a flag that is raised where it shall stop, and what it calls with its progress; None
            is no result: it was stopped.
        items: Each is pickled where the executor's workers are other processes.
        stop: Ends all of it.
        max_in_flight: Items handed to the executor at a time; None: four tasks per worker, or 64 where the executor
            does not tell how many it has.

    Raises:
        BrokenExecutor: It broke again and again before anything was done, or cannot be made anew.
    """
    calls = _Calls(executor, function, iter(items), stop, max_in_flight)
    try:
        yield from calls.results()
    finally:
        calls.close()


class _Task(Generic[_Item]):
    """Items that travel together, and how often they have."""

    def __init__(self, items: list[_Item], attempt: int) -> None:
        self.items = items
        self.attempt = attempt


class _Calls(Generic[_Item, _Result]):
    """The state of `calls_on`."""

    def __init__(
        self, executor: Any, function: _Function[_Item, _Result], items: Iterator[_Item],
        stop: _core.StopFlag | None, max_in_flight: int | None,
    ) -> None:  # fmt: skip
        self._make = executor if _is_factory(executor) else None
        self._executor = executor() if self._make else _adapted(executor)
        self._is_ours = self._make is not None
        self._function = function
        self._items = items
        self._stop = stop
        self._max_in_flight = max_in_flight
        self._signal = _signal_for(self._executor)
        self._ended: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
        self._in_flight: dict[Future[Any], _Task[_Item]] = {}
        self._again: deque[_Task[_Item]] = deque()
        self._alone: deque[_Item] = deque()
        self._left_out: list[_Item] = []
        self._together = 1
        self._done = 0
        self._breaks_in_vain = 0

    def results(self) -> Iterator[tuple[_Item, _Result]]:
        """As they come."""
        while True:
            if self._stop is not None and self._stop.requested:
                yield from self._last_words()
                return
            broken = self._fill()
            if broken is None:
                if not self._in_flight:
                    break
                try:
                    future = self._ended.get(timeout=_LOOK_S)
                except queue.Empty:
                    continue
                task = self._in_flight.pop(future, None)
                if task is None:  # of an executor that has been replaced
                    continue
                broken = yield from self._told(task, future)
            if broken is not None and not self._go_on_after(broken):
                break
        if self._left_out:
            warnings.warn(
                f"{len(self._left_out)} calls were left out, for each ended the worker that did it: "
                f"{', '.join(map(str, self._left_out[:3]))}{', ...' if len(self._left_out) > 3 else ''}.",
                RuntimeWarning, stacklevel=4,
            )  # fmt: skip

    def close(self) -> None:
        """Cancel what has not begun, and tell what has to stop."""
        self._signal.close()
        for future in self._in_flight:
            future.cancel()
        if self._is_ours:
            _shut_down(self._executor)

    def _told(
        self, task: _Task[_Item], future: Future[Any]
    ) -> Generator[tuple[_Item, _Result], None, BaseException | None]:
        """Results of a task that has ended; returns the error that broke the executor, if one did."""
        try:
            results, seconds = future.result()
        except BrokenExecutor as error:
            self._put_aside(task)
            return error
        except CancelledError:
            self._again.append(task)
            return None
        except Exception as error:
            if type(error).__name__ not in _WORKERS_DIED:
                raise
            self._put_aside(_Task(task.items, max(task.attempt, _ATTEMPTS_TOGETHER)))
            return None
        self._breaks_in_vain = 0
        if seconds < _TASK_S / 2 and len(task.items) == self._together:
            self._together = min(2 * self._together, _MOST_OF_A_TASK)
        elif seconds > 2 * _TASK_S:
            self._together = max(1, self._together // 2)
        for item, result in zip(task.items, results, strict=True):
            if result is not None:
                self._done += 1
                yield item, result
        return None

    def _put_aside(self, task: _Task[_Item]) -> None:
        """Items that were under way when workers died: one of them may be the cause."""
        if task.attempt > _ATTEMPTS_TOGETHER:  # it was alone
            self._left_out.extend(task.items)
        elif task.attempt == _ATTEMPTS_TOGETHER:
            self._alone.extend(task.items)
        else:
            self._again.extend(_Task([item], task.attempt + 1) for item in task.items)

    def _go_on_after(self, broken: BaseException) -> bool:
        """Put another executor in the place of a broken one; False where that cannot be."""
        was_alone = bool(self._left_out) and not self._in_flight and not self._again
        for task in self._in_flight.values():
            self._put_aside(task)
        self._in_flight.clear()
        self._breaks_in_vain += not was_alone
        anew = None
        if self._breaks_in_vain < _BREAKS_IN_VAIN:
            anew = self._make() if self._make else _like(self._executor)
        if anew is None:
            if not self._done:
                raise broken
            warnings.warn(
                f"The executor broke and cannot be replaced, so the rest was not done: {broken}", RuntimeWarning,
                stacklevel=6,
            )  # fmt: skip
            return False
        if self._is_ours:
            _shut_down(self._executor)
        self._executor, self._is_ours = anew, True
        return True

    def _fill(self) -> BaseException | None:
        """Hand over what there is room for; the error if that broke the executor."""
        while (room := self._room() - sum(len(task.items) for task in self._in_flight.values())) > 0:
            task = self._next(room)
            if task is None:
                return None
            try:
                future = self._executor.submit(_do, self._function, task.items, self._signal)
            except BrokenExecutor as error:
                self._again.appendleft(task)
                return error
            self._in_flight[future] = task
            future.add_done_callback(self._ended.put)
        return None

    def _next(self, room: int) -> _Task[_Item] | None:
        if self._again:
            return self._again.popleft()
        items = list(itertools.islice(self._items, min(self._together, room)))
        if items:
            return _Task(items, 1)
        if self._alone and not self._in_flight:
            return _Task([self._alone.popleft()], _ATTEMPTS_TOGETHER + 1)
        return None

    def _room(self) -> int:
        if self._max_in_flight is not None:
            return self._max_in_flight
        return _PER_WORKER * _workers_of(self._executor) * self._together

    def _last_words(self) -> Iterator[tuple[_Item, _Result]]:
        """Results that tasks had finished before they were stopped."""
        self._signal.close()
        waited = {future for future in self._in_flight if not future.cancel()}
        deadline = time.monotonic() + _LAST_WORDS_S
        while waited and (left := deadline - time.monotonic()) > 0:
            try:
                future = self._ended.get(timeout=left)
            except queue.Empty:
                return
            task = self._in_flight.pop(future, None)
            if future in waited and task is not None:
                waited.discard(future)
                if future.exception() is None:
                    yield from self._told(task, future)


def _is_factory(executor: Any) -> bool:
    return isinstance(executor, type) or not callable(getattr(executor, "submit", None))


def _is_dask_client(executor: Any) -> bool:
    return any(f"{base.__module__}.{base.__name__}" == "distributed.client.Client" for base in type(executor).__mro__)


def _adapted(executor: Any) -> Any:
    # Dask computes equal calls once unless it is told that they are not pure.
    return executor.get_executor(pure=False) if _is_dask_client(executor) else executor


def _signal_for(executor: Any) -> _Signal:
    if isinstance(executor, ThreadPoolExecutor):
        return _SharedFlag()
    client = getattr(executor, "_client", None)
    return _ClearedEvent(client) if _is_dask_client(client) else _MissingFile()


def _workers_of(executor: Any) -> int:
    client = getattr(executor, "_client", None)
    if client is not None and _is_dask_client(client):
        return max(1, int(sum(client.nthreads().values())))
    for name in ("num_workers", "_max_workers"):
        found = getattr(executor, name, None)
        if isinstance(found, int) and found > 0:
            return found
    return _WORKERS_UNKNOWN


def _like(executor: Any) -> Any:
    """A new executor like one that is broken; None where nobody knows how it was made."""
    if type(executor) is ProcessPoolExecutor:
        made_of = [getattr(executor, f"_{name}") for name in ("max_workers", "mp_context", "initializer", "initargs")]
        return type(executor)(*made_of)
    module = type(executor).__module__
    if "loky" in module.split("."):
        loky = importlib.import_module(module[: module.index("loky") + len("loky")])
        return loky.get_reusable_executor(max_workers=executor._max_workers)
    return None


def _shut_down(executor: Any) -> None:
    close = getattr(executor, "shutdown", None)
    if close is not None:
        close(wait=False)
