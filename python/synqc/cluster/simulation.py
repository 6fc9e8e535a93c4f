"""Discrete-event simulation of stations with servers and queues: what queueing models are checked against."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from synqc.errors import InputError

__all__ = ["Event", "Simulation", "Station", "simulated_sweep"]

Event = Callable[[], None]


class Simulation:
    """A clock that jumps from event to event.

    Examples:
        >>> simulation = Simulation()
        >>> simulation.after(2.0, lambda: print("second"))
        >>> simulation.after(1.0, lambda: print("first"))
        >>> simulation.run()
        first
        second
        2.0
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        self._events: list[tuple[float, int, Event]] = []
        self._count = 0

    def after(self, seconds: float, event: Event) -> None:
        """Have something happen later; events of one moment happen in the order in which they were asked for."""
        if not seconds >= 0:
            raise InputError(f"Argument `seconds` must be at least 0, but is {seconds}.")
        heapq.heappush(self._events, (self.now_s + seconds, self._count, event))
        self._count += 1

    def run(self, until_s: float = float("inf")) -> float:
        """Let everything happen that does until then; the moment of the last event."""
        while self._events and self._events[0][0] <= until_s:
            self.now_s, _, event = heapq.heappop(self._events)
            event()
        return self.now_s


@dataclass
class Station:
    """Servers with one queue, first come first served.

    Args:
        simulation: Its clock.
        servers: That work side by side.
        service: Draws the time of each visit, s.
    """

    simulation: Simulation
    servers: int
    service: Callable[[], float]
    busy_s: float = 0.0
    """Time of all servers together."""
    served: int = 0
    longest: int = 0
    """Most that have waited at a time."""
    _working: int = 0
    _waiting: deque[Event] = field(default_factory=deque)

    def visit(self, leave: Event) -> None:
        """Come; `leave` is called when it is done."""
        if self._working < self.servers:
            self._serve(leave)
        else:
            self._waiting.append(leave)
            self.longest = max(self.longest, len(self._waiting))

    def _serve(self, leave: Event) -> None:
        seconds = self.service()
        self._working += 1
        self.busy_s += seconds

        def end() -> None:
            self._working -= 1
            self.served += 1
            if self._waiting:
                self._serve(self._waiting.popleft())
            leave()

        self.simulation.after(seconds, end)


def simulated_sweep(
    tasks: int, *, workers: int, in_flight: int, service: Callable[[], float], dispatch: Callable[[], float]
) -> float:
    """Seconds from the first task's dispatch to the last one's end.

    Args:
        tasks: To be done.
        workers: Side by side.
        in_flight: Tasks that are handed out, or wait for that, at a time.
        service: Draws a task's time on a worker, s.
        dispatch: Draws the dispatcher's time for a task, s.

    Examples:
        >>> simulated_sweep(10, workers=3, in_flight=12, service=lambda: 2.0, dispatch=lambda: 0.0)
        8.0
    """
    for name, count in (("tasks", tasks), ("workers", workers), ("in_flight", in_flight)):
        if count < 1:
            raise InputError(f"Argument `{name}` must be at least 1, but is {count}.")
    simulation = Simulation()
    dispatcher = Station(simulation, 1, dispatch)
    pool = Station(simulation, workers, service)
    left = tasks

    def begin() -> None:
        nonlocal left
        if left:
            left -= 1
            dispatcher.visit(lambda: pool.visit(begin))

    for _ in range(min(in_flight, tasks)):
        begin()
    return simulation.run()
