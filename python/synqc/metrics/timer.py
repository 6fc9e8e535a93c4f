"""How long an operation takes, and how often it fails."""

from __future__ import annotations

import asyncio
import functools
import inspect
import sys
from collections.abc import Callable
from concurrent.futures import CancelledError
from time import perf_counter
from types import TracebackType
from typing import Any, NoReturn, TypeVar

from synqc._core import Counter, Histogram
from synqc.errors import InputError
from synqc.metrics.context_value import ContextValue

__all__ = ["Timer"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

# Asked for from outside; says nothing about the operation.
_CANCELLATIONS = (asyncio.CancelledError, CancelledError, GeneratorExit, KeyboardInterrupt)


# Blocks entered and not yet left, innermost first: timer, start, the block (its frame's place in memory and the
# instruction that entered it), and the same of what lies around. A plain tuple, because a named one makes an empty
# block half as slow again (930 ns instead of 640).
_Entry = tuple["Timer", float, tuple[int, int], Any]

# One timer may be entered by many threads and tasks at once and within itself: each context has its own entries.
_entered: ContextValue[_Entry | None] = ContextValue("synqc_entered_timers", None)


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
        if self.label_names:
            self._refuse_missing_labels()
        frame = sys._getframe(1)
        block = (id(frame), frame.f_lasti)
        outer = _entered.get()
        if outer is not None:
            outer = _still_entered(outer, self, block)
        _entered.set((self, perf_counter(), block, outer))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        end = perf_counter()
        found = _taken_from(_entered.get(), self)
        if found is None:
            self._cancelled.add()
            return
        start, remaining = found
        _entered.set(remaining)
        self._note(end - start, kind)

    def __call__(self, function: _Function) -> _Function:
        """Time every call of a function, or every await of a coroutine function."""
        if self.label_names:
            self._refuse_missing_labels()
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

    def _refuse_missing_labels(self) -> NoReturn:
        raise InputError(
            f"Argument `labels` must be given before `{self.name}` times anything, but is missing: "
            f"{', '.join(self.label_names)}."
        )


def _still_entered(entry: _Entry, timer: Timer, block: tuple[int, int]) -> _Entry | None:
    """The entries without what an interrupt left behind.

    Ctrl-C may strike after a block was entered and before it began. A frame cannot be in one and the same block twice:
    if it enters again, the former entry, and those within, are over.
    """
    around: _Entry | None = entry
    while around is not None:
        if around[0] is timer and around[2] == block:
            outer: _Entry | None = around[3]
            return outer
        around = around[3]
    return entry


def _taken_from(entry: _Entry | None, timer: Timer) -> tuple[float, _Entry | None] | None:
    """Start of a timer's innermost entry, and the entries that remain; None if there is none."""
    within: list[_Entry] = []
    while entry is not None and entry[0] is not timer:
        within.append(entry)
        entry = entry[3]
    if entry is None:
        return None
    remaining: _Entry | None = entry[3]
    for innermost, start, block, _ in reversed(within):
        remaining = (innermost, start, block, remaining)
    return entry[1], remaining
