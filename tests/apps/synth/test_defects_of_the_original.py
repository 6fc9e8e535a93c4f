"""Defects of the original Agentic-Synth, one test each: none of them is here."""

import asyncio
import json
import threading
from collections import Counter

import pytest
from model_rows import SCHEMA, RowModel
from scripted_server import answer, refusal, says, stream
from waiting import wait_until

from synqc.apps.synth import models as synth_models
from synqc.apps.synth.cache_manager import CacheManager
from synqc.apps.synth.context_cache import ContextCache
from synqc.apps.synth.data_generator import DataGenerator
from synqc.apps.synth.errors import APIError, NoModelFound, ValidationError
from synqc.apps.synth.model_router import ModelRouter
from synqc.apps.synth.row_formats import csv_text
from synqc.apps.synth.row_scanner import RowScanner
from synqc.apps.synth.row_schema import check_row, schema_of_rows
from synqc.apps.synth.settings import SynthSettings
from synqc.llm.model_files.errors import NoSuchModel


def test_s1_streams_yield_rows_and_read_each_character_once(synths, server):
    server.otherwise.parts = 50
    asked = {"count": 5, "schema": SCHEMA}

    async def first_row():
        async with synths().generate_stream("structured", asked) as rows:
            return await anext(rows)

    assert asyncio.run(first_row()) == {"name": "N0", "age": 0}
    scanner = RowScanner()
    text = "[" + ",".join(json.dumps({"text": 'a } "quoted\\" brace', "n": number}) for number in range(2000)) + "]"
    found = []
    for sign in text:
        found += scanner.feed(sign)
        assert len(scanner._text) <= 5000  # what was read is forgotten
    assert [json.loads(one)["n"] for one in found] == list(range(2000))


def test_s2_retries_and_timeout_are_used(synths, server):
    server.script.extend([refusal(503), refusal(503)])
    assert synths(providers=None, maxRetries=0).get_config()["maxRetries"] == 0
    settings = SynthSettings(openai_base_url=server.url, openai_api_key="k", local_model="none")
    patient = synths(providers={}, settings=settings, model="openai:m", max_retries=2)
    assert patient.generate_sync("Paris").data == "About Paris"
    assert server.requests == 3
    server.script.append([30.0])
    hasty = synths(providers={}, settings=settings, model="openai:m", max_retries=0, timeout=200)
    with pytest.raises(APIError) as late:
        hasty.generate_sync("Rome")
    assert late.value.details["outcome"] == "timed_out"


def test_s3_any_provider_can_follow_any_other_each_with_its_own_key(synths, server, second_server, monkeypatch):
    monkeypatch.setattr(synth_models, "_URLS", {"gemini": second_server.url, "openrouter": server.url})
    settings = SynthSettings(gemini_api_key="of-gemini", local_model="none")
    synth = synths(
        providers={}, settings=settings, provider="openrouter", model="some/model", api_key="of-openrouter",
        fallback_chain=["gemini"], max_retries=1,
    )  # fmt: skip
    server.script.append(refusal(503))
    assert synth.generate_sync("Paris").data == "About Paris"
    assert server.asked[0].headers["authorization"] == "Bearer of-openrouter"
    assert second_server.asked[0].headers["authorization"] == "Bearer of-gemini"
    assert second_server.bodies[0]["model"] == "gemini-2.0-flash-exp"


def test_s4_batches_are_continuous_and_keep_what_succeeded(synths, server):
    """The slowest item holds up nobody, and a failure discards nothing."""
    others, inside = threading.Event(), threading.Lock()
    done = []

    def model(body):
        said = body["messages"][-1]["content"]
        if said == "slow":
            assert others.wait(30)
        elif said == "bad":
            return refusal(400)
        with inside:
            done.append(said)
            if len(done) == 18:
                others.set()
        return answer(f"About {said}")

    server.otherwise = model
    prompts = ["slow", "bad", *(f"P{number}" for number in range(18))]
    result = synths().generate_batch_sync(prompts, concurrency=2)
    assert done[-1] == "slow"
    assert [one.data for one in result.results if one.ok] == [f"About {one}" for one in prompts if one != "bad"]
    assert [one.index for one in result.failures] == [1]
    assert result.failures[0].code == "API_ERROR"


def test_s5_equal_requests_at_once_are_one_call(synths, server):
    release = threading.Event()

    def model(body):
        assert release.wait(30)
        return answer("one")

    server.otherwise = model
    synth = synths()

    async def many():
        asked = [asyncio.ensure_future(synth.generate("Paris")) for _ in range(64)]
        while not server.requests:
            await asyncio.sleep(0)
        release.set()
        return await asyncio.gather(*asked)

    results = asyncio.run(many())
    assert server.requests == 1
    assert [one.cached for one in results].count(False) == 1
    batch = synths().generate_batch_sync(["Oslo"] * 10 + ["Rome"])
    assert server.requests == 3
    assert (batch.repeated, len(batch.results)) == (9, 11)


def test_s6_keys_do_not_depend_on_the_order_of_options_and_hold_the_model(synths, server):
    synth = synths(model_preference=["one:m-1"])
    synth.generate_sync("Paris", {"maxTokens": 5, "temperature": 0.5, "namespace": "x"})
    assert synth.generate_sync("Paris", {"namespace": "x", "temperature": 0.5, "maxTokens": 5}).cached
    assert not synth.generate_sync(
        "Paris", {"namespace": "x", "temperature": 0.5, "maxTokens": 5}, model="one:m-2"
    ).cached
    nested = {"b": {"y": 1, "x": 2}, "a": [1]}
    assert CacheManager.generateKey("k", nested) == CacheManager.generateKey("k", {"a": [1], "b": {"x": 2, "y": 1}})


def test_s7_changing_a_result_changes_nothing_that_is_kept(synths):
    synth = synths()
    asked = {"count": 2, "schema": SCHEMA}
    first = synth.generate_data_sync("structured", asked)
    first.data[0]["name"] = "changed"
    first.data.clear()
    assert [row["name"] for row in synth.generate_data_sync("structured", asked).data] == ["N0", "N1"]

    async def kept():
        cache, value = CacheManager(), {"a": [1]}
        await cache.set("k", value)
        value["a"].append(2)
        (await cache.get("k"))["a"].append(3)
        return await cache.get("k")

    assert asyncio.run(kept()) == {"a": [1]}


def test_s8_hit_rate_is_a_rate_and_zero_means_zero(synths):
    async def manager():
        cache = CacheManager(max_size=10)
        await cache.set("null", None)
        assert await cache.has("null")
        for _ in range(5):
            assert await cache.get("null", "absent") is None
        assert await cache.get("other", "absent") == "absent"
        await cache.set("gone", 1, ttl=0)
        assert not await cache.has("gone")
        return cache.getStats()

    stats = asyncio.run(manager())
    assert (stats.totalHits, stats.totalMisses, stats.hitRate) == (5, 1, 5 / 6)
    for options in ({"ttl": 0}, {"maxSize": 0}):
        nothing = ContextCache(options)
        nothing.set("a", 1)
        assert not nothing.has("a")
    counted = ContextCache(max_size=2)
    counted.set("a", 1)
    counted.set("b", 2)
    assert counted.has("a")  # is not a use: `a` stays the oldest
    counted.set("c", 3)
    assert not counted.has("a")
    counted.clear()
    assert counted.getStats().to_dict() == {"hits": 0, "misses": 0, "evictions": 0, "size": 0, "hitRate": 0.0}
    assert not synths(cacheTTL=0).generate_sync("Paris").cached
    assert synths(cacheSize=0).get_metrics().cache.size == 0


def test_s9_bytes_are_counted_and_what_is_over_leaves_untouched(synths, server):
    server.otherwise = lambda body: answer("x" * 5000)
    now = [0.0]
    cache = CacheManager(max_size=10, clock=lambda: now[0])
    asyncio.run(cache.set("a", 1, ttl=5))
    now[0] = 6.0
    assert cache._cache.expire() == 1
    synth = synths(memoryLimit=12_000)
    for number in range(5):
        synth.generate_sync(f"P{number}")
    assert synth.get_metrics().memory.used <= 12_000
    assert synth.get_metrics().cache.size == 2


def test_s10_failures_are_no_fast_answers():
    now = [0.0]
    router = ModelRouter(
        {"models": [{"id": "fast"}, {"id": "sound"}], "strategy": "least-latency"}, clock=lambda: now[0]
    )
    for _ in range(20):
        now[0] += 0.1
        router.recordMetrics("fast", 5.0, False)
        router.recordMetrics("sound", 500.0, True)
    assert {router.route({}) for _ in range(50)} == {"sound"}
    assert router.getStats("fast").avgLatency is None
    assert router.getStats("fast").to_dict()["errors"] == 20


def most_routed(router):
    """Of two drawn at random the faster one is taken, so that no model goes without a try for long."""
    return Counter(router.route({}) for _ in range(200)).most_common(1)[0][0]


def test_s11_untested_models_get_a_try_and_old_latencies_are_forgotten():
    now = [0.0]
    router = ModelRouter({"models": [{"id": "a"}, {"id": "b"}], "strategy": "least-latency"}, clock=lambda: now[0])
    for _ in range(5):
        router.recordMetrics("a", 100.0)
    router.registerModel({"id": "c"})
    chosen = [router.route({}) for _ in range(30)]
    assert len(set(chosen)) > 1  # no single model takes all because nothing is known of it
    now[0] = 1.0
    for _ in range(30):
        now[0] += 1.0
        router.recordMetrics("a", 900.0)
        router.recordMetrics("b", 50.0)
        router.recordMetrics("c", 900.0)
    assert most_routed(router) == "b"
    for _ in range(60):  # b was fast for half a minute, and is slow for a whole one
        now[0] += 1.0
        router.recordMetrics("a", 60.0)
        router.recordMetrics("b", 900.0)
        router.recordMetrics("c", 900.0)
    assert most_routed(router) == "a"


def test_s12_unknown_strategies_are_refused_and_routes_are_ids():
    with pytest.raises(ValidationError, match="round-robin"):
        ModelRouter({"models": [{"id": "a"}], "strategy": "fastest"})
    with pytest.raises(ValidationError, match="at least one"):
        ModelRouter({"models": []})
    for strategy in ("round-robin", "least-latency", "cost-optimized", "capability-based"):
        router = ModelRouter({"models": [{"id": "a"}, {"id": "b"}], "strategy": strategy})
        assert router.route({"prompt": "x" * 2000}) == ("b" if strategy == "cost-optimized" else "a")
    able = ModelRouter(
        {"models": [{"id": "a"}, {"id": "b", "capabilities": ["vision"]}], "strategy": "capability-based"}
    )
    assert able.route({"capabilities": ["vision"]}) == "b"


def test_s13_seed_reaches_the_model_and_the_key(synths, server):
    synth = synths()
    asked = {"count": 12, "schema": SCHEMA}
    for seed in (42, 42, 43, "forty-two"):
        synth.generate_data_sync("structured", asked, seed=seed, cache=False)
    seeds = [{body["seed"] for body in server.bodies[at : at + 2]} for at in (0, 2, 4, 6)]
    assert seeds[0] == seeds[1]
    assert all(len(one) == 2 for one in seeds)
    assert not seeds[0] & seeds[2] | seeds[0] & seeds[3]


def test_s14_zero_is_a_bound():
    generator = DataGenerator({"seed": 42, "schema": {"n": {"type": "number", "min": -5, "max": 0}}})
    rows = generator.generate(200)
    assert all(-5 <= row["n"] <= 0 for row in rows)
    assert rows == DataGenerator(seed=42, schema={"n": {"type": "number", "min": -5, "max": 0}}).generate(200)
    generator.setSeed(43)
    assert rows != generator.generate(200)
    kinds = {name: {"type": name} for name in ("string", "boolean", "array", "vector")}
    row = DataGenerator(schema=kinds, seed=1).generate(1)[0]
    assert (row["id"], len(row["string"]), len(row["array"]), len(row["vector"])) == (0, 10, 5, 128)
    with pytest.raises(ValidationError, match=r"schema\.n\.mx"):
        DataGenerator(schema={"n": {"type": "number", "mx": 3}})
    schema = schema_of_rows({"n": {"type": "number", "minimum": -5, "maximum": 0}})
    assert check_row({"n": 0}, schema) == ""
    assert "maximum" in check_row({"n": 89}, schema)


@pytest.mark.parametrize("source", ["generator", "model"])
def test_s16_moments_are_in_utc_and_no_model_writes_them(synths, server, source):
    moments_of_its_own = {"rows": [{"timestamp": "2025-01-01T05:30:00+05:30", "value": k} for k in (1, 2)]}
    server.script.append(answer(json.dumps(moments_of_its_own)))
    server.otherwise = lambda body: answer(json.dumps({"rows": [{"value": 1}, {"value": 2}]}))
    asked = {"count": 2, "source": source, "startDate": "2025-01-01T05:30:00+05:30"}
    rows = synths().generate_data_sync("timeseries", **asked).data
    assert [row["timestamp"] for row in rows] == ["2025-01-01T00:00:00.000Z", "2025-01-01T01:00:00.000Z"]


def test_s17_bracketed_words_around_the_answer_do_no_harm(synths, server):
    rows = json.dumps({"rows": [{"name": "Ada", "age": 36}]})
    server.script.append(answer(f"Here [as asked] are the rows: {rows} [that is all]"))
    assert synths().generate_data_sync("structured", count=1, schema=SCHEMA).data == [{"name": "Ada", "age": 36}]
    server.script.append(stream(*says(f"Certainly {{as asked}}! {rows} [end]")))

    async def read():
        return [row async for row in synths().generate_stream("structured", count=1, schema=SCHEMA)]

    assert asyncio.run(read()) == [{"name": "Ada", "age": 36}]


def test_s18_types_are_those_that_are_named():
    schema = schema_of_rows({"n": {"type": "integer", "required": True}, "day": {"type": "date", "required": True}})
    assert check_row({"n": 3, "day": "2026-02-28"}, schema) == ""
    assert "integer" in check_row({"n": 3.5, "day": "2026-02-28"}, schema)
    assert "date" in check_row({"n": 3, "day": "2026-02-30"}, schema)
    for field in ({"enum": ["a"]}, {"type": "string", "pattern": "^a$"}, {"type": "array", "items": {"type": "null"}}):
        assert check_row({"x": ["b"]}, schema_of_rows({"x": {**field, "required": True}}))


def test_s19_what_another_try_cannot_mend_is_not_tried_and_servers_say_when(synths, server):
    settings = SynthSettings(openai_base_url=server.url, openai_api_key="k", local_model="none")
    synth = synths(providers={}, settings=settings, model="openai:m", max_retries=3)
    server.script.append(refusal(400))
    with pytest.raises(APIError):
        synth.generate_sync("Paris")
    assert server.requests == 1
    server.script.append(refusal(429, retry_after="3600"))
    with pytest.raises(APIError) as limited:
        synth.generate_sync("Paris")
    assert server.requests == 2  # it would be too late within the time allowed
    assert limited.value.details["retryAfterS"] == 3600.0


def test_s20_another_configuration_keeps_what_is_kept(synths, models, server, second_server):
    synth = synths(providers={"one": models(server), "two": models(second_server)}, model_preference=["one:m-1"])
    for number in range(3):
        synth.generate_sync(f"P{number}")
    synth.configure(maxConcurrency=5, timeout=1000)
    synth.configure({"cacheSize": 2})
    assert synth.generate_sync("P2").cached
    assert synth.get_metrics().cache.size == 2
    assert synth.get_metrics().requests.total == 4
    with pytest.raises(ValidationError):
        synth.configure(maxConcurrency=0)
    assert synth.get_config()["maxConcurrency"] == 5
    synth.configure(modelPreference=["two:m-2", "one:m-1"])
    assert not synth.generate_sync("P2").cached
    assert second_server.requests == 1


def test_s22_csv_has_the_columns_of_all_rows_and_quotes_by_the_rfc():
    import csv
    import io

    rows = [{"a": 'He said "no", twice'}, {"a": "two\r\nlines", "b": " padded "}, {"b": "", "c": {"d": 1}}]
    text = csv_text(rows)
    assert list(csv.DictReader(io.StringIO(text, newline=""))) == [
        {"a": 'He said "no", twice', "b": "", "c": ""}, {"a": "two\r\nlines", "b": " padded ", "c": ""},
        {"a": "", "b": "", "c": '{"d": 1}'},
    ]  # fmt: skip
    assert text.startswith("a,b,c\r\n")


def test_nothing_is_under_way_when_everything_has_ended(synths, server):
    server.otherwise = RowModel()
    synth = synths()
    synth.generate_batch_sync([f"P{number}" for number in range(30)])
    wait_until(lambda: synth.get_metrics().router.in_flight == 0)
    metrics = synth.get_metrics()
    assert (metrics.requests.in_flight, metrics.running, metrics.waiting) == (0, 0, 0)


def test_failures_move_no_other_item_g2(synths, server):
    """distilabel#587: a branch that fails here and there must not shift the rows of others."""

    def model(body):
        said = body["messages"][-1]["content"]
        return refusal(400) if int(said) % 10 == 3 else answer(f"About {said}")

    server.otherwise = model
    result = synths().generate_batch_sync([str(number) for number in range(100)])
    for number, one in enumerate(result.results):
        assert one.ok == (number % 10 != 3)
        assert (one.data == f"About {number}") if one.ok else (one.index == number)


def test_requests_name_no_files_of_the_machine_and_not_models_without_end(synths, tmp_path):
    synth = synths()
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    with pytest.raises(NoSuchModel):
        synth.generate_sync("Paris", model=f"local:{tmp_path / 'model.gguf'}")
    for number in range(100):
        synth.generate_sync("Paris", model=f"one:m-{number + 2}")
    with pytest.raises(NoModelFound, match="at most 100"):
        synth.generate_sync("Paris", model="one:another")
