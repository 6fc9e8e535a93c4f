"""No interrupt, finaliser, comparison or circle of waits leaves a key that nobody can have any more."""

import asyncio
import concurrent.futures
import contextlib
import contextvars
import gc
import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
import traceback
import warnings

import pytest

from synqc.cache import MemoryCache, cached
from synqc.errors import SynqcError

PATIENCE = 60  # s, for what must end by itself


@pytest.fixture
def cache(each_cache):
    return each_cache


def in_a_thread(act):
    """What `act` gives in a thread of its own, which must end."""
    found = []

    def work():
        try:
            found.append(act())
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert found, "still waiting"
    return found[0]


class Storm:
    """Ctrl-C after a random time, and again and again while it is answered."""

    def __init__(self, seed):
        self.seed = seed
        self.random = random.Random(self.seed)
        self.hits = 0
        self.armed = False

    def interrupt(self, *_):
        if self.armed:
            raise KeyboardInterrupt

    def over(self, act):
        first, again = self.random.uniform(2e-6, 150e-6), self.random.choice([0, 80e-6, 150e-6])
        try:
            self.armed = True
            signal.setitimer(signal.ITIMER_REAL, first, again)
            act()
            signal.setitimer(signal.ITIMER_REAL, 0)
            self.armed = False
        except KeyboardInterrupt:
            self.armed = False  # neither a call nor a jump before it, where a further interrupt could strike
            self.hits += 1
        except BaseException:
            self.armed = False
            raise
        signal.setitimer(signal.ITIMER_REAL, 0)


@pytest.fixture
def storm(monkeypatch, seed):
    made = Storm(seed)
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)  # an interrupt in a finaliser
    # An interrupt between the taking of a lock of logging's and its `try` would keep the lock from every later test;
    # logging.disable() forgets what loggers know, so that each would take the lock once more to ask.
    monkeypatch.setattr(logging.Logger, "isEnabledFor", lambda logger, level: False)
    former = signal.signal(signal.SIGALRM, made.interrupt)
    try:
        yield made
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
        # Coroutines that were never begun warn when they go; amidst ast.parse that would be an error of CPython 3.11.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            gc.collect()


DOORS = {
    "get_or_compute": lambda cache: cache.get_or_compute,
    "answer": lambda cache: lambda key, compute: cache.answer(key, compute).value,
    "cached": lambda cache: lambda key, compute: cached(cache, key=lambda: key)(compute)(),
}


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS.keys())
def test_an_interrupt_locks_no_key(cache, door, storm):
    ask = door(cache)
    keys = [f"key {k}" for k in range(300)]
    for key in keys:
        storm.over(lambda key=key: ask(key, lambda: key))
    where = f"seed {storm.seed}, {storm.hits} interrupts"
    # Both the same thread and another one find every key free.
    assert [ask(key, lambda key=key: key) for key in keys] == keys, where
    assert in_a_thread(lambda: [ask(key, lambda key=key: key) for key in keys]) == keys, where
    assert len(cache._flights._board) == 0, where


def test_an_interrupt_locks_no_key_of_coroutines(cache, storm):
    if cache._waits:
        pytest.skip("the executor of an event loop does not bear every interrupt")

    async def ask(key):
        async def compute():
            await asyncio.sleep(0)
            return key

        return await cache.aget_or_compute(key, compute)

    keys = [f"key {k}" for k in range(100)]
    loop = asyncio.new_event_loop()
    try:
        for key in keys:

            def run(key=key):
                with contextlib.suppress(RuntimeError):  # the loop itself does not bear every interrupt
                    loop.run_until_complete(ask(key))

            storm.over(run)
        with contextlib.suppress(RuntimeError):  # it may still have been told to stop
            loop.run_until_complete(asyncio.sleep(0))
        where = f"seed {storm.seed}, {storm.hits} interrupts"
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()  # a task whose next step the loop has lost to an interrupt is gone now
    assert in_a_thread(lambda: [cache.get_or_compute(key, lambda key=key: key) for key in keys]) == keys, where
    assert len(cache._flights._board) == 0, where


def test_an_interrupt_while_others_wait_leaves_nobody_waiting(storm):
    cache = MemoryCache()
    for round_ in range(60):
        key = f"key {round_}"
        found = []

        over = []

        def wait(key=key, found=found, over=over):
            while not over and len(cache._flights._board) == 0:
                time.sleep(0)
            found.append(cache.get_or_compute(key, lambda: 1))

        def compute():
            time.sleep(0.0005)
            return 1

        waiters = [threading.Thread(target=wait, daemon=True) for _ in range(3)]
        for waiter in waiters:
            waiter.start()
        storm.over(lambda key=key, compute=compute: cache.get_or_compute(key, compute))
        over.append(True)
        for waiter in waiters:
            waiter.join(PATIENCE)
            assert not waiter.is_alive(), f"seed {storm.seed}, round {round_}"
        assert set(found) <= {1}


def test_a_leader_whose_loop_is_gone_is_relieved():
    cache = MemoryCache()
    loop = asyncio.new_event_loop()
    begun = threading.Event()

    async def compute():
        begun.set()
        await asyncio.sleep(3600)

    task = loop.create_task(cache.aget_or_compute("key", compute))
    loop.run_until_complete(asyncio.sleep(0.01))
    assert begun.is_set()
    loop.close()  # with a task that waits for ever, which somebody holds
    assert in_a_thread(lambda: cache.get_or_compute("key", lambda: 5)) == 5

    async def ask():
        async def five():
            return 5

        return await cache.aget_or_compute("another", five)

    assert asyncio.run(ask()) == 5
    task._log_destroy_pending = False


def test_a_waiting_coroutine_relieves_a_leader_whose_loop_is_gone():
    cache = MemoryCache()
    loop = asyncio.new_event_loop()

    async def for_ever():
        await asyncio.sleep(3600)

    task = loop.create_task(cache.aget_or_compute("key", for_ever))
    loop.run_until_complete(asyncio.sleep(0.01))
    loop.close()

    async def five():
        return 5

    assert in_a_thread(lambda: asyncio.run(cache.aget_or_compute("key", five))) == 5
    task._log_destroy_pending = False


# Finalisers and comparisons that come back

IN_A_PROCESS = """
import gc, sys, threading, faulthandler
faulthandler.dump_traceback_later(100, exit=True)
from synqc.cache import *
from synqc.metrics import Registry
import tempfile, os
folder = tempfile.mkdtemp()
"""

PROGRAMS = {
    "finaliser that computes": """
cache = MemoryCache(max_entries=50)
class Cyclic:
    def __init__(self, n): self.me, self.n = self, n
    def __del__(self): cache.get_or_compute(("finaliser", self.n % 7), lambda: self.n)
gc.set_threshold(5, 2, 2)
for n in range(5000):
    Cyclic(n); cache.get_or_compute(n % 60, lambda: [n])
""",
    "finaliser that sets in tiers": """
cache = TieredCache(MemoryCache(max_entries=50), DiskCache(os.path.join(folder, "c.db")))
class Cyclic:
    def __init__(self, n): self.me, self.n = self, n
    def __del__(self):
        cache.set("same", self.n); cache.get("same"); cache.delete("other"); cache.touch("same")
gc.set_threshold(5, 2, 2)
for n in range(1500):
    Cyclic(n); cache.set("same", [n]); cache.get("same"); cache.delete("other")
    cache.get_or_compute(str(n % 9), lambda: n)
    if n % 500 == 0: cache.clear()
assert cache.get("same") == cache._slow[0].cache.get("same")
""",
    "finaliser that makes timers": """
registry = Registry()
class Cyclic:
    def __init__(self, n): self.me, self.n = self, n
    def __del__(self): registry.timer(f"finaliser{self.n % 5}"); registry.snapshot()
gc.set_threshold(5, 2, 2)
for n in range(1500):
    Cyclic(n); registry.timer(f"timer{n % 50}", "help", ["a"]); registry.counter(f"c{n % 20}_total")
""",
    "comparison that computes": """
cache = MemoryCache()
class Key:
    def __init__(self, n): self.n = n
    def __hash__(self): return 7
    def __eq__(self, other):
        if not isinstance(other, Key): return False
        cache.get_or_compute("compared", lambda: 1)
        return self.n == other.n
def nested(depth):
    return cache.get_or_compute(Key(depth), lambda: nested(depth - 1) + 1 if depth else 0)
assert nested(12) == 12
def work(): return [cache.get_or_compute(Key(n % 5), lambda: n) for n in range(200)]
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
""",
    "comparison that fails": """
cache = MemoryCache()
class Key:
    fails = False
    def __hash__(self): return 7
    def __eq__(self, other):
        if Key.fails: raise ValueError("no comparison")
        return self is other
one, two = Key(), Key()
def compute():
    Key.fails = True
    try: cache.get_or_compute(two, lambda: 2)
    except ValueError: pass
    else: raise SystemExit("must raise")
    Key.fails = False
    return 1
assert cache.get_or_compute(one, compute) == 1
assert cache.get_or_compute(two, lambda: 2) == 2 and cache.get_or_compute(one, lambda: 3) == 1
assert len(cache._flights._board) == 0
""",
    "signal handler that computes": """
import signal, time
cache = MemoryCache()
count = 0
def handle(*_):
    global count
    count += 1
    cache.get_or_compute(("handler", count), lambda: count)
signal.signal(signal.SIGALRM, handle)
signal.setitimer(signal.ITIMER_REAL, 1e-3, 1e-4)
for n in range(20000): cache.get_or_compute(n, lambda: n)
signal.setitimer(signal.ITIMER_REAL, 0)
assert count > 0
""",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_foreign_code_may_come_back_at_any_moment(program):
    command = [sys.executable, "-c", IN_A_PROCESS + program]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")


# Circles of waits


def test_two_threads_that_wait_for_each_other_are_told():
    cache = MemoryCache()
    barrier = threading.Barrier(2)

    def compute(other):
        barrier.wait(PATIENCE)
        return cache.get_or_compute(other, lambda: "not reached")

    results = {}

    def work(mine, other):
        try:
            results[mine] = cache.get_or_compute(mine, lambda: compute(other))
        except SynqcError as error:
            results[mine] = error

    threads = [threading.Thread(target=work, args=pair, daemon=True) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert set(results) == {"a", "b"}, "still waiting"
    assert all(isinstance(result, SynqcError) for result in results.values())
    assert "must not wait for itself" in str(results["a"])
    assert cache.get_or_compute("a", lambda: 1) == cache.get_or_compute("b", lambda: 1) == 1


@pytest.mark.parametrize("length", [2, 3, 7])
def test_a_circle_of_coroutines_is_told(length):
    cache = MemoryCache()

    async def main():
        begun = []

        async def compute(k):
            begun.append(k)
            while len(begun) < length:
                await asyncio.sleep(0.001)
            return await cache.aget_or_compute((k + 1) % length, lambda: compute((k + 1) % length))

        asked = [cache.aget_or_compute(k, lambda k=k: compute(k)) for k in range(length)]
        return await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), PATIENCE)

    results = asyncio.run(main())
    assert all(isinstance(result, SynqcError) for result in results), results


def abandon_a_computation(cache):
    """Leaves one that waits for ever, in a task of a closed loop, to the collector."""

    async def begin():
        task = asyncio.ensure_future(cache.aget_or_compute("abandoned", asyncio.Event().wait))
        await asyncio.sleep(0)
        task._log_destroy_pending = False
        return [task]

    loop = asyncio.new_event_loop()
    ring = loop.run_until_complete(begin())
    loop.close()
    ring.append(ring)


def own_key_while_an_abandoned_computation_is_collected(cache):
    async def main():
        async def compute():
            gc.collect()
            return await cache.aget_or_compute("key", compute)

        return await cache.aget_or_compute("key", compute)

    abandon_a_computation(cache)
    return asyncio.run(main())


def own_key_through_a_task(cache):
    async def main():
        async def compute():
            return await asyncio.ensure_future(cache.aget_or_compute("key", compute))

        return await cache.aget_or_compute("key", compute)

    return asyncio.run(main())


def own_key_through_a_thread_of_the_loop(cache):
    async def main():
        async def compute():
            return await asyncio.to_thread(cache.get_or_compute, "key", lambda: 1)

        return await cache.aget_or_compute("key", compute)

    return asyncio.run(main())


def own_key_through_a_nested_loop(cache):
    async def inner():
        async def compute():
            return 1

        return await cache.aget_or_compute("key", compute)

    return cache.get_or_compute("key", lambda: asyncio.run(inner()))


def own_key_through_a_thread_with_the_context(cache):
    def compute():
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            context = contextvars.copy_context()
            return pool.submit(context.run, cache.get_or_compute, "key", lambda: 1).result()

    return cache.get_or_compute("key", compute)


def own_key_through_another_key(cache):
    return cache.get_or_compute("key", lambda: cache.get_or_compute("other", lambda: cache.get_or_compute("key", int)))


@pytest.mark.parametrize(
    "way",
    [
        own_key_through_a_task,
        own_key_while_an_abandoned_computation_is_collected,
        own_key_through_a_thread_of_the_loop,
        own_key_through_a_nested_loop,
        own_key_through_a_thread_with_the_context,
        own_key_through_another_key,
    ],
)
def test_a_computation_that_asks_for_its_own_key_is_told(way):
    cache = MemoryCache()
    result = in_a_thread(lambda: way(cache))
    assert isinstance(result, SynqcError)
    assert "must not wait for itself" in str(result)
    assert cache.get_or_compute("key", lambda: 1) == 1


def test_waiting_for_others_is_no_circle():
    cache = MemoryCache()

    def compute(k):
        time.sleep(0.001)
        return sum(cache.get_or_compute(n, lambda n=n: compute(n)) for n in range(k)) + 1

    results = []
    threads = [
        threading.Thread(target=lambda: results.append(cache.get_or_compute(7, lambda: compute(7)))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert results == [128] * 8


def test_a_task_that_outlives_the_computation_may_ask_for_its_key():
    cache = MemoryCache()

    async def main():
        tasks = []

        async def later():
            await asyncio.sleep(0.01)
            cache.delete("key")
            return await cache.aget_or_compute("key", other)

        async def other():
            return "again"

        async def compute():
            tasks.append(asyncio.ensure_future(later()))
            return "first"

        first = await cache.aget_or_compute("key", compute)
        return first, await tasks[0]

    assert asyncio.run(main()) == ("first", "again")


# Errors of a computation


def test_each_waiter_raises_an_exception_of_its_own():
    class Failure(Exception):
        def __init__(self, words, *, status):
            super().__init__(words)
            self.status = status

    class Plain(Exception):
        pass

    for make in (lambda: Plain("no value", 3), lambda: Failure("no value", status=3), lambda: OSError(5, "no", "file")):
        cache = MemoryCache()
        errors = []
        begun = threading.Event()

        def compute(make=make, begun=begun):
            begun.set()
            time.sleep(0.2)
            error = make()
            error.note = "kept"
            raise error from KeyError("cause")

        def ask(cache=cache, compute=compute, errors=errors):
            try:
                cache.get_or_compute("key", compute)
            except Exception as error:
                errors.append(error)  # noqa: B023 - that of this function

        threads = [threading.Thread(target=ask) for _ in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert len(errors) == 30
        assert {type(error) for error in errors} == {type(make())}
        assert all(error.note == "kept" and isinstance(error.__cause__, KeyError) for error in errors)
        assert all(str(error) == str(make()) for error in errors)
        assert max(len(traceback.extract_tb(error.__traceback__)) for error in errors) <= 12
        if make().__class__ is not Failure:  # it cannot be copied: its arguments are not kept
            assert len({id(error) for error in errors}) == 30
            assert any("compute" in line.name for line in traceback.extract_tb(errors[-1].__traceback__))


def test_nothing_of_a_computation_is_kept_once_it_is_over():
    class Value:
        pass

    cache = MemoryCache(max_entries=10)
    gc.collect()

    def alive():
        gc.collect()
        return sum(isinstance(thing, Value) for thing in gc.get_objects())

    async def main():
        async def background():
            await asyncio.sleep(0.05)
            return alive()

        tasks = []

        async def compute():
            tasks.append(asyncio.ensure_future(background()))  # it keeps the context of the computation
            return Value()

        await cache.aget_or_compute("key", compute)
        cache.clear()
        return await tasks[0]

    assert asyncio.run(main()) == 0

    def fails():
        value = Value()
        raise ValueError(value)

    for _ in range(5):
        with pytest.raises(ValueError, match="Value"):
            cache.get_or_compute("key", fails)
    assert alive() == 0


WITHIN_SET = """
import gc, sys
from contextvars import ContextVar
from synqc.cache import MemoryCache
from synqc.metrics import Registry

timer, cache, kept, foreign = Registry().timer("t"), MemoryCache(), [], ContextVar("foreign")

def take_what_was_freed():
    kept.extend(tuple(range(k)) for k in range(1, 40))

def time_it():
    with timer:
        take_what_was_freed()

class Ring:
    def __init__(self):
        self.me = self
    def __del__(self):
        act()

act = {"timer": time_it, "cache": lambda: cache.get_or_compute(len(kept), take_what_was_freed)}[sys.argv[1]]
act()
foreign.set(None)
gc.collect()
gc.freeze()
never = 1 << 30
gc.set_threshold(never)
for k in range(300):
    Ring()
    kept.append([{k: kept}])
    value = object()
    gc.set_threshold(gc.get_count()[0] + k % 8)  # one of the first things that `set` makes begins a collection
    foreign.set(value)
    gc.set_threshold(never)
    gc.collect()
"""


@pytest.mark.parametrize("what", ["timer", "cache"])
def test_a_finaliser_within_the_setting_of_a_context_variable_frees_nothing_that_is_read(what):
    command = [sys.executable, "-X", "faulthandler", "-c", WITHIN_SET, what]
    environment = {**os.environ, "PYTHONMALLOC": "debug"}
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")
