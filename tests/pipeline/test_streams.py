"""A stream ends where its input ends, for one consumer at a time, and leaves nothing behind."""

import asyncio
import contextlib
import contextvars
import gc
import os
import threading
import time

import pytest

from synqc.errors import InputError
from synqc.pipeline import Pipeline, Stage


def fails_at(place, error):
    def step(x):
        if x == place:
            raise error
        return x

    return step


async def slowly(x):
    await asyncio.sleep(0)
    return x


def settled(count, wanted):
    """The number once threads that are ending have ended."""
    for _ in range(200):
        if count() <= wanted:
            break
        time.sleep(0.01)
    return count()


def descriptors():
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("error", [StopIteration, StopAsyncIteration])
@pytest.mark.parametrize("concurrency", [1, 3])
@pytest.mark.parametrize("order", ["input", "completion"])
def test_a_stage_cannot_end_its_stream(error, concurrency, order):
    pipeline = Pipeline([Stage(fails_at(500, error), concurrency=concurrency)], order=order)
    got = []
    with pytest.raises(RuntimeError, match=f"must not end its stream, but raised {error.__name__}") as caught:
        got.extend(pipeline.stream(range(1000)))
    assert isinstance(caught.value.__cause__, error)
    assert order == "completion" or got == list(range(500))

    async def consume():
        return [value async for value in pipeline.astream(range(1000))]

    with pytest.raises(RuntimeError, match="must not end its stream"):
        asyncio.run(consume())


def test_a_stage_that_asks_its_own_stream_is_refused_and_harms_nobody():
    def step(x):
        if x == 3:
            with pytest.raises(InputError, match="must be driven by one thread at a time"):
                next(stream)
        return x

    for concurrency in (1, 2):
        stream = Pipeline([Stage(step, concurrency=concurrency)], max_in_flight=2).stream(range(10))
        assert list(stream) == list(range(10))


def test_a_second_thread_is_refused_and_harms_nobody():
    asked, may_go = threading.Event(), threading.Event()

    def step(x):
        asked.set()
        may_go.wait(60)
        return x

    stream = Pipeline([step]).stream(range(5))
    got = []
    consumer = threading.Thread(target=lambda: got.extend(stream))
    consumer.start()
    assert asked.wait(60)
    for _ in range(3):
        with pytest.raises(InputError, match="but is already"):
            next(stream)
    may_go.set()
    consumer.join(60)
    assert got == list(range(5))


def test_a_second_task_is_refused_and_harms_nobody():
    async def main():
        may_go = asyncio.Event()

        async def step(x):
            await may_go.wait()
            return x

        stream = Pipeline([step]).astream(range(5))
        first = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.01)
        with pytest.raises(InputError, match="but is already"):
            await anext(stream)
        may_go.set()
        return [await first, *[value async for value in stream]]

    assert asyncio.run(main()) == list(range(5))


def test_closing_from_another_thread_ends_the_question_under_way():
    asked, closed = threading.Event(), threading.Event()

    def step(x):
        asked.set()
        closed.wait(60)
        return x

    stream = Pipeline([step], max_in_flight=3).stream(iter(int, 1))
    consumer = threading.Thread(target=lambda: [None for _ in stream])
    consumer.start()
    assert asked.wait(60)
    stream.close()
    closed.set()
    consumer.join(60)
    assert not consumer.is_alive()


def untouched(pipeline):
    return pipeline.stream(range(10))


def asked_once(pipeline):
    return next(pipeline.stream(range(10)))


def zipped(pipeline):
    return list(zip(range(10), pipeline.stream(range(10)), strict=False))


def read_to_the_end(pipeline):
    return list(pipeline.stream(range(10)))


def failing(pipeline):
    with contextlib.suppress(ZeroDivisionError):
        list(pipeline.stream(1 / (5 - k) for k in range(10)))


def held_at_the_last_item(pipeline):
    stream = pipeline.stream(range(10))
    for _ in range(10):
        next(stream)
    return stream


WAYS = [untouched, asked_once, zipped, read_to_the_end, failing, held_at_the_last_item]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "stages",
    [[slowly], [abs], [Stage(abs, concurrency=2)], [slowly, Stage(abs, concurrency=2)]],
    ids=["loop", "caller", "threads", "loop and threads"],
)
def test_a_stream_that_is_left_leaves_no_thread_and_no_descriptor(way, stages):
    pipeline = Pipeline(stages)
    way(pipeline)
    gc.collect()
    threads, files = settled(threading.active_count, 1), descriptors()
    held = [way(pipeline) for _ in range(20)]
    if way in (untouched, held_at_the_last_item):
        assert settled(threading.active_count, threads) <= threads  # even while somebody holds the stream
    del held
    gc.collect()
    assert settled(threading.active_count, threads) <= threads
    assert settled(descriptors, files) <= files


def test_an_asynchronous_stream_that_is_left_leaves_no_task_and_no_descriptor():
    async def main():
        pipeline = Pipeline([slowly])
        await anext(pipeline.astream(range(1000)))
        await asyncio.sleep(0.05)
        files = descriptors()
        for _ in range(20):
            await anext(pipeline.astream(range(1000)))
        gc.collect()
        for _ in range(100):
            if len(asyncio.all_tasks()) == 1 and descriptors() <= files:
                break
            await asyncio.sleep(0.01)
        return len(asyncio.all_tasks()), descriptors() - files

    tasks, more = asyncio.run(main())
    assert tasks == 1
    assert more <= 0


WHO: contextvars.ContextVar[object] = contextvars.ContextVar("who", default="nobody")


def who(x):
    return WHO.get()


async def who_later(x):
    await asyncio.sleep(0)
    return WHO.get()


STAGES_THAT_LOOK = {
    "caller": Stage(who),
    "threads": Stage(who, concurrency=2),
    "timed": Stage(who, timeout=60),
    "loop": Stage(who_later, concurrency=2),
    "timed loop": Stage(who_later, timeout=60),
}


@pytest.mark.parametrize("stage", STAGES_THAT_LOOK.values(), ids=STAGES_THAT_LOOK.keys())
def test_context_variables_of_the_caller_reach_every_kind_of_stage(stage):
    def run():
        WHO.set("ada")
        return Pipeline([stage]).run(range(3)).values

    async def arun():
        WHO.set("ada")
        return (await Pipeline([stage]).arun(range(3))).values

    assert contextvars.Context().run(run) == ["ada"] * 3
    assert asyncio.run(arun()) == ["ada"] * 3
    assert WHO.get() == "nobody"


@pytest.mark.parametrize("stage", STAGES_THAT_LOOK.values(), ids=STAGES_THAT_LOOK.keys())
def test_a_stream_sees_the_context_of_the_step_that_asks(stage):
    names = ["ada", ["bob"], ["bob"], "ada", "eve"]  # two of them equal, and not the same

    def steps():
        seen = []
        with Pipeline([stage], max_in_flight=1).stream(range(20)) as stream:
            for name in names:
                WHO.set(name)
                seen.append([next(stream) for _ in range(4)])
        return seen

    async def asteps():
        seen = []
        async with Pipeline([stage], max_in_flight=1).astream(range(20)) as stream:
            for name in names:
                WHO.set(name)
                seen.append([await anext(stream) for _ in range(4)])
        return seen

    for seen in (contextvars.Context().run(steps), asyncio.run(asteps())):
        # An item may have begun while the step before was asking; none begins in a context that is older still.
        for before, name, group in zip([names[0], *names], names, seen, strict=False):
            assert group[0] is name or group[0] is before, seen
            assert all(one is name for one in group[1:]), seen


def test_tasks_of_one_stage_do_not_share_their_variables():
    async def step(x):
        WHO.set(x)
        await asyncio.sleep(0.001)
        return WHO.get() == x

    assert all(Pipeline([Stage(step, concurrency=10)]).run(range(50)).values)


class Meeting:
    """A coroutine stage whose items go on when `places` of them are under way at once."""

    def __init__(self, places):
        self.places, self.under_way, self.most = places, 0, 0
        self._all_are_there = None

    async def attend(self, item):
        if self._all_are_there is None:
            self._all_are_there = asyncio.Event()
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        if self.under_way == self.places:
            self._all_are_there.set()
        await asyncio.wait_for(self._all_are_there.wait(), 30)
        return item

    def pipeline(self):
        return Pipeline([Stage(self.attend, concurrency=self.places)], order="completion", max_in_flight=self.places)


def test_items_that_come_while_others_are_at_work_find_the_places_that_are_left():
    meeting = Meeting(4)

    async def one_after_the_other():
        for item in range(4):
            yield item
            while meeting.most < min(item + 1, 2):  # the others come when nobody looks for more
                await asyncio.sleep(0)

    async def all_results():
        return [item async for item in meeting.pipeline().astream(one_after_the_other())]

    assert sorted(asyncio.run(all_results())) == [0, 1, 2, 3]
    assert meeting.most == 4
