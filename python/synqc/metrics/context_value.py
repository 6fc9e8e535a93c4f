"""Context variables that finalisers may set too."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Mapping
from contextvars import Context, ContextVar, copy_context
from typing import Any, Generic, TypeVar

__all__ = ["ContextValue"]

_Value = TypeVar("_Value")

_COLLECTS_WITHIN_SET = sys.version_info < (3, 12)
"""Later versions collect garbage between instructions only, and so never in the midst of ContextVar.set."""


class ContextValue(Generic[_Value]):
    """A context variable; a finaliser that sets it harms nobody.

    CPython 3.11 may collect garbage inside ContextVar.set. A finaliser that sets any variable of the same context then
    frees the mapping that the outer call is still reading, whoever called it: a segmentation fault. So while a
    collection is under way, `set` keeps the mapping that it replaces, until the same thread sets something when none is
    under way: no call of ContextVar.set can be waiting beneath it then.

    Args:
        name: For whoever looks.
        default: Value where none was set.

    Examples:
        >>> depth = ContextValue("depth", 0)
        >>> depth.set(1)
        >>> depth.get()
        1
    """

    __slots__ = ("_replace", "get")

    def __init__(self, name: str, default: _Value) -> None:
        variable = ContextVar(name, default=default)
        self.get = variable.get
        self._replace = variable.set

    def set(self, value: _Value) -> None:
        """Give the variable a value in the context that runs."""
        if _COLLECTS_WITHIN_SET:
            kept = _here.replaced
            if _collection.is_under_way:
                kept.append(copy_context())  # shares the mapping
            elif kept:
                kept.clear()
        self._replace(value)


class _Here(threading.local):
    """Of a thread: what holds the mappings that it has replaced while garbage was collected."""

    def __init__(self) -> None:
        self.replaced: list[Context] = []


class _Collection:
    """Whether garbage is being collected, by whichever thread: there is one collection at a time."""

    is_under_way = False

    def note(self, phase: str, _: Mapping[str, Any]) -> None:
        self.is_under_way = phase == "start"


_here = _Here()
_collection = _Collection()

if _COLLECTS_WITHIN_SET:
    gc.callbacks.append(_collection.note)
