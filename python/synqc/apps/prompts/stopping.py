"""Stop rules of a generation: which reason came first, and what still goes on after it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from synqc.apps.prompts.attempt import Interrupted
from synqc.apps.prompts.causes import DiscardCause, RowStatus, StopReason
from synqc.apps.prompts.request import Limits

__all__ = ["MODEL_TROUBLE", "Stopping", "call_on"]

MODEL_TROUBLE = frozenset(
    {DiscardCause.MALFORMED, DiscardCause.CUT, DiscardCause.FILTERED, DiscardCause.REFUSED, DiscardCause.TIMED_OUT,
     DiscardCause.UNREACHABLE}
)  # fmt: skip
"""Causes that lie with models and servers."""
_HARD = (StopReason.CANCELLED, StopReason.DEADLINE)


class Stopping:
    """State of a generation's end. Used on its event loop alone.

    After a reason no call begins any more. Calls under way are waited for, since they are paid for; a cancel, the
    deadline, and a worker that leaves end them, too.

    Args:
        limits: Limits of the generation.
    """

    def __init__(self, limits: Limits) -> None:
        self.reason: StopReason | None = None
        self.words = ""
        self.is_leaving = False
        """The worker leaves: another one goes on, and nothing is said of why the generation ended."""
        self.is_hard = False
        """What is under way is ended, too."""
        self._endable: set[asyncio.Task[object]] = set()
        self._troubles: deque[bool] = deque(maxlen=limits.error_window)
        self._repeats: deque[bool] = deque(maxlen=limits.duplicate_window)
        self._limits = limits

    @property
    def is_ending(self) -> bool:
        """Whether nothing is begun any more."""
        return self.reason is not None or self.is_leaving

    def raise_if_ending(self) -> None:
        """Raises Interrupted if nothing is begun any more."""
        if self.is_ending:
            raise Interrupted

    def stop(self, reason: StopReason, words: str) -> None:
        """Begin nothing any more; the first reason counts."""
        if self.reason is None and not self.is_leaving:
            self.reason, self.words = reason, words
        if reason in _HARD:
            self._end_what_is_under_way()

    def leave(self) -> None:
        """Begin nothing any more, and end what is under way: another worker goes on."""
        self.is_leaving = True
        self._end_what_is_under_way()

    def _end_what_is_under_way(self) -> None:
        self.is_hard = True
        while self._endable:
            self._endable.pop().cancel()

    @contextmanager
    def endable(self) -> Iterator[None]:
        """Context in which a hard stop ends what the present task waits for, but not the task.

        Raises:
            Interrupted: It was ended, or must not begin.
        """
        task = asyncio.current_task()
        assert task is not None
        if self.is_hard:
            raise Interrupted
        self._endable.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if not self.is_hard:
                raise
            task.uncancel()
            raise Interrupted from None
        finally:
            self._endable.discard(task)

    def note(self, status: RowStatus, cause: DiscardCause | None, *, may_stop: bool = True) -> None:
        """Look at an attempt that ended; too much trouble with models, or too many repetitions, is a reason."""
        limits = self._limits
        if status is not RowStatus.STOPPED:
            self._troubles.append(cause in MODEL_TROUBLE)
        if status is not RowStatus.STOPPED and cause not in MODEL_TROUBLE:
            self._repeats.append(cause is DiscardCause.DUPLICATE)
        if not may_stop:
            return
        if limits.error_rate is not None and _share(self._troubles) > limits.error_rate:
            self.stop(
                StopReason.ERROR_RATE,
                f"{sum(self._troubles)} of the latest {len(self._troubles)} attempts failed because of models and "
                f"servers, and {limits.error_rate:g} of them may.",
            )
        elif limits.duplicate_rate is not None and _share(self._repeats) > limits.duplicate_rate:
            self.stop(
                StopReason.EXHAUSTED,
                f"{sum(self._repeats)} of the latest {len(self._repeats)} problems repeat rows that there are, and "
                f"{limits.duplicate_rate:g} of them may.",
            )


def call_on(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Call something on a loop, from any thread; a loop that has ended has nothing left to stop or to wait for."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call)


def _share(window: deque[bool]) -> float:
    """Of a full window; nothing is decided before it is full."""
    return sum(window) / len(window) if len(window) == window.maxlen else 0.0
