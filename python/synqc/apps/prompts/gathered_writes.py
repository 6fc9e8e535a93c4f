"""Gathered writes: what attempts ask of the writer within a moment is one call of it, and one wake-up of the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import cache
from typing import Any, Final

from synqc.storage.writer import GroupCommitWriter, Procedure

__all__ = ["GatheredWrites"]

_MOMENT_S: Final = 0.004
"""At most so long after the last ones: a transaction takes a millisecond of processor time, however little is in it."""


class GatheredWrites:
    """Calls of a writer from one event loop, in the order in which they are made.

    Whoever comes when nothing was written for a moment waits for nobody; those who come sooner go together. A call that
    is cancelled before they go is not carried out.

    Args:
        writer: Group-commit writer of the ledger.
    """

    def __init__(self, writer: GroupCommitWriter) -> None:
        self._writer = writer
        self._waiting: dict[Procedure[Any, Any], list[tuple[Any, bool, asyncio.Future[Any]]]] = {}
        self._written_at = float("-inf")
        self._is_due = False
        self._lock = threading.Lock()
        self._answered: list[tuple[Sequence[asyncio.Future[Any]], Future[Any]]] = []

    def call(self, procedure: Procedure[Any, Any], argument: Any, *, durable: bool = True) -> asyncio.Future[Any]:
        """As `GroupCommitWriter.call`, for a procedure that is a function of a module."""
        loop = asyncio.get_running_loop()
        told = loop.create_future()
        self._waiting.setdefault(procedure, []).append((argument, durable, told))
        if not self._is_due:
            self._is_due = True
            wait_s = self._written_at + _MOMENT_S - loop.time()
            if wait_s > 0:
                loop.call_later(wait_s, self._write, loop)
            else:
                loop.call_soon(self._write, loop)
        return told

    def write(self) -> None:
        """Let those who wait go at once, ahead of what anybody asks of the writer after this."""
        self._write(asyncio.get_running_loop())

    def _write(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_due, self._written_at = False, loop.time()
        waiting, self._waiting = self._waiting, {}
        for procedure, calls in waiting.items():
            made = [one for one in calls if not one[2].done()]
            if made:
                told = [one[2] for one in made]
                durable = any(one[1] for one in made)
                written = self._writer.call(_of_groups(procedure), [one[0] for one in made], durable=durable)
                written.add_done_callback(lambda answered, told=told: self._arrived(loop, told, answered))  # type: ignore[misc]

    def _arrived(
        self, loop: asyncio.AbstractEventLoop, told: Sequence[asyncio.Future[Any]], answered: Future[Any]
    ) -> None:
        with self._lock:
            self._answered.append((told, answered))
            is_first = len(self._answered) == 1
        if is_first:
            with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
                loop.call_soon_threadsafe(self._hand_over)

    def _hand_over(self) -> None:
        with self._lock:
            answered, self._answered = self._answered, []
        for told, written in answered:
            failure = written.exception()
            answers = [failure] * len(told) if failure is not None else written.result()
            for one, answer in zip(told, answers, strict=True):
                if one.done():
                    continue
                if isinstance(answer, BaseException):
                    one.set_exception(answer)
                    one.exception()  # somebody may wait for it, or nobody
                else:
                    one.set_result(answer)


@cache
def _of_groups(procedure: Procedure[Any, Any]) -> Procedure[Any, Any]:
    """The same for callers who ask for several things each; what is refused is among the answers."""

    def carried_out(connection: Any, groups: Sequence[Sequence[Any]]) -> list[list[Any]]:
        answers = iter(procedure(connection, [one for group in groups for one in group]))
        return [[next(answers) for _ in group] for group in groups]

    return carried_out
