"""What a pipeline is made of."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from synqc.errors import InputError
from synqc.pipeline.arguments import is_whole, seconds_in

__all__ = ["SKIP", "Native", "Retry", "Stage", "native"]


_LONGEST_WAIT = 1e9  # s
_MOST_DOUBLINGS = 900  # 1e9 doubled so often is still a float


class _Skip:
    """What a stage returns for an item that is to go no further."""

    def __repr__(self) -> str:
        return "SKIP"


SKIP = _Skip()


@dataclass(frozen=True)
class Retry:
    """When a failed attempt is followed by another. The stage's place is free meanwhile.

    Args:
        attempts: In all, the first included.
        backoff: Seconds before the second attempt, doubled before each further one; or a function of the number of
            failed attempts. No wait is longer than 1e9 s. What the function raises becomes the item's outcome.
        on: Classes of exceptions worth another attempt. A timeout is a `TimeoutError`.

    Examples:
        >>> Retry(3, backoff=0.5).delay(ValueError(), 2)
        1.0
        >>> Retry(3, backoff=0.5).delay(ValueError(), 3) is None
        True
    """

    attempts: int
    backoff: float | Callable[[int], float] = 0.0
    on: type[BaseException] | tuple[type[BaseException], ...] = (Exception,)

    def __post_init__(self) -> None:
        if not is_whole(self.attempts, least=1):
            raise InputError(f"Argument `attempts` must be a whole number of at least 1, but is {self.attempts!r}.")
        if not callable(self.backoff) and seconds_in(self.backoff) is None:
            raise InputError(f"Argument `backoff` must be at least 0 s and finite, but is {self.backoff!r}.")
        classes = self.on if isinstance(self.on, tuple) else (self.on,)
        if not all(isinstance(one, type) and issubclass(one, BaseException) for one in classes):
            raise InputError(f"Argument `on` must be a class of exceptions or a tuple of them, but is {self.on!r}.")

    def delay(self, error: BaseException, failed: int) -> float | None:
        """Seconds to wait after so many failed attempts; None: no further one.

        Raises:
            InputError: `backoff` gave no number of seconds.
        """
        if failed >= self.attempts or not isinstance(error, self.on):
            return None
        if not callable(self.backoff):
            doublings = min(failed - 1, _MOST_DOUBLINGS)
            return min(math.ldexp(min(float(self.backoff), _LONGEST_WAIT), doublings), _LONGEST_WAIT)
        given = self.backoff(failed)
        seconds = seconds_in(given)
        if seconds is None:
            raise InputError(f"Argument `backoff` must give at least 0 s and finite, but gave {given!r}.")
        return min(seconds, _LONGEST_WAIT)


@dataclass(frozen=True)
class Native:
    """A compiled function; made by `native`."""

    address: int
    kind: str
    name: str
    owner: object
    """Keeps the code alive."""


def native(function: Any, kind: str = "number") -> Native:
    """A compiled function as a stage, called without Python's lock.

    Several threads may call it at once if the stage's `concurrency` says so. It must not throw or unwind, and cannot be
    interrupted. A `ctypes` callback around a Python function works, but takes the lock again for each call.

    Args:
        function: A `ctypes` function, a `numba.cfunc`, a `cffi` function, or an address.
        kind: "number": `double f(double)`; "array": `void f(const double *in, double *out, size_t size)` with a
            C-contiguous float64 array, where `out` may be `in`; "bytes": `int f(const char *in, size_t size, char *out,
            size_t *out_size)`, which returns 0 for success. `*out_size` is the room at `out` (`size + 64` at first) and
            becomes the size of the answer; if that is more than the room, nothing is read and `f` is called again with
            so much.

    Raises:
        InputError: No address can be made out, or the kind is unknown.

    Examples:
        >>> import ctypes
        >>> from synqc.pipeline import Pipeline
        >>> root = native(ctypes.CDLL(None).sqrt)
        >>> Pipeline([root, root]).run([16.0, 81.0]).values
        [2.0, 3.0]
    """
    if kind not in ("number", "array", "bytes"):
        raise InputError(f'Argument `kind` must be "number", "array" or "bytes", but is {kind!r}.')
    address = _address_of(function)
    if not address:
        raise InputError(f"Argument `function` must be a compiled function or its address, but is {function!r}.")
    return Native(address, kind, str(getattr(function, "__name__", hex(address))), function)


def _address_of(function: Any) -> int:
    import ctypes

    if isinstance(function, int):
        return function
    if isinstance(function, ctypes._CFuncPtr):  # type: ignore[attr-defined]
        return ctypes.cast(function, ctypes.c_void_p).value or 0
    if isinstance(getattr(function, "address", None), int):
        return int(function.address)
    if type(function).__module__ == "_cffi_backend":
        import cffi

        return int(cffi.FFI().cast("uintptr_t", function))
    return 0


@dataclass(frozen=True)
class Stage:
    """One step of a pipeline.

    Args:
        function: Function of one item: a Python callable, a coroutine function, or what `native` gives.
        concurrency: How many calls of it may run at once. A Python callable with 1 and no timeout is called on the
            thread that drives the pipeline; otherwise on threads of the run, which pays if it waits or leaves Python's
            lock.
        timeout: Seconds for an attempt, from the moment its call begins. A coroutine is cancelled; a Python callable
            cannot be interrupted: its item goes on as timed out, the late answer is dropped, and the call keeps its
            place until it returns. Native functions take none.
        retry: What to do after a failure.
        name: In errors; by default the function's.
        awaits: Whether what the function returns is to be awaited; by default true of coroutine functions.
    """

    function: Callable[[Any], Any] | Native
    concurrency: int = 1
    timeout: float | None = None
    retry: Retry | None = None
    name: str = ""
    awaits: bool | None = None

    def __post_init__(self) -> None:
        if not callable(self.function) and not isinstance(self.function, Native):
            raise InputError(f"Argument `function` must be callable or native, but is {self.function!r}.")
        if not is_whole(self.concurrency, least=1):
            raise InputError(
                f"Argument `concurrency` must be a whole number from 1 to 2**31 - 1, but is {self.concurrency!r}."
            )
        if self.timeout is not None and not 0 < (seconds_in(self.timeout) or 0) < 1e9:
            raise InputError(f"Argument `timeout` must be above 0 s and below 1e9, but is {self.timeout!r}.")
        if self.timeout is not None and isinstance(self.function, Native):
            raise InputError(f"Argument `timeout` must be None for a native function, but is {self.timeout}.")
        plain = _unwrapped(self.function)
        if inspect.isgeneratorfunction(plain) or inspect.isasyncgenfunction(plain):
            raise InputError("Argument `function` must return one value for an item, but is a generator function.")
        if not self.name:
            object.__setattr__(self, "name", str(getattr(plain, "__name__", None) or getattr(plain, "name", plain)))
        if self.awaits is None:
            object.__setattr__(self, "awaits", _is_coroutine_function(plain))


def _unwrapped(function: Any) -> Any:
    while isinstance(function, functools.partial):
        function = function.func
    return function


def _is_coroutine_function(function: Any) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(type(function), "__call__", None)  # noqa: B004 - asked for its kind, not called
    )
