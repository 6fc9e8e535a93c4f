"""How long an operation takes, and how often it fails."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextvars import ContextVar
from time import perf_counter
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

from synqc._core import Counter, Histogram
from synqc.errors import InputError

__all__ = ["Timer"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

# Asked for from outside; says nothing about the operation.
_CANCELLATIONS = (asyncio.CancelledError, CancelledError, GeneratorExit, KeyboardInterrupt)


class _Entry(NamedTuple):
    """A block that was entered and not yet left."""

    timer: Timer
    start: float
    outer: _Entry | None


# One timer may be entered by many threads and tasks at once and within itself: each context has its own entries.
_entered: ContextVar[_Entry | None] = ContextVar("synqc_entered_timers", default=None)


class Timer:
    """Times what succeeds, in seconds on a monotonic clock; counts what fails and what is cancelled apart.

    A context manager, and a decorator of functions and coroutine functions; nothing is swallowed. One timer may be
    entered by any number of threads and tasks at once, and within itself. Made by `Registry.timer`.

    A block that is left in another context than it was entered in, as an abandoned asynchronous generator may be,
    counts as cancelled.

    Examples:
        >>> from synqc.metrics import Registry
        >>> registry = Registry()
        >>> fetch = registry.timer("fetch", labels=["host"])
        >>> with fetch.labels(host="local"):
        ...     pass
        >>> @fetch.labels(host="local")
        ... def answer():
        ...     return 42
        >>> answer()
        42
        >>> [(row["labels"], row["count"]) for row in registry.snapshot()["operations"]]
        [({'host': 'local'}, 2)]
    """

    __slots__ = ("_cancelled", "_errors", "_seconds", "label_names", "name")

    def __init__(
        self, name: str, seconds: Histogram, errors: Counter, cancelled: Counter, label_names: tuple[str, ...] = ()
    ) -> None:
        self.name = name
        self.label_names = label_names
        self._seconds = seconds
        self._errors = errors
        self._cancelled = cancelled

    def __repr__(self) -> str:
        return f"<timer {self.name}>"

    def labels(self, **values: object) -> Timer:
        """The timer of these label values, all given by name."""
        return Timer(
            self.name,
            self._seconds.labels(**values),
            self._errors.labels(**values),
            self._cancelled.labels(**values),
        )

    def __enter__(self) -> Timer:
        self._refuse_if_labels_are_missing()
        _entered.set(_Entry(self, perf_counter(), _entered.get()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        end = perf_counter()
        found = _taken_from(_entered.get(), self)
        if found is None:
            self._cancelled.add()
            return
        entry, remaining = found
        _entered.set(remaining)
        self._note(end - entry.start, kind)

    def __call__(self, function: _Function) -> _Function:
        """Time every call of a function, or every await of a coroutine function."""
        self._refuse_if_labels_are_missing()
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise InputError(
                f"Argument `function` must be a function or a coroutine function, but is the generator {function!r}."
            )
        timed = self._around_coroutine(function) if inspect.iscoroutinefunction(function) else self._around(function)
        return functools.wraps(function)(timed)  # type: ignore[return-value]

    def _around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            start = perf_counter()
            try:
                result = function(*args, **kwargs)
            except BaseException as error:
                self._note(0, type(error))
                raise
            self._seconds.record(perf_counter() - start)
            return result

        return timed

    def _around_coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def timed(*args: Any, **kwargs: Any) -> Any:
            start = perf_counter()
            try:
                result = await function(*args, **kwargs)
            except BaseException as error:
                self._note(0, type(error))
                raise
            self._seconds.record(perf_counter() - start)
            return result

        return timed

    def _note(self, seconds: float, error: type[BaseException] | None) -> None:
        if error is None:
            self._seconds.record(seconds)
        elif issubclass(error, _CANCELLATIONS):
            self._cancelled.add()
        else:
            self._errors.add()

    def _refuse_if_labels_are_missing(self) -> None:
        if self.label_names:
            raise InputError(
                f"Argument `labels` must be given before `{self.name}` times anything, but is missing: "
                f"{', '.join(self.label_names)}."
            )


def _taken_from(entry: _Entry | None, timer: Timer) -> tuple[_Entry, _Entry | None] | None:
    """The innermost entry of a timer and those that remain; None if there is none."""
    if entry is None:
        return None
    if entry.timer is timer:
        return entry, entry.outer
    found = _taken_from(entry.outer, timer)
    return None if found is None else (found[0], entry._replace(outer=found[1]))
