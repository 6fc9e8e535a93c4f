"""Running a server on the loop where conversations with language models take place.

Every call crosses from the caller's thread to that loop and back; a server that lives on it crosses nothing, which is
most of what a short call costs.
"""

from __future__ import annotations

from collections.abc import Coroutine
from importlib import import_module
from typing import Any, TypeVar

from synqc.llm import _loop_thread

__all__ = ["load_transport", "run_on_conversation_loop", "tell_conversation_loop"]

Value = TypeVar("Value")


def load_transport() -> None:
    """Import what carries calls to servers, which the first call would do: it takes a second."""
    import_module("synqc.llm._plain_http")


def run_on_conversation_loop(coroutine: Coroutine[Any, Any, Value]) -> Value:
    """Run a coroutine there and wait for what it gives; an interrupt of the waiting cancels it.

    Examples:
        >>> async def answer():
        ...     return 42
        >>> run_on_conversation_loop(answer())
        42
    """
    future = _loop_thread.shared.submit(coroutine)
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def tell_conversation_loop(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine there and do not wait, e.g. from a handler of a signal.

    >>> async def nothing():
    ...     pass
    >>> tell_conversation_loop(nothing())
    """
    _loop_thread.shared.tell(coroutine)
