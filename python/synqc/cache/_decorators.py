"""Functions that remember: `@cached`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, overload

from synqc.cache._content import content_key
from synqc.cache._control import Control
from synqc.cache._function_content import FunctionContent, stand_in
from synqc.cache._memory import MemoryCache
from synqc.errors import InputError

__all__ = ["CacheInfo", "cached"]

Function = TypeVar("Function", bound=Callable[..., Any])

_ENTRIES_OF_ITS_OWN = 1024
"""Bound of the cache of a function that is given none."""


class CacheInfo(NamedTuple):
    """Counts of a function's own cache, in the words of functools.

    Args:
        hits: Calls that found a result.
        misses: Calls that computed one.
        maxsize: Bound on the number of results.
        currsize: Results held.
    """

    hits: int
    misses: int
    maxsize: int
    currsize: int


@overload
def cached(cache: Function, /) -> Function: ...


@overload
def cached(
    cache: Any = None,
    *,
    ttl: float | None = None,
    kind: str | None = None,
    namespace: str = "",
    version: int | str = 1,
    key: Callable[..., Any] | None = None,
    flight: bool = True,
) -> Callable[[Function], Function]: ...


def cached(
    cache: Any = None,
    *,
    ttl: float | None = None,
    kind: str | None = None,
    namespace: str = "",
    version: int | str = 1,
    key: Callable[..., Any] | None = None,
    flight: bool = True,
) -> Any:
    """Remember what a function, method or coroutine function returns, by its arguments.

    Two calls share a result if their arguments, defaults filled in, have the same content (`content_key`), however
    they were written. An argument `content_key` refuses may have a method `__cache_key__()` that returns what stands
    for it: a class whose methods are cached needs one, because `self` is an argument.

    Two functions share results only if they are the same: name, module, code, constants, defaults, what the closure
    holds at the time of the call, what a partial function or a bound method adds, and the file if the module is
    `__main__`. So a notebook cell that is run again finds its results, and an edited one computes anew. A function that
    holds something without content (a connection, say) has results that this process alone finds; the warning
    `UnsharedResults` says so once. Global variables that the code reads are not looked at: raise `version`.

    The function gets four attributes: `cache`; `key_of(*args, **kwargs)`; `invalidate(*args, **kwargs)`, which
    forgets one result and says whether there was one; and `controlled(control)`, the function as called under a
    `Control`.

    Written without a cache, as `@cached` or `@cached(ttl=60)`, a function gets a MemoryCache of its own for 1024
    results, and two attributes more, those of functools: `cache_info()` and `cache_clear()`.

    Args:
        cache: A MemoryCache, DiskCache, TieredCache or RedisCache; None, or nothing, for a cache of the function's own.
        ttl: Seconds a result lives; None: the kind's.
        kind: Label for lifetimes and statistics; None: the function's qualified name.
        namespace: Whose results these are.
        version: Raise it when the function's results change though its own code does not: stored ones are then no
            longer found.
        key: key(*args, **kwargs) replaces the content of the arguments.
        flight: False lets concurrent equal calls all compute.

    Raises:
        InputError: `cache` is no cache, the function is a generator, whose values only one can read, or it has no
            signature, as some builtins, and there is no `key`; at the call: an argument has no content, or the result
            is a generator or an awaitable.

    Examples:
        >>> from synqc.cache import MemoryCache, cached
        >>> @cached(MemoryCache(max_entries=100))
        ... def square(x, power=2):
        ...     print("computing")
        ...     return x**power
        >>> square(3), square(x=3, power=2)
        computing
        (9, 9)
        >>> square.invalidate(3)
        True
        >>> @cached
        ... def cube(x):
        ...     return x**3
        >>> cube(2), cube(2), cube.cache_info()
        (8, 8, CacheInfo(hits=1, misses=1, maxsize=1024, currsize=1))
    """
    if cache is None or inspect.isroutine(cache) or isinstance(cache, functools.partial | staticmethod):
        own = _cached_by(MemoryCache(max_entries=_ENTRIES_OF_ITS_OWN), ttl, kind, namespace, version, key, flight)
        return _with_info_of_own(own) if cache is None else _with_info_of_own(own)(cache)
    if not callable(getattr(cache, "get_or_compute", None)):
        raise InputError(f"Argument `cache` must be a cache, but is {cache!r}: write @cached(MemoryCache(...)).")
    return _cached_by(cache, ttl, kind, namespace, version, key, flight)


def _with_info_of_own(decorate: Callable[[Function], Function]) -> Callable[[Function], Function]:
    def decorated(function: Function) -> Function:
        remembering: Any = decorate(function)
        own: MemoryCache = remembering.cache

        def cache_info() -> CacheInfo:
            stats = own.stats()
            return CacheInfo(stats.hits, stats.misses, _ENTRIES_OF_ITS_OWN, stats.entries)

        remembering.cache_info, remembering.cache_clear = cache_info, own.clear
        return remembering  # type: ignore[no-any-return]

    return decorated


def _cached_by(
    cache: Any,
    ttl: float | None,
    kind: str | None,
    namespace: str,
    version: int | str,
    key: Callable[..., Any] | None,
    flight: bool,
) -> Callable[[Function], Function]:
    def decorate(function: Function) -> Function:
        plain = _plain(function)
        if inspect.isgeneratorfunction(plain) or inspect.isasyncgenfunction(plain):
            raise InputError(f"Argument `function` must return its result, but is the generator {function!r}.")
        named: Any = plain if hasattr(plain, "__qualname__") else type(plain)
        name = f"{named.__module__}.{named.__qualname__}"
        label = named.__qualname__ if kind is None else kind
        content_of_function = FunctionContent(function)
        content_of = _content_of_arguments(function) if key is None else key

        def key_of(*args: Any, **kwargs: Any) -> str:
            content = content_of(*args, **kwargs)
            parameters = {"function": content_of_function.key()}
            return content_key(name, content, parameters=parameters, namespace=namespace, version=version)

        def calling(control: Control | None) -> Callable[..., Any]:
            if _is_coroutine_function(function):

                @functools.wraps(function)
                async def acall(*args: Any, **kwargs: Any) -> Any:
                    return await cache.aget_or_compute(
                        key_of(*args, **kwargs), functools.partial(function, *args, **kwargs),
                        ttl=ttl, kind=label, control=control, flight=flight,
                    )  # fmt: skip

                return acall

            @functools.wraps(function)
            def call(*args: Any, **kwargs: Any) -> Any:
                return cache.get_or_compute(
                    key_of(*args, **kwargs), functools.partial(function, *args, **kwargs),
                    ttl=ttl, kind=label, control=control, flight=flight,
                )  # fmt: skip

            return call

        def invalidate(*args: Any, **kwargs: Any) -> bool:
            return bool(cache.delete(key_of(*args, **kwargs)))

        decorated: Any = calling(None)
        decorated.cache, decorated.key_of = cache, key_of
        decorated.__synqc_cached__ = decorated, function
        decorated.invalidate, decorated.controlled = invalidate, calling
        return decorated  # type: ignore[no-any-return]

    return decorate


def _content_of_arguments(function: Any) -> Callable[..., dict[str, Any]]:
    """What tells two calls apart: the arguments by their names, defaults filled in."""
    try:
        signature = inspect.signature(function)
    except ValueError:
        raise InputError(
            f"Argument `function` must have a signature where there is no `key`, but {function!r} has none."
        ) from None
    defaults = {name: parameter.default for name, parameter in signature.parameters.items()}

    def content_of(*args: Any, **kwargs: Any) -> dict[str, Any]:
        bound = signature.bind(*args, **kwargs)
        given = set(bound.arguments)
        bound.apply_defaults()
        return {
            argument: stand_in(value)
            for argument, value in bound.arguments.items()
            # A default without content is part of the function.
            if argument in given or _has_content(value, defaults.get(argument))
        }

    return content_of


def _plain(function: Any) -> Any:
    """What a partial function or a static method calls."""
    while isinstance(function, functools.partial | staticmethod):
        function = function.func if isinstance(function, functools.partial) else function.__func__
    return function


def _is_coroutine_function(function: Any) -> bool:
    plain = _plain(function)
    return inspect.iscoroutinefunction(plain) or inspect.iscoroutinefunction(
        getattr(type(plain), "__call__", None)  # noqa: B004 - asked for its kind, not called
    )


def _has_content(value: Any, default: Any) -> bool:
    """False for a default value that cannot be part of a key."""
    if value is not default or type(value) in (type(None), bool, int, float, str):
        return True
    try:
        content_key("value", stand_in(value))
    except InputError:
        return False
    return True
