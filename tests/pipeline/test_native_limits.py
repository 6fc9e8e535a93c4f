"""Native stages that answer what no memory holds, and pipelines that nobody refers to any more."""

import ctypes
import gc
import weakref

import pytest
from waiting import wait_until

from synqc.errors import InputError
from synqc.pipeline import Pipeline, Stage, native

OF_BYTES = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.POINTER(ctypes.c_size_t)
)


def answering(size: int):
    """A native function that says its answer takes so many bytes."""

    @OF_BYTES
    def function(_, __, ___, room):
        room[0] = size
        return 0

    return function


@pytest.mark.parametrize("size", [2**50, 2**62, 2**63 - 1, 2**63, 2**64 - 1])
@pytest.mark.parametrize("concurrency", [1, 2])
def test_an_answer_that_no_memory_holds_is_the_items_memory_error(size, concurrency):
    function = answering(size)
    stage = native_stage(function, concurrency)
    results = Pipeline([stage], on_error="collect").run([b"a", b"b", b"c"])
    for outcome in results.outcomes:
        assert isinstance(outcome.error, MemoryError)
        assert str(size) in str(outcome.error)
    with pytest.raises(MemoryError, match="must answer what memory can hold"):
        Pipeline([stage]).run([b"a"])


def native_stage(function, concurrency):
    return Stage(native(function, "bytes"), concurrency=concurrency)


def test_a_native_function_that_answers_again_and_again_is_given_what_it_asks_for():
    asked = []

    @OF_BYTES
    def function(_, size, __, room):
        asked.append(room[0])
        room[0] = max(room[0], min(4000, 2 * room[0]))
        return 0

    assert len(Pipeline([native_stage(function, 1)]).run([b"a"]).values[0]) == 4000
    assert asked[-1] == 4000


class Holder:
    def __init__(self):
        self.stream = None

    def __call__(self, item):
        return item

    def again(self, error, attempts):
        return None


def holders(kind: str):
    """A stream in a cycle with the callable that `kind` names."""
    holder = Holder()
    items = [1, 2, 3]
    match kind:
        case "function":
            pipeline = Pipeline([holder])
        case "function on a thread":
            pipeline = Pipeline([Stage(holder, concurrency=2)])
        case "input":
            pipeline = Pipeline([str])
            items = (holder(item) for item in items)
        case "item":
            pipeline = Pipeline([str])
            items = [holder] * 3
        case _:
            pipeline = Pipeline([lambda item: holder])
    holder.stream = pipeline.stream(items)
    return holder


IN_CYCLES = [
    (kind, state)
    for kind in ("function", "function on a thread", "input", "item", "value")
    for state in ("open", "begun", "closed", "drained")
    if (kind, state) != ("function on a thread", "begun")  # its threads live and may be given more
]


@pytest.mark.parametrize(("kind", "state"), IN_CYCLES)
def test_a_stream_in_a_cycle_is_collected(kind, state):
    gone = []
    for _ in range(5):
        holder = holders(kind)
        if state == "begun":
            next(holder.stream)
        elif state == "closed":
            next(holder.stream)
            holder.stream.close()
        elif state == "drained":
            list(holder.stream)
        gone.append(weakref.ref(holder))
        del holder

    def all_are_gone():
        gc.collect()
        return not any(reference() for reference in gone)

    wait_until(all_are_gone)  # a thread takes its time to end


def test_a_run_that_has_ended_lets_go_of_its_functions_and_its_input():
    holder = Holder()
    stream = Pipeline([holder]).stream(iter([holder]))
    list(stream)
    function = weakref.ref(holder)
    stream._pipeline = None
    del holder
    gc.collect()
    assert function() is None


def test_an_error_of_the_drivers_own_ends_the_run():
    class Odd(Exception):
        pass

    class Retry:
        attempts = 3

        def delay(self, error, attempts):
            raise Odd

    stage = Stage(lambda item: 1 / 0)
    object.__setattr__(stage, "retry", Retry())
    with pytest.raises(Odd):
        Pipeline([stage]).run([1, 2, 3])
    with pytest.raises(Odd):
        list(Pipeline([stage]).stream([1, 2, 3]))


@pytest.mark.parametrize("value", [float("nan"), 1e300, float("inf"), -1.0])
def test_seconds_that_64_bits_do_not_hold_are_refused_or_for_ever(value):
    for made in (lambda: Stage(str, timeout=value), lambda: Pipeline([str], deadline=value)):
        try:
            stage = made()
        except (InputError, TypeError):
            continue
        pipeline = stage if isinstance(stage, Pipeline) else Pipeline([stage])
        assert pipeline.run([1]).values == ["1"]
