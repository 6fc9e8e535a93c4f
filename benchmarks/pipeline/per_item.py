"""What a pipeline costs beside the work of its stages."""

from __future__ import annotations

import asyncio
import ctypes
import math
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from synqc.benchmarks.measurement import Measurement, Setting, import_peer, refuse_unless
from synqc.measure.turns import Times, interleaved, ratio
from synqc.pipeline import Pipeline, Stage, native

__all__ = ["measure_coroutine", "measure_native", "measure_python"]


def _items(setting: Setting) -> list[float]:
    return [float(k) for k in range(2_000 if setting.quick else 20_000)]


def _per_item(times: Times, items: list[float]) -> float:
    return 1e6 * times.median / len(items)


def measure_native(setting: Setting) -> Mapping[str, Measurement]:
    """Square root, cube root and sine of the C library; no Python runs per item."""
    library = ctypes.CDLL(None)
    items = _items(setting)
    pipeline = Pipeline([native(library.sqrt), native(library.cbrt), native(library.sin)])
    expected = [math.sin(math.cbrt(math.sqrt(x))) for x in items]
    refuse_unless(pipeline.run(items).values == expected, "The native stages differ from the same functions of Python.")
    times = interleaved({"pipeline": lambda: pipeline.run(items)}, repetitions=setting.repetitions)["pipeline"]
    return {
        "pipeline-native": Measurement(
            _per_item(times, items),
            1e6 * times.best / len(items),
            proof="the very numbers of Python's math functions",
        )
    }


def _work(x: float) -> float:
    return x * 0.5


def measure_python(setting: Setting) -> Mapping[str, Measurement]:
    """One function of nothing but a product, mapped over all items by each."""
    joblib = import_peer("joblib")
    items = _items(setting)
    expected = [_work(x) for x in items]
    pipeline = Pipeline([_work])
    threaded = Pipeline([Stage(_work, concurrency=2)])
    with ThreadPoolExecutor(2) as pool:
        actions: dict[str, Callable[[], Any]] = {
            "pipeline": lambda: pipeline.run(items).values,
            "pipeline, two threads": lambda: threaded.run(items).values,
            "ThreadPoolExecutor.map": lambda: list(pool.map(_work, items)),
            "joblib": lambda: joblib.Parallel(2, prefer="threads")(joblib.delayed(_work)(x) for x in items),
        }
        for name, action in actions.items():
            refuse_unless(list(action()) == expected, f"{name} does not give what a loop gives.")
        times = interleaved(actions, repetitions=setting.repetitions)
    peers = {name: ratio(times[name], times["pipeline"]) for name in ("ThreadPoolExecutor.map", "joblib")}
    words = ", ".join(f"{name} {_per_item(found, items):.3g} us" for name, found in times.items())
    return {
        "pipeline-python": Measurement(
            _per_item(times["pipeline"], items), 1e6 * times["pipeline"].best / len(items),
            proof="the values of a plain loop",
        ),
        "pipeline-python-vs-peers": Measurement(
            min(peers.values()), proof="the values of a plain loop", details=(words,)
        ),
    }  # fmt: skip


async def _await(x: float) -> float:
    await asyncio.sleep(0)
    return x * 0.5


async def _gather(items: list[float]) -> list[float]:
    semaphore = asyncio.Semaphore(100)

    async def one(x: float) -> float:
        async with semaphore:
            return await _await(x)

    return list(await asyncio.gather(*(one(x) for x in items)))


def measure_coroutine(setting: Setting) -> Mapping[str, Measurement]:
    """A coroutine that gives way once; each side with a loop of its own."""
    items = _items(setting)
    expected = [x * 0.5 for x in items]
    pipeline = Pipeline([Stage(_await, concurrency=100)])
    actions: dict[str, Callable[[], Any]] = {
        "pipeline": lambda: pipeline.run(items).values,
        "gather": lambda: asyncio.run(_gather(items)),
    }
    for name, action in actions.items():
        refuse_unless(action() == expected, f"{name} does not give what a loop gives.")
    times = interleaved(actions, repetitions=setting.repetitions)
    return {
        "pipeline-coroutine": Measurement(
            _per_item(times["pipeline"], items), 1e6 * times["pipeline"].best / len(items),
            proof="the values of a plain loop",
        ),
        "pipeline-coroutine-vs-gather": Measurement(
            ratio(times["gather"], times["pipeline"]),
            proof="the values of a plain loop",
            details=(f"gather {_per_item(times['gather'], items):.3g} us an item",),
        ),
    }  # fmt: skip
