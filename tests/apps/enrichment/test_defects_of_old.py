"""Each sentence is what one of the twenty-one defects of the programs we replace must not do again."""

import asyncio
import json
import logging
import math
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time

import httpx
import pytest
from json_server import JsonServer
from old_program import write_old_rows

from infra.async_client import AsyncNetworkClient, get_async_client
from infra.cache import PerformanceCache, get_cache
from infra.enrichment_helpers import enable_caching_for_worker
from infra.metrics import Metrics, get_metrics
from infra.optimized_ollama import OptimizedOllamaClient
from synqc.apps.enrichment.config import PerfConfig
from synqc.errors import InputError


def whole(text="Fine.", **more):
    return {"model": "phi3", "response": text, "done": True, "done_reason": "stop", "eval_count": 3, **more}


def config_file(folder, **sections):
    path = folder / "config" / "perf_config.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(sections))
    return path


def test_l1_values_of_two_types_do_not_share_a_row(tmp_path):
    cache = PerformanceCache(tmp_path)
    cache.set("same", "of a", cache_type="a")
    cache.set("same", "of b", cache_type="b")
    assert (cache.get("same", cache_type="a"), cache.get("same", cache_type="b")) == ("of a", "of b")
    assert cache.get("same") is None


@pytest.mark.parametrize("value", ["123", "null", "true", '{"a": 1}', "[1]", '"', "", "\u00e9", "NaN"])
def test_l2_a_text_that_looks_like_json_stays_a_text(tmp_path, value):
    PerformanceCache(tmp_path).set("k", value)
    assert PerformanceCache(tmp_path).get("k") == value
    assert type(PerformanceCache(tmp_path).get("k")) is str


def test_l3_no_lifetime_is_that_of_the_type_and_zero_keeps_nothing(tmp_path):
    cache = PerformanceCache(tmp_path)
    cache.set("usual", 1)
    cache.set("none", 1, ttl=0)
    cache.set("ever", 1, ttl=math.inf)
    assert cache.look_up("usual").ttl == pytest.approx(2_592_000, abs=5)
    assert cache.get("none") is None
    assert cache.look_up("ever").ttl is None
    cache.set("usual", 2, ttl=0)
    assert cache.get("usual") is None, "0 forgets what there was"
    with pytest.raises(InputError, match="`ttl` must be 0 or more seconds"):
        cache.set("k", 1, ttl=-1)


def test_l4_lifetimes_of_the_configuration_have_effect(tmp_path, server, monkeypatch):
    monkeypatch.chdir(config_file(tmp_path, caching={"ttl_text_inference": 60}).parent.parent)
    server.answer = lambda path, body: whole()
    OptimizedOllamaClient(server.url, "phi3:mini").generate("Why?")
    with sqlite3.connect(get_cache().db_path) as connection:
        assert connection.execute("SELECT ttl FROM cache").fetchall() == [(60,)]


def test_l5_a_temperature_and_a_limit_of_zero_are_zero(server):
    server.answer = lambda path, body: whole()
    OptimizedOllamaClient(server.url, "phi3:mini").generate("Why?", temperature=0.0, max_tokens=0)
    (body,) = server.bodies("/api/generate")
    assert (body["options"]["temperature"], body["options"]["num_predict"]) == (0.0, 0)


def test_l6_equal_calls_at_once_are_one_call(server):
    server.answer, server.delay_s = (lambda path, body: whole()), 0.3
    client = OptimizedOllamaClient(server.url, "phi3:mini")
    barrier = threading.Barrier(8)
    answers = []

    def ask():
        barrier.wait()
        answers.append(client.generate("Why?")["response"])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["Fine."] * 8
    assert server.count("/api/generate") == 1


def test_l7_another_server_or_window_does_not_get_the_first_one_s_answer(server, monkeypatch):
    other = JsonServer(lambda path, body: whole("Of the other."))
    server.answer = lambda path, body: whole("Of the first.")
    try:
        assert OptimizedOllamaClient(server.url, "phi3:mini").generate("Why?")["response"] == "Of the first."
        assert OptimizedOllamaClient(other.url, "phi3:mini").generate("Why?")["response"] == "Of the other."
        wide = OptimizedOllamaClient(server.url, "phi3:mini")
        wide._config = PerfConfig(num_ctx=4096)
        wide.generate("Why?")
        assert server.count("/api/generate") == 2
    finally:
        other.stop()


@pytest.mark.parametrize("value", ["", [], {}, 0, 0.0, False, None])
def test_l8_what_is_falsy_is_a_hit(tmp_path, value):
    cache = PerformanceCache(tmp_path)
    cache.set("k", value)
    assert cache.look_up("k").value == value
    calls = []
    assert cache.get_or_compute("k", lambda: calls.append(1)) == value
    assert calls == []


class TestL9:
    @pytest.mark.parametrize(
        "answer",
        [
            whole(done_reason="length"), whole(""), whole("  "), whole(done=False), whole(done_reason="load"),
            whole(prompt_eval_count=2048), {"response": None, "done": True}, {"done": True},
        ],
        ids=["cut", "empty", "blank", "not done", "loaded", "prompt cut", "null", "no text"],
    )  # fmt: skip
    def test_what_is_not_a_whole_answer_is_not_kept(self, server, answer):
        server.answer = lambda path, body: answer
        client = OptimizedOllamaClient(server.url, "phi3:mini")
        assert [client.generate("Why?") for _ in range(2)] == [answer] * 2
        assert server.count("/api/generate") == 2

    @pytest.mark.parametrize(
        "answer",
        [{"error": "model is busy"}, (503, {"error": "busy"}, {}), (429, b"", {}), (404, {"error": "no model"}, {}),
         (200, b"<html>", {}), (200, b"[1]", {})],
        ids=["error in 200", "503", "429", "404", "html", "list"],
    )  # fmt: skip
    def test_a_failure_is_raised_and_outlived(self, server, answer):
        server.answer = lambda path, body: answer
        client = OptimizedOllamaClient(server.url, "phi3:mini")
        with pytest.raises(Exception, match=r"127\.0\.0\.1"):
            client.generate("Why?")
        server.answer = lambda path, body: whole()
        assert client.generate("Why?")["response"] == "Fine."

    def test_another_model_under_the_same_tag_is_asked_anew(self, server):
        digest = ["one"]

        def answer(path, body):
            if path == "/api/tags":
                return {"models": [{"name": "phi3:latest", "digest": digest[0]}]}
            return whole(f"Of {digest[0]}.")

        server.answer = answer
        assert OptimizedOllamaClient(server.url).generate("Why?")["response"] == "Of one."
        assert OptimizedOllamaClient(server.url).generate("Why?")["response"] == "Of one."
        digest[0] = "two"
        assert OptimizedOllamaClient(server.url).generate("Why?")["response"] == "Of two."
        assert server.count("/api/generate") == 2

    def test_a_server_that_is_gone_does_not_take_the_answers_with_it(self, server):
        server.answer = lambda path, body: {"models": []} if path == "/api/tags" else whole()
        OptimizedOllamaClient(server.url).generate("Why?")
        server.answer = lambda path, body: (500, {}, {})
        assert OptimizedOllamaClient(server.url).generate("Why?")["response"] == "Fine."


def test_l10_the_file_is_bounded_and_what_expired_goes(tmp_path):
    cache = PerformanceCache.from_config(PerfConfig(cache_dir=tmp_path, cache_max_bytes=1 << 20))
    cache.set("old", "x", ttl=0.01)
    for number in range(3000):
        cache.set(number, "x" * 2000)
    assert cache.get(2999) == "x" * 2000
    assert cache.get(0) is None, "the oldest have gone"
    cache.close()
    assert cache.db_path.stat().st_size < 3 << 20
    assert cache._file.evicted > 0


def test_l11_a_worker_and_a_shell_see_one_file_wherever_they_stand(tmp_path, monkeypatch):
    root = config_file(tmp_path / "repo", caching={"cache_dir": "./cache"}).parent.parent
    (root / "enrichment-worker").mkdir()
    seen = set()
    for folder in (root, root / "enrichment-worker"):
        done = subprocess.run(
            [sys.executable, "-c", "from infra.cache import get_cache; print(get_cache().db_path)"],
            cwd=folder, capture_output=True, text=True, check=True,
        )  # fmt: skip
        seen.add(done.stdout.strip())
    assert seen == {str(root / "cache" / "perf_cache.db")}
    cache = PerformanceCache("./here")
    monkeypatch.chdir(root)
    cache.set("k", 1)
    assert cache.db_path.is_absolute()
    assert not (root / "here").exists()


class TestL12:
    def test_memory_does_not_grow_with_what_is_recorded(self):
        metrics = Metrics()
        for number in range(20_000):
            metrics.record_latency("score", number % 1000)
        assert len(metrics._recorded.exact["score"]) <= 1025
        stats = metrics.get_stats()["score"]
        assert stats["count"] == 20_000
        assert (stats["p50_ms"], stats["p95_ms"]) == (pytest.approx(500, rel=0.01), pytest.approx(950, rel=0.01))

    def test_an_operation_that_only_failed_is_shown(self):
        metrics = Metrics()
        metrics.record_error("score")
        assert metrics.get_stats()["score"] == {
            "count": 0, "errors": 1, "p50_ms": None, "p95_ms": None, "p99_ms": None, "avg_ms": None,
        }  # fmt: skip

    def test_an_operation_called_cache_is_not_overwritten(self):
        metrics = Metrics()
        metrics.record_latency("cache", 5.0)
        metrics.record_cache_hit("a")
        stats = metrics.get_stats()
        assert stats["cache"]["a"]["hits"] == 1
        assert stats["cache (operation)"]["count"] == 1

    def test_a_clock_that_is_set_back_makes_no_latency(self, monkeypatch):
        from infra.metrics import timer

        metrics = Metrics()
        monkeypatch.setattr(time, "time", lambda: -1e9)
        with timer("score", metrics):
            pass
        assert 0 <= metrics.get_stats()["score"]["p50_ms"] < 1000

    def test_names_without_end_share_one(self):
        metrics = Metrics()
        for number in range(5000):
            metrics.record_latency(f"of user {number}", 1.0)
        assert len(metrics.get_stats()) <= 1002


def test_l13_hits_and_misses_are_counted_without_anybody_s_help(server):
    server.answer = lambda path, body: whole()
    client = OptimizedOllamaClient(server.url, "phi3:mini")
    for _ in range(4):
        client.generate("Why?")
    assert get_metrics().get_stats()["cache"]["text_inference"] == {"hits": 3, "misses": 1, "hit_rate": 75.0}


@pytest.fixture
def workers_modules(tmp_path, monkeypatch):
    """The two classes as they really are: a positional token, `enrich`, no client to replace."""
    modules = tmp_path / "worker" / "src" / "modules"
    modules.mkdir(parents=True)
    (modules.parent / "__init__.py").touch()
    (modules / "__init__.py").touch()
    (modules / "hybrid_scorer.py").write_text(
        textwrap.dedent("""
        made, calls = [], []
        class HybridScorer:
            def __init__(self, hf_token, use_ollama=True):
                made.append(hf_token)
            def enrich(self, text, timestamp=None, history=()):
                calls.append(text)
                return {"text": text, "joy": 0.5, "history": list(history)}
        """)
    )
    (modules / "post_enricher.py").write_text(
        textwrap.dedent("""
        calls = []
        class PostEnricher:
            def __init__(self, ollama_base_url="http://x", temperature=0.8):
                self.ollama_base_url = ollama_base_url
            def run_post_enrichment(self, record, tone="kind"):
                calls.append(record)
                return {"words": record["text"] + " " + tone}
        """)
    )
    monkeypatch.syspath_prepend(str(tmp_path / "worker"))
    for name in [one for one in sys.modules if one == "src" or one.startswith("src.")]:
        monkeypatch.delitem(sys.modules, name)
    yield
    for name in [one for one in sys.modules if one == "src" or one.startswith("src.")]:
        del sys.modules[name]


def test_l14_both_stages_of_a_real_worker_are_kept(workers_modules):
    classes = enable_caching_for_worker()
    scorer = classes["HybridScorer"]("hf-token")
    from src.modules import hybrid_scorer, post_enricher

    for _ in range(3):
        assert scorer.enrich("Fine day") == {"text": "Fine day", "joy": 0.5, "history": []}
    assert classes["HybridScorer"]("hf-token").score("Fine day")["joy"] == 0.5
    assert (hybrid_scorer.calls, hybrid_scorer.made) == (["Fine day"], ["hf-token", "hf-token"])
    enricher = classes["PostEnricher"]()
    for _ in range(3):
        assert enricher.run_post_enrichment({"text": "a"}) == enricher.enrich({"text": "a"}) == {"words": "a kind"}
    assert post_enricher.calls == [{"text": "a"}]
    stats = get_metrics().get_stats()
    assert stats["cache"]["emotion_scoring"] == {"hits": 3, "misses": 1, "hit_rate": 75.0}
    assert stats["stage1_hybrid_score"]["count"] == 4
    assert stats["stage2_enrichment"]["count"] == 6


class TestL15:
    def test_no_host_gets_more_than_its_share(self, server):
        server.answer, server.delay_s = (lambda path, body: {}), 0.03
        client = AsyncNetworkClient(PerfConfig())

        async def main():
            await asyncio.gather(*(client.get(server.url) for _ in range(40)))
            await client.close()

        asyncio.run(main())
        assert server.most_at_once == 6

    @pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
    def test_what_may_pass_is_tried_three_times(self, server, status):
        server.answer = lambda path, body: (status, {}, {})
        client = AsyncNetworkClient(PerfConfig(retry_backoff_ms=(1.0, 1.0)))
        with pytest.raises(httpx.HTTPStatusError):
            asyncio.run(client.post(server.url, {"a": 1}))
        assert len(server.asked) == 3
        assert len({headers["idempotency-key"] for headers in server.headers}) == 1

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 501, 505])
    def test_what_lasts_is_tried_once(self, server, status):
        server.answer = lambda path, body: (status, {}, {})
        with pytest.raises(httpx.HTTPStatusError):
            asyncio.run(AsyncNetworkClient(PerfConfig()).get(server.url))
        assert len(server.asked) == 1

    def test_a_server_is_asked_again_when_it_said(self, server):
        times = []

        def answer(path, body):
            times.append(time.monotonic())
            return {"ok": 1} if len(times) > 1 else (429, {}, {"Retry-After": 1})

        server.answer = answer
        client = AsyncNetworkClient(PerfConfig(retry_backoff_ms=(1.0,)))
        assert asyncio.run(client.get(server.url)) == {"ok": 1}
        assert 0.9 <= times[1] - times[0] < 30

    def test_a_wait_of_an_hour_is_an_answer(self, server):
        server.answer = lambda path, body: (503, {}, {"Retry-After": 3600})
        with pytest.raises(httpx.HTTPStatusError):
            asyncio.run(AsyncNetworkClient(PerfConfig()).get(server.url))
        assert len(server.asked) == 1

    def test_who_pauses_keeps_no_place(self, server):
        failing = threading.Event()
        server.answer = lambda path, body: {"ok": 1} if path == "/well" or failing.is_set() else (503, {}, {})
        config = PerfConfig(max_concurrent_requests=1, per_host_limit=1, retry_backoff_ms=(5000.0,))
        client = AsyncNetworkClient(config)

        async def main():
            pausing = asyncio.ensure_future(client.get(server.url + "/ill"))
            while not server.asked:
                await asyncio.sleep(0.005)
            async with asyncio.timeout(2):
                assert await client.get(server.url + "/well") == {"ok": 1}
            pausing.cancel()
            await asyncio.gather(pausing, return_exceptions=True)
            await client.close()

        asyncio.run(main())

    def test_the_third_pause_is_reached_by_a_fourth_attempt_and_pauses_differ(self):
        client = AsyncNetworkClient(PerfConfig(retry_attempts=4))
        for attempt, longest in ((1, 0.1), (2, 0.3), (3, 0.9)):
            pauses = {client._pause_s(attempt) for _ in range(50)}
            assert len(pauses) > 10
            assert all(longest / 2 <= pause <= longest for pause in pauses)


def test_l16_one_client_serves_event_loops_one_after_the_other(server):
    server.answer = lambda path, body: {"ok": 1}
    for _ in range(5):
        assert asyncio.run(get_async_client().get(server.url)) == {"ok": 1}
    assert len(get_async_client()._of_loops) == 1, "loops that are closed are forgotten"


def test_l17_without_h2_the_older_protocol_is_spoken(server):
    program = textwrap.dedent(f"""
        import asyncio, sys
        sys.modules["h2"] = None
        import importlib.util
        found = importlib.util.find_spec
        importlib.util.find_spec = lambda name, package=None: None if name == "h2" else found(name, package)
        from infra.async_client import get_async_client
        print(get_async_client().http2, asyncio.run(get_async_client().get({server.url!r})))
    """)
    server.answer = lambda path, body: {"ok": 1}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "False {'ok': 1}", done.stderr


@pytest.mark.parametrize("get", [get_cache, get_async_client, get_metrics])
def test_l18_threads_at_a_barrier_get_one_object(get):
    barrier, got = threading.Barrier(32), []

    def ask():
        barrier.wait()
        got.append(get())

    threads = [threading.Thread(target=ask) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 32
    assert len({id(one) for one in got}) == 1


class TestL19:
    def test_a_damaged_file_does_not_break_a_worker(self, tmp_path, caplog):
        (tmp_path / "perf_cache.db").write_bytes(b"This is no database. " * 500)
        cache = PerformanceCache(tmp_path)
        cache.set("k", {"a": 1})
        assert cache.get("k") == {"a": 1}
        assert cache.trouble.startswith("DatabaseError")
        assert cache.get_stats() == {"enabled": True, "total_entries": 1, "total_bytes": 8, "by_type": {"default": 1}}
        assert [one.levelno for one in caplog.records if "memory serves" in one.message] == [logging.WARNING]
        assert (tmp_path / "perf_cache.db").read_bytes().startswith(b"This is no database.")

    def test_a_folder_that_cannot_be_made_does_not_break_a_worker(self, tmp_path):
        (tmp_path / "file").touch()
        cache = PerformanceCache(tmp_path / "file" / "cache")
        cache.set("k", 1)
        assert cache.get("k") == 1
        assert cache.trouble

    def test_a_locked_file_does_not_break_a_worker(self, tmp_path):
        cache = PerformanceCache(tmp_path)
        cache.set("before", 1)
        with sqlite3.connect(cache.db_path, isolation_level=None) as other:
            other.execute("BEGIN EXCLUSIVE")
            cache.set("k", 2)
            assert (cache.get("k"), cache.get("before")) == (2, 1)
            other.execute("ROLLBACK")
        other.close()
        cache.set("after", 3)
        assert PerformanceCache(tmp_path).get("after") == 3

    def test_a_question_without_a_key_does_not_break_a_worker(self, tmp_path, caplog):
        cache = PerformanceCache(tmp_path)
        for _ in range(2):
            cache.set({"a": {1, 2}}, 1, cache_type="odd")
            assert cache.get({"a": {1, 2}}, cache_type="odd") is None
            cache.set("k", object(), cache_type="odd")
        assert cache.get_or_compute({"a": {1, 2}}, lambda: 5, cache_type="odd") == 5
        assert len([one for one in caplog.records if "goes uncached" in one.message]) == 1
        assert len([one for one in caplog.records if "is not kept" in one.message]) >= 1


def test_l20_other_texts_with_the_same_labels_and_changed_answers_are_apart(workers_modules):
    enricher = enable_caching_for_worker()["PostEnricher"]()
    labels = {"primary": "joy", "secondary": "calm"}
    first = enricher.enrich({"text": "of ada", **labels})
    assert enricher.enrich({"text": "of bob", **labels}) == {"words": "of bob kind"}
    first["words"] = "changed by its caller"
    kept = enricher.enrich({"text": "of ada", **labels})
    kept["words"] = "changed again"
    assert enricher.enrich({"text": "of ada", **labels}) == {"words": "of ada kind"}


def test_l21_all_that_a_call_is_given_is_in_the_key_and_a_default_is_what_it_stands_for(workers_modules):
    scorer = enable_caching_for_worker()["HybridScorer"]("hf-token")
    from src.modules import hybrid_scorer

    scorer.enrich("a")
    scorer.enrich(text="a", timestamp=None)
    assert len(hybrid_scorer.calls) == 1
    assert scorer.enrich("a", history=["b"])["history"] == ["b"]
    scorer.enrich("a", timestamp="2025-01-01T00:00:00")
    scorer.enrich("a", timestamp="2025-01-01T00:00:00")
    assert len(hybrid_scorer.calls) == 3


def test_l20_a_row_of_old_is_not_changed_by_who_reads_it(tmp_path):
    write_old_rows(tmp_path / "perf_cache.db", [("k", None, {"a": [1]}, None, "t", 5)])
    cache = PerformanceCache(tmp_path)
    cache.get("k", cache_type="t")["a"].append(2)
    assert cache.get("k", cache_type="t") == {"a": [1]}
