"""The six suites in simulated time: figures that arithmetic gives, limits, failures, and suites of one's own."""

import asyncio

import pytest
from pretended_synth import PretendedSynth
from simulated_time import run_simulated

from synqc.apps.synth.errors import ValidationError
from synqc.apps.synth.measuring import (
    SUITES,
    BenchmarkConfig,
    BenchmarkRunner,
    CacheBenchmark,
    CIRunner,
    ConcurrencyBenchmark,
    LatencyBenchmark,
    MemoryBenchmark,
    PerformanceMonitor,
    StreamingBenchmark,
    ThroughputBenchmark,
)


def run(make, synth=None, config=None, **options):
    """Result of one suite, and the monitor, in simulated time."""

    async def inside():
        loop = asyncio.get_running_loop()
        monitor = PerformanceMonitor(clock=loop.time)
        monitor.start()
        suite = make(PretendedSynth(**(synth or {})), **options)
        return await suite.run(BenchmarkConfig.of(config), monitor), monitor.get_metrics()

    return run_simulated(inside())


def checks(result):
    return {(one.figure, one.limit): one.is_met for one in result.checks}


def test_throughput_is_places_divided_by_latency():
    found, metrics = run(ThroughputBenchmark, {"seconds": 0.1, "places": 20}, {"concurrency": 40, "iterations": 10})
    assert found.figures["throughput_per_s"] == pytest.approx(200, rel=0.05)
    assert found.figures["offered_per_s"] == pytest.approx(140, rel=0.1)
    assert found.figures["achieved_per_s"] == pytest.approx(found.figures["offered_per_s"], rel=0.1)
    assert found.figures["closed_p99_ms"] == pytest.approx(200, rel=0.05)
    assert found.success
    assert metrics.evidence.requests == found.measured > 400
    assert any("omit" in note for note in found.notes)


def test_a_slow_subject_misses_the_least_rate():
    found, _ = run(ThroughputBenchmark, {"seconds": 1.0, "places": 2}, {"concurrency": 4, "iterations": 3})
    assert found.figures["throughput_per_s"] == pytest.approx(2, rel=0.1)
    assert not found.success
    assert checks(found) == {("throughput_per_s", 10.0): False, ("throughput_per_s", 50.0): False,
                             ("throughput_per_s", 100.0): False}  # fmt: skip


def test_latency_tells_new_and_cached_requests_apart():
    found, _ = run(LatencyBenchmark, {"seconds": 0.4})
    assert found.figures["p50_ms"] == pytest.approx(400, rel=0.01)
    assert found.figures["cached_p99_ms"] == pytest.approx(1, rel=0.01)
    assert found.success
    assert found.measured == 100
    assert "The 99th percentile of 50 requests is the greatest of them" in found.notes


def test_latency_without_a_cache_says_so_and_a_slow_subject_fails():
    found, _ = run(LatencyBenchmark, {"seconds": 0.9, "is_caching": False}, iterations=5)
    assert "No repeated request was answered by a cache" in found.notes
    assert found.figures["cached_p99_ms"] is None
    assert checks(found) == {("p50_ms", 500.0): False, ("p95_ms", 800.0): False, ("p99_ms", 1000.0): True,
                             ("cached_p99_ms", 100.0): False}  # fmt: skip
    assert not found.success


def test_failures_count_as_never_answered():
    found, metrics = run(LatencyBenchmark, {"fails_every": 10}, {"warmup": 0}, iterations=50)
    assert found.figures["p50_ms"] == pytest.approx(50, rel=0.01)
    assert found.figures["p99_ms"] is None
    assert found.figures["error_rate"] == pytest.approx(0.05)
    assert "Failures: 5 ConnectionError" in found.notes
    assert not found.success
    assert metrics.evidence.failures == 5


def growing(step):
    held = 100e6

    def readings():
        nonlocal held
        held += step
        return {"resident": held}

    return readings


def test_memory_that_grows_with_every_request_is_a_leak_and_a_full_cache_is_none():
    found, _ = run(MemoryBenchmark, readings=growing(500_000))
    assert found.figures["growth_bytes_per_request"] == pytest.approx(100_000)
    assert found.figures["leak"] == 1
    assert not found.success
    found, _ = run(MemoryBenchmark, readings=growing(0))
    assert found.figures["leak"] == 0
    assert found.figures["final_mb"] == pytest.approx(100)
    assert checks(found)[("leak", 0.0)]


@pytest.mark.parametrize(("ratio", "achievable"), [(0.5, 0.5), (0.0, 0.0), (0.9, 0.9), (0.25, 0.25)])
def test_the_cache_is_judged_by_what_a_perfect_one_could_have(ratio, achievable):
    found, metrics = run(CacheBenchmark, repeat_ratio=ratio)
    assert found.figures["achievable_hit_rate"] == pytest.approx(achievable, abs=0.011)
    assert found.figures["hit_rate"] == found.figures["achievable_hit_rate"]
    assert found.success
    assert metrics.cache_hit_rate == pytest.approx(found.figures["hit_rate"])


def test_a_cache_without_hits_fails():
    found, _ = run(CacheBenchmark, {"is_caching": False})
    assert found.figures["hit_rate"] == 0
    assert not found.success


def test_levels_of_concurrency_are_batches_with_limits_of_their_own():
    found, metrics = run(ConcurrencyBenchmark, {"seconds": 1.0, "places": 50})
    assert [row["total_s"] for row in found.levels] == pytest.approx([1, 1, 2, 4], rel=0.01)
    assert found.success
    assert metrics.evidence.requests == 360
    found, _ = run(ConcurrencyBenchmark, {"seconds": 3.0, "fails_every": 30}, levels=(10, 60))
    assert checks(found)[("total_s at 10", 2.0)] is False
    assert checks(found)[("failed at 60", 0.0)] is False


def test_streams_have_a_first_chunk_a_first_content_and_a_total():
    found, metrics = run(StreamingBenchmark)
    assert found.figures["first_chunk_p50_ms"] == pytest.approx(100)
    assert found.figures["first_content_p50_ms"] == pytest.approx(120)
    assert found.figures["total_p50_ms"] == pytest.approx(100 + 60 * 20)
    assert found.figures["chunks"] == 59
    assert found.figures["between_chunks_ms"] == pytest.approx(20)
    assert found.success
    assert metrics.evidence.stage_seconds["first_chunk"] == pytest.approx(1.0)


def test_a_stream_without_content_is_no_success():
    found, _ = run(StreamingBenchmark, {"chunks": 1})
    assert found.figures["empty_streams"] == 10
    assert not found.success


def runner_of(synth):
    runner = BenchmarkRunner(clock=asyncio.get_running_loop().time)
    runner.registerAll(synth)
    return runner


def all_of(synth=None, config=None, **options):
    async def inside():
        return await runner_of(PretendedSynth(**(synth or {}))).runAll(config, **options)

    return run_simulated(inside())


def test_all_six_are_run_by_name_and_watched():
    found = all_of(config={"concurrency": 20, "iterations": 20})
    assert [one.suite.name for one in found.results] == list(SUITES)
    assert [one.suite.name for one in found.results if not one.success] in ([], ["Memory Test"])  # of this process
    assert found.metrics.evidence.requests == sum(one.metrics.evidence.requests for one in found.results)
    assert found.metrics.p99_latency_ms > 0
    assert found.to_dict()["results"][0]["suite"]["name"] == "Throughput Test"


def test_throughput_and_hits_of_a_run_are_those_of_their_own_suites():
    found = all_of({"seconds": 0.3, "places": 20}, {"concurrency": 20})
    figures = {one.suite.name: one.suite.figures for one in found.results}
    assert found.metrics.throughput == figures["Throughput Test"]["throughput_per_s"] > 50
    assert found.metrics.cache_hit_rate == figures["Cache Test"]["hit_rate"] == 0.5
    reasons = CIRunner(BenchmarkRunner()).judge(found).reasons
    assert not [one for one in reasons if one.startswith(("cacheHitRate", "throughput"))]
    assert found.results[1].metrics.throughput < 10  # one request after another


@pytest.mark.parametrize("iterations", [1, 7, 99])
def test_repetitions_are_never_fewer_than_asked_for(iterations):
    found, _ = run(CacheBenchmark, config={"iterations": iterations})
    assert found.figures["hit_rate"] >= (0.5 if iterations > 1 else 0)
    assert found.success


@pytest.mark.parametrize("name", ["Latency Test", "latency", "LATENCY TEST"])
def test_one_is_chosen_by_its_name_or_first_word(name):
    assert [one.suite.name for one in all_of(only=name).results] == ["Latency Test"]


def test_a_name_that_nobody_has_is_refused():
    with pytest.raises(ValidationError, match=r"`suite` must be one of All, Throughput Test, .* but is 'speed'"):
        all_of(only="speed")


def test_a_suite_that_fails_or_hangs_does_not_stop_the_others():
    class Broken:
        name = "broken"

        async def run(self):
            raise OSError("no disk")

    class Hanging:
        name = "hanging"

        async def run(self, config, monitor):
            await asyncio.sleep(1e6)

    class Own:
        name = "own"

        async def run(self):
            return {"answer": 42.0}

    async def inside():
        runner = BenchmarkRunner(clock=asyncio.get_running_loop().time)
        for suite in (Broken(), Hanging(), Own()):
            runner.register_suite(suite)
        return await runner.run_all(timeout_config)

    timeout_config = BenchmarkConfig(timeout=5000)
    broken, hanging, own = run_simulated(inside()).results
    assert (broken.success, broken.suite.error) == (False, "OSError: no disk")
    assert (hanging.success, hanging.suite.error) == (False, "not finished within 5000 ms")
    assert own.success
    assert own.suite.figures == {"answer": 42.0}


def test_what_is_no_suite_or_no_subject_is_refused():
    runner = BenchmarkRunner()
    with pytest.raises(ValidationError, match="must have a name and a method run, but object has not"):
        runner.register_suite(object())
    with pytest.raises(ValidationError, match="lacks generate, generateBatch, generateStream, getMetrics"):
        runner.register_all(object())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"iterations": 0}, "`iterations` must be a whole number of at least 1, but is 0"),
        ({"warmupIterations": -1}, "`warmup_iterations` must be a whole number of at least 0"),
        ({"timeout": 0}, "`timeout` must be above 0"),
        ({"iteration": 3}, "did you mean 'iterations'"),
    ],
)
def test_wrong_configurations_are_refused(options, words):
    with pytest.raises(ValidationError, match=words):
        BenchmarkConfig.of(options)


def test_wrong_parameters_of_suites_are_refused():
    with pytest.raises(ValidationError, match="`repeat_ratio` must be between 0 and 1"):
        run(CacheBenchmark, repeat_ratio=2)
    with pytest.raises(ValidationError, match="`levels` must be whole numbers"):
        run(ConcurrencyBenchmark, levels=())
