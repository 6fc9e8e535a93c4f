"""The six suites on an AgenticSynth, whose requests the monitor hears of with their stages."""

import asyncio

from scripted_server import says, stream

from synqc.apps.synth.measuring import SUITES, BenchmarkRunner, PerformanceMonitor


def test_an_agentic_synth_passes_the_six_suites(synths, server):
    synth = synths()
    runner = BenchmarkRunner()
    runner.register_all(synth)
    found = asyncio.run(runner.run_all({"iterations": 2, "concurrency": 4, "warmupIterations": 1}, only="Throughput"))
    assert [one.suite.error for one in found.results] == [""]
    assert found.results[0].suite.measured >= 8
    assert found.metrics.evidence.failures == 0
    assert synth.get_metrics().requests.in_flight == 0
    assert set(runner.names) == set(SUITES)


def test_streams_and_repeated_requests_of_an_agentic_synth_are_told_apart(synths, server):
    synth = synths()
    runner = BenchmarkRunner()
    runner.register_all(synth)

    async def run():
        config = {"iterations": 3, "warmupIterations": 0}
        cached = await runner.run_all(config, only="Latency")
        server.otherwise = lambda body: stream(*says("a ", "b ", "c"))
        return cached, await runner.run_all(config, only="Streaming")

    cached, streamed = asyncio.run(run())
    assert cached.metrics.cache_hit_rate == 0.5
    assert cached.results[0].suite.figures["cached_p99_ms"] is not None
    assert streamed.results[0].suite.figures["chunks"] == 3, streamed.results[0].suite


def test_the_monitor_hears_of_every_request_with_its_stages(synths):
    monitor = PerformanceMonitor()
    monitor.start()
    synth = synths(observe=monitor.observe)
    for _ in range(2):
        synth.generate_sync("Paris")
    found = monitor.get_metrics()
    assert (found.evidence.requests, found.cache_hit_rate) == (2, 0.5)
    assert found.evidence.stage_seconds["generation"] > 0
    assert monitor.models() == {"m-1": 2}
