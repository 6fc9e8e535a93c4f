"""The cache among threads, coroutines and processes."""

import asyncio
import inspect
import json
import math
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from infra.cache import PerformanceCache, get_cache
from synqc.apps.enrichment.config import PerfConfig


def test_names_arguments_and_defaults_are_those_of_before():
    def shown(function):
        return [(one.name, one.default) for one in inspect.signature(function).parameters.values() if one.kind == 1]

    none = inspect.Parameter.empty
    assert shown(PerformanceCache) == [("cache_dir", "./cache"), ("enabled", True)]
    assert shown(PerformanceCache.get)[1:] == [("content", none), ("params", None), ("cache_type", "default")]
    assert shown(PerformanceCache.set)[1:] == [
        ("content", none), ("value", none), ("params", None), ("ttl", None), ("cache_type", "default"),
    ]  # fmt: skip


@pytest.mark.parametrize("attempt", range(3))
def test_values_come_back_as_they_were_after_any_time(tmp_path, attempt, seed):
    draw = random.Random(seed)
    leaves = [
        0,
        -1,
        2**70,
        0.1,
        -0.0,
        1e308,
        math.inf,
        True,
        None,
        "",
        "123",
        "\u00e9\U0001f600",
        "\ud800",
        "a\0b",
        '"\\',
    ]

    def value(depth=0):
        if depth > 3 or draw.random() < 0.4:
            return draw.choice(leaves)
        if draw.random() < 0.5:
            return [value(depth + 1) for _ in range(draw.randrange(4))]
        return {draw.choice(["a", "\u00e9", ""]) + str(one): value(depth + 1) for one in range(draw.randrange(4))}

    cache = PerformanceCache(tmp_path)
    values = [*leaves, b"", b"\x00\xff", *(value() for _ in range(100))]
    for number, one in enumerate(values):
        cache.set(number, one)
    for again in (cache, PerformanceCache(tmp_path)):
        for number, one in enumerate(values):
            found = again.look_up(number).value
            assert (type(found), repr(found)) == (type(one), repr(one)), f"seed {seed}"
    assert cache._file.errors == 0


def test_what_two_calls_are_given_decides_whether_they_are_one(tmp_path):
    cache = PerformanceCache(tmp_path)
    asked = [
        ("a", None), ("a", {"b": 1}), ("a", {"b": 1.0}), ("a", {"b": True}), ("a", {"b": "1"}), ("a", {"b": None}),
        ({"a": None}, None), (["a"], None), ("[\"a\"]", None), (1, None), ("1", None),
        ("", {"a": 1}), ('{"a": 1}', None),
    ]  # fmt: skip
    for number, (content, params) in enumerate(asked):
        cache.set(content, number, params)
    assert [cache.get(*one) for one in asked] == list(range(len(asked)))
    assert cache.get("a", {}) == 0, "no parameters are no parameters"
    assert cache.get(("a",)) == cache.get(["a"])


class TestOneComputation:
    def test_threads_at_a_barrier_and_tasks_share_one(self, tmp_path):
        cache = PerformanceCache(tmp_path)
        barrier, got, calls = threading.Barrier(33), [], []

        def compute():
            calls.append(1)
            time.sleep(0.3)
            return {"a": [1]}

        async def acompute():
            return compute()

        def ask():
            barrier.wait()
            got.append(cache.get_or_compute("k", compute))

        async def many():
            return await asyncio.gather(*(cache.aget_or_compute("k", acompute) for _ in range(32)))

        def ask_in_loop():
            barrier.wait()
            got.extend(asyncio.run(many()))

        threads = [threading.Thread(target=one) for one in [*[ask] * 32, ask_in_loop]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert got == [{"a": [1]}] * 64
        assert len(calls) == 1
        got[0]["a"].append(2)
        assert sum(one == {"a": [1]} for one in got) == 63, "each has a value of its own"
        assert cache.get("k") == {"a": [1]}

    def test_a_failure_reaches_all_and_is_not_kept(self, tmp_path):
        cache = PerformanceCache(tmp_path)
        with pytest.raises(ZeroDivisionError):
            cache.get_or_compute("k", lambda: 1 // 0)
        assert cache.get_or_compute("k", lambda: 5) == 5

    @pytest.mark.parametrize("value", [(1, 2), {1: "a"}, {"a": (1,)}, object()])
    def test_what_would_not_come_back_as_it_is_is_given_and_not_kept(self, tmp_path, value):
        cache = PerformanceCache(tmp_path)
        assert cache.get_or_compute("k", lambda: value) is value
        assert cache.look_up("k") is None

    def test_what_may_not_be_kept_is_given_and_not_kept(self, tmp_path):
        cache = PerformanceCache(tmp_path)
        assert cache.get_or_compute("k", lambda: "bad", keep=lambda value: value != "bad") == "bad"
        assert cache.get_or_compute("k", lambda: "good", keep=lambda value: value != "bad") == "good"
        assert cache.get("k") == "good"

    @pytest.mark.parametrize("leaves", ["who computes", "who waits"])
    def test_who_is_cancelled_takes_nothing_from_others(self, tmp_path, leaves):
        cache = PerformanceCache(tmp_path)
        calls = []

        async def compute():
            calls.append(1)
            await asyncio.sleep(0.2)
            return "v"

        async def main():
            first, second = (asyncio.ensure_future(cache.aget_or_compute("k", compute)) for _ in range(2))
            await asyncio.sleep(0.05)
            left, stays = (first, second) if leaves == "who computes" else (second, first)
            left.cancel()
            assert await stays == "v"
            with pytest.raises(asyncio.CancelledError):
                await left

        asyncio.run(main())
        assert len(calls) == (2 if leaves == "who computes" else 1)
        assert cache.get("k") == "v"

    def test_event_loops_one_after_the_other_use_one_cache(self, tmp_path):
        cache = PerformanceCache(tmp_path)
        calls = []

        async def compute():
            calls.append(1)
            return "v"

        assert [asyncio.run(cache.aget_or_compute("k", compute)) for _ in range(4)] == ["v"] * 4
        assert len(calls) == 1


class TestLifetimes:
    def test_a_value_lives_as_long_as_it_was_told(self, tmp_path):
        now = [1000.0]
        cache = PerformanceCache(tmp_path)
        cache._file._clock = lambda: now[0]
        cache.set("k", 1, ttl=10)
        now[0] = 1009.9
        assert (cache.look_up("k").age, cache.look_up("k").ttl) == (pytest.approx(9.9), pytest.approx(0.1))
        now[0] = 1010.1
        assert cache.get("k") is None
        assert cache.get_stats()["total_entries"] == 1
        assert cache.clear_expired() == 1
        assert cache.get_stats() == {"enabled": True, "total_entries": 0, "total_bytes": 0, "by_type": {}}

    def test_a_clock_that_goes_back_makes_nothing_older(self, tmp_path):
        now = [1000.0]
        cache = PerformanceCache(tmp_path)
        cache._file._clock = lambda: now[0]
        cache.set("k", 1, ttl=10)
        now[0] = 500.0
        assert cache.look_up("k").age == 0

    def test_each_type_has_the_lifetime_of_the_configuration(self, tmp_path):
        config = PerfConfig(cache_dir=tmp_path, ttl_s={"short": 5.0, "never": 0.0})
        cache = PerformanceCache.from_config(config)
        for kind in ("short", "never", "other"):
            cache.set("k", 1, cache_type=kind)
        assert cache.look_up("k", cache_type="short").ttl == pytest.approx(5, abs=1)
        assert cache.look_up("k", cache_type="never") is None
        assert cache.look_up("k", cache_type="other").ttl == pytest.approx(2_592_000, abs=5)


class TestProcesses:
    def test_what_one_process_changes_another_sees_within_a_second(self, tmp_path):
        mine, others = PerformanceCache(tmp_path), PerformanceCache(tmp_path)
        mine.set("k", 1)
        assert others.get("k") == 1
        mine.set("k", 2)
        deadline = time.monotonic() + 10
        while others.get("k") != 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert others.get("k") == 2
        mine.clear_all()
        while others.get("k") is not None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert others.get("k") is None

    @pytest.mark.parametrize("anew", [False, True])
    def test_a_file_that_is_removed_is_forgotten_within_a_second(self, tmp_path, anew):
        folder = tmp_path / "cache"
        cache = PerformanceCache(folder)
        cache.set("k", 1)
        shutil.rmtree(folder)
        other = PerformanceCache(folder) if anew else None
        deadline = time.monotonic() + 10
        while cache.get("k") is not None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert cache.get("k") is None
        cache.set("k", 2)
        assert PerformanceCache(folder).get("k") == 2
        assert other is None or other.get("k") == 2
        assert cache._file.errors == 0

    def test_who_had_a_removed_file_open_leaves_the_new_one_s_log_alone(self, tmp_path):
        program = textwrap.dedent("""
            import sys
            from infra.cache import PerformanceCache
            cache = PerformanceCache(sys.argv[1])
            cache.set("old", 1)
            print("open", flush=True)
            sys.stdin.readline()
            cache._file._look_at = 0.0
            cache.get("of whatever name")
        """)
        folder = tmp_path / "cache"
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout.readline() == "open\n"
        shutil.rmtree(folder)
        cache = PerformanceCache(folder)
        cache.set("new", 2)
        log = folder / "perf_cache.db-wal"
        number = log.stat().st_ino
        process.communicate("\n", timeout=60)
        assert process.returncode == 0
        assert log.stat().st_ino == number
        assert PerformanceCache(folder).get("new") == 2

    def test_processes_that_open_one_new_file_at_once_lose_nothing(self, tmp_path):
        program = textwrap.dedent("""
            import sys
            from infra.cache import PerformanceCache
            cache = PerformanceCache(sys.argv[1])
            for number in range(100):
                cache.set([sys.argv[2], number], "v" * 100)
            print(cache._file.errors, cache._file.trouble)
        """)
        running = [
            subprocess.Popen(
                [sys.executable, "-c", program, str(tmp_path), str(one)], stdout=subprocess.PIPE, text=True
            )
            for one in range(4)
        ]
        told = [one.communicate(timeout=120)[0].strip() for one in running]
        entries = PerformanceCache(tmp_path).get_stats()["total_entries"]
        assert entries >= 400 - sum(int(one.split()[0]) for one in told), told

    def test_a_forked_child_and_its_parent_go_on(self, tmp_path):
        cache = get_cache()
        cache.set("k", "of the parent")
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                found = cache.get("k")
                cache.set("of the child", 1)
                os.write(writing, json.dumps([found, cache.get("of the child")]).encode())
            finally:
                os._exit(0)
        os.close(writing)
        os.waitpid(child, 0)
        with os.fdopen(reading, "rb") as pipe:
            assert json.loads(pipe.read()) == ["of the parent", 1]
        cache.set("after", 2)
        assert (cache.get("of the child"), cache.get("after")) == (1, 2)
        assert cache.trouble == ""

    def test_a_process_that_is_killed_leaves_what_it_kept(self, tmp_path):
        program = textwrap.dedent("""
            import sys
            from infra.cache import PerformanceCache
            cache, number = PerformanceCache(sys.argv[1]), 0
            while True:
                cache.set(number, "v" * 200)
                number += 1
                print(number, flush=True)
        """)
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )  # fmt: skip
        while (done := int(process.stdout.readline())) < 200:
            pass
        process.send_signal(signal.SIGKILL)
        process.communicate()
        cache = PerformanceCache(tmp_path)
        assert all(cache.get(number) == "v" * 200 for number in range(done))

    def test_what_is_kept_at_the_very_end_of_a_process_is_there(self, tmp_path):
        program = textwrap.dedent("""
            import atexit
            import infra.cache
            cache = infra.cache.PerformanceCache("c")
            atexit.register(lambda: cache.set("late", 1))
            class Last:
                def __del__(self):
                    cache.set("last", 1)
            last = Last()
            cache.set("k", 1)
        """)
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        cache = PerformanceCache(tmp_path / "c")
        assert (cache.get("k"), cache.get("late")) == (1, 1)


def test_memory_is_bounded_by_what_it_holds(tmp_path):
    cache = PerformanceCache(tmp_path)
    for number in range(60):
        cache.set("q" * 1_000_000 + str(number), "v" * 1_000_000)
    assert 10 < len(cache._file._memory) <= 33  # how many stay depends on how the admission hashes their keys
    assert len(cache._known_keys) <= 16
    assert cache.get("q" * 1_000_000 + "0") == "v" * 1_000_000


def test_a_value_that_waits_for_the_file_blocks_no_event_loop(tmp_path):
    cache = PerformanceCache(tmp_path)
    cache.set("before", 1)

    async def compute():
        return "v"

    with sqlite3.connect(cache.db_path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        on_loop = []
        write = cache._file._write
        cache._file._write = lambda *one: (on_loop.append(threading.current_thread()), write(*one))[1]
        assert asyncio.run(cache.aget_or_compute("k", compute)) == "v"
        other.execute("ROLLBACK")
    other.close()
    assert on_loop != []
    assert threading.main_thread() not in on_loop


def test_threads_that_do_everything_at_once_break_nothing(tmp_path):
    cache = PerformanceCache.from_config(PerfConfig(cache_dir=tmp_path, cache_max_bytes=1 << 18))
    failures = []

    def work(seed):
        draw = random.Random(seed)
        try:
            for _ in range(300):
                number = draw.randrange(50)
                act = draw.randrange(10)
                if act < 5:
                    assert cache.get(number) in (None, f"{number}" * 500)
                elif act < 8:
                    cache.set(number, f"{number}" * 500)
                else:
                    draw.choice([cache.clear_all, cache.clear_expired, cache.get_stats, cache.close])()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert (cache._file.errors, cache._file.damaged) == (0, 0)
