"""Closed queueing network of one dispatcher and many workers, between which a fixed number of tasks go round."""

from __future__ import annotations

import math
from dataclasses import dataclass

from synqc.errors import InputError

__all__ = ["Throughput", "closed_network"]


@dataclass(frozen=True)
class Throughput:
    """How fast tasks go round, and how busy that keeps whom.

    Args:
        tasks_per_s: In the long run.
        workers_busy: Share of the workers that work, 0 to 1.
        dispatcher_busy: Share of the time in which the dispatcher works, 0 to 1.
    """

    tasks_per_s: float
    workers_busy: float
    dispatcher_busy: float

    @property
    def bottleneck(self) -> str:
        """Who is busier: "workers" or "dispatcher"."""
        return "workers" if self.workers_busy >= self.dispatcher_busy else "dispatcher"


def closed_network(*, in_flight: int, workers: int, service_s: float, dispatch_s: float) -> Throughput:
    """Throughput of tasks that a dispatcher hands out one by one and workers do side by side.

    With exponential times the number of tasks at the workers, n of N, is a birth-death process: one more with rate
    1/dispatch_s while n < N, one less with rate min(n, workers)/service_s. Its stationary probabilities are products of
    ratios of these rates. Times that vary less than exponential ones wait less, so what this gives is too low by the
    waiting that is left; with four tasks per worker in flight that is little.

    Args:
        in_flight: N, tasks that have been handed out or wait for that.
        workers: That work side by side.
        service_s: Mean time of a task on a worker, s.
        dispatch_s: Mean time of the dispatcher per task, s.

    Raises:
        InputError: A count is below 1, service_s is not positive, or dispatch_s is negative.

    Examples:
        >>> closed_network(in_flight=8, workers=2, service_s=0.5, dispatch_s=0.0)
        Throughput(tasks_per_s=4.0, workers_busy=1.0, dispatcher_busy=0.0)
        >>> found = closed_network(in_flight=400, workers=100, service_s=0.05, dispatch_s=0.001)
        >>> round(found.tasks_per_s), found.bottleneck
        (1000, 'dispatcher')

    Source: Gordon and Newell, Operations Research 15 (1967) 254, for two stations.
    """
    for name, count in (("in_flight", in_flight), ("workers", workers)):
        if count < 1:
            raise InputError(f"Argument `{name}` must be at least 1, but is {count}.")
    if not service_s > 0:
        raise InputError(f"Argument `service_s` must be more than 0, but is {service_s}.")
    if not dispatch_s >= 0:
        raise InputError(f"Argument `dispatch_s` must be at least 0, but is {dispatch_s}.")
    if dispatch_s == 0:
        rate = min(in_flight, workers) / service_s
        return Throughput(rate, min(1.0, in_flight / workers), 0.0)
    logarithms = [0.0]
    for n in range(1, in_flight + 1):
        logarithms.append(logarithms[-1] + math.log(service_s / dispatch_s) - math.log(min(n, workers)))
    largest = max(logarithms)
    weights = [math.exp(value - largest) for value in logarithms]
    busy = 1.0 - weights[-1] / sum(weights)
    rate = busy / dispatch_s
    return Throughput(rate, rate * service_s / workers, busy)
