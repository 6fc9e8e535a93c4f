"""Functions that remember: `@cached`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from synqc.cache._content import content_key
from synqc.cache._control import Control
from synqc.errors import InputError

__all__ = ["cached"]

Function = TypeVar("Function", bound=Callable[..., Any])


def cached(
    cache: Any,
    *,
    ttl: float | None = None,
    kind: str | None = None,
    namespace: str = "",
    version: int | str = 1,
    key: Callable[..., Any] | None = None,
    flight: bool = True,
) -> Callable[[Function], Function]:
    """Remember what a function, method or coroutine function returns, by its arguments.

    Two calls share a result if their arguments, defaults filled in, have the same content (`content_key`), however
    they were written. An argument `content_key` refuses may have a method `__cache_key__()` that returns what stands
    for it: a class whose methods are cached needs one, because `self` is an argument.

    The function gets four attributes: `cache`; `key_of(*args, **kwargs)`; `invalidate(*args, **kwargs)`, which
    forgets one result and says whether there was one; and `controlled(control)`, the function as called under a
    `Control`.

    Args:
        cache: A MemoryCache, DiskCache, TieredCache or RedisCache.
        ttl: Seconds a result lives; None: the kind's.
        kind: Label for lifetimes and statistics; None: the function's qualified name.
        namespace: Whose results these are.
        version: Raise it when the function's results change: stored ones are then no longer found.
        key: key(*args, **kwargs) replaces the content of the arguments.
        flight: False lets concurrent equal calls all compute.

    Raises:
        InputError: `cache` is no cache; at the call: an argument has no content.

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
    """
    if not callable(getattr(cache, "get_or_compute", None)):
        raise InputError(f"Argument `cache` must be a cache, but is {cache!r}: write @cached(MemoryCache(...)).")

    def decorate(function: Function) -> Function:
        signature = inspect.signature(function)
        name = f"{function.__module__}.{function.__qualname__}"
        label = function.__qualname__ if kind is None else kind

        def key_of(*args: Any, **kwargs: Any) -> str:
            if key is not None:
                content = key(*args, **kwargs)
            else:
                bound = signature.bind(*args, **kwargs)
                bound.apply_defaults()
                content = {argument: _content_of(value) for argument, value in bound.arguments.items()}
            return content_key(name, content, namespace=namespace, version=version)

        def calling(control: Control | None) -> Callable[..., Any]:
            if inspect.iscoroutinefunction(function):

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
        decorated.invalidate, decorated.controlled = invalidate, calling
        return decorated  # type: ignore[no-any-return]

    return decorate


def _content_of(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_content_of(item) for item in value]
    if isinstance(value, dict):
        return {name: _content_of(item) for name, item in value.items()}
    stands_for = getattr(type(value), "__cache_key__", None)
    return value if stands_for is None else {"type": type(value).__qualname__, "key": stands_for(value)}
