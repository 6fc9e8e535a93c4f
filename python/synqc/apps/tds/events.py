"""What happens in a session, numbered, for those who watch: the newest events, and who is to be woken."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["EPOCH_BITS", "Event", "EventRing"]

EPOCH_BITS = 40
"""Of an event's number, below those of the epoch."""

_MOST_EVENTS = 1024
_LINGER_S = 60.0  # how long events are kept for a viewer who may come back


class Event(NamedTuple):
    """One event; `data` is JSON without line breaks."""

    number: int
    kind: str
    data: bytes


class EventRing:
    """The newest events of one session.

    Nothing is kept while nobody watches and nobody watched within the last minute, so that sessions without viewers
    cost nothing. Numbers begin at the time when somebody first watches, in microseconds: a number of an earlier process
    is never mistaken for one of this process. Between nodes of a cluster, whose clocks differ, they begin with the
    session's epoch instead.

    Examples:
        >>> EventRing(epoch=3).subscribe(print) >> EPOCH_BITS
        3

    Args:
        epoch: How many nodes have owned the session; 0 without a cluster.
    """

    def __init__(self, epoch: int = 0) -> None:
        self._least = epoch << EPOCH_BITS
        self._events: deque[Event] | None = None
        self._next = 0
        self._subscribers: set[Callable[[], None]] = set()
        self._watched_until = 0.0
        self._lock = threading.Lock()

    @property
    def watched(self) -> bool:
        """Whether somebody watches now."""
        return bool(self._subscribers)

    @property
    def following(self) -> int:
        """Number the next event will have."""
        return self._next

    def publish(self, kind: str, data: bytes) -> None:
        """Add an event and wake everybody who watches."""
        if self._events is None:
            return
        with self._lock:
            if not self._subscribers and time.monotonic() > self._watched_until:
                self._events = None
                return
            self._events.append(Event(self._next, kind, data))
            self._next += 1
            subscribers = tuple(self._subscribers)
        for wake in subscribers:
            wake()

    def wake(self) -> None:
        """Wake everybody who watches without an event: what they watch has gone."""
        with self._lock:
            subscribers = tuple(self._subscribers)
        for wake in subscribers:
            wake()

    def subscribe(self, wake: Callable[[], None]) -> int:
        """Call `wake` after each event, from whatever thread; returns the number the next event will have."""
        with self._lock:
            if self._events is None:
                self._events = deque(maxlen=_MOST_EVENTS)
                first = self._least + 1 if self._least else time.time_ns() // 1000
                self._next = max(self._next, first)
            self._subscribers.add(wake)
            return self._next

    def unsubscribe(self, wake: Callable[[], None]) -> None:
        """Stop calling `wake`."""
        with self._lock:
            self._subscribers.discard(wake)
            self._watched_until = time.monotonic() + _LINGER_S

    def since(self, number: int) -> tuple[list[Event], bool]:
        """Events from `number` on, and whether some before the first of them are gone."""
        with self._lock:
            events = self._events or deque()
            if number > self._next or number < self._least:
                return [], True
            first = events[0].number if events else self._next
            if number < first:
                return list(events), True
            start = number - first
            return [events[index] for index in range(start, len(events))], False
