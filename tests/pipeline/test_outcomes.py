"""Every item ends as a plain loop would have it, whatever kinds of stages it passed."""

import asyncio
import ctypes
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synqc.errors import InputError, TimedOut
from synqc.pipeline import SKIP, Pipeline, Retry, Stage, StopFlag, native

ROOT = native(ctypes.CDLL("libm.so.6").sqrt)


class Refused(Exception):
    pass


def kinds(function):
    """One function as every kind of Python stage."""

    async def awaited(x):
        await asyncio.sleep(0)
        return function(x)

    return {
        "caller": Stage(function),
        "threads": Stage(function, concurrency=3),
        "timed": Stage(function, timeout=60),
        "loop": Stage(awaited, concurrency=3),
        "timed loop": Stage(awaited, concurrency=2, timeout=60),
    }


KINDS = list(kinds(abs))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([*KINDS, "native"]), min_size=1, max_size=4),
    st.lists(st.integers(0, 20), max_size=40),
    st.sets(st.integers(0, 20), max_size=4),
    st.sampled_from(["input", "completion"]),
    st.sampled_from(["raise", "collect", "skip"]),
    st.integers(1, 20),
    st.integers(0, 2),
)
def test_outcomes_are_those_of_a_plain_loop(places, items, bad, order, on_error, window, failures):
    def step(x):
        if round(x) in bad:
            raise Refused(x)
        return float(x) + 1

    stages = [
        ROOT if place == "native" else Stage(
            kinds(step)[place].function, concurrency=kinds(step)[place].concurrency,
            timeout=kinds(step)[place].timeout, retry=Retry(failures + 1, on=(Refused,)))
        for place in places
    ]  # fmt: skip

    def plainly(x):
        for place in places:
            if place == "native":
                x = float(x) ** 0.5
            elif round(x) in bad:
                return Refused
            else:
                x = float(x) + 1
        return x

    expected = [plainly(x) for x in items]
    pipeline = Pipeline(stages, order=order, on_error=on_error, max_in_flight=window)
    good = [x for x in expected if x is not Refused]
    if on_error == "raise" and len(good) < len(items):
        with pytest.raises(Refused) as caught:
            pipeline.run(items)
        results = caught.value.results
        assert results.partial
        if order == "input":
            first = expected.index(Refused)
            assert [o.value for o in results.outcomes][:first] == expected[:first]
            assert min(results.errors) == first
        return
    results = pipeline.run(items)
    outcomes = sorted(results.outcomes, key=lambda o: o.index)
    assert [o.status for o in outcomes] == ["error" if x is Refused else "ok" for x in expected]
    assert [o.value for o in outcomes] == [None if x is Refused else x for x in expected]
    assert results.values == good if order == "input" else sorted(results.values) == sorted(good)
    streamed = list(pipeline.stream(items))
    values = [o.value for o in streamed if o.status == "ok"] if on_error == "collect" else streamed
    assert values == good if order == "input" else sorted(values) == sorted(good)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "error", [ValueError, StopIteration, StopAsyncIteration, GeneratorExit, asyncio.CancelledError]
)
def test_an_exception_of_any_class_is_the_outcome_of_its_item_alone(kind, error):
    def step(x):
        if x == 3:
            raise error
        return x

    results = Pipeline([kinds(step)[kind]], on_error="collect").run(range(6))
    assert results.values == [0, 1, 2, 4, 5]
    assert list(results.errors) == [3]
    # A coroutine turns StopIteration into RuntimeError.
    assert isinstance(results.errors[3], (error, RuntimeError))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_is_meant_for_the_program_ends_the_run_and_keeps_what_there_is(kind, error):
    def step(x):
        if x == 50:
            raise error
        return x

    with pytest.raises(error) as caught:
        Pipeline([kinds(step)[kind]], on_error="collect", max_in_flight=10).run(range(1000))
    # All but those in flight; a thread may have slept on an early item.
    assert len(caught.value.results.values) >= 50 - 10


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_whose_text_fails_harms_nobody(kind):
    class Unspeakable(Exception):
        def __str__(self):
            raise RuntimeError

        __repr__ = __str__

    def step(x):
        if x == 1:
            raise Unspeakable
        return x

    assert Pipeline([kinds(step)[kind]], on_error="skip").run(range(3)).values == [0, 2]


def test_a_failing_input_is_raised_after_the_items_before_it():
    def items():
        yield from range(5)
        raise Refused

    for stage in kinds(abs).values():
        with pytest.raises(Refused) as caught:
            Pipeline([stage]).run(items())
        assert caught.value.results.values == [0, 1, 2, 3, 4]
        got = []
        with pytest.raises(Refused):
            got.extend(Pipeline([stage]).stream(items()))


def test_skip_takes_an_item_out():
    for kind in KINDS:
        results = Pipeline([kinds(lambda x: SKIP if x % 2 else x)[kind], abs]).run(range(6))
        assert results.values == [0, 2, 4]
        assert results.counts["skipped"] == 3


def test_retries_wait_without_a_place():
    tries = []

    def flaky(x):
        tries.append(x)
        if x == 0 and tries.count(0) < 3:
            raise Refused
        return x

    results = Pipeline([Stage(flaky, retry=Retry(3, backoff=0.01, on=(Refused,)))]).run(range(5))
    assert results.values == list(range(5))
    assert results.attempts.tolist() == [3, 1, 1, 1, 1]
    assert tries[:5] == [0, 1, 2, 3, 4]


def test_a_slow_coroutine_is_cancelled_and_a_slow_call_left_alone():
    cancelled = []

    async def slow(x):
        try:
            await asyncio.sleep(60 if x == 1 else 0)
        except asyncio.CancelledError:
            cancelled.append(x)
            raise
        return x

    def stuck(x):
        time.sleep(0.5 if x == 1 else 0)
        return x

    for function in (slow, stuck):
        results = Pipeline([Stage(function, concurrency=2, timeout=0.1, name="s")], on_error="collect").run(range(4))
        assert [o.status for o in results.outcomes] == ["ok", "timeout", "ok", "ok"]
        assert isinstance(results.errors[1], TimedOut)
        assert "Stage `s` must answer within 0.1 s, but did not for item 1." in str(results.errors[1])
    assert cancelled == [1]


def test_own_timeout_errors_are_errors():
    async def fails(x):
        raise TimeoutError

    results = Pipeline([Stage(fails, timeout=60)], on_error="collect").run([1])
    assert results.outcomes[0].status == "error"


def test_a_deadline_ends_the_run():
    async def slow(x):
        await asyncio.sleep(0 if x < 3 else 60)
        return x

    stage = Stage(slow, concurrency=2)
    with pytest.raises(TimedOut) as caught:
        Pipeline([stage], deadline=0.2).run(range(100))
    assert caught.value.results.values == [0, 1, 2]
    results = Pipeline([stage], deadline=0.2, on_error="skip").run(range(100))
    assert (results.values, results.stopped, results.partial) == ([0, 1, 2], "deadline", True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stop_returns_what_there_is(kind):
    stop = StopFlag()

    def step(x):
        if x == 20:
            stop.stop()
        time.sleep(0.001)
        return x

    results = Pipeline([kinds(step)[kind]]).run(iter(range(10**9)), stop=stop)
    assert results.stopped == "stop"
    assert len(results.values) >= 10


def test_wrong_stages_are_refused_with_their_names():
    def generator(x):
        yield x

    async def half(x):
        return x / 2

    for stages in ([], [generator], [3]):
        with pytest.raises(InputError, match="Argument"):
            Pipeline(stages)
    with pytest.raises(InputError, match="Argument `concurrency`"):
        Stage(abs, concurrency=0)
    with pytest.raises(InputError, match="Argument `timeout`"):
        Stage(ROOT, timeout=1)
    with pytest.raises(InputError, match=r"Stage `sqrt` must be given a number, but item 1 is 'x'"):
        Pipeline([ROOT]).run([1.0, "x"])
    with pytest.raises(InputError, match=r"Stage `<lambda>` must return a value, but returned a coroutine for item 0"):
        Pipeline([lambda x: half(x)]).run([1])
    assert Pipeline([Stage(lambda x: half(x), awaits=True)]).run([1]).values == [0.5]
    with pytest.raises(InputError, match="must return an awaitable, but returned 1"):
        Pipeline([Stage(abs, awaits=True)]).run([1])


def test_items_need_not_be_hashable_and_timings_are_apart():
    results = Pipeline([Stage(len, concurrency=2), abs]).run([[1], {}, {1: 2}])
    assert results.values == [1, 0, 1]
    assert (results.run_seconds > 0).all()
    assert (results.queue_seconds >= 0).all()


def test_progress_counts_all_runs_and_is_shown():
    pipeline = Pipeline([abs], on_error="skip")
    seen = []
    pipeline.run(range(10), progress=lambda done, total: seen.append((done, total)))
    pipeline.run(["x"])
    assert seen[-1] == (10, 10)
    assert (pipeline.progress.ok, pipeline.progress.error, pipeline.progress.in_flight) == (10, 1, 0)


def test_metrics_are_kept_when_asked_for():
    from synqc.metrics import Registry

    registry = Registry()
    Pipeline([abs], on_error="skip", metrics=registry).run([1, "x", 2])
    counted = registry.counter("pipeline_items_total", "", ["outcome"])
    assert (counted.labels(outcome="ok").value(), counted.labels(outcome="error").value()) == (2, 1)
    assert registry.histogram("pipeline_item_seconds", unit="seconds").count() == 3
