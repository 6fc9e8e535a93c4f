"""Calls under way that several callers wait for; all of it on the loop of `_loop_thread`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar

from synqc.llm._connection import Progress
from synqc.llm.errors import CallCancelled, LanguageModelError

__all__ = ["SharedCalls"]

Value = TypeVar("Value")


class _Call:
    def __init__(self, task: asyncio.Task[Any], progress: Progress) -> None:
        self.task, self.progress = task, progress
        self.waiting = 0


class SharedCalls:
    """Equal requests at once are one call.

    It belongs to nobody who waits for it: whoever leaves harms no other, and it ends when all have left. If it fails,
    the failure is that of the caller who began it; the others try once more, together.
    """

    def __init__(self) -> None:
        self._under_way: dict[Hashable, _Call] = {}

    async def result(
        self, key: Hashable, begin: Callable[[Progress], Coroutine[Any, Any, Value]], progress: Progress
    ) -> tuple[Value, bool]:
        """What a call gives, and whether this caller began it.

        Args:
            key: Equal for equal requests.
            begin: Makes the call.
            progress: Progress of this caller: shows what a call it began has cost.

        Raises:
            LanguageModelError: A copy of its own for each who waited.
        """
        try:
            return await self._joined(key, begin, progress)
        except _Failed as failed:
            if failed.began:
                raise failed.error from None
        try:
            return await self._joined(key, begin, progress)
        except _Failed as failed:
            raise failed.error from None

    async def _joined(
        self, key: Hashable, begin: Callable[[Progress], Coroutine[Any, Any, Value]], progress: Progress
    ) -> tuple[Value, bool]:
        call = self._under_way.get(key)
        began = call is None
        if call is None:
            call = _Call(asyncio.ensure_future(begin(progress)), progress)
            self._under_way[key] = call
            call.task.add_done_callback(lambda _: self._leave(key, call))
        call.waiting += 1
        try:
            await asyncio.wait({call.task})  # which, unlike awaiting it, does not cancel it with us
        finally:
            call.waiting -= 1
            if not call.waiting and not call.task.done():
                self._leave(key, call)
                call.task.cancel()
        if call.task.cancelled():
            raise CallCancelled("The client was closed while the call was under way.", spent=call.progress.spent)
        error = call.task.exception()
        if error is None:
            return call.task.result(), began
        if isinstance(error, LanguageModelError):
            remade, arguments = error.__reduce__()[:2]
            raise _Failed(error if began else remade(*arguments), began)
        raise error

    def _leave(self, key: Hashable, call: _Call) -> None:
        if self._under_way.get(key) is call:
            del self._under_way[key]


class _Failed(Exception):
    def __init__(self, error: LanguageModelError, began: bool) -> None:
        self.error, self.began = error, began
