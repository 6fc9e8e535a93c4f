"""Reports and the gate: three forms of one result, a history, exit codes that mean something."""

import asyncio
import dataclasses
import json
import xml.etree.ElementTree as ElementTree

import pytest
from pretended_synth import PretendedSynth
from simulated_time import run_simulated

from synqc.apps.synth.errors import ValidationError
from synqc.apps.synth.measuring import BenchmarkAnalyzer, BenchmarkReporter, BenchmarkRunner, CIRunner
from synqc.apps.synth.measuring.benchmark_pictures import bars, latency_curve


def measured(only="All", **synth):
    async def inside():
        runner = BenchmarkRunner(clock=asyncio.get_running_loop().time)
        runner.register_all(PretendedSynth(**synth))
        return await runner.run_all({"concurrency": 20, "iterations": 40}, only=only)

    return run_simulated(inside())


@pytest.fixture(scope="module")
def results():
    return measured()


def with_metrics(results, **changes):
    return dataclasses.replace(results, metrics=dataclasses.replace(results.metrics, **changes))


def gate(results, **options):
    return CIRunner(BenchmarkRunner(), **options).judge(results)


def test_markdown_has_metrics_figures_checks_levels_and_verdicts(results, tmp_path):
    path = BenchmarkReporter().generateMarkdown(results, tmp_path / "performance-report.md")
    text = path.read_text()
    for words in (
        "# Performance of benchmark", "| p99LatencyMs | ", "## Throughput Test: pass", "## Recommendations", "## Trend",
        "No earlier run on this machine.", "| level | total_s |", "| hit_rate | ", "## Machine",
    ):  # fmt: skip
        assert words in text
    assert list(tmp_path.iterdir()) == [path]


def test_json_holds_everything_and_its_own_history(results, tmp_path):
    reporter, path = BenchmarkReporter(), tmp_path / "performance-data.json"
    for runs in range(3):
        assert len(reporter.read_history(path)) == runs
        reporter.generateJSON(results, path)
    document = json.loads(path.read_text())
    assert document["metrics"] == results.metrics.to_dict()
    assert len(document["history"]) == 2
    assert document["configuration"]["concurrency"] == 20
    assert len(document["results"]) == 6
    assert document["bottlenecks"]["verdict"] in ("none", "bottlenecks", "insufficient data")
    path.write_text("[]")
    with pytest.raises(ValidationError, match="must be a report of format 1"):
        reporter.generate_json(results, path)
    path.write_text("{")
    with pytest.raises(ValidationError, match="must be a report in JSON"):
        reporter.read_history(path)


def test_the_page_has_pictures_and_asks_nobody(results, tmp_path):
    hostile = dataclasses.replace(results, config=dataclasses.replace(results.config, name="<script>alert(1)</script>"))
    text = BenchmarkReporter().generateHTML(hostile, tmp_path / "report.html").read_text()
    assert text.count("<svg") >= 4
    assert "<script" not in text
    assert 'name="viewport"' in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    root = ElementTree.fromstring(text.replace("<!doctype html>", "").replace('<meta charset="utf-8">', ""))
    assert root.find("body/h1").text == "Performance of <script>alert(1)</script>"


def test_pictures_are_wellformed_whatever_they_show():
    for values in ([0.0], [1e-9, 1e9], [5.0] * 1000):
        ElementTree.fromstring(latency_curve(values, 'a "title" & <more>'))
    ElementTree.fromstring(bars({"<a>": 1e-9, "b": 1e9}, "&", "<s>"))


def test_the_gate_passes_what_is_within_its_limits(results):
    fine = with_metrics(results, memory_usage_mb=100.0, cache_hit_rate=0.6)
    found = gate(fine)
    assert (found.exit_code, found.reasons) == (0, ())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"p99_latency_ms": 1500.0}, "p99LatencyMs is 1500, the limit 1000."),
        ({"throughput": 5.0}, "throughput is 5, the limit 10."),
        ({"memory_usage_mb": 500.0}, "memoryUsageMB is 500, the limit 400."),
        ({"cache_hit_rate": 0.2}, "cacheHitRate is 0.2, the limit 0.5."),
        ({"error_rate": 0.1}, "errorRate is 0.1, the limit 0.01."),
    ],
)
def test_each_limit_of_the_gate_is_a_regression(results, changes, words):
    found = gate(with_metrics(results, **{"memory_usage_mb": 100.0, "cache_hit_rate": 0.6, **changes}))
    assert found.exit_code == 1
    assert words in found.reasons


def test_limits_of_the_gate_may_be_changed_under_either_name(results):
    fine = with_metrics(results, memory_usage_mb=100.0, cache_hit_rate=0.6, p99_latency_ms=1500.0)
    assert gate(fine, thresholds={"maxP99Latency": 2000}).exit_code == 0
    assert gate(fine, thresholds={"maxP99LatencyMs": 2000}).exit_code == 0


def test_a_run_that_measured_nothing_is_no_pass_and_no_regression():
    async def inside():
        return await CIRunner(BenchmarkRunner()).run()

    found = asyncio.run(inside())
    assert found.exit_code == 4
    assert found.reasons == ("No request was measured.",)


def history_of(results, values):
    return [
        {"metrics": {**results.metrics.to_dict(), "p99LatencyMs": value}, "machine": results.machine}
        for value in values
    ]


def test_what_is_surely_worse_than_earlier_runs_is_a_regression_within_the_limits(results):
    fine = with_metrics(results, memory_usage_mb=100.0, cache_hit_rate=0.6, p99_latency_ms=300.0)
    found = gate(fine, history=history_of(results, [100.0, 101.0, 99.0, 100.0, 102.0, 98.0]))
    assert (found.exit_code, found.reasons) == (1, ("p99LatencyMs is worse than in earlier runs.",))
    few = gate(fine, history=history_of(results, [100.0, 101.0]))
    assert few.exit_code == 0
    noisy = gate(fine, history=history_of(results, [50.0, 400.0, 100.0, 900.0, 30.0, 300.0]))
    assert noisy.exit_code == 0
    elsewhere = history_of(results, [100.0] * 6)
    for one in elsewhere:
        one["machine"] = {**one["machine"], "processor": "another"}
    assert gate(fine, history=elsewhere).exit_code == 0


def test_a_trend_is_the_relative_change_from_run_to_run(results):
    history = history_of(results, [100 * 1.1**k for k in range(6)])
    found = BenchmarkAnalyzer(history=history).analyze(with_metrics(results, p99_latency_ms=100 * 1.1**6))
    assert found.trend["p99LatencyMs"] == pytest.approx(0.1)
    comparison = {one.figure: one for one in found.comparison}
    assert comparison["throughput"].verdict == "same"
    text = "\n".join(BenchmarkReporter()._markdown(results, history))
    assert "from run to run" in text
