"""PerformanceMonitor: ten figures in constant memory, and counts in flight that come back to zero whatever happens."""

import random
import threading
from types import SimpleNamespace

import pytest
from drawn_seed import drawn_seed

from synqc.apps.synth.measuring import PerformanceMetrics, PerformanceMonitor
from synqc.errors import InputError

SEED = drawn_seed(__name__)
TEN = [
    "throughput", "p50LatencyMs", "p95LatencyMs", "p99LatencyMs", "avgLatencyMs", "cacheHitRate", "memoryUsageMB",
    "cpuUsagePercent", "concurrentRequests", "errorRate",
]  # fmt: skip


class Hands:
    """A clock that tests move."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Hands()


@pytest.fixture
def monitor(clock):
    found = PerformanceMonitor(limit=4, clock=clock)
    found.start()
    return found


def test_the_ten_figures_are_those_of_the_contract_in_both_spellings(monitor, clock):
    for number in range(1, 101):
        monitor.recordRequest(latencyMs=float(number), cached=number % 4 == 0, ok=number % 50 != 0)
    clock.now = 10.0
    found = monitor.getMetrics()
    assert list(found.to_dict()) == TEN
    assert found.throughput == pytest.approx(9.8)
    assert found.p50LatencyMs == pytest.approx(50, rel=0.03)
    assert found.p95LatencyMs == pytest.approx(95, rel=0.03)
    assert found.p99LatencyMs == pytest.approx(99, rel=0.03)
    assert found.avg_latency_ms == pytest.approx(50, rel=0.02)
    assert found.cacheHitRate == 0.25
    assert found.errorRate == 0.02
    assert found.memoryUsageMB > 10
    assert found.cpuUsagePercent >= 0


def test_before_the_first_request_nothing_is_claimed(monitor):
    found = monitor.getMetrics()
    assert (found.throughput, found.p99LatencyMs, found.cacheHitRate, found.errorRate) == (0.0, None, None, None)
    assert isinstance(found, PerformanceMetrics)


def test_mean_in_flight_is_rate_times_latency(monitor, clock):
    for begin in range(0, 100, 2):  # every two seconds a request that takes three
        clock.now = float(begin)
        monitor.begin()
    del begin
    requests = []
    monitor.start()
    for moment in range(100, 200):
        clock.now = float(moment)
        for one in [one for one in requests if one.began <= moment - 3]:
            one.succeed()
            requests.remove(one)
        if moment % 2 == 0:
            requests.append(monitor.begin())
    found = monitor.get_metrics()
    steady = 50  # those of before, which never ended
    assert found.evidence.mean_in_flight - steady == pytest.approx(1.5, rel=0.05)
    assert found.concurrentRequests == steady + 2


def test_a_block_that_ends_in_any_way_is_counted_once(monitor):
    with monitor.request() as request:
        request.succeed(cached=True)
    with pytest.raises(ValueError, match="no"), monitor.request():
        raise ValueError("no")
    with pytest.raises(KeyboardInterrupt), monitor.request():
        raise KeyboardInterrupt
    found = monitor.get_metrics()
    assert (found.evidence.requests, found.evidence.failures, found.evidence.cancelled) == (2, 1, 1)
    assert monitor.in_flight == 0


def tortured(monitor, operations, threads):
    """Requests that end in every way and several times, on several threads at once."""
    ends = ("succeed", "fail", "cancel")

    def work(seed):
        draw = random.Random(seed)
        held = []
        for _ in range(operations // threads):
            held.append(monitor.begin())
            if len(held) > 8 or draw.random() < 0.5:
                request = held.pop(draw.randrange(len(held)))
                if draw.random() < 0.3:
                    request.cached = draw.random() < 0.5
                for _ in range(draw.choice((1, 1, 2, 3))):
                    getattr(request, draw.choice(ends))()
        for request in held:
            request.cancel()
            request.succeed()

    working = [threading.Thread(target=work, args=(SEED + number,)) for number in range(threads)]
    for thread in working:
        thread.start()
    for thread in working:
        thread.join()
    return monitor.get_metrics().evidence


def test_counts_in_flight_come_back_to_zero():
    monitor = PerformanceMonitor(beside=(beside := PerformanceMonitor()))
    found = tortured(monitor, 20_000, 4)
    assert (monitor.in_flight, beside.in_flight) == (0, 0), f"seed {SEED}"
    assert found.requests + found.cancelled == 20_000, f"seed {SEED}"
    assert beside.get_metrics().evidence.requests == found.requests, f"seed {SEED}"


@pytest.mark.deep
def test_counts_in_flight_come_back_to_zero_after_a_million_operations():
    monitor = PerformanceMonitor()
    found = tortured(monitor, 1_000_000, 8)
    assert monitor.in_flight == 0, f"seed {SEED}"
    assert found.requests + found.cancelled == 1_000_000, f"seed {SEED}"


def test_models_without_end_are_a_hundred_and_the_others(monitor):
    for number in range(10_000):
        monitor.record_request(latency_ms=1, model=f"model-{number}")
    assert len(monitor.models()) == 101
    assert monitor.models()["other"] == 9_900


def test_stages_are_summed_and_what_no_stage_accounts_for_is_named(monitor):
    for number in range(200):
        slow = number >= 198
        stages = {"queue": 4.0, "generation": 0.5} if slow else {"generation": 0.08}
        monitor.record_request(latency_ms=5000 if slow else 100, stages=stages)
    found = monitor.get_metrics().evidence
    assert found.stage_seconds["generation"] == pytest.approx(198 * 0.08 + 1)
    assert found.stage_seconds["rest"] == pytest.approx(198 * 0.02 + 2 * 0.5)
    assert found.slow_stage_seconds == pytest.approx({"queue": 8.0, "generation": 1.0, "rest": 1.0})


def test_records_of_an_agentic_synth_are_read(monitor):
    monitor.observe(
        SimpleNamespace(
            outcome="ok", cached=False, tokens=7, model="m", total_s=1.0, queue_s=0.2, cache_s=0.01, route_s=0.01,
            model_s=0.7, first_chunk_s=0.32, parse_s=0.05,
        )
    )  # fmt: skip
    monitor.observe(
        SimpleNamespace(
            outcome="cancelled", cached=False, tokens=0, model="", total_s=1.0, queue_s=0.0, cache_s=0.0, route_s=0.0,
            model_s=0.0, first_chunk_s=None, parse_s=0.0,
        )
    )  # fmt: skip
    found = monitor.get_metrics().evidence
    assert found.stage_seconds["first_chunk"] == pytest.approx(0.1)
    assert found.stage_seconds["generation"] == pytest.approx(0.59)
    assert (found.requests, found.cancelled, monitor.in_flight) == (1, 1, 0)
    assert monitor.models() == {"m": 1}
    assert monitor.get_metrics().p50_latency_ms == pytest.approx(320, rel=0.02)  # a stream's first chunk
    assert found.mean_in_flight * found.seconds == pytest.approx(2.0)


def test_a_stop_stands_still_and_a_start_begins_anew(monitor, clock):
    monitor.record_request(latency_ms=10)
    under_way = monitor.begin()
    clock.now = 2.0
    assert monitor.stop().throughput == 0.5
    clock.now = 100.0
    monitor.record_request(latency_ms=10)
    under_way.succeed()
    assert monitor.stop().throughput == 0.5
    assert monitor.in_flight == 0
    monitor.start()
    assert monitor.get_metrics().evidence.requests == 0


def test_wrong_arguments_are_named_and_leave_nothing_in_flight(monitor):
    with pytest.raises(InputError, match="`latency_ms` must be at least 0, but is -1"):
        monitor.record_request(latency_ms=-1)
    with pytest.raises(InputError, match=r"`name` must be one of queue, .*, but is 'dream'"):
        monitor.record_request(latency_ms=1, stages={"dream": 1.0})
    with pytest.raises(InputError, match="`limit` must be at least 1"):
        PerformanceMonitor(limit=0)
    assert monitor.in_flight == 0
