"""Objects whose own code changes what is being written or read, and threads with little stack."""

import dataclasses
import enum
import gc
import os
import subprocess
import sys
import textwrap
import threading

import pytest

from synqc import cache, json
from synqc.errors import InputError


class Interrupting:
    def __init__(self, error):
        self.error = error

    def __repr__(self):
        raise self.error


def in_thread(stack_kib: int, work):
    """What `work` answered or raised on a thread of so little stack."""
    answers = []

    def run():
        try:
            answers.append(work())
        except BaseException as error:
            answers.append(error)

    before = threading.stack_size(stack_kib * 1024)
    try:
        thread = threading.Thread(target=run)
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    return answers[0]


def test_a_key_whose_repr_empties_its_dict_is_refused_and_not_lost():
    class Key:
        def __repr__(self):
            victim.clear()
            gc.collect()
            return "\ud800" * 20

    for options in ({}, {"indent": 2}, {"sort_keys": True}):
        victim = {Key(): [1, 2, 3], "b": object()}
        with pytest.raises(InputError):
            json.dumps(victim, **options)
    victim = {Key(): 1}
    with pytest.raises(InputError):
        json.canonical(victim)


def test_items_of_a_dict_class_may_be_anything():
    class Odd(dict):
        def __init__(self, items):
            super().__init__(a=1)
            self.odd = items

        def items(self):
            return self.odd

    for items in ([1], ["ab"], [("a",)], [("a", 1, 2)], [None], [[1, 2]], [object()]):
        for write in (json.dumps, json.canonical, lambda odd: json.dumps(odd, sort_keys=True)):
            with pytest.raises(InputError, match="pairs as items"):
                write(Odd(items))
    for broken in (5, None):
        with pytest.raises(TypeError, match=r"items\(\) returned a non-iterable"):
            json.dumps(Odd(broken))
    assert json.dumps(Odd([("x", 1)])) == b'{"x":1}'


def test_a_value_that_changes_its_container_is_written_or_refused():
    class Value:
        pass

    def emptying(container):
        def default(_):
            container.clear()
            gc.collect()
            return [1] * 100

        return default

    for container, written in (([Value(), Value(), "text" * 50], [[1] * 100]), ([[Value()], "x" * 999], [[[1] * 100]])):
        assert json.loads(json.dumps(container, default=emptying(container))) == written
        assert container == []
    container = {"a" * 50: Value(), "b" * 50: "text" * 50}
    with pytest.raises(RuntimeError, match="changed size"):
        json.dumps(container, default=emptying(container))


def test_a_dataclass_whose_attribute_changes_its_fields_is_refused():
    @dataclasses.dataclass
    class Changing:
        a: int = 1
        b: int = 2

        @property
        def c(self):
            return 3

        def __getattribute__(self, name):
            if name == "a":
                fields = type(self).__dataclass_fields__
                for key in list(fields):
                    del fields[key]
                gc.collect()
            return super().__getattribute__(name)

    with pytest.raises(RuntimeError, match="fields of a dataclass changed"):
        json.dumps(Changing())


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_is_meant_for_the_program_is_not_taken_for_a_failing_repr(error):
    with pytest.raises(error):
        json.dumps({Interrupting(error): 1})
    with pytest.raises(error):
        json.loads("1", arrays=Interrupting(error))
    with pytest.raises(error):
        json.dumps(1, indent=Interrupting(error))

    class Sized:
        def __sizeof__(self):
            raise error

    with pytest.raises(error):
        cache.MemoryCache(max_bytes=1000).set("k", [Sized()])

    class Word:
        def __repr__(self):
            raise ValueError

    with pytest.raises(InputError, match="but is Word"):
        json.dumps(1, indent=Word())


@pytest.mark.parametrize("size", [10, 4000, 100_000])
def test_a_bytearray_cannot_change_while_it_is_read(size):
    class Finaliser:
        def __del__(self):
            try:
                document.clear()
                document.extend(b"X" * size)
            except BufferError:
                pass

    thresholds = gc.get_threshold()
    try:
        for _ in range(20):
            document = bytearray(b"[" + b",".join([b"[1]"] * (size // 4)) + b"]")
            wanted = [[1]] * (size // 4)
            for _ in range(10):
                cycle = [Finaliser()]
                cycle.append(cycle)
            del cycle
            gc.set_threshold(1)
            assert json.loads(document) == wanted
            gc.set_threshold(*thresholds)
    finally:
        gc.set_threshold(*thresholds)


@pytest.mark.parametrize(
    "write",
    [
        "json.dumps",
        "json.canonical",
        "functools.partial(json.canonical, rfc8785=True)",
        "functools.partial(cache.content_key, 'k')",
        "_core.encode_value",
    ],
)
def test_a_finaliser_may_take_a_text_away_while_its_surrogates_are_written(write):
    program = f"""
        import functools, gc
        from synqc import _core, cache, json

        class Finaliser:
            def __init__(self, value):
                self.value = value

            def __del__(self):
                self.value.clear()

        def outcome(value):
            try:
                return ({write})(value)
            except (ValueError, RuntimeError) as error:
                return str(error)

        def written(value):
            whole, emptied = outcome(value), outcome(type(value)())
            cycle = [Finaliser(value)]
            cycle.append(cycle)
            del cycle
            gc.set_threshold(1)
            meanwhile = outcome(value)
            gc.set_threshold(700)
            return meanwhile in (whole, emptied) or "changed size" in str(meanwhile)

        for length in range(100):
            assert written(["\\ud800" + "b" * length])
            assert written({{"key": "\\ud800" + "b" * length}})
            assert written({{"\\ud800" + "b" * length: 1}})
    """
    # Memory that was freed is overwritten at once.
    environment = {**os.environ, "PYTHONMALLOC": "debug"}
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=60, env=environment)


def nested(levels: int, kind: type = list):
    value: object = 1
    for _ in range(levels):
        value = [value] if kind is list else {"k": value} if kind is dict else (value,)
    return value


def depth_of(value, kind=list):
    """Levels of a value that `nested` made."""
    levels = 0
    while value != 1:
        assert type(value) is kind
        (value,) = value.values() if kind is dict else value
        levels += 1
    return levels


class Wrapped:
    def __init__(self, levels):
        self.levels = levels


def unwrap(value):
    return Wrapped(value.levels - 1) if value.levels else 1


STACKS = [64, 128, 256]


@pytest.mark.parametrize("kib", STACKS)
@pytest.mark.parametrize("kind", [list, dict, tuple])
@pytest.mark.parametrize("levels", [100, 495, 1000, 1020])
def test_depth_is_counted_in_stack_and_not_only_in_levels(kib, kind, levels):
    value = nested(levels, kind)
    opening, closing = ('{"k":', "}") if kind is dict else ("[", "]")
    bracket, key = ("{", '"k": ') if kind is dict else ("[", "")
    text = opening * levels + "1" + closing * levels
    lines = "".join(f"{bracket}\n{' ' * (k + 1)}{key}" for k in range(levels))
    lines += "1" + "".join(f"\n{' ' * k}{closing}" for k in reversed(range(levels)))
    doors = {
        "dumps": (lambda: json.dumps(value), text.encode()),
        "dumps with blanks": (lambda: json.dumps(value, indent=1), lines.encode()),
        "canonical": (lambda: json.canonical(value), text.encode()),
        "content_key": (lambda: cache.content_key("k", value), in_thread(4096, lambda: cache.content_key("k", value))),
        "encode_value": (lambda: depth_of(cache_round_trip(value), kind), levels),
    }
    for name, (door, whole) in doors.items():
        answer = in_thread(kib, door)
        if isinstance(answer, BaseException):
            assert isinstance(answer, RecursionError | InputError), (name, answer)
            assert (kib, levels) != (256, 100), name
        else:
            assert answer == whole, name


def cache_round_trip(value):
    from synqc import _core

    return _core.decode_value(_core.encode_value(value))


@pytest.mark.parametrize("kib", STACKS)
@pytest.mark.parametrize("levels", [50, 330, 900, 1000, 5000])
def test_a_default_that_answers_deeper_and_deeper_ends_in_words(kib, levels):
    answer = in_thread(kib, lambda: json.dumps(Wrapped(levels), default=unwrap))
    if isinstance(answer, BaseException):
        assert isinstance(answer, RecursionError | InputError), answer
        assert (kib, levels) != (256, 50)
    else:
        assert answer == b"1"


def test_depth_that_was_decoded_is_counted_as_well():
    from synqc import _core

    deep = in_thread(4096, lambda: _core.encode_value(nested(495)))
    assert in_thread(4096, lambda: _core.decode_value(deep) == nested(495)) is True
    answer = in_thread(64, lambda: _core.decode_value(deep))
    assert isinstance(answer, RecursionError) or depth_of(answer) == 495


def test_two_threads_may_write_their_first_dataclass_at_once():
    program = """
        import importlib.abc, sys, threading, time

        class Slow(importlib.abc.MetaPathFinder):
            def find_spec(self, name, path, target=None):
                time.sleep(0.002)
                return None

        from synqc import json
        class Fake:
            __dataclass_fields__ = {"a": object()}
            a = 1
        sys.meta_path.insert(0, Slow())
        sys.modules.pop("dataclasses", None)
        threads = [threading.Thread(target=lambda: json.dumps(Fake()), daemon=True) for _ in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join(20)
        sys.exit(any(thread.is_alive() for thread in threads))
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=60)


def test_an_enum_whose_value_is_itself_ends_in_words():
    class Loop(enum.Enum):
        A = 1

        @property
        def value(self):
            return self

    with pytest.raises(InputError, match="1024 levels"):
        json.dumps(Loop.A)
