"""How well a pipeline waits, and how soon it stops."""

from __future__ import annotations

import asyncio
import statistics
import threading
import time
from collections.abc import Mapping

from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.pipeline import Pipeline, Stage, StopFlag

__all__ = ["measure_awaits", "measure_cancel"]

_AT_ONCE = 100


def measure_awaits(setting: Setting) -> Mapping[str, Measurement]:
    """Items that only wait, a hundred at a time; ideal is items over places times the wait."""
    items, wait = (500, 0.2) if setting.quick else (2000, 0.2)

    async def nap(x: int) -> int:
        await asyncio.sleep(wait)
        return x

    pipeline = Pipeline([Stage(nap, concurrency=_AT_ONCE)])
    spent = []
    for _ in range(1 if setting.quick else 3):
        start = time.perf_counter()
        refuse_unless(pipeline.run(range(items)).values == list(range(items)), "Items are missing or out of order.")
        spent.append(time.perf_counter() - start)
    ideal = items / _AT_ONCE * wait
    return {
        "pipeline-awaits": Measurement(
            100 * ideal / statistics.median(spent), 100 * ideal / min(spent), proof="all items, in order"
        )
    }


def measure_cancel(setting: Setting) -> Mapping[str, Measurement]:
    """Another thread raises the stop flag while coroutines sleep."""

    async def nap(x: int) -> int:
        if x % 2:
            await asyncio.sleep(10)
        return x

    waited = []
    for _ in range(setting.repetitions):
        stop = StopFlag()
        raised: list[float] = []

        def raise_flag(stop: StopFlag = stop, raised: list[float] = raised) -> None:
            raised.append(time.perf_counter())
            stop.stop()

        timer = threading.Timer(0.1, raise_flag)
        timer.start()
        results = Pipeline([Stage(nap, concurrency=_AT_ONCE)]).run(range(1000), stop=stop)
        waited.append(1e3 * (time.perf_counter() - raised[0]))
        timer.join()
        refuse_unless(
            results.partial
            and results.counts["ok"] > 0
            and results.values == [v for v in results.values if v % 2 == 0],
            "What had ended before the stop is not what was kept.",
        )
    return {
        "pipeline-cancel": Measurement(
            statistics.median(waited),
            min(waited),
            proof="kept what had ended",
            details=(f"Worst {max(waited):.3g} ms",),
        )
    }
