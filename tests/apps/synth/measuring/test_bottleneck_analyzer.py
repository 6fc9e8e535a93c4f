"""BottleneckAnalyzer: limits, severities, the stage to blame, Little's law, and no verdict from too little."""

import pytest

from synqc.apps.synth.errors import ValidationError
from synqc.apps.synth.measuring import BottleneckAnalyzer, Evidence, PerformanceMetrics, Thresholds

ENOUGH = Evidence(requests=1000, failures=20, lookups=1000, seconds=60.0, mean_in_flight=3.0, limit=100)


def metrics(evidence=ENOUGH, **changes):
    fine = {
        "throughput": 50.0, "p50_latency_ms": 100.0, "p95_latency_ms": 200.0, "p99_latency_ms": 300.0,
        "avg_latency_ms": 110.0, "cache_hit_rate": 0.8, "memory_usage_mb": 150.0, "cpu_usage_percent": 20.0,
        "concurrent_requests": 10, "error_rate": 0.001,
    }  # fmt: skip
    return PerformanceMetrics(**{**fine, **changes}, evidence=evidence)


def analyzed(**changes):
    return BottleneckAnalyzer().analyze(metrics(**changes))


def test_figures_within_their_limits_are_no_bottleneck():
    found = analyzed()
    assert (found.detected, found.bottlenecks, found.recommendations, found.insufficient) == (False, (), (), ())
    assert found.verdict == "none"


@pytest.mark.parametrize(
    ("changes", "kind", "severity", "impact"),
    [
        ({"p99_latency_ms": 1100.0}, "latency", "low", "30-50 % latency reduction (estimate)"),
        ({"throughput": 4.0}, "throughput", "high", "2-3x throughput (estimate)"),
        ({"memory_usage_mb": 500.0}, "memory", "medium", "40-60 % memory reduction (estimate)"),
        ({"cache_hit_rate": 0.1}, "cache", "critical", "20-40 % cache improvement (estimate)"),
        ({"error_rate": 0.02}, "error", "high", "fewer failures, by their cause (estimate)"),
    ],
)
def test_each_limit_has_its_kind_severity_and_an_estimate(changes, kind, severity, impact):
    (one,) = analyzed(**changes).bottlenecks
    assert (one.type, one.severity) == (kind, severity)
    assert one.impact.endswith(impact)
    assert one.ratio > 1
    assert {"type", "severity", "impact", "metric", "value", "threshold", "ratio", "cause", "solution",
            "evidence"} <= set(one.to_dict())  # fmt: skip


def test_the_limit_itself_is_no_violation():
    found = analyzed(p99_latency_ms=1000.0, throughput=10.0, memory_usage_mb=400.0, cache_hit_rate=0.5, error_rate=0.01)
    assert not found.detected


def test_the_worst_comes_first():
    found = analyzed(p99_latency_ms=1100.0, throughput=1.0, cache_hit_rate=0.2)
    assert [one.type for one in found.bottlenecks] == ["throughput", "cache", "latency"]
    assert [one.severity for one in found.recommendations] == ["critical", "high", "low"]
    assert found.to_dict()["recommendations"][0]["estimatedImprovement"].endswith("(estimate)")


@pytest.mark.parametrize("stage", ["queue", "cache", "route", "network", "first_chunk", "generation", "parse", "rest"])
def test_the_stage_that_takes_the_time_is_named(stage):
    slow = {"queue": 1.0, "generation": 2.0, stage: 30.0}
    evidence = Evidence(requests=1000, lookups=1000, seconds=60.0, slow_stage_seconds=slow)
    (one,) = analyzed(evidence=evidence, p99_latency_ms=2000.0, error_rate=0.0).bottlenecks
    assert one.stage == stage
    assert one.cause.startswith(f"{stage}: ")
    assert f"{stage} " in one.evidence


def test_throughput_is_explained_by_littles_law():
    def cause(flight, limit=100):
        evidence = Evidence(requests=1000, lookups=1000, seconds=60.0, mean_in_flight=flight, limit=limit)
        return analyzed(evidence=evidence, throughput=2.0).bottlenecks[0]

    assert cause(97.0).cause.startswith("saturated")
    assert "97 of 100 places" in cause(97.0).evidence
    assert cause(3.0).cause.startswith("sequential work")
    assert cause(70.0).cause.startswith("rate limits")
    assert "limit is not known" in cause(3.0, None).evidence


def test_too_few_samples_are_no_verdict():
    few = Evidence(requests=9, lookups=9, seconds=0.5)
    found = analyzed(
        evidence=few, p99_latency_ms=9e9, throughput=0.001, cache_hit_rate=0.0, error_rate=1.0, memory_usage_mb=100.0
    )
    assert not found.detected
    assert found.verdict == "insufficient data"
    assert found.insufficient[0] == "p99LatencyMs: insufficient data, 9 requests of at least 100."
    assert len(found.insufficient) == 4
    brief = Evidence(requests=100, lookups=100, seconds=0.5)
    assert "0.5 s of at least 1 s" in " ".join(analyzed(evidence=brief, throughput=1.0).insufficient)


def test_nothing_measured_is_insufficient_whatever_the_limits():
    nothing = metrics(
        Evidence(), throughput=0.0, p50_latency_ms=None, p95_latency_ms=None, p99_latency_ms=None,
        avg_latency_ms=None, cache_hit_rate=None, error_rate=None, memory_usage_mb=0.0,
    )  # fmt: skip
    found = BottleneckAnalyzer().analyze(nothing)
    assert not found.detected
    assert len(found.insufficient) == 5


def test_limits_are_changed_one_by_one_under_either_name():
    analyzer = BottleneckAnalyzer(maxP99LatencyMs=100)
    assert analyzer.thresholds == Thresholds(max_p99_latency_ms=100)
    analyzer.setThresholds({"maxP99Latency": 5000, "minThroughput": 1})
    analyzer.set_thresholds(max_memory_mb=1)
    assert analyzer.thresholds == Thresholds(max_p99_latency_ms=5000, min_throughput=1, max_memory_mb=1)
    assert [one.type for one in analyzer.analyze(metrics()).bottlenecks] == ["memory"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"minThrouhput": 1}, "did you mean 'minThroughput'"),
        ({"maxErrorRate": 5}, "`max_error_rate` must be between 0 and 1, but is 5"),
        ({"maxMemoryMB": "big"}, "`max_memory_mb` must be a number of at least 0, but is 'big'"),
        ({"maxP99Latency": 1, "maxP99LatencyMs": 2}, "must be given once"),
    ],
)
def test_wrong_limits_are_refused(changes, words):
    with pytest.raises(ValidationError, match=words):
        BottleneckAnalyzer(changes)


def test_failures_are_told_with_their_interval():
    (one,) = analyzed(error_rate=0.02).bottlenecks
    assert "20 of 1000 requests failed (1.3 to 3.1 % with 95 % confidence)" in one.evidence


def test_a_stored_result_is_judged_by_what_it_stands_on():
    stored = metrics(p99_latency_ms=4000.0).to_dict()
    assert BottleneckAnalyzer().analyze(stored).verdict == "insufficient data"
    assert BottleneckAnalyzer().analyze(stored, evidence=ENOUGH).bottlenecks[0].severity == "critical"
