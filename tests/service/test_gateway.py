"""The gateway as clients of OpenAI's protocol see it."""

import json
import random
import time

import openai
import pytest
from gateway_server import asking, events_of, gateways, raw_request
from scripted_server import CLOSE, RESET, answer, chunk, event, http, refusal, says, stream
from waiting import wait_until

TENANTS = """
[[tenant]]
name = "lab"
key_env = "LAB_KEY"
admin = true

[[tenant]]
name = "guest"
key_env = "GUEST_KEY"
models = ["m-1"]
budget_usd = "0.001"
budget_period = "hour"
"""
PRICES = 'prompt_price = "0.25"\ncompletion_price = "2.00"'
COUNTED = {"prompt_tokens": 3, "completion_tokens": 2}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}


@pytest.fixture
def gateway(tmp_path):
    with gateways(tmp_path) as make:
        yield make


class TestAnswers:
    def test_an_answer_is_openai_s_own(self, gateway):
        served = gateway()
        told = served.ask(asking(temperature=0.5, max_tokens=7, seed=3, stop=["END"]))
        assert told.status_code == 200
        document = told.json()
        assert document["object"] == "chat.completion"
        assert document["choices"][0]["message"] == {"role": "assistant", "content": "Because.", "refusal": None}
        assert document["choices"][0]["finish_reason"] == "stop"
        assert document["usage"] == {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
        sent = served.servers[0].bodies[0]
        assert (sent["temperature"], sent["max_tokens"], sent["seed"], sent["stop"]) == (0.5, 7, 3, ["END"])

    def test_openai_s_client_reads_it_whole_and_in_parts(self, gateway):
        served = gateway()
        client = openai.OpenAI(base_url=f"{served.url}/v1", api_key="none", max_retries=0)
        completion = client.chat.completions.create(**asking())
        assert completion.choices[0].message.content == "Because."
        served.servers[0].otherwise = stream(*says("Be", "cause."), {"choices": [], "usage": COUNTED})
        parts = list(client.chat.completions.create(**asking(), stream=True, stream_options={"include_usage": True}))
        assert "".join(part.choices[0].delta.content or "" for part in parts if part.choices) == "Because."
        assert parts[-1].usage.total_tokens == 5
        assert [model.id for model in client.models.list()] == ["m-1"]
        assert client.models.retrieve("m-1").id == "m-1"
        served.servers[0].otherwise = refusal(429, "Slow down.", **{"retry-after": "7"})
        with pytest.raises(openai.RateLimitError) as caught:
            client.chat.completions.create(**asking())
        assert caught.value.response.headers["retry-after"] == "7"
        client.close()

    def test_headers_say_who_answered_and_whose_time_it_took(self, gateway):
        served = gateway(2, deployment=PRICES)
        served.servers[0].otherwise = refusal(500)
        served.servers[1].otherwise = [0.1, *answer(usage=COUNTED)]
        headers = served.ask().headers
        assert headers["x-synqc-deployment"] == "d1"
        assert headers["x-synqc-asked"] == "d0=server_error,d1=ok"
        assert headers["x-synqc-strategy"] == "preference"
        assert headers["x-synqc-cost-microdollars"] == "5"
        assert float(headers["x-synqc-provider-ms"]) >= 100
        assert float(headers["x-synqc-overhead-ms"]) > 0

    @pytest.mark.parametrize("streams", [False, True], ids=["whole", "in parts"])
    @pytest.mark.parametrize(
        ("said", "parts", "reason", "content"),
        [
            (answer("Beca", "length"), stream(*says("Beca", finish="length")), "length", "Beca"),
            (answer("Be", "content_filter"), stream(*says("Be", finish="content_filter")), "content_filter", "Be"),
        ],
    )
    def test_what_ends_early_ends_as_the_protocol_says(self, gateway, streams, said, parts, reason, content):
        served = gateway(2)
        served.servers[0].otherwise = parts if streams else said
        told = served.ask(asking(stream=streams))
        assert told.status_code == 200
        if streams:
            documents = events_of(told.text)
            assert "".join(one["choices"][0]["delta"].get("content", "") for one in documents[:-1]) == content
            assert documents[-2]["choices"][0]["finish_reason"] == reason
            assert documents[-1] is None
        else:
            choice = told.json()["choices"][0]
            assert (choice["finish_reason"], choice["message"]["content"]) == (reason, content)
        assert served.requests == [1, 0]

    def test_a_refusal_of_the_model_is_no_error(self, gateway):
        served = gateway()
        served.servers[0].otherwise = answer("", "stop", refusal="I cannot.")
        message = served.ask().json()["choices"][0]["message"]
        assert (message["content"], message["refusal"]) == (None, "I cannot.")

    def test_objects_by_a_schema_are_checked(self, gateway):
        served = gateway(2)
        schema = {"type": "object", "properties": {"n": {"type": "integer", "multipleOf": 3}}, "required": ["n"]}
        form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
        served.servers[0].otherwise = answer('{"n": 4}')
        served.servers[1].otherwise = answer('Sure: {"n": 9}')
        told = served.ask(asking(response_format=form))
        assert told.json()["choices"][0]["message"]["content"] == '{"n": 9}'
        assert told.headers["x-synqc-asked"] == "d0=malformed,d1=ok"

    def test_a_session_stays_at_a_deployment(self, gateway):
        served = gateway(4, policy='strategy = "affinity"')
        for session in ("a", "b"):
            for _ in range(3):
                served.client.post("/v1/chat/completions", json=asking(), headers={"x-session-id": session})
        assert sorted(served.requests)[:2] == [0, 0]
        assert all(count % 3 == 0 for count in served.requests)


class TestStreams:
    def test_what_fails_before_the_first_part_has_a_status_of_its_own(self, gateway):
        served = gateway(2)
        served.servers[0].otherwise = refusal(429, **{"retry-after": "3"})
        served.servers[1].otherwise = stream(*says("a"))
        told = served.ask(asking(stream=True))
        assert told.headers["content-type"].startswith("text/event-stream")
        assert (told.headers["x-synqc-deployment"], told.headers["x-synqc-asked"]) == ("d1", "d0=rate_limited")
        assert events_of(told.text)[0]["choices"][0]["delta"] == {"role": "assistant", "content": "a"}
        served.servers[1].otherwise = [RESET]
        told = served.ask(asking(stream=True))
        assert told.status_code in (429, 502)
        assert told.json()["error"]["message"]

    @pytest.mark.parametrize("breaks", [[RESET], [CLOSE], [{"error": {"message": "lost", "code": 500}}]])
    def test_what_breaks_in_the_middle_ends_in_an_error_event_with_its_cause(self, gateway, breaks):
        served = gateway(2)
        served.servers[0].otherwise = stream(*says("a", "b", finish=None), 0.05, *breaks, done=False)
        documents = events_of(served.ask(asking(stream=True)).text)
        parts = [one["choices"][0]["delta"]["content"] for one in documents[:-2]]
        assert "".join(parts) == "ab"
        assert documents[-2]["error"]["code"].startswith("upstream_")
        assert documents[-1] is None
        assert served.requests == [1, 0]

    @pytest.mark.parametrize("end", [CLOSE, RESET])
    def test_a_stream_that_is_cut_at_any_byte_gives_a_beginning_in_order_and_says_why_it_ends(self, gateway, end):
        served = gateway(2)
        parts = ["Für ", "|e⟩", " 👩‍🔬", " = ", "½", "\n", "ħω", "!"]
        whole = "".join(parts)
        body = b"".join(event(one) for one in says(*parts))
        head = stream(done=False, end=None)[0]
        seed = random.randrange(1 << 32)
        source = random.Random(seed)
        served.servers[1].otherwise = stream(*says("another answer"))
        for _ in range(30):
            cut = source.randrange(len(body))
            first = source.randrange(cut + 1)
            served.servers[0].otherwise = [head, body[:first], 0.002, body[first:cut], 0.005, end]
            told = served.ask(asking(stream=True))
            documents = events_of(told.text)
            said = [one["choices"][0]["delta"] for one in documents if one and "choices" in one]
            text = "".join(one.get("content", "") for one in said)
            words = f"cut at {cut} of {len(body)}, seed {seed}: {text!r}"
            assert documents[-1] is None, words
            if told.headers["x-synqc-deployment"] == "d1":
                assert text == "another answer", words  # nothing had been said
                continue
            assert whole.startswith(text), words
            assert text, words
            if "error" in documents[-2]:
                assert documents[-2]["error"]["message"], words
            else:
                assert (text, documents[-2]["choices"][0]["finish_reason"]) == (whole, "stop"), words
        assert served.router.in_flight == 0

    def test_a_silent_stream_is_kept_alive_by_comments(self, gateway):
        served = gateway(gateway="keep_alive_s = 0.1")
        served.servers[0].otherwise = stream(0.35, *says("a", finish=None), 0.35, chunk({"content": "b"}, "stop"))
        text = served.ask(asking(stream=True)).text
        assert "retry: 3000\ndata: " in text
        before, after = text.split('"content":"a"') if '"content":"a"' in text else text.split('"content": "a"')
        assert before.count(": keep-alive") >= 2
        assert after.count(": keep-alive") >= 2
        assert events_of(text)[-1] is None

    def test_usage_comes_where_it_is_asked_for(self, gateway):
        served = gateway()
        served.servers[0].otherwise = stream(*says("a"), {"choices": [], "usage": COUNTED})
        asked = events_of(served.ask(asking(stream=True, stream_options={"include_usage": True})).text)
        assert (asked[-2]["choices"], asked[-2]["usage"]["total_tokens"]) == ([], 5)
        assert all("usage" not in one for one in events_of(served.ask(asking(stream=True)).text)[:-1])


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "in parts"])
def test_a_client_that_leaves_ends_the_call_within_half_a_second_and_it_is_booked(gateway, streams):
    served = gateway(deployment=PRICES, more=TENANTS)
    served.servers[0].otherwise = [20.0, *answer()]
    document = asking(stream=streams, max_tokens=100)

    def ends_soon():
        asked = served.requests[0]
        served.servers[0].left.clear()
        with raw_request(served.port, document, ["authorization: Bearer sk-guest"]):
            wait_until(lambda: served.requests[0] > asked)
            left = time.monotonic()
        assert served.servers[0].left.wait(20)
        return served.servers[0].left_at - left < 0.5

    assert any(ends_soon() for _ in range(5)), "a busy machine is late now and then, not always"
    budget = next(one.budget for one in served.configuration.tenants.values() if one.name == "guest")
    wait_until(lambda: not budget.state().reserved)
    state = budget.state()
    assert (state.reserved, state.uncounted >= 200) == (0, True)
    assert served.router.in_flight == 0


class TestKeysAndBudgets:
    def test_without_a_key_nothing_but_health_is_told(self, gateway):
        served = gateway(deployment=PRICES, more=TENANTS)
        for method, path in (("POST", "/v1/chat/completions"), ("GET", "/v1/models"), ("GET", "/metrics"),
                             ("GET", "/v1/router/stats"), ("GET", "/v1/else")):  # fmt: skip
            for headers in (
                {},
                {"authorization": "Bearer wrong"},
                {"authorization": "Basic sk-lab"},
                {"x-api-key": "no"},
            ):
                told = served.client.request(method, path, headers=headers)
                assert (told.status_code, told.json()["error"]["code"]) == (401, "invalid_api_key"), path
        assert served.client.get("/health").status_code == 200
        assert served.requests == [0]
        assert served.client.get("/v1/models", headers={"x-api-key": "sk-lab"}).status_code == 200

    def test_tenants_see_what_is_theirs(self, gateway):
        served = gateway(deployment=PRICES, more=TENANTS)
        guest = {"authorization": "Bearer sk-guest"}
        assert served.client.get("/metrics", headers=guest).status_code == 403
        assert served.client.get("/v1/router/stats", headers=guest).status_code == 403
        lab = {"authorization": "Bearer sk-lab"}
        assert "synqc_gateway_answers_total" in served.client.get("/metrics", headers=lab).text
        stats = served.client.get("/v1/router/stats", headers=lab).json()
        assert stats["deployments"][0]["name"] == "d0"
        assert stats["budgets_microdollars"]["guest"]["limit"] == 1000

    def test_a_budget_ends_in_429_before_anything_is_sent(self, gateway):
        served = gateway(deployment=PRICES, more=TENANTS)
        served.servers[0].otherwise = answer(usage={"prompt_tokens": 10, "completion_tokens": 200})
        statuses = [served.ask(asking(max_tokens=200), key="sk-guest").status_code for _ in range(4)]
        assert statuses == [200, 200, 429, 429]
        told = served.ask(asking(max_tokens=200), key="sk-guest")
        assert told.json()["error"]["code"] == "insufficient_quota"
        assert int(told.headers["retry-after"]) <= 3600
        assert served.requests == [2]
        assert served.ask(asking(max_tokens=200), key="sk-lab").status_code == 200
        missing = served.ask(asking(), key="sk-guest")
        assert (missing.status_code, missing.json()["error"]["code"]) == (400, "max_tokens_required")

    def test_upstream_keys_never_come_out(self, gateway):
        served = gateway(deployment=PRICES, more=TENANTS)
        served.servers[0].otherwise = refusal(401, "Incorrect API key: sk-upstream-never-to-be-seen")
        told = served.ask(key="sk-lab")
        assert told.status_code == 502
        assert "never-to-be-seen" not in told.text + str(told.headers)


class TestErrors:
    @pytest.mark.parametrize(
        ("said", "status", "code"),
        [
            (refusal(400, "Bad stop."), 400, "upstream_refused"),
            (refusal(422), 422, "upstream_refused"),
            (refusal(400, "maximum context length is 4096 tokens"), 400, "context_length_exceeded"),
            (refusal(401), 502, "upstream_unauthorized"),
            (refusal(404), 502, "upstream_not_found"),
            (refusal(429), 429, "rate_limit_exceeded"),
            (refusal(500), 502, "upstream_server_error"),
            (refusal(503), 503, "upstream_overloaded"),
            ([RESET], 502, "upstream_unreachable"),
            (answer(""), 502, "upstream_empty"),
            (http("<html>"), 502, "upstream_protocol_error"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_what_fails_upstream_is_told_in_openai_s_shape(self, gateway, said, status, code):
        served = gateway()
        served.servers[0].otherwise = said
        told = served.ask()
        error = told.json()["error"]
        assert (told.status_code, error["code"]) == (status, code)
        assert set(error) == {"message", "type", "param", "code"}
        assert told.headers["x-synqc-asked"].startswith("d0=")

    def test_all_resting_is_429_with_a_time(self, gateway):
        served = gateway()
        served.router.cool("d0", 12.3)
        told = served.ask()
        assert (told.status_code, told.headers["retry-after"]) == (429, "13")
        assert served.requests == [0]

    def test_the_deadline_is_504(self, gateway):
        served = gateway(gateway="deadline_s = 0.2")
        served.servers[0].otherwise = [20.0, *answer()]
        told = served.ask()
        assert (told.status_code, told.json()["error"]["code"]) == (504, "deadline_exceeded")

    @pytest.mark.parametrize(
        ("document", "parameter"),
        [
            ({"messages": [{"role": "user", "content": "a"}]}, "model"),
            ({"model": "m-1"}, "messages"),
            (asking(tempratur=1), "tempratur"),
            (asking(temperature=3), "temperature"),
            (asking(temperature=10**400), "temperature"),
            (asking(temperature=True), "temperature"),
            (asking(max_tokens=0), "max_tokens"),
            (asking(max_tokens=1.5), "max_tokens"),
            (asking(max_tokens=10**30), "max_tokens"),
            (asking(seed="a"), "seed"),
            (asking(n=17), "n"),
            (asking(n=0), "n"),
            (asking(tools=[{"type": "function"}]), "tools[0]"),
            (asking(tools=[{"type": "function", "function": {"name": "a b"}}]), "tools[0].function.name"),
            (asking(tools=[{"type": "function", "function": {"name": "a", "x": 1}}]), "tools[0].function.x"),
            (
                asking(tools=[{"type": "function", "function": {"name": "a", "parameters": 1}}]),
                "tools[0].function.parameters",
            ),
            (asking(tools=[{"type": "function", "function": {"name": "a"}}] * 2), "tools"),
            (asking(tools=[{"type": "web_search"}]), "tools[0]"),
            (asking(tools=[{"type": "function", "function": {"name": "a"}}]), "tools"),
            (asking(tool_choice="required"), "tool_choice"),
            (asking(tool_choice={"type": "function"}), "tool_choice"),
            (asking(functions=[{"name": "a"}]), "functions"),
            (asking(top_p=1.5), "top_p"),
            (asking(presence_penalty=-3), "presence_penalty"),
            (asking(frequency_penalty="a"), "frequency_penalty"),
            (asking(logit_bias={"a": 1}), "logit_bias"),
            (asking(logit_bias={"1": 101}), "logit_bias['1']"),
            (asking(logit_bias=[1]), "logit_bias"),
            (asking(logprobs=True), "logprobs"),
            (asking(logprobs=True, max_tokens=1, stream=True), "logprobs"),
            (asking(logprobs=True, top_logprobs=21, max_tokens=1), "top_logprobs"),
            (asking(top_logprobs=2), "top_logprobs"),
            (asking(stop=[""]), "stop"),
            (asking(stream="yes"), "stream"),
            (asking(response_format={"type": "xml"}), "response_format.type"),
            (asking(response_format="json"), "response_format.type"),
            (asking(messages=[]), "messages"),
            (asking(messages=[{"role": "function", "content": "a"}]), "messages[0].role"),
            (asking(messages=[{"role": "tool", "content": "a"}]), "messages[0].tool_call_id"),
            (asking(messages=[{"role": "tool", "content": "a", "tool_call_id": "1"}]), "tools"),
            (asking(messages=[{"role": "user", "content": [{"type": "image_url"}]}]), "messages[0].content[0]"),
            (
                asking(messages=[{"role": "user", "content": [{**PICTURE, "image_url": {"url": None}}]}]),
                "messages[0].content[0].image_url.url",
            ),
            (
                asking(
                    messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///a"}}]}]
                ),
                "messages[0].content[0].image_url.url",
            ),
            (asking(messages=[{"role": "user", "content": [PICTURE]}]), "messages[0].content"),
            (asking(messages=[{"role": "system", "content": [PICTURE]}]), "messages[0].content[0]"),
            (asking(messages=[{"role": "user", "content": [{"type": "input_audio"}]}]), "messages[0].content[0]"),
            (asking(messages=[{"role": "user", "content": "a", "tool_calls": [{}]}]), "messages[0].tool_calls"),
            (
                asking(messages=[{"role": "assistant", "content": "a", "tool_calls": [{"id": "1"}]}]),
                "messages[0].tool_calls[0]",
            ),
            (asking(messages=[{"role": "user", "content": None}]), "messages[0].content"),
            (asking(messages=[{"role": "assistant", "content": "a", "tool_calls": [1]}]), "messages[0].tool_calls[0]"),
            (asking(model="m-2"), "model"),
            (asking(model="m" * 300), "model"),
            (asking(model="\n"), "model"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_what_cannot_be_kept_is_refused_by_name(self, gateway, document, parameter):
        served = gateway()
        told = served.client.post("/v1/chat/completions", content=json.dumps(document))
        assert told.status_code in (400, 404)
        assert told.json()["error"]["param"] == parameter
        assert served.requests == [0]

    @pytest.mark.parametrize(
        "neutral",
        [
            {"n": 1, "top_p": 1.0, "presence_penalty": 0, "frequency_penalty": 0.0, "logprobs": False, "user": "u"},
            {"top_p": 1, "logit_bias": {}, "metadata": {}, "store": False, "tools": [], "tool_choice": "auto"},
            {"tools": None, "stop": None, "temperature": None, "n": None},
        ],
    )
    def test_what_asks_for_nothing_is_taken(self, gateway, neutral):
        assert gateway().ask(asking(**neutral)).status_code == 200

    def test_nothing_that_is_sent_gives_a_500(self, gateway):
        served = gateway(gateway="most_body_bytes = 100000", deployment=PRICES, more=TENANTS)
        seed = random.randrange(1 << 32)
        source = random.Random(seed)
        schema = {"name": "a", "schema": {"type": "bogus", "pattern": "(", "$ref": "http://127.0.0.1:9/x"}}
        hostile = [
            b"", b"{", b"null", b"[]", b'"a"', b"\xff\xfe", b"{" * 50_000, b"[" * 50_000, b"0" * 99_999,
            json.dumps(asking("\ud800")).encode(), json.dumps(asking(model="\udfff")).encode(),
            json.dumps(asking(**{"\ud800": 1})).encode(), json.dumps(asking(prompt_cache_key="\ud800")).encode(),
            json.dumps(asking(stop="\ud83d")).encode(), b'{"model": "m-1", "messages": NaN}',
            b'{"model": "m-1", "model": "m-2", "messages": []}', json.dumps(asking("a" * 200_000)).encode(),
            json.dumps(asking(response_format={"type": "json_schema", "json_schema": schema})).encode(),
            json.dumps(asking(seed=2**63)).encode(), json.dumps(asking(seed=-(2**63))).encode(),
            json.dumps(asking("\x00\u2028")).encode(), json.dumps(asking(temperature=1e-320)).encode(),
        ]  # fmt: skip
        values = [None, True, False, 0, -1, 1e308, 10**40, "", "a", "\x00", [], [None], {}, {"a": []}, [[]]]
        names = [
            "model", "messages", "temperature", "max_tokens", "max_completion_tokens", "seed", "stop", "stream",
            "stream_options", "response_format", "prompt_cache_key", "user", "n", "top_p", "tools", "x", "tool_choice",
            "parallel_tool_calls", "logit_bias", "presence_penalty", "logprobs", "top_logprobs",
        ]  # fmt: skip
        message_names = ["role", "content", "tool_calls", "tool_call_id", "name", "refusal"]
        for _ in range(60):
            message = {"role": source.choice(["user", "assistant", "tool", "system"]), "content": "a"}
            for name in source.sample(message_names, 2):
                message[name] = source.choice([*values, [PICTURE], [{"type": "text"}], [{"function": {}}]])
            hostile.append(json.dumps(asking(messages=[message])).encode())
        for _ in range(150):
            document = asking()
            for name in source.sample(names, 2):
                document[name] = source.choice(values)
            hostile.append(json.dumps(document).encode())
        for body in hostile:
            headers = {"authorization": "Bearer sk-lab", "x-session-id": source.choice(["a", "\xff" * 50, ""])}
            told = served.client.post("/v1/chat/completions", content=body, headers={
                name: value.encode("latin-1") for name, value in headers.items()
            })  # fmt: skip
            assert told.status_code in (200, 400, 404, 413), f"{told.status_code} for {body[:200]!r}; seed {seed}"
            if told.status_code >= 400:
                assert told.json()["error"]["message"], f"{body[:200]!r}"
        for method, path in (("GET", "/"), ("PUT", "/v1/models"), ("GET", "/v1/models/" + "%ff" * 200),
                             ("DELETE", "/v1/chat/completions"), ("GET", "/v1/chat/completions")):  # fmt: skip
            told = served.client.request(method, path, headers={"authorization": "Bearer sk-lab"})
            assert told.status_code in (404, 405), path
        assert served.router.in_flight == 0
