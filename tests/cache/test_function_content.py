"""Two functions share results of `@cached` only if they are the same function."""

import functools
import importlib
import itertools
import subprocess
import sys
import textwrap
import threading
import warnings

import numpy as np
import pytest

from synqc.cache import DiskCache, MemoryCache, UnsharedResults, cached
from synqc.errors import InputError


@pytest.fixture(params=["memory", "disk"])
def cache(request, tmp_path):
    if request.param == "memory":
        yield MemoryCache()
    else:
        with DiskCache(tmp_path / "cache.db") as opened:
            yield opened


def of_a_notebook(source, name="f"):
    """A function as a cell of a notebook defines it."""
    scope = {"__name__": "__main__"}
    exec(compile(textwrap.dedent(source), "<ipython-input>", "exec"), scope)
    return scope[name]


def closure_over(thing):
    def inner(x):
        return x, thing

    return inner


def with_default(thing):
    def inner(x, thing=thing):
        return x, thing

    return inner


def with_keyword_default(thing):
    def inner(x, *, thing=thing):
        return x, thing

    return inner


def through_another(thing):
    def within(x):
        return x, thing

    def inner(x):
        return within(x)

    return inner


def wrapped(thing):
    def around(function):
        @functools.wraps(function)
        def call(x):
            return function(x), thing

        return call

    return around(abs_of)


def abs_of(x):
    return abs(x)


class Scaled:
    def __init__(self, scale):
        self.scale = scale

    def __cache_key__(self):
        return self.scale

    def times(self, x):
        return x, self.scale

    __call__ = times


def in_a_container(thing):
    table = {"deep": [thing]}

    def inner(x):
        return x, table["deep"][0]

    return inner


MAKERS = {
    "closure": closure_over,
    "default": with_default,
    "keyword default": with_keyword_default,
    "function in the closure": through_another,
    "decorated": wrapped,
    "container in the closure": in_a_container,
    "partial": lambda thing: functools.partial(lambda thing, x: (x, thing), thing),
    "bound method": lambda thing: Scaled(thing).times,
    "callable object": Scaled,
    "constant in a notebook": lambda thing: of_a_notebook(f"def f(x): return x, {thing!r}"),
    "constant of a nested function": lambda thing: of_a_notebook(
        f"def f(x):\n    def g():\n        return {thing!r}\n    return x, g()"
    ),
    "lambda": lambda thing: of_a_notebook(f"f = lambda x: (x, {thing!r})"),
    "attribute name": lambda thing: of_a_notebook(f"def f(x): return (x.a{abs(hash(thing))}, {thing!r})"),
}


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS.keys())
@pytest.mark.parametrize("pair", [(2, 3), (1, 1.0), (0.0, -0.0), ("a", b"a"), (None, False), ((1, 2), (2, 1))], ids=str)
def test_functions_that_differ_in_one_thing_have_keys_that_differ_and_equal_ones_share(maker, pair):
    cache = MemoryCache()
    keys = [cached(cache)(maker(thing)).key_of(5) for thing in (*pair, *pair)]
    assert keys[0] != keys[1], pair
    assert keys[:2] == keys[2:]


@pytest.mark.parametrize("thing", [2, (1, "a"), 3.5], ids=str)
def test_no_two_ways_of_making_a_function_share_a_key(thing):
    cache = MemoryCache()
    keys = {name: cached(cache)(maker(thing)).key_of(5) for name, maker in MAKERS.items()}
    for (one, key), (other, another) in itertools.combinations(keys.items(), 2):
        assert key != another, (one, other)


def test_closures_lambdas_and_cells_give_their_own_results(cache):
    def make(n):
        @cached(cache)
        def inner(x):
            return x * n

        return inner

    assert (make(2)(10), make(3)(10)) == (20, 30)
    assert (cached(cache)(lambda x: x)(1), cached(cache)(lambda x: x + 1)(1)) == (1, 2)
    first = cached(cache)(of_a_notebook("def f(x): return x + 1"))
    edited = cached(cache)(of_a_notebook("def f(x): return x + 2"))
    assert (first(1), edited(1)) == (2, 3)


def test_a_cell_that_is_run_again_finds_its_results(cache):
    source = "calls = []\ndef f(x):\n    calls.append(x)\n    return x + 1"
    functions = [of_a_notebook(source) for _ in range(3)]
    assert [cached(cache)(function)(1) for function in functions] == [2, 2, 2]
    assert [len(function.__globals__["calls"]) for function in functions] == [1, 0, 0]


def test_what_a_function_leaves_behind_is_not_what_it_depends_on(cache):
    calls, count = [], 0

    @cached(cache)
    def f(x):
        nonlocal count
        count += 1
        calls.append(x)
        return x

    assert [f(1), f(1), f(2)] == [1, 1, 2]
    assert (calls, count) == ([1, 2], 2)


def test_a_name_of_the_closure_that_is_given_another_object_counts_anew(cache):
    n = 2

    @cached(cache)
    def f(x):
        return x * n

    def give(value):
        nonlocal n
        n = value

    assert f(10) == 20
    give(3)
    assert f(10) == 30
    give(2)
    assert f(10) == 20


def test_a_bound_object_says_at_each_call_what_it_is(cache):
    scaled = Scaled(2)
    times = cached(cache)(scaled.times)
    assert times(1) == (1, 2)
    scaled.scale = 3
    assert times(1) == (1, 3)


def test_a_function_that_calls_itself_has_a_key(cache):
    @cached(cache)
    def factorial(n):
        return n * factorial(n - 1) if n else 1

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert factorial(10) == 3628800
        assert factorial(9) == 362880


def test_built_in_functions_and_ufuncs_are_known_by_name(cache):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cached(cache)(abs)(-3) == 3
        assert cached(cache)(np.sin)(0.0) == 0.0
        assert cached(cache)(np.cos)(0.0) == 1.0


def test_what_has_no_content_gets_an_identity_and_it_is_said_once():
    cache = MemoryCache()
    locks = [threading.Lock(), threading.Lock()]
    functions = [cached(cache)(closure_over(lock)) for lock in locks]
    for function in functions:
        with pytest.warns(UnsharedResults, match="found by this process alone: the function holds a lock"):
            function.key_of(1)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert function.key_of(1) == function.key_of(1)
    assert functions[0].key_of(1) != functions[1].key_of(1)


def test_a_default_without_content_is_part_of_the_function():
    class Client:
        pass

    one, other = Client(), Client()

    def make(client):
        def ask(x, client=client):
            return x, client

        return cached(MemoryCache())(ask)

    with pytest.warns(UnsharedResults):
        keys = [make(client).key_of(1) for client in (one, other, one)]
    assert keys[0] == keys[2] != keys[1]


def test_a_reloaded_module_with_other_code_computes_anew(cache, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delitem(sys.modules, "a_module_to_reload", raising=False)
    file = tmp_path / "a_module_to_reload.py"
    file.write_text("def f(x):\n    return x + 1\n")
    module = importlib.import_module("a_module_to_reload")
    assert cached(cache)(module.f)(1) == 2
    file.write_text("\n\ndef f(x):\n    return x + 1\n")
    importlib.invalidate_caches()
    key = cached(cache)(module.f).key_of(1)
    assert cached(cache)(importlib.reload(module).f).key_of(1) == key  # moved, not changed
    file.write_text("def f(x):\n    return x + 22\n")
    importlib.invalidate_caches()
    assert cached(cache)(importlib.reload(module).f)(1) == 23


PROGRAM = """
import sys, threading, warnings
from synqc.cache import DiskCache, UnsharedResults, cached
warnings.simplefilter("ignore", UnsharedResults)
lock = threading.Lock()
def make(held):
    def f(x):
        computed.append(x)
        return x + {constant}, held is not None
    return f
with DiskCache(sys.argv[1]) as cache:
    for held in (None, lock):
        computed = []
        f = cached(cache)(make(held))
        f(1)
        print(len(computed), end=" ")
"""


def test_processes_share_what_is_the_same_and_nothing_else(tmp_path):
    def run(name, constant):
        file = tmp_path / name
        file.write_text(PROGRAM.format(constant=constant))
        command = [sys.executable, str(file), str(tmp_path / "cache.db")]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split()

    assert run("one.py", 1) == ["1", "1"]
    assert run("one.py", 1) == ["0", "1"]  # what has no content is not found again
    assert run("one.py", 2) == ["1", "1"]  # edited
    assert run("other.py", 1) == ["1", "1"]  # another program's function of the same name
    assert run("one.py", 1) == ["0", "1"]


def test_what_only_one_reader_could_use_is_refused(cache):
    def generator(n):
        yield from range(n)

    async def asynchronous_generator(n):
        yield n

    async def coroutine():
        return 1

    for function in (generator, asynchronous_generator, functools.partial(generator, 3)):
        with pytest.raises(InputError, match="must return its result, but is the generator"):
            cached(cache)(function)
    with pytest.raises(InputError, match="gave a generator; give a list"):
        cached(cache)(lambda n: (k for k in range(n)))(3)
    for compute in (coroutine, lambda: coroutine()):
        with pytest.raises(InputError, match="gave the awaitable coroutine"):
            cache.get_or_compute("k", compute)
        with pytest.raises(InputError, match="gave the awaitable coroutine"):
            cache.answer("k", compute, flight=False)
    assert "k" not in cache
