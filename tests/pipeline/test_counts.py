"""What a pipeline counts, and how much room it makes."""

import asyncio

from synqc import StopFlag
from synqc.pipeline import SKIP, Pipeline, Progress, Retry, Stage


def test_progress_knows_every_way_to_end_and_what_is_under_way():
    stop, under_way = StopFlag(), []

    async def step(item):
        if item == "fine":
            under_way.append(pipeline.progress.in_flight)
        if item == "bad":
            raise ValueError(item)
        if item == "slow":
            await asyncio.sleep(60)
        if item == "endless":
            stop.stop()
            await asyncio.sleep(60)
        return SKIP if item == "unwanted" else item

    stage = Stage(step, concurrency=20, timeout=0.2, retry=Retry(4, on=ValueError))
    pipeline = Pipeline([stage], on_error="collect", max_in_flight=20)
    items = ["fine"] * 4 + ["bad"] * 2 + ["unwanted"] * 3 + ["slow"]
    first = pipeline.run(items)
    second = pipeline.run(["endless"] * 5, stop=stop)
    assert first.counts == {"ok": 4, "error": 2, "timeout": 1, "cancelled": 0, "skipped": 3}
    assert second.counts == {"ok": 0, "error": 0, "timeout": 0, "cancelled": 5, "skipped": 0}
    assert pipeline.progress == Progress(admitted=15, retries=6, ok=4, error=2, timeout=1, cancelled=5, skipped=3)
    assert pipeline.progress.in_flight == 0
    assert all(0 < count <= 10 for count in under_way)


def test_between_input_and_output_there_is_room_for_twice_the_places_and_at_least_256_items():
    assert Pipeline([abs]).max_in_flight == 256
    assert Pipeline([Stage(abs, concurrency=100), Stage(abs, concurrency=40)]).max_in_flight == 280
    assert Pipeline([Stage(abs, concurrency=100)], max_in_flight=7).max_in_flight == 7
