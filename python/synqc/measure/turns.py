"""Times of actions that take turns, so that whatever else the machine does harms all of them alike."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["Times", "interleaved", "ratio"]


_TRIALS = 3
"""Calls that tell how often an action is called in a turn."""


@dataclass(frozen=True)
class Times:
    """Seconds per call, one per repetition."""

    per_call: tuple[float, ...]

    @property
    def median(self) -> float:
        """What to expect."""
        return statistics.median(self.per_call)

    @property
    def best(self) -> float:
        """What the machine can do when nothing else runs."""
        return min(self.per_call)


def _seconds(action: Callable[[], object], calls: int, clock: Callable[[], float]) -> float:
    start = clock()
    for _ in range(calls):
        action()
    return (clock() - start) / calls


def interleaved(
    actions: Mapping[str, Callable[[], object]],
    *,
    repetitions: int = 9,
    least_seconds: float = 0.02,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Times]:
    """Time actions in turn.

    Args:
        actions: What to time, by name; each has been called once before the clock starts.
        repetitions: Turns; the first action of a turn changes from turn to turn.
        least_seconds: An action is called so often in a turn that it takes at least about this long.
        clock: `time.thread_time` for what neither waits nor uses other threads: what else the machine does then counts
            only as far as it takes the caches.

    Returns:
        Seconds per call of each.

    Examples:
        >>> times = interleaved({"short": lambda: sum(range(10)), "long": lambda: sum(range(10000))}, repetitions=3)
        >>> ratio(times["long"], times["short"]) > 2
        True
    """
    calls = {}
    for name, action in actions.items():
        action()
        once = min(_seconds(action, 1, clock) for _ in range(_TRIALS))  # one that was interrupted would shorten all
        calls[name] = max(1, round(least_seconds / max(once, 1e-9)))
    order = list(actions)
    seen: dict[str, list[float]] = {name: [] for name in order}
    collects = gc.isenabled()
    gc.disable()
    try:
        for _ in range(repetitions):
            for name in order:
                seen[name].append(_seconds(actions[name], calls[name], clock))
            order = order[1:] + order[:1]
    finally:
        if collects:
            gc.enable()
    return {name: Times(tuple(values)) for name, values in seen.items()}


def ratio(slow: Times, fast: Times) -> float:
    """How many times longer `slow` takes: median over the turns, in each of which both ran under one load."""
    return statistics.median(a / b for a, b in zip(slow.per_call, fast.per_call, strict=True))
