"""The wish of a server to stop, told to those whose answers never end: it waits for them and cannot tell them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["Shutdown"]


class Shutdown:
    """Set once, when SIGINT or SIGTERM comes."""

    def __init__(self) -> None:
        self.begun = False
        self._wakers: set[Callable[[], None]] = set()

    def begin(self) -> None:
        """Wake everybody who waits."""
        self.begun = True
        for wake in tuple(self._wakers):
            wake()

    def watch(self, wake: Callable[[], None]) -> None:
        """Call `wake` when it begins."""
        self._wakers.add(wake)

    def leave(self, wake: Callable[[], None]) -> None:
        """Do not call `wake` any more."""
        self._wakers.discard(wake)

    @contextmanager
    def by_signals(self) -> Iterator[None]:
        """Begin at a signal, before whoever handles it already."""
        if threading.current_thread() is not threading.main_thread():
            yield  # a server in a thread hears no signals either
            return
        handled: dict[int, Callable[[int, FrameType | None], Any]] = {}

        def begin_and_pass_on(number: int, frame: FrameType | None) -> None:
            self.begin()
            handled[number](number, frame)

        for stop in (signal.SIGINT, signal.SIGTERM):
            before = signal.getsignal(stop)
            if callable(before):
                handled[stop] = before
                signal.signal(stop, begin_and_pass_on)
        try:
            yield
        finally:
            for number, before in handled.items():
                signal.signal(number, before)
