"""Timers time what succeeds and count what fails or is cancelled apart, in threads and in tasks."""

import asyncio
import contextlib
import threading
import time

import pytest

from synqc.errors import InputError
from synqc.metrics import Registry


@pytest.fixture
def registry():
    return Registry()


def row_of(registry, name="work"):
    (row,) = (row for row in registry.snapshot()["operations"] if row["operation"] == name)
    return row


def counts_of(registry, name="work"):
    row = row_of(registry, name)
    return row["count"], row["errors"], row["cancelled"]


def test_a_block_is_timed_in_seconds(registry):
    before = time.perf_counter()
    with registry.timer("work"):
        time.sleep(0.02)
    at_most = 1e3 * (time.perf_counter() - before)
    row = row_of(registry)
    assert 20 <= row["avg_ms"] <= at_most
    assert row["p50_ms"] == row["p99_ms"] == row["max_ms"]


def test_an_operation_that_only_ever_failed_is_shown(registry):
    timer = registry.timer("work")
    with pytest.raises(RuntimeError, match="no"), timer:
        raise RuntimeError("no")
    row = row_of(registry)
    assert (row["count"], row["errors"], row["p50_ms"], row["avg_ms"]) == (0, 1, None, None)


@pytest.mark.parametrize("error", [asyncio.CancelledError, KeyboardInterrupt, GeneratorExit])
def test_a_cancellation_is_no_failure(registry, error):
    @registry.timer("work")
    def work():
        raise error

    with pytest.raises(error):
        work()
    assert counts_of(registry) == (0, 0, 1)


def test_a_function_keeps_its_name_and_its_answer(registry):
    @registry.timer("work")
    def add(a, b=2):
        """Sum."""
        return a + b

    assert add(1, b=4) == 5
    assert (add.__name__, add.__doc__) == ("add", "Sum.")
    with pytest.raises(TypeError):
        add("a")
    assert counts_of(registry) == (1, 1, 0)


def test_a_coroutine_function_is_timed_until_it_answers(registry):
    @registry.timer("work")
    async def work(fail):
        await asyncio.sleep(0.02)
        if fail:
            raise ValueError("asked for")
        return 7

    async def main():
        assert await work(False) == 7
        with pytest.raises(ValueError, match="asked for"):
            await work(True)
        task = asyncio.create_task(work(False))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert asyncio.iscoroutinefunction(work)
    asyncio.run(main())
    assert counts_of(registry) == (1, 1, 1)
    assert row_of(registry)["avg_ms"] >= 19


def test_one_timer_serves_tasks_that_interleave(registry):
    timer = registry.timer("work")

    async def wait_after(pause):
        await asyncio.sleep(pause)
        with timer:
            await asyncio.sleep(0.1)

    async def main():
        await asyncio.gather(wait_after(0), wait_after(0.05))

    asyncio.run(main())
    (series,) = registry.snapshot()["metrics"]["work_seconds"]["series"]
    assert series["count"] == 2
    # Had the first to leave taken the entry of the last to enter, it would have seen half of this.
    assert series["min"] >= 0.099


def test_one_timer_serves_threads_and_itself(registry):
    timer = registry.timer("work")
    barrier = threading.Barrier(6)

    def work():
        barrier.wait()
        for _ in range(100):
            with timer, timer, registry.timer("other"):
                pass

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts_of(registry) == (1200, 0, 0)
    assert counts_of(registry, "other") == (600, 0, 0)


def test_blocks_may_be_left_out_of_order(registry):
    first, second = registry.timer("first"), registry.timer("second")
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert counts_of(registry, "first") == counts_of(registry, "second") == (1, 0, 0)


def test_a_timer_in_an_exit_stack_is_timed(registry):
    with contextlib.ExitStack() as stack:
        stack.enter_context(registry.timer("work"))
    assert counts_of(registry) == (1, 0, 0)


def test_a_block_left_in_another_context_is_cancelled(registry):
    import contextvars

    timer = registry.timer("work")
    contextvars.copy_context().run(timer.__enter__)
    timer.__exit__(None, None, None)
    assert counts_of(registry) == (0, 0, 1)


def test_labels_are_timed_apart(registry):
    timer = registry.timer("work", "Work.", ["kind"])
    with timer.labels(kind="short"):
        pass
    with pytest.raises(KeyError), timer.labels(kind="wrong"):
        raise KeyError
    rows = {row["labels"]["kind"]: (row["count"], row["errors"]) for row in registry.snapshot()["operations"]}
    assert rows == {"short": (1, 0), "wrong": (0, 1)}
    with pytest.raises(InputError, match=r"must be given before `work` times anything, but is missing: kind\."):
        timer.__enter__()
    with pytest.raises(InputError):
        timer(len)


def test_generators_are_refused(registry):
    def numbers():
        yield 1

    async def later():
        yield 1

    for function in (numbers, later):
        with pytest.raises(InputError, match="Argument `function` must be"):
            registry.timer("work")(function)


def test_what_a_dashboard_of_operations_needs_is_there(registry):
    with registry.timer("work"):
        pass
    assert {"count", "errors", "p50_ms", "p95_ms", "p99_ms", "avg_ms"} <= row_of(registry).keys()
    assert registry.snapshot()["age_seconds"] > 0  # throughput is count over age
