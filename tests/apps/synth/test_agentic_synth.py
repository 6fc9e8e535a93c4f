"""What AgenticSynth promises its callers: shapes, both spellings, the cache, and where requests go."""

import asyncio
import inspect
import json

import pytest
from model_rows import SCHEMA
from scripted_server import RESET, answer, refusal, says, stream

from synqc.apps.synth.agentic_synth import AgenticSynth
from synqc.apps.synth.domains import DOMAINS, schema_of_domain
from synqc.apps.synth.errors import APIError, NoModelFound, RowsMissing, ValidationError
from synqc.apps.synth.option_names import camel_case
from synqc.apps.synth.row_schema import check_row
from synqc.apps.synth.settings import SynthSettings
from synqc.errors import CacheMiss, TimedOut
from synqc.llm import Completion, Spent


def test_text_has_the_fields_of_the_contract(synths):
    result = synths().generate_sync("Paris", {"maxTokens": 50})
    document = result.to_dict()
    assert set(document) >= {"data", "tokensUsed", "latencyMs", "cached", "modelUsed", "timestamp"}
    assert (document["data"], document["tokensUsed"], document["cached"], document["modelUsed"]) == (
        "About Paris", 18, False, "m-1",
    )  # fmt: skip
    assert document["timestamp"].endswith("Z")
    assert result.latencyMs == result.latency_ms > 0


def test_options_reach_the_model(synths, server):
    synths().generate_sync("Paris", maxTokens=7, temperature=0.5, seed=3, system="Be brief.", stop=["END"])
    sent = server.bodies[0]
    assert (sent["temperature"], sent["seed"], sent["stop"]) == (0.5, 3, ["END"])
    assert [one["role"] for one in sent["messages"]] == ["system", "user"]
    assert 7 in (sent.get("max_tokens"), sent.get("max_completion_tokens"))


def test_every_method_and_option_has_both_spellings():
    methods = {name: one for name, one in vars(AgenticSynth).items() if inspect.isfunction(one)}
    contract = ["generate", "generateBatch", "generateStream", "getMetrics", "getConfig", "configure", "optimize",
                "generateEvents", "generateStructured"]  # fmt: skip
    for name in contract:
        snake = "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in name)
        assert methods[name] is methods[snake]
        assert camel_case(snake) == name
    assert methods["generateTimeSeries"] is methods["generate_timeseries"]
    assert methods["generateFromJSONSchema"] is methods["generate_from_json_schema"]
    assert methods["generateDomain"] is methods["generate_domain"]
    assert methods["generateLocal"] is methods["generate_local"]


@pytest.mark.parametrize(
    "spelling",
    [
        {"maxConcurrency": 7, "cacheTTL": 1000}, {"max_concurrency": 7, "cache_ttl_ms": 1000},
        {"maxConcurrency": 7, "cacheTtlS": 1}, {"max_concurrency": 7, "cache_ttl_s": 1},
    ],
)  # fmt: skip
def test_configuration_takes_both_spellings(synths, spelling):
    found = synths(spelling).get_config()
    assert (found["maxConcurrency"], found["cacheTtlMs"]) == (7, 1000)


def test_options_of_the_readme_nest(synths):
    found = synths({"cache": {"enabled": True, "maxSize": 5}, "routing": {"strategy": "quality"}}).get_config()
    assert (found["cacheSize"], found["routingStrategy"]) == (5, "quality")


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ({"maxConcurency": 3}, "maxConcurrency"), ({"cache": {"maxsize": 3}}, "cache.maxsize"),
        ({"vectorDb": True}, "vector_db"), ({"maxConcurrency": 0}, "max_concurrency"),
        ({"cacheTTL": -1}, "cache_ttl_ms"), ({"cacheStrategy": "disk"}, "cache_path"),
        ({"routingStrategy": "least_latency"}, "least-latency"), ({"cacheTTL": 5, "cache_ttl_ms": 5}, "given once"),
        ({"cache_ttl_s": 5, "cacheTTL": 5000}, "given once"), ({"timeoutS": -1}, "timeoutS"),
        ({"memoryLimit": 0.5}, "memory_limit"), ({"modelPreference": [3]}, "model_preference"),
    ],
)  # fmt: skip
def test_what_is_no_option_is_refused_by_name(synths, wrong, near):
    with pytest.raises(ValidationError, match=near) as refused:
        synths(wrong)
    assert refused.value.code == "VALIDATION_ERROR"


def test_keys_are_never_shown(synths):
    synth = synths(provider="openai", model="m-1", api_key="sk-secret-of-mine", providers={})
    assert "sk-secret-of-mine" not in json.dumps(synth.get_config())
    assert "sk-secret-of-mine" not in repr(synth._configuration)


# The cache


def test_equal_requests_are_one_call_and_the_second_says_so(synths, server):
    synth = synths()
    first, second = synth.generate_sync("Paris"), synth.generate_sync("Paris")
    assert (first.cached, second.cached, server.requests) == (False, True, 1)
    assert second.key == first.key
    assert synth.get_metrics().to_dict()["cache"] | {"bytes": 0} == {
        "hits": 1, "misses": 1, "evictions": 0, "size": 1, "maxSize": 1000, "hitRate": 0.5, "bytes": 0, "expired": 0,
    }  # fmt: skip


def test_what_decides_the_answer_is_in_the_key(synths, server):
    synth = synths()
    variants = [{}, {"maxTokens": 5}, {"temperature": 0}, {"temperature": 0.0, "seed": 1}, {"system": "x"},
                {"sample": 1}, {"stop": ["a"]}, {"namespace": "ada"}, {"topP": 0.5}, {"seed": "1"}]  # fmt: skip
    for variant in variants:
        assert not synth.generate_sync("Paris", variant).cached
    assert server.requests == len(variants)
    assert all(synth.generate_sync("Paris", variant).cached for variant in variants)


def test_a_request_may_say_how_it_uses_the_cache(synths, server):
    synth = synths()
    with pytest.raises(CacheMiss):
        synth.generate_sync("Paris", onlyIfCached=True)
    assert not synth.generate_sync("Paris", cache=False).cached
    assert not synth.generate_sync("Paris").cached
    assert not synth.generate_sync("Paris", refresh=True).cached
    assert synth.generate_sync("Paris", onlyIfCached=True).cached
    assert not synth.generate_sync("Rome", ttlMs=0).cached
    assert not synth.generate_sync("Rome").cached
    assert server.requests == 5


def test_kept_answers_are_on_disk_where_that_is_asked_for(synths, server, tmp_path):
    options = {"cacheStrategy": "disk", "cachePath": str(tmp_path / "answers.db")}
    first = synths(options)
    first.generate_sync("Paris")
    first.close()
    assert synths(options).generate_sync("Paris").cached
    assert server.requests == 1


def test_memory_limit_is_kept_and_the_oldest_leave_first(synths, server):
    server.otherwise = lambda body: answer("x" * 1000)
    synth = synths(memoryLimit=20_000)
    for number in range(40):
        synth.generate_sync(f"Prompt {number}")
    metrics = synth.get_metrics()
    assert 0 < metrics.memory.used <= 20_000
    assert metrics.cache.evictions == 40 - metrics.cache.size > 0
    assert synth.generate_sync("Prompt 39").cached
    assert not synth.generate_sync("Prompt 0").cached


def test_optimize_lets_go_of_what_is_over(synths):
    synth = synths()
    for number in range(3):
        synth.generate_sync(f"Prompt {number}", ttlMs=1)
    synth.generate_sync("Paris")
    while synth.get_metrics().cache.size > 1:
        asyncio.run(synth.optimize())
    assert synth.get_metrics().cache.size == 1


def test_what_is_kept_is_told_by_the_key_of_a_result(synths, server, tmp_path):
    for options in ({}, {"cacheStrategy": "disk", "cachePath": str(tmp_path / "answers.db")}):
        synth = synths(options, cache_ttl_s=60)
        made = synth.generate_sync("Paris", namespace="ada")

        async def told(key, namespace, synth=synth):
            return (await synth.cached(key, namespace)).to_dict()

        found = asyncio.run(told(made.key, "ada"))
        assert 0 < found.pop("ttl") <= 60_000
        assert found == {"hit": True, "key": made.key, "data": "About Paris"}
        for key, namespace in ((made.key, None), (made.key, "bob"), ("another", "ada")):
            assert asyncio.run(told(key, namespace)) == {"hit": False, "key": key, "data": None, "ttl": None}


def test_failures_are_not_kept(synths, server):
    synth = synths(maxRetries=0)
    server.script.extend([refusal(500), answer("", finish="stop"), answer("half", finish="length"), refusal(400)])
    for _ in range(4):
        with pytest.raises(APIError):
            synth.generate_sync("Paris")
    assert not synth.generate_sync("Paris").cached
    assert synth.get_metrics().requests.failed == 4
    assert synth.get_metrics().requests.error_rate == 0.8


# Data sets


def test_structured_rows_are_exactly_as_many_and_fit(synths, server):
    result = synths().generate_sync("structured", {"count": 23, "schema": SCHEMA, "prompt": "people"})
    assert sorted(row["age"] for row in result.data) == list(range(23))
    assert result.metadata.to_dict()["count"] == 23
    assert set(result.metadata.to_dict()) >= {"count", "generatedAt", "provider", "model", "cached", "duration"}
    assert server.requests == 3
    card = result.card.to_dict()
    assert card["made_by"]["models"] == {"m-1": "not stated"}
    assert card["quality"]["candidates"] == 23


@pytest.mark.parametrize("domain", DOMAINS)
def test_domains_and_json_schemas_are_structured_data(synths, domain):
    synth = synths(providers={})
    made = asyncio.run(synth.generateDomain(domain, {"count": 20}, seed=3))
    schema = schema_of_domain(domain)
    assert [check_row(row, schema) for row in made.data] == [""] * 20
    assert {name for row in made.data for name in row} == set(DOMAINS[domain])
    again = asyncio.run(synth.generateFromJSONSchema(schema, count=20, seed=3))
    assert again.data == made.data
    local = asyncio.run(synth.generateLocal("structured", {"schema": schema, "count": 20, "seed": 3}))
    assert local.data == made.data
    bare = asyncio.run(synth.generateFromJSONSchema({"properties": {"n": {"enum": [5, 6]}}}, count=9))
    assert {row["n"] for row in bare.data} <= {5, 6}


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda synth: synth.generate_domain("user"), "users"),
        (lambda synth: synth.generate_domain("users", schema=SCHEMA), "`schema`|'schema'"),
        (lambda synth: synth.generate_from_json_schema([]), "json_schema"),
        (lambda synth: synth.generate_from_json_schema({"properties": 3}), "schema"),
        (lambda synth: synth.generate_local("text", prompt="words"), "which models write"),
    ],
)
def test_doors_of_structured_data_refuse_in_words(synths, ask, words):
    with pytest.raises(ValidationError, match=words):
        asyncio.run(ask(synths(providers={})))


def test_rows_that_do_not_fit_are_asked_for_again(synths, server):
    numbers = iter(range(1000))
    server.otherwise.row = lambda number: {"name": f"N{number}", "age": number if next(numbers) % 3 else -1}
    result = synths().generate_data_sync("json", count=20, schema=SCHEMA)
    assert len(result.data) == 20
    assert all(row["age"] >= 0 for row in result.data)
    assert result.metadata.refused["schema"] >= 7
    told = [body["messages"][-1]["content"] for body in server.bodies]
    assert any("Rows were refused before" in one and "minimum" in one for one in told)


@pytest.mark.parametrize("policy", ["raise", "return_partial"])
def test_accepted_count_under_a_limit_of_candidates_g1(synths, policy):
    """DataDesigner#790: twenty accepted rows of a predicate of 30 %, at most fifty candidates."""
    asked = {"count": 20, "schema": SCHEMA, "maxCandidates": 50, "onExhaustion": policy,
             "accept": lambda row: row["age"] % 10 < 3}  # fmt: skip
    synth = synths()
    if policy == "raise":
        with pytest.raises(RowsMissing, match="15 of 20") as missing:
            synth.generate_data_sync("structured", asked)
        assert len(missing.value.rows) == 15
        assert missing.value.details["candidates"] == 50
    else:
        result = synth.generate_data_sync("structured", asked)
        assert (len(result.data), result.metadata.candidates) == (15, 50)


def test_repeated_rows_are_dropped_and_made_up_for(synths, server):
    server.otherwise.row = lambda number: {"name": f"N{number // 2}", "age": number // 2}
    result = synths().generate_data_sync("structured", count=15, schema=SCHEMA)
    assert len({row["age"] for row in result.data}) == 15


def test_nearly_equal_texts_are_repetitions_where_that_is_asked_for(synths, server):
    first, third = (
        "The train leaves the station at nine in the morning.",
        "A ship sails from the harbour in the evening.",
    )
    texts = [first, first.upper(), third]
    server.otherwise.row = lambda number: {
        "text": texts[number % 3] if number < 3 else f"Another sentence about {number} cats."
    }
    result = synths().generate_data_sync("text", count=4, prompt="travel", distinct=0.8, rowsPerCall=4)
    assert [row["text"] for row in result.data][:2] == [first, third]
    assert result.metadata.refused["repeated"] >= 1


def test_time_series_has_its_moments_from_us(synths, server):
    server.otherwise.row = lambda number: {"load": 1.0}
    result = synths().generate_data_sync(
        "timeseries", count=3, metrics=["load"], startDate="2026-01-01T00:00:00+02:00", interval="15m"
    )
    assert [row["timestamp"] for row in result.data] == [
        "2025-12-31T22:00:00.000Z", "2025-12-31T22:15:00.000Z", "2025-12-31T22:30:00.000Z",
    ]  # fmt: skip


def test_a_series_longer_than_its_range_is_refused_g9(synths):
    asked = {"count": 30, "startDate": "2026-01-01", "endDate": "2026-01-02", "interval": "1h"}
    with pytest.raises(ValidationError, match="at most 25"):
        synths().generate_data_sync("timeseries", asked)


def test_rows_come_as_csv_or_lists(synths):
    synth = synths()
    text = synth.generate_data_sync("csv", count=2, schema=SCHEMA).data
    assert text == "name,age\r\nN0,0\r\nN1,1\r\n"
    assert synth.generate_data_sync("json", count=2, schema=SCHEMA, format="array", cache=False).data == [
        ["N2", 2],
        ["N3", 3],
    ]


def test_data_sets_are_kept(synths, server):
    synth = synths()
    first = synth.generate_data_sync("structured", count=3, schema=SCHEMA, seed=4)
    again = synth.generate_data_sync("structured", seed=4, schema=dict(reversed(SCHEMA.items())), count=3)
    assert not first.metadata.cached
    assert not again.metadata.cached  # another order of columns is another data set: models answer in it
    assert synth.generate_data_sync("structured", seed=4, schema=SCHEMA, count=3).metadata.cacheHit
    assert server.requests == 2


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        ((5,), "list of prompts, but is 5"),
        (("event", [{"count": 2}]), "Did you mean 'events'"),
        (("Paris",), "list of"),
    ],
)
def test_what_is_no_batch_is_refused_in_words(synths, batch, words):
    with pytest.raises(ValidationError, match=words):
        synths().generate_batch_sync(*batch)


# Streams


def read_all(stream):
    async def reading():
        return [part async for part in stream]

    return asyncio.run(reading())


def test_stream_gives_chunks_and_then_its_result(synths, server):
    synth = synths()
    server.script.append(stream(*says("Once ", "upon ", "a time")))
    chunks = synth.generate_stream("A tale", {"maxTokens": 500})
    with pytest.raises(APIError):
        chunks.result  # noqa: B018
    assert read_all(chunks) == ["Once ", "upon ", "a time"]
    result = chunks.result.to_dict()
    assert result["totalChunks"] == 3
    assert 0 < result["firstChunkLatencyMs"] <= result["streamDurationMs"]
    replayed = synth.generateStream("A tale", {"maxTokens": 500})
    assert read_all(replayed) == ["Once ", "upon ", "a time"]
    assert replayed.result.cached
    assert synth.generate_sync("A tale", {"maxTokens": 500}).data == "Once upon a time"
    assert server.requests == 1


def test_broken_and_left_streams_are_not_kept_and_count_once(synths, server):
    synth = synths(maxRetries=0)
    server.script.append(stream(*says("Once ", finish=None), RESET, done=False))
    with pytest.raises(APIError):
        read_all(synth.generate_stream("A tale"))

    async def leave():
        async with synth.generate_stream("A tale") as left:
            return await anext(left)

    server.script.append(stream(*says("Once "), 20.0))
    assert asyncio.run(leave()) == "Once "
    assert not synth.generate_sync("A tale").cached
    counts = synth.get_metrics().requests
    assert (counts.failed, counts.cancelled, counts.succeeded, counts.in_flight) == (1, 1, 1, 0)


def test_rows_come_one_by_one(synths, server):
    server.otherwise.parts = 17
    rows = read_all(synths().generate_stream("structured", {"count": 12, "schema": SCHEMA, "rowsPerCall": 5}))
    assert [row["age"] for row in rows] == list(range(12))
    assert server.requests == 3


def test_events_have_their_moments_from_us_and_users_that_there_are_s16(synths, server):
    """A moment that a model writes was given out as it came; none is asked for any more."""
    server.otherwise.row = lambda number: {
        "eventType": "view", "userId": f"user_{1 + 7 * (number % 2)}", "metadata": {"page": number},
    }  # fmt: skip
    asked = {"count": 3, "userCount": 5, "seed": 7,
             "timeRange": {"start": "2026-01-01T05:30:00+05:30", "end": "2026-01-02"}}  # fmt: skip
    streamed = read_all(synths().generate_stream("events", asked))
    result = synths().generate_data_sync("events", asked)
    generated = synths().generate_data_sync("events", asked, source="generator").data
    for rows in (streamed, result.data):
        assert [row["eventId"] for row in rows] == ["evt_1", "evt_2", "evt_3"]
        assert {row["userId"] for row in rows} == {"user_1"}
        assert [row["metadata"]["page"] % 2 for row in rows] == [0, 0, 0]
        assert [row["timestamp"] for row in rows] == [row["timestamp"] for row in generated]
    assert "timestamp" not in server.asked[0].body["messages"][-1]["content"]
    assert result.metadata.refused["schema"] >= 2


# Who is asked


def test_models_are_asked_in_the_order_of_preference(synths, models, server, second_server):
    providers = {"one": models(server), "two": models(second_server)}
    synth = synths(providers=providers, model_preference=["two:m-2", "one:m-1"])
    synth.generate_sync("Paris")
    assert (server.requests, second_server.requests) == (0, 1)
    second_server.script.append(refusal(503))
    assert synth.generate_sync("Rome").data == "About Rome"
    assert (server.requests, second_server.requests) == (1, 2)
    told = synth.get_metrics().router.models
    assert told["two:m-2"]["errors"] == 1
    assert told["one:m-1"]["requests"] == 1
    synth.generate_sync("Oslo", model="one:m-1")
    assert server.requests == 2


def test_without_fallback_the_first_failure_counts(synths, models, server, second_server):
    providers = {"one": models(server), "two": models(second_server)}
    synth = synths({"enableFallback": False, "modelPreference": ["one:m", "two:m"]}, providers=providers)
    server.script.append(refusal(503))
    with pytest.raises(APIError) as failed:
        synth.generate_sync("Paris")
    assert (failed.value.code, failed.value.details["status"]) == ("API_ERROR", 503)
    assert second_server.requests == 0


def test_nobody_to_ask_is_an_error_that_says_how_to_get_one(synths):
    with pytest.raises(NoModelFound, match="synqc models get") as refused:
        synths(providers={}, settings=SynthSettings(local_model="none")).generate_sync("Paris")
    assert refused.value.code == "NO_MODEL_FOUND"


def test_cost_of_a_request_is_limited(synths, server):
    synth = synths(costLimit=0.0001, prices={"one:m-1": {"prompt": "1", "completion": "1"}})
    synth.generate_sync("Hi", maxTokens=3)
    with pytest.raises(APIError):
        synth.generate_sync("Hi", maxTokens=5000)
    assert server.requests == 1


def test_deadline_of_a_request(synths, server):
    server.script.append([30.0])
    synth = synths()
    with pytest.raises((APIError, TimedOut)):
        synth.generate_sync("Paris", deadlineMs=100)
    assert synth.get_metrics().requests.in_flight == 0
    assert synth.get_metrics().running == 0


def test_an_answer_to_half_a_prompt_is_not_kept(synths):
    class Forgetful:
        name, is_local, most_at_once, calls = "forgetful", True, 8, 0

        async def acomplete(self, request, read=str, **options):
            self.calls += 1
            text = f"Answer {self.calls}"
            return Completion(read(text), text, request.model, "stop", Spent(1, 2, 3), prompt_truncated=True)

    forgetful = Forgetful()
    synth = synths(providers={"forgetful": forgetful}, model="forgetful:m")
    assert [synth.generate_sync("Paris").data for _ in range(2)] == ["Answer 1", "Answer 2"]
    assert synth.get_metrics().cache.size == 0


@pytest.mark.parametrize(
    ("kind", "options", "name"),
    [
        ("structured", {"schema": SCHEMA, "interval": "5m"}, "interval"), ("events", {"schema": SCHEMA}, "schema"),
        ("timeseries", {"userCount": 3}, "user_count"), ("text", {"prompt": "x", "schema": SCHEMA}, "schema"),
    ],
)  # fmt: skip
def test_what_a_kind_does_not_heed_is_refused(synths, kind, options, name):
    with pytest.raises(ValidationError, match=name):
        synths().generate_data_sync(kind, options)


def test_streams_of_rows_keep_to_their_deadline_and_refuse_what_they_cannot(synths, server):
    server.script.append([30.0])
    synth = synths(maxRetries=0)
    with pytest.raises(APIError):
        read_all(synth.generate_stream("structured", {"count": 3, "schema": SCHEMA, "deadlineMs": 100}))
    for wrong in ({"onlyIfCached": True}, {"format": "csv"}):
        with pytest.raises(ValidationError):
            synth.generate_stream("structured", {"count": 3, "schema": SCHEMA, **wrong})
