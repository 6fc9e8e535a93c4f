"""Circuit breaker of a server: after some failures in a row nobody is sent there for a while, then one is, to see."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Any

__all__ = ["BreakerState", "CircuitBreaker"]


class BreakerState(StrEnum):
    """Whether calls go through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    """One does, and decides."""


class CircuitBreaker:
    """Counts failures in a row; any thread may use it.

    Args:
        name: Name of the component that it guards.
        threshold: So many open it.
        recovery_s: How long it then stays open.
        clock: Seconds that only grow.
        wall_clock: Seconds since 1970, for people.

    Examples:
        >>> now = [0.0]
        >>> breaker = CircuitBreaker("model_server", threshold=2, clock=lambda: now[0])
        >>> breaker.failed(), breaker.failed(), breaker.state.value, breaker.lets_through()
        (None, None, 'open', False)
        >>> now[0] = 61.0
        >>> breaker.lets_through(), breaker.state.value, breaker.lets_through()
        (True, 'half_open', False)
        >>> breaker.succeeded(), breaker.state.value
        (None, 'closed')
    """

    def __init__(
        self, name: str, *, threshold: int = 5, recovery_s: float = 60.0, clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self.name = name
        self.threshold = threshold
        self.recovery_s = recovery_s
        self._clock, self._wall_clock = clock, wall_clock
        self._lock = threading.Lock()
        self._failures = 0
        self._opened_at: float | None = None
        self._probed_at: float | None = None
        self._failed_last: float | None = None

    @property
    def state(self) -> BreakerState:
        """At this moment."""
        with self._lock:
            return self._state()

    def lets_through(self) -> bool:
        """Whether a call may be made; where it is the one that decides, others have to wait for it."""
        with self._lock:
            state = self._state()
            if state is BreakerState.HALF_OPEN:
                # A call that never tells how it ended must not keep the breaker half open for ever.
                if self._probed_at is not None and self._clock() - self._probed_at < self.recovery_s:
                    return False
                self._probed_at = self._clock()
                return True
            return state is BreakerState.CLOSED

    def succeeded(self) -> None:
        """A call was answered."""
        with self._lock:
            self._failures, self._opened_at, self._probed_at = 0, None, None

    def failed(self) -> None:
        """A call was not, for a reason that lies with the server."""
        with self._lock:
            self._failures += 1
            self._failed_last = self._wall_clock()
            if self._failures >= self.threshold:
                self._opened_at, self._probed_at = self._clock(), None

    reset = succeeded

    def to_plain(self) -> dict[str, Any]:
        """As JSON says it."""
        with self._lock:
            return {
                "name": self.name, "state": self._state().value, "failure_count": self._failures,
                "last_failure_time": self._failed_last, "threshold": self.threshold,
                "recovery_timeout": self.recovery_s,
            }  # fmt: skip

    def _state(self) -> BreakerState:
        if self._opened_at is None:
            return BreakerState.CLOSED
        is_over = self._clock() - self._opened_at >= self.recovery_s
        return BreakerState.HALF_OPEN if is_over else BreakerState.OPEN
