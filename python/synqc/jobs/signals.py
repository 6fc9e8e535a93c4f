"""Publish-subscribe of hints within the process: look at the ledger now, for something happened there.

A hint may come late, twice or never, and says nothing that the ledger does not say better; whoever listens polls, too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

__all__ = ["Signal", "SignalKind", "Signals"]


class SignalKind(Enum):
    """What happened."""

    QUEUED = "queued"
    """Jobs of a kind may be claimed."""
    CANCELLED = "cancelled"
    """A running job shall end."""
    CHANGED = "changed"
    """A job is not what it was."""


class Signal(NamedTuple):
    """One hint; `name` is of a kind of jobs where some are queued, and of a job otherwise."""

    kind: SignalKind
    name: str


Listener = Callable[[Signal], None]
"""Called on whatever thread; must not block."""


class Signals:
    """Who listens."""

    def __init__(self) -> None:
        self._listeners: tuple[Listener, ...] = ()
        self._lock = threading.Lock()

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` with each hint."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

    def unsubscribe(self, listener: Listener) -> None:
        """Do not call `listener` any more."""
        with self._lock:
            self._listeners = tuple(one for one in self._listeners if one != listener)

    def publish(self, kind: SignalKind, name: str) -> None:
        """Tell everybody."""
        signal = Signal(kind, name)
        for listener in self._listeners:
            listener(signal)
