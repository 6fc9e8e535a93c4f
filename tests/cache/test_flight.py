"""One computation per key, for threads and coroutines alike, whatever goes wrong."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from synqc.cache import Control, DiskCache, MemoryCache
from synqc.errors import CacheMiss, InputError, SynqcError


@pytest.fixture(params=["memory", "disk"])
def cache(request, tmp_path):
    if request.param == "memory":
        yield MemoryCache()
    else:
        with DiskCache(tmp_path / "cache.db") as opened:
            yield opened


def in_threads(count, act):
    barrier = threading.Barrier(count)
    results = []

    def work():
        barrier.wait()
        try:
            results.append(act())
        except BaseException as error:
            results.append(error)

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(results) == count
    return results


def test_a_thousand_threads_compute_once(cache):
    computed = []

    def compute():
        computed.append(1)
        time.sleep(0.3)
        return "value"

    assert in_threads(1000, lambda: cache.get_or_compute("key", compute)) == ["value"] * 1000
    assert len(computed) == 1
    assert cache.stats().computations == 1


def test_a_thousand_coroutines_compute_once(cache):
    computed = []

    async def compute():
        computed.append(1)
        await asyncio.sleep(0.1)
        return "value"

    async def main():
        return await asyncio.gather(*(cache.aget_or_compute("key", compute) for _ in range(1000)))

    assert asyncio.run(main()) == ["value"] * 1000
    assert len(computed) == 1


def test_threads_and_coroutines_of_several_loops_share_one_computation(cache):
    computed = []

    def compute():
        computed.append("thread")
        time.sleep(0.3)
        return "value"

    async def acompute():
        computed.append("coroutine")
        await asyncio.sleep(0.3)
        return "value"

    async def main():
        return await asyncio.gather(*(cache.aget_or_compute("key", acompute) for _ in range(50)))

    results = in_threads(
        20, lambda: asyncio.run(main()) if len(computed) % 2 else [cache.get_or_compute("key", compute)]
    )
    assert {value for result in results for value in result} == {"value"}
    assert len(computed) == 1


def test_an_error_reaches_everybody_and_is_not_stored(cache):
    computed = []

    def compute():
        computed.append(1)
        time.sleep(0.2)
        raise ValueError("no value")

    results = in_threads(20, lambda: cache.get_or_compute("key", compute))
    assert all(isinstance(result, ValueError) for result in results)
    assert len(computed) == 1
    assert "key" not in cache
    assert cache.get_or_compute("key", lambda: 5) == 5


def test_a_cancelled_leader_hands_over_to_a_waiter(cache):
    computed = []

    async def compute():
        computed.append(1)
        await asyncio.sleep(0.05 if len(computed) > 1 else 60)
        return len(computed)

    async def main():
        leader = asyncio.create_task(cache.aget_or_compute("key", compute))
        await asyncio.sleep(0.02)
        waiters = [asyncio.create_task(cache.aget_or_compute("key", compute)) for _ in range(10)]
        await asyncio.sleep(0.02)
        leader.cancel()
        values = await asyncio.wait_for(asyncio.gather(*waiters), 20)
        assert leader.cancelled()
        return values

    assert asyncio.run(main()) == [2] * 10
    assert len(computed) == 2


def test_a_cancelled_waiter_harms_nobody(cache):
    async def compute():
        await asyncio.sleep(0.1)
        return 7

    async def main():
        tasks = [asyncio.create_task(cache.aget_or_compute("key", compute)) for _ in range(5)]
        await asyncio.sleep(0.02)
        for task in tasks[1:4]:
            task.cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    values = asyncio.run(main())
    assert (values[0], values[4]) == (7, 7)
    assert all(isinstance(value, asyncio.CancelledError) for value in values[1:4])


def test_a_leader_that_hears_ctrl_c_hands_over(cache):
    turns = []

    def compute():
        turns.append(1)
        if len(turns) == 1:
            started.set()
            time.sleep(0.2)
            raise KeyboardInterrupt
        return "second"

    started = threading.Event()
    results = []

    def lead():
        with pytest.raises(KeyboardInterrupt):
            cache.get_or_compute("key", compute)

    leader = threading.Thread(target=lead)
    leader.start()
    started.wait()
    waiter = threading.Thread(target=lambda: results.append(cache.get_or_compute("key", compute)))
    waiter.start()
    leader.join(20)
    waiter.join(20)
    assert results == ["second"]


def test_asking_for_ones_own_key_is_an_error_and_for_another_is_not(cache):
    assert cache.get_or_compute("a", lambda: cache.get_or_compute("b", lambda: 2) + 1) == 3
    with pytest.raises(SynqcError, match="must not wait for itself"):
        cache.get_or_compute("c", lambda: cache.get_or_compute("c", lambda: 1))

    async def nested():
        return await cache.aget_or_compute("d", lambda: cache.aget_or_compute("d", nested))

    with pytest.raises(SynqcError, match="must not wait for itself"):
        asyncio.run(nested())


def test_a_thread_that_would_block_the_loop_it_waits_for_is_told(cache):
    async def leader():
        await asyncio.sleep(0)
        return cache.get_or_compute("key", lambda: 1)

    async def main():
        return await asyncio.wait_for(cache.aget_or_compute("key", leader), 20)

    with pytest.raises(SynqcError, match="must not wait for itself"):
        asyncio.run(main())


def test_without_flight_everybody_computes(cache):
    barrier = threading.Barrier(4)
    assert in_threads(4, lambda: cache.get_or_compute("key", lambda: barrier.wait() >= 0, flight=False)) == [True] * 4


def test_a_request_controls_its_use_of_the_cache(cache):
    assert cache.get_or_compute("k", lambda: 1, control=Control(no_store=True)) == 1
    assert "k" not in cache
    with pytest.raises(CacheMiss, match="'k' must be cached"):
        cache.get_or_compute("k", lambda: 2, control=Control(only_if_cached=True))
    assert cache.get_or_compute("k", lambda: 3) == 3
    assert cache.get_or_compute("k", lambda: 4, control=Control(no_cache=True)) == 4
    assert cache.get_or_compute("k", lambda: 5, control=Control(only_if_cached=True)) == 4
    assert cache.get_or_compute("k", lambda: 6, control=Control(namespace="ada")) == 6
    assert cache.get_or_compute("k", lambda: 7, control=Control(namespace="bob")) == 7
    assert cache.get("k") == 4
    cache.get_or_compute("t", lambda: 1, ttl=50, control=Control(ttl=5))
    assert cache.look_up("t").ttl <= 5


@pytest.mark.parametrize("bad", [dict(ttl=-1), dict(no_cache=True, only_if_cached=True)])
def test_a_control_that_excludes_every_answer_is_refused(bad):
    with pytest.raises(InputError):
        Control(**bad)


def test_an_answer_says_where_it_came_from(cache):
    first, second = (cache.answer("k", lambda: 1) for _ in range(2))
    assert (first.hit, second.hit, second.key) == (False, True, "k")
    assert (first.age, second.value) == (0.0, 1)
    assert asyncio.run(cache.aanswer("k", None)).hit


def test_a_miss_that_is_computed_is_one_miss(cache):
    cache.get_or_compute("k", lambda: 1)
    cache.get_or_compute("k", lambda: 1)
    stats = cache.stats()
    assert (stats.hits, stats.misses, stats.computations) == (1, 1, 1)


def test_ctrl_c_while_waiting_for_another_thread():
    program = """
import sys, threading, time
from synqc.cache import MemoryCache
cache = MemoryCache()
threading.Thread(target=lambda: cache.get_or_compute("k", lambda: time.sleep(60)), daemon=True).start()
time.sleep(0.2)
print("waiting", flush=True)
try:
    cache.get_or_compute("k", lambda: 1)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "waiting\n"
    time.sleep(0.2)
    os.kill(process.pid, signal.SIGINT)
    assert process.communicate(timeout=30)[0] == "interrupted\n"
