"""Functions that remember."""

import asyncio
import functools

import numpy as np
import pytest

from synqc.cache import Control, DiskCache, MemoryCache, cached
from synqc.errors import CacheMiss, InputError


@pytest.fixture(params=["memory", "disk"])
def cache(request, tmp_path):
    if request.param == "memory":
        yield MemoryCache()
    else:
        with DiskCache(tmp_path / "cache.db") as opened:
            yield opened


def test_calls_with_equal_arguments_share_a_result_however_they_are_written(cache):
    calls = []

    @cached(cache)
    def area(width, height=2, *more, scale=1.0, **options):
        calls.append((width, height))
        return width * height * scale

    assert area(3) == area(3, 2) == area(width=3) == area(3, height=2, scale=1.0) == 6.0
    assert area(3, 2, 9) == 6.0
    assert area(3, x=1) == 6.0
    assert len(calls) == 3


def test_arguments_that_differ_in_type_are_different_calls(cache):
    @cached(cache)
    def show(value):
        return repr(value)

    assert [show(value) for value in (1, 1.0, True, "1")] == ["1", "1.0", "True", "'1'"]


def test_arrays_are_arguments(cache):
    calls = []

    @cached(cache)
    def total(values):
        calls.append(1)
        return float(values.sum())

    assert total(np.arange(5.0)) == total(np.arange(5.0)) == 10.0
    total(np.arange(5))
    assert len(calls) == 2


def test_coroutine_functions_are_remembered(cache):
    calls = []

    @cached(cache, ttl=60)
    async def answer(question):
        calls.append(question)
        await asyncio.sleep(0.01)
        return question.upper()

    async def main():
        return await asyncio.gather(*(answer("why") for _ in range(50)))

    assert asyncio.run(main()) == ["WHY"] * 50
    assert calls == ["why"]


def test_methods_are_remembered_by_what_their_object_says_it_is(cache):
    class Scale:
        def __init__(self, factor):
            self.factor = factor

        def __cache_key__(self):
            return self.factor

        @cached(cache)
        def times(self, value):
            return self.factor * value

    assert (Scale(2).times(5), Scale(3).times(5), Scale(2).times(5)) == (10, 15, 10)
    assert cache.stats().computations == 2


def test_an_argument_without_content_is_refused_with_its_place(cache):
    @cached(cache)
    def act(thing):
        return 1

    with pytest.raises(InputError, match=r"object at \$\.thing"):
        act(object())


def test_results_can_be_invalidated_and_versions_do_not_mix(cache):
    def make(version):
        @cached(cache, version=version)
        def f(x):
            return (version, x)

        return f

    assert make(1)(5) == (1, 5)
    assert make(2)(5) == (2, 5)
    assert make(1).invalidate(5) is True
    assert make(1).invalidate(5) is False


def test_a_call_can_be_controlled(cache):
    @cached(cache)
    def f(x):
        return x

    with pytest.raises(CacheMiss):
        f.controlled(Control(only_if_cached=True))(5)
    assert f(5) == 5
    assert f.controlled(Control(only_if_cached=True))(5) == 5


def test_a_key_of_ones_own_replaces_the_arguments(cache):
    calls = []

    @cached(cache, key=lambda thing, verbose=False: id(type(thing)))
    def f(thing, verbose=False):
        calls.append(1)
        return 1

    f([1])
    f([2], verbose=True)
    assert len(calls) == 1


def test_the_function_keeps_its_face(cache):
    @cached(cache)
    def f(x: int) -> int:
        """Says what it does."""
        return x

    assert (f.__name__, f.__doc__, f.cache) == ("f", "Says what it does.", cache)


def test_what_is_no_cache_is_refused():
    for wrong in ("memory", 100, {}):
        with pytest.raises(InputError, match="write @cached"):
            cached(wrong)


def test_a_function_without_a_signature_needs_a_key(cache):
    binary = functools.partial(int, base=2)
    for function in (binary, max, int):
        with pytest.raises(InputError, match="must have a signature where there is no `key`"):
            cached(cache)(function)
    assert cached(cache, key=str)(binary)("11") == 3
    assert cached(cache, key=str)(int)("11") == 11
    assert cached(cache, key=str)(max)("12") == "2"
