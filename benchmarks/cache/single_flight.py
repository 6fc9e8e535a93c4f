"""Whether a thousand callers of one cold key make one computation."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Mapping

from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.cache import MemoryCache

__all__ = ["measure_flights"]

_CALLERS = 1000
_SECONDS = 0.2


def measure_flights(setting: Setting) -> Mapping[str, Measurement]:
    """Computations counted by the function that computes, and how long all callers took."""
    counts = {"threads": 0, "coroutines": 0}

    def compute() -> str:
        counts["threads"] += 1
        time.sleep(_SECONDS)
        return "value"

    async def acompute() -> str:
        counts["coroutines"] += 1
        await asyncio.sleep(_SECONDS)
        return "value"

    cache = MemoryCache(max_entries=10)
    answers: list[str] = []
    barrier = threading.Barrier(_CALLERS)

    def ask() -> None:
        barrier.wait()
        answers.append(cache.get_or_compute("threads", compute))

    threads = [threading.Thread(target=ask) for _ in range(_CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    async def gather() -> list[str]:
        return list(await asyncio.gather(*(cache.aget_or_compute("coroutines", acompute) for _ in range(_CALLERS))))

    start = time.perf_counter()
    refuse_unless(asyncio.run(gather()) == ["value"] * _CALLERS, "Not every coroutine got the value.")
    spent = time.perf_counter() - start
    refuse_unless(answers == ["value"] * _CALLERS, "Not every thread got the value.")
    proof = "every caller got the value"
    return {
        "single-flight-threads": Measurement(counts["threads"], proof=proof),
        "single-flight-coroutines": Measurement(
            counts["coroutines"],
            proof=proof,
            details=(f"All coroutines had it after {spent:.3g} s, of which computing took {_SECONDS} s",),
        ),
    }
