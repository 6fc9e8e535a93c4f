"""Metrics in the shape of before, and what other processes read of them."""

import json
import os
import random
import sqlite3
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from infra.metrics import Metrics, get_metrics, timer
from synqc.apps.enrichment.performance_metrics import stats_of
from synqc.apps.enrichment.published_metrics import Publication, published
from synqc.apps.enrichment.report import metrics_payload
from synqc.cli import main
from synqc.metrics import prometheus


def by_the_contract(values):
    ordered, n = sorted(values), len(values)
    return {
        "p50_ms": ordered[n // 2], "p95_ms": ordered[int(n * 0.95)],
        "p99_ms": ordered[int(n * 0.99)] if n > 100 else ordered[-1], "avg_ms": pytest.approx(sum(values) / n),
    }  # fmt: skip


@pytest.mark.parametrize("n", [1, 2, 3, 19, 20, 99, 100, 101, 500, 1024])
def test_percentiles_are_those_of_the_rule_of_before(n, seed):
    values = [random.Random(seed * 1000 + one).expovariate(0.01) for one in range(n)]
    metrics = Metrics()
    for value in values:
        metrics.record_latency("score", value)
    assert metrics.get_stats()["score"] == {"count": n, "errors": 0, **by_the_contract(values)}, f"seed {seed}"


@pytest.mark.parametrize("n", [1025, 5000])
def test_percentiles_of_many_are_right_to_one_percent(n, seed):
    draw = random.Random(seed)
    values = [draw.expovariate(0.01) + 0.1 for _ in range(n)]
    metrics = Metrics()
    for value in values:
        metrics.record_latency("score", value)
    wanted = by_the_contract(values)
    stats = metrics.get_stats()["score"]
    for name in ("p50_ms", "p95_ms", "p99_ms"):
        assert stats[name] == pytest.approx(wanted[name], rel=0.011), f"seed {seed}"
    assert stats["avg_ms"] == wanted["avg_ms"]


def test_the_example_of_the_contract():
    metrics = Metrics()
    for value in range(1, 101):
        metrics.record_latency("score", value)
    stats = metrics.get_stats()["score"]
    assert (stats["p50_ms"], stats["p95_ms"], stats["p99_ms"]) == (51, 96, 100)


def test_hit_rates_are_percent():
    metrics = Metrics()
    for _ in range(3):
        metrics.record_cache_hit("a")
    metrics.record_cache_miss("a")
    metrics.record_cache_miss("b")
    assert metrics.get_stats()["cache"] == {
        "a": {"hits": 3, "misses": 1, "hit_rate": 75.0},
        "b": {"hits": 0, "misses": 1, "hit_rate": 0.0},
    }
    metrics.reset()
    assert metrics.get_stats() == {"cache": {}}


def test_a_timer_swallows_nothing_and_records_either_way():
    metrics = Metrics()
    with pytest.raises(ZeroDivisionError), timer("score", metrics):
        1 // 0  # noqa: B018
    with timer("score", metrics), timer("inner", metrics):
        pass
    stats = metrics.get_stats()
    assert (stats["score"]["count"], stats["score"]["errors"], stats["inner"]["count"]) == (1, 1, 1)
    with timer("usual"):
        pass
    assert get_metrics().get_stats()["usual"]["count"] == 1


def test_threads_lose_no_count():
    metrics = Metrics()
    barrier = threading.Barrier(8)

    def record():
        barrier.wait()
        for _ in range(1000):
            metrics.record_latency("score", 1.0)
            metrics.record_error("score")
            metrics.record_cache_hit("a")

    threads = [threading.Thread(target=record) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stats = metrics.get_stats()
    assert (stats["score"]["count"], stats["score"]["errors"], stats["cache"]["a"]["hits"]) == (8000, 8000, 8000)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -5.0, 0.0, 1e300])
def test_no_number_breaks_the_report(value):
    metrics = Metrics()
    metrics.record_latency("score", value)
    metrics.record_latency("score", 1.0)
    json.dumps(metrics.get_stats())
    assert metrics.get_stats()["score"]["count"] in (1, 2)


class TestOtherProcesses:
    WORKER = textwrap.dedent("""
        import sys
        from infra.metrics import get_metrics, timer
        for number in range(int(sys.argv[1])):
            get_metrics().record_latency("score", 10.0)
            get_metrics().record_cache_hit("a")
        get_metrics().record_error("failed only")
    """)

    def test_what_processes_did_is_told_after_they_ended(self):
        for count in (3, 5):
            subprocess.run([sys.executable, "-c", self.WORKER, str(count)], check=True)
        performance = stats_of(published(Path("cache").absolute()))
        assert performance["score"]["count"] == 8
        assert performance["score"]["p50_ms"] == pytest.approx(10, rel=0.011)
        assert performance["failed only"]["errors"] == 2
        assert performance["cache"]["a"] == {"hits": 8, "misses": 0, "hit_rate": 100.0}
        assert len(list(Path("cache/metrics").glob("*.json"))) == 1, "a slot is used again"

    def test_what_a_living_process_does_is_told(self, tmp_path):
        metrics = Metrics()
        publication = Publication(metrics, tmp_path)
        metrics.record_latency("score", 1.0)
        publication.write()
        other = Publication(Metrics(), tmp_path)
        other._metrics.record_latency("score", 3.0)
        other.write()
        metrics.record_latency("score", 2.0)
        publication.write()
        assert stats_of(published(tmp_path))["score"]["count"] == 3
        publication.end()
        other.end()
        assert len(list((tmp_path / "metrics").glob("*.json"))) == 2

    def test_a_slot_that_is_damaged_is_said_and_others_are_told(self, tmp_path, caplog):
        metrics = Metrics()
        publication = Publication(metrics, tmp_path)
        metrics.record_latency("score", 1.0)
        publication.end()
        (tmp_path / "metrics" / "7.json").write_text('{"metrics": 5')
        assert stats_of(published(tmp_path))["score"]["count"] == 1
        assert "7.json cannot be read" in caplog.text

    def test_a_folder_that_cannot_be_written_harms_nobody(self, tmp_path, caplog):
        (tmp_path / "file").touch()
        metrics = Metrics()
        metrics.record_latency("score", 1.0)
        Publication(metrics, tmp_path / "file").end()
        assert "cannot be told to other processes" in caplog.text

    def test_a_forked_child_counts_what_it_does_itself(self):
        get_metrics().record_latency("score", 1.0)
        child = os.fork()
        if child == 0:
            try:
                from synqc.apps.enrichment import published_metrics

                get_metrics().record_latency("score", 1.0)
                get_metrics().record_latency("score", 1.0)
                published_metrics._publication.end()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        from synqc.apps.enrichment import published_metrics

        published_metrics._publication.write()
        assert stats_of(published(Path("cache").absolute()))["score"]["count"] == 3

    def test_the_command_line_tells_and_clears(self, capsys):
        subprocess.run([sys.executable, "-c", self.WORKER, "2"], check=True)
        from infra.cache import PerformanceCache

        cache = PerformanceCache()
        cache.set("k", "abc", cache_type="a")
        cache.set("old", "abc", ttl=1e-9)
        cache.close()
        assert main(["enrichment", "stats"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["status"] == "ok"
        assert document["performance"]["score"]["count"] == 2
        assert document["cache"] == {
            "enabled": True, "total_entries": 2, "total_bytes": 6, "by_type": {"a": 1, "default": 1},
        }  # fmt: skip
        assert main(["enrichment", "cache"]) == 0
        assert json.loads(capsys.readouterr().out) == document["cache"]
        assert main(["enrichment", "clear-expired"]) == 0
        assert capsys.readouterr().out == "1 expired entries removed.\n"
        assert main(["enrichment", "clear"]) == 0
        assert capsys.readouterr().out == "1 entries removed.\n"
        assert main(["enrichment", "config"]) == 0
        assert json.loads(capsys.readouterr().out)["per_host_limit"] == 6


def test_prometheus_can_read_it_too():
    get_metrics().record_latency("score", 1.0)
    get_metrics().record_cache_hit("a")
    text = prometheus(get_metrics().snapshot())
    assert 'enrichment_latency_ms_count{operation="score"} 1' in text
    assert 'enrichment_cache_hits_total{cache_type="a"} 1' in text


class TestCommandLineInTrouble:
    COMMANDS = ("stats", "cache", "clear", "clear-expired")

    @pytest.mark.parametrize("command", COMMANDS)
    def test_a_look_where_no_cache_is_makes_none_and_says_so(self, command, capsys):
        assert main(["enrichment", command]) == 2
        assert "There is no cache at" in capsys.readouterr().err
        assert list(Path.cwd().iterdir()) == []

    @pytest.mark.parametrize("command", COMMANDS)
    def test_a_file_that_cannot_be_used_is_an_error(self, command, capsys):
        Path("cache").mkdir()
        Path("cache/perf_cache.db").write_bytes(b"no database " * 100)
        assert main(["enrichment", command]) == 2
        assert "perf_cache.db cannot be used: DatabaseError" in capsys.readouterr().err

    def test_what_could_not_be_cleared_is_not_said_to_be(self, capsys):
        from infra.cache import PerformanceCache

        cache = PerformanceCache()
        cache.set("k", 1)
        with sqlite3.connect(cache.db_path, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            assert main(["enrichment", "cache"]) == 0, "who only looks is in nobody's way"
            assert main(["enrichment", "clear"]) == 2
            other.execute("ROLLBACK")
        other.close()
        assert "another process is writing to it" in capsys.readouterr().err
        assert cache.get_stats()["total_entries"] == 1

    def test_one_that_is_switched_off_is_told_so(self, capsys, monkeypatch):
        monkeypatch.setenv("SYNQC_ENRICHMENT_CACHE_ENABLED", "0")
        assert main(["enrichment", "stats"]) == 0
        assert json.loads(capsys.readouterr().out) == {
            "status": "ok", "performance": {"cache": {}}, "cache": {"enabled": False},
        }  # fmt: skip


def test_a_worker_s_own_route_has_both_shapes():
    get_metrics().record_latency("score", 1.0)
    payload = metrics_payload()
    assert list(payload) == ["status", "performance", "cache"]
    assert set(payload["performance"]["score"]) == {"count", "errors", "p50_ms", "p95_ms", "p99_ms", "avg_ms"}
    json.dumps(payload)
