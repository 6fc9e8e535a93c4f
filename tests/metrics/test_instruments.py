"""Counters, gauges and histograms hold what was recorded, whoever records and however much."""

import json
import math
import subprocess
import sys
import threading

import numpy as np
import pytest

from synqc import metrics
from synqc.errors import InputError
from synqc.measure.memory_readings import resident_bytes

DISTRIBUTIONS = {
    "lognormal": lambda generator, size: generator.lognormal(-6, 2, size),
    "uniform": lambda generator, size: generator.uniform(0.001, 1, size),
    "bimodal": lambda generator, size: (
        np.where(generator.random(size) < 0.1, 1.0, 1e-3) * generator.uniform(1, 2, size)
    ),
    "constant": lambda generator, size: np.full(size, 0.0123),
}


@pytest.fixture
def registry():
    return metrics.Registry()


def series_of(registry, name):
    return registry.snapshot()["metrics"][name]["series"]


def nearest_rank(values, q):
    return sorted(values)[max(1, math.ceil(q * len(values))) - 1]


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_quantiles_are_within_one_percent_of_the_exact_ones(registry, name, seed):
    values = DISTRIBUTIONS[name](np.random.default_rng(seed), 20_000).tolist()
    histogram = registry.histogram("values")
    for value in values:
        histogram.record(value)
    (series,) = series_of(registry, "values")
    for key, q in {"p50": 0.5, "p95": 0.95, "p99": 0.99}.items():
        exact = nearest_rank(values, q)
        assert abs(series[key] - exact) <= 0.01 * exact, f"{key}, seed {seed}"
        assert series[key] == histogram.quantile(q)
    assert series["count"] == len(values) == sum(count for _, count in series["cells"])
    assert (series["min"], series["max"]) == (min(values), max(values))
    assert series["sum"] == pytest.approx(math.fsum(values), rel=1e-15), f"seed {seed}"
    assert series["mean"] == pytest.approx(math.fsum(values) / len(values), rel=1e-15), f"seed {seed}"


def test_threads_at_a_barrier_lose_nothing(registry):
    counter = registry.counter("steps_total", labels=["kind"])
    gauge = registry.gauge("inside")
    histogram = registry.histogram("sizes", lowest=1)
    threads, each = 40, 500
    barrier = threading.Barrier(threads)

    def work():
        barrier.wait()
        for k in range(each):
            counter.labels(kind=k % 3).add()
            histogram.record(k + 1)
            gauge.add(1 if k % 2 else -1)

    running = [threading.Thread(target=work) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert sum(series["value"] for series in series_of(registry, "steps_total")) == threads * each
    assert histogram.count() == threads * each
    assert series_of(registry, "sizes")[0]["sum"] == threads * each * (each + 1) / 2
    assert gauge.value() == 0


def test_snapshots_taken_while_others_record_are_consistent(registry):
    histogram = registry.histogram("values")
    stop = threading.Event()

    def work():
        while not stop.is_set():
            histogram.record(2.0)

    running = [threading.Thread(target=work) for _ in range(3)]
    for thread in running:
        thread.start()
    try:
        before = 0
        for _ in range(200):
            (series,) = series_of(registry, "values")
            assert series["count"] == sum(count for _, count in series["cells"])
            assert series["sum"] == 2.0 * series["count"]
            assert series["count"] >= before
            before = series["count"]
    finally:
        stop.set()
        for thread in running:
            thread.join()


def test_a_hundred_thousand_rounds_do_not_grow(registry):
    counter = registry.counter("c_total", labels=["a"])
    histogram = registry.histogram("h")
    timer = registry.timer("t")

    def rounds(count):
        for k in range(count):
            counter.labels(a=k % 5).add()
            histogram.record(k)
            with timer:
                pass

    rounds(2_000)
    registry.snapshot()
    before = resident_bytes()
    rounds(100_000)
    registry.snapshot()
    assert resident_bytes() - before < 4 * 2**20


def test_threads_that_come_and_go_do_not_grow(registry):
    histogram = registry.histogram("h")
    for _ in range(300):
        thread = threading.Thread(target=histogram.record, args=(1.0,))
        thread.start()
        thread.join()
    assert histogram.count() == 300


def test_a_counter_stays_whole_as_long_as_every_step_was(registry):
    counter = registry.counter("c_total")
    counter.add()
    counter.add(2**60)
    assert counter.value() == 2**60 + 1
    counter.add(np.int64(2))
    counter.add(0.5)
    assert counter.value() == pytest.approx(2**60)
    assert isinstance(counter.value(), float)


@pytest.mark.parametrize("amount", [-1, -0.5, math.nan, math.inf, 2**64, "1", None])
def test_a_counter_refuses_what_it_cannot_count(registry, amount):
    counter = registry.counter("c_total")
    with pytest.raises(InputError, match=r"^Argument `amount` must be .*, but is .*\.$"):
        counter.add(amount)
    assert counter.value() == 0


def test_values_that_are_no_numbers_are_counted_apart(registry):
    histogram = registry.histogram("h")
    for value in (math.nan, math.inf, -math.inf, 1, True, np.float32(2)):
        histogram.record(value)
    (series,) = series_of(registry, "h")
    assert (series["count"], series["sum"], series["not_finite"]) == (3, 4.0, 3)
    assert 'synqc_metrics_not_finite_total{series="h"} 3' in registry.prometheus()
    with pytest.raises(InputError, match=r"Argument `value` must be a number, but is 'fast'\."):
        histogram.record("fast")


def test_values_outside_the_range_count_at_its_ends(registry):
    histogram = registry.histogram("h")
    for value in (0.0, -0.0, 5e-324, -1.0, 1e300):
        histogram.record(value)
    (series,) = series_of(registry, "h")
    assert [count for _, count in series["cells"]] == [4, 1]
    assert (series["min"], series["max"], series["p50"]) == (-1.0, 1e300, -1.0)


def test_a_gauge_may_be_anything_and_json_still_reads_it(registry):
    gauge = registry.gauge("g")
    gauge.set(3)
    gauge.add(-1.5)
    assert gauge.value() == 1.5
    gauge.set(math.nan)
    assert "g NaN" in registry.prometheus()
    assert json.loads(registry.to_json())["metrics"]["g"]["series"] == [{"labels": {}, "value": None}]


def test_an_empty_histogram_has_no_quantiles(registry):
    histogram = registry.histogram("h")
    assert histogram.quantile(0.5) is None
    (series,) = series_of(registry, "h")
    assert (series["count"], series["p99"], series["min"], series["cells"]) == (0, None, None, [])
    for q in (-0.1, 1.1, math.nan):
        with pytest.raises(InputError, match="Argument `q`"):
            histogram.quantile(q)


def test_an_instrument_outlives_its_registry():
    histogram = metrics.Registry().histogram("h", labels=["a"]).labels(a=1)
    histogram.record(1)
    assert histogram.count() == 1


def test_types_are_made_by_a_registry_alone():
    for kind in (metrics.Counter, metrics.Gauge, metrics.Histogram):
        with pytest.raises(TypeError):
            kind()


def test_a_child_starts_from_zero_and_reports_its_own():
    program = """
import json, os, threading
from synqc import metrics

counter = metrics.counter("jobs_total")
histogram = metrics.histogram("seconds_taken")
counter.add(5)
histogram.record(1.0)
busy = threading.Event()
thread = threading.Thread(target=lambda: [histogram.record(1.0) for _ in iter(busy.is_set, True)], daemon=True)
thread.start()
read, write = os.pipe()
if os.fork() == 0:
    counter.add(2)
    worker = threading.Thread(target=histogram.record, args=(3.0,))
    worker.start()
    worker.join()
    os.write(write, metrics.to_json().encode())
    os._exit(0)
os.close(write)
with os.fdopen(read) as pipe:
    child = json.load(pipe)
os.wait()
busy.set()
thread.join()
own = metrics.snapshot()
merged = metrics.merge([own, child])["metrics"]
assert child["metrics"]["jobs_total"]["series"][0]["value"] == 2, child
assert child["metrics"]["seconds_taken"]["series"][0]["sum"] == 3.0, child
assert own["metrics"]["jobs_total"]["series"][0]["value"] == 5
assert merged["jobs_total"]["series"][0]["value"] == 7
assert merged["seconds_taken"]["series"][0]["max"] == 3.0
"""
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode == 0, answer.stderr
