"""Cached property: computed once, without a lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

__all__ = ["cached_property"]

_Value = TypeVar("_Value")


class cached_property(Generic[_Value]):  # noqa: N801  (used like a function)
    """`functools.cached_property` without its lock, which in Python 3.11 all instances of a class share.

    Two threads may compute the same value; the last one stays.

    Examples:
        >>> class Circle:
        ...     @cached_property
        ...     def area(self):
        ...         print("computing")
        ...         return 3.14
        >>> circle = Circle()
        >>> circle.area, circle.area
        computing
        (3.14, 3.14)
    """

    def __init__(self, compute: Callable[[Any], _Value]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> _Value:
        if instance is None:
            return self  # type: ignore[return-value]
        value = instance.__dict__[self._name] = self._compute(instance)
        return value
