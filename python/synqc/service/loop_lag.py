"""How late the event loop is: what any request waits before anybody looks at it."""

from __future__ import annotations

import asyncio
import time

from synqc import metrics

__all__ = ["measure_loop_lag"]

_INTERVAL_S = 0.02

_lag = metrics.histogram("synqc_event_loop_lag_seconds", "How much later than asked the event loop woke a sleeper.")


async def measure_loop_lag() -> None:
    """Sleep again and again, and record by how much each sleep was too long; runs until it is cancelled."""
    while True:
        due = time.perf_counter() + _INTERVAL_S
        await asyncio.sleep(_INTERVAL_S)
        _lag.record(max(0.0, time.perf_counter() - due))
