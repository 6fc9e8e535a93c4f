"""What a run leaves behind, and how it says what it was given wrong."""

import ast
import asyncio
import dataclasses
import math
import re
import subprocess
import sys
import threading
import time

import pytest

from synqc.errors import InputError
from synqc.pipeline import Pipeline, Stage


@dataclasses.dataclass(frozen=True)
class Frozen(Exception):
    code: int


class Slotted(Exception):
    __slots__ = ()

    def __setattr__(self, name, value):
        raise RuntimeError("takes nothing")


def raising(error):
    def step(x):
        raise error

    return step


@pytest.mark.parametrize("error", [Frozen(3), Slotted(3)], ids=["frozen", "slotted"])
def test_an_exception_that_takes_no_attribute_is_raised_as_it_is(error):
    def items():
        yield 1
        raise error

    async def acase():
        await Pipeline([raising(error)]).arun([1])

    def by_progress(done, total):
        raise error

    for case in (
        lambda: Pipeline([raising(error)]).run([1]),
        lambda: Pipeline([abs]).run(items()),
        lambda: Pipeline([abs]).run([1], progress=by_progress),
        lambda: list(Pipeline([raising(error)]).stream([1])),
        lambda: asyncio.run(acase()),
    ):
        with pytest.raises(type(error)) as caught:
            case()
        assert caught.value is error


def test_tasks_that_a_coroutine_leaves_behind_are_cancelled_with_its_loop():
    ended = []

    async def in_the_background(x):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            ended.append(x)
            raise

    kept = []

    async def step(x):
        kept.append(asyncio.ensure_future(in_the_background(x)))
        await asyncio.sleep(0)
        return x

    assert Pipeline([Stage(step, concurrency=3)]).run(range(5)).values == list(range(5))
    assert sorted(ended) == list(range(5))
    assert all(task.cancelled() for task in kept)


def test_a_task_that_is_left_behind_and_fails_is_reported(caplog):
    async def fails_at_the_end():
        try:
            await asyncio.sleep(60)
        finally:
            raise ValueError("at the end")

    kept = []

    async def step(x):
        kept.append(asyncio.ensure_future(fails_at_the_end()))
        await asyncio.sleep(0)
        return x

    assert Pipeline([step]).run([1]).values == [1]
    assert "A task that a stage left behind failed" in caplog.text


@pytest.mark.parametrize("value", [2.5, 0, -1, "3", 10**30, 2**31, math.inf, [1]])
def test_most_in_flight_is_a_whole_number_that_fits(value):
    with pytest.raises(InputError, match="Argument `max_in_flight` must be a whole number from 1 to 2"):
        Pipeline([abs], max_in_flight=value)
    with pytest.raises(InputError, match="Argument `concurrency` must be a whole number from 1 to 2"):
        Stage(abs, concurrency=value)


def test_room_for_many_items_costs_nothing_until_they_come():
    assert list(Pipeline([abs], max_in_flight=2**31 - 1).stream(range(100))) == list(range(100))


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, 1e9, "1", [1]])
def test_times_are_checked(value):
    with pytest.raises(InputError, match="Argument `deadline` must be above 0 s"):
        Pipeline([abs], deadline=value)
    with pytest.raises(InputError, match="Argument `timeout` must be above 0 s"):
        Stage(abs, timeout=value)


@pytest.mark.parametrize("hint", [-1, "many", 1.5])
def test_a_wrong_length_hint_ends_no_run(hint):
    class Items:
        def __iter__(self):
            return iter(range(5))

        def __length_hint__(self):
            return hint

    seen = []
    results = Pipeline([abs]).run(Items(), progress=lambda done, total: seen.append(total))
    assert results.values == list(range(5))
    assert set(seen) <= {0}


def test_cancelled_items_are_cancelled_and_not_failed():
    async def step(x):
        if x == 3:
            raise asyncio.CancelledError  # of its own, not of the run
        if x > 3:
            await asyncio.sleep(60)
        return x

    results = Pipeline([Stage(step, concurrency=20)], on_error="collect", deadline=0.3, max_in_flight=20).run(range(10))
    assert [outcome.status for outcome in results.outcomes] == ["ok"] * 3 + ["error"] + ["cancelled"] * 6
    assert results.counts == {"ok": 3, "error": 1, "timeout": 0, "cancelled": 6, "skipped": 0}


def test_waiting_and_running_are_told_apart_in_seconds():
    async def slow(x):
        await asyncio.sleep(0.1)
        return x

    results = Pipeline([slow], max_in_flight=4).run(range(4))
    assert (results.run_seconds >= 0.1).all()
    # The k-th item waits while those before it run; all come at once, in far less than one runs.
    assert all(seconds >= 0.1 * k - 0.05 for k, seconds in enumerate(results.queue_seconds)), results.queue_seconds
    assert results.queue_seconds.sum() + results.run_seconds.sum() < 60
    outcome = results.outcomes[2]
    assert (outcome.queue_seconds, outcome.run_seconds) == (results.queue_seconds[2], results.run_seconds[2])


def test_an_asynchronous_input_is_asked_only_as_there_is_room():
    async def main():
        asked = []

        async def items():
            for k in range(100):
                asked.append(k)
                yield k

        may_go = asyncio.Event()

        async def step(x):
            await may_go.wait()
            return x

        stream = Pipeline([Stage(step, concurrency=2)], max_in_flight=4).astream(items())
        first = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.05)
        ahead = len(asked)
        may_go.set()
        rest = [await first, *[value async for value in stream]]
        return ahead, rest

    ahead, values = asyncio.run(main())
    assert ahead <= 5  # four in flight, and one that was asked for while there was room
    assert values == list(range(100))


def test_threads_are_known_to_python_by_their_stage_and_their_loop():
    async def in_loop(x):
        return threading.current_thread().name

    def on_thread(x):
        return threading.current_thread().name

    assert Pipeline([Stage(on_thread, concurrency=2)]).run([1]).values == ["synqc-on_thread"]
    assert Pipeline([in_loop]).run([1]).values == ["synqc-loop"]


def test_a_run_goes_on_where_there_is_no_room_for_one_more_thread(monkeypatch):
    def no_room(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_room)
    assert Pipeline([Stage(abs, concurrency=4)]).run([-1, -2, -3]).values == [1, 2, 3]
    assert Pipeline([Stage(asyncio.sleep, awaits=True)]).run([0, 0]).values == [None, None]


def test_a_run_that_has_ended_serves_nobody():
    before = threading.active_count()
    for stages in ([Stage(abs, concurrency=4)], [Stage(asyncio.sleep, awaits=True)]):
        Pipeline(stages).run([0, 0, 0])
        for _ in range(200):
            if threading.active_count() <= before:
                break
            time.sleep(0.01)
        assert threading.active_count() <= before


STORM = """
import asyncio, gc, os, random, signal, sys, time
from synqc.pipeline import Pipeline, Stage

async def nothing(x):
    await asyncio.sleep(0)
    return x

stage = {"loop": Stage(nothing, concurrency=3), "threads": Stage(abs, concurrency=3), "caller": Stage(abs)}[sys.argv[1]]
rng = random.Random(int(sys.argv[2]))

def interrupt(*_):
    if armed:
        raise KeyboardInterrupt

def held():
    gc.collect()
    return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))

sys.unraisablehook = lambda _: None  # an interrupt in a finaliser
armed = False
pipeline = Pipeline([stage])
pipeline.run(range(3))
time.sleep(0.1)
before = held()
signal.signal(signal.SIGALRM, interrupt)
hits = 0
for _ in range(300):
    try:
        # More than one may come, also while the first one is being answered.
        armed = True
        signal.setitimer(signal.ITIMER_REAL, rng.uniform(30e-6, 1500e-6), rng.choice([0, 200e-6]))
        pipeline.run(range(20))
        list(pipeline.stream(range(5)))
        next(pipeline.stream(range(5)))
        signal.setitimer(signal.ITIMER_REAL, 0)
        armed = False
    except (KeyboardInterrupt, RuntimeError):  # the locks of `threading` do not bear every second interrupt
        armed = False  # neither a call nor a jump before it, where a further interrupt could strike
        hits += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
for _ in range(500):
    if held()[0] <= before[0] and held()[1] <= before[1]:
        break
    time.sleep(0.01)
after = held()  # before threads are started once more
assert pipeline.run(range(3)).values == [0, 1, 2]
print(hits, before, after)
"""


@pytest.mark.parametrize("kind", ["loop", "threads", "caller"])
def test_a_storm_of_interrupts_leaves_no_thread_and_no_descriptor(kind, seed):
    command = [sys.executable, "-c", STORM, kind, str(seed)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert answer.returncode == 0, f"seed {seed}: {answer.stderr}"
    hits, before, after = re.fullmatch(r"(\d+) (\(.*?\)) (\(.*?\))\n", answer.stdout).groups()
    assert int(hits) > 0
    before, after = ast.literal_eval(before), ast.literal_eval(after)
    assert after[0] <= before[0], f"threads; seed {seed}, {hits} interrupts"
    assert after[1] <= before[1], f"descriptors; seed {seed}, {hits} interrupts"
