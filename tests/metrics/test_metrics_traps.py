"""Interrupts, clashes and extremes: what is recorded stays right."""

import gc
import json
import math
import random
import signal

import pytest

from synqc.errors import InputError
from synqc.metrics import Registry, Sample, merge, prometheus
from synqc.metrics.timer import _entered


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("look", [Registry.snapshot, Registry.prometheus, Registry.to_json])
def test_what_a_collector_raises_for_the_program_is_raised_and_no_failure(interrupt, look):
    registry = Registry()
    armed = [True]

    def collect():
        if armed:
            armed.clear()
            raise interrupt
        return [Sample("depth", 1)]

    registry.add_collector("queue", collect)
    with pytest.raises(interrupt):
        look(registry)
    taken = registry.snapshot()
    assert taken["collectors"]["queue"]["failures"] == 0
    assert taken["metrics"]["depth"]["series"][0]["value"] == 1


def test_a_failure_is_told_in_the_words_of_its_exception_and_no_path():
    registry = Registry()
    registry.add_collector("broken", lambda: 1 / 0)
    registry.add_collector("malformed", lambda: [Sample("no name", 1)])
    text = registry.to_json()
    failures = json.loads(text)["collectors"]
    assert failures["broken"] == {"failures": 1, "last_failure": "ZeroDivisionError: division by zero"}
    assert "no name" in failures["malformed"]["last_failure"]
    assert __file__ not in text
    assert ".py" not in text


@pytest.mark.parametrize("suffix", ["_seconds", "_errors_total", "_cancelled_total"])
def test_a_timer_whose_name_clashes_registers_nothing(suffix):
    registry = Registry()
    registry.gauge("work" + suffix)
    with pytest.raises(InputError, match=f"`work{suffix}`"):
        registry.timer("work")
    assert set(registry.snapshot()["metrics"]) == {"work" + suffix}
    for labels in (["a"], []):
        other = Registry()
        other.counter("work_errors_total", labels=["b"])
        with pytest.raises(InputError, match="labels"):
            other.timer("work", labels=labels)
        assert set(other.snapshot()["metrics"]) == {"work_errors_total"}


def test_interrupts_leave_no_entries_of_timers_behind(seed):
    registry = Registry()
    inner, outer = registry.timer("inner"), registry.timer("outer")
    rng = random.Random(seed)
    armed = False

    def interrupt(*_):
        if armed:
            raise KeyboardInterrupt

    def block():
        with inner:
            pass

    def entries():
        count, entry = 0, _entered.get()
        while entry is not None:
            count, entry = count + 1, entry[3]
        return count

    former = signal.signal(signal.SIGALRM, interrupt)
    before = entries()
    hits = 0
    most = 0
    try:
        with outer:
            for _ in range(1500):
                try:
                    armed = True
                    signal.setitimer(signal.ITIMER_REAL, rng.uniform(5e-6, 60e-6))
                    for _ in range(30):
                        block()
                        with inner:
                            pass
                    armed = False
                except KeyboardInterrupt:
                    armed = False
                    hits += 1
                most = max(most, entries())
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
    assert hits > 0
    # What an interrupt leaves goes with the next entry of its block, or stays alone where its frame lay.
    assert most - before < 30, f"seed {seed}, {hits} interrupts"
    assert entries() - before <= most - before
    rows = {row["operation"]: row for row in registry.snapshot()["operations"]}
    assert rows["outer"]["count"] == 1


def test_a_timer_within_itself_counts_every_block():
    registry = Registry()
    timer = registry.timer("work")

    def nested(depth):
        with timer:
            for _ in range(2 if depth else 0):
                nested(depth - 1)

    nested(5)
    with timer, timer:
        with timer:
            pass
        with timer:
            pass
    assert registry.snapshot()["operations"][0]["count"] == 63 + 4
    assert registry.snapshot()["operations"][0]["cancelled"] == 0


@pytest.mark.parametrize("labels", [["a"], ["a", "b"]])
def test_a_label_value_that_is_called_like_the_overflow_is_kept_apart(labels):
    registry = Registry(most_series=3)
    hits = registry.counter("hits_total", labels=labels)
    for amount, value in ((1, "_overflow"), (2, "_overflow_"), (4, "other")):
        hits.labels(**dict.fromkeys(labels, value)).add(amount)
    for k in range(5):
        hits.labels(**dict.fromkeys(labels, f"too many {k}")).add(8)
    series = registry.snapshot()["metrics"]["hits_total"]["series"]
    found = {tuple(one["labels"].values()): one["value"] for one in series}
    assert sorted(found.values()) == [1, 2, 4, 40]
    assert found[("_overflow",) * len(labels)] == 40
    hits.labels(**dict.fromkeys(labels, "_overflow")).add(100)
    assert hits.labels(**dict.fromkeys(labels, "_overflow")).value() == 101
    assert found[("_overflow",) * len(labels)] == 40


def test_a_sum_beyond_all_numbers_is_the_largest_in_text_json_and_merged():
    most = 1.7976931348623157e308
    registry = Registry()
    sizes = registry.histogram("sizes", lowest=1)
    for sign in (1, -1):
        other = Registry()
        other.histogram("sizes", lowest=1).record(0)
        for _ in range(3):
            sizes.record(sign * most)
            other.histogram("sizes", lowest=1).record(sign * most)
        taken = other.snapshot()
        assert taken["metrics"]["sizes"]["series"][0]["sum"] == sign * most
        assert json.loads(other.to_json())["metrics"]["sizes"]["series"][0]["sum"] == sign * most
        assert f"sizes_sum {sign * most:.16e}".replace("e+", "e+") in other.prometheus()
        assert prometheus(taken) == other.prometheus()
        both = merge([taken, taken])["metrics"]["sizes"]["series"][0]
        assert (both["sum"], both["count"]) == (sign * most, 8)
    assert math.isfinite(registry.snapshot()["metrics"]["sizes"]["series"][0]["sum"])


def test_a_snapshot_of_known_values_says_each_figure_by_itself():
    registry = Registry()
    work = registry.histogram("work_seconds", unit="seconds")
    values = [k / 100 for k in range(1, 101)]
    for value in values:
        work.record(value)
    registry.counter("work_errors_total").add(7)
    registry.counter("work_cancelled_total").add(3)
    (row,) = registry.snapshot()["operations"]
    wanted = {"p50_ms": 500, "p95_ms": 950, "p99_ms": 990, "avg_ms": 505, "max_ms": 1000}
    assert {name: row[name] for name in wanted} == pytest.approx(wanted, rel=0.01)
    assert (row["operation"], row["count"], row["errors"], row["cancelled"]) == ("work", 100, 7, 3)


def test_a_histogram_alone_is_no_operation():
    for others in ((), ("work_errors_total",), ("work_cancelled_total",)):
        registry = Registry()
        registry.histogram("work_seconds")
        for name in others:
            registry.counter(name)
        assert registry.snapshot()["operations"] == []


def test_a_registry_with_timers_is_freed():
    registry = Registry()
    registry.timer("work")
    registry.add_collector("queue", lambda: [])
    kept = registry._core
    del registry
    gc.collect()
    assert kept.snapshot()["metrics"]
