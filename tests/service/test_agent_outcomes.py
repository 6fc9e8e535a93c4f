"""What became of a model's answer, over HTTP: in words of the contract, never kept; and who leaves ends the call."""

import contextlib
import http.client
import json
import sys
import time
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from running_server import RunningServer

sys.path.insert(0, str(Path(__file__).parents[1] / "llm"))

from scripted_server import ScriptedServer, answer, chunk, refusal, says, stream

from synqc.service import create_app
from synqc.settings import Settings

P = "/api/v1/synqc"
GOOD = answer('{"recommended_config": {"probe_strength": 0.1}, "rationale": "gentler", "warnings": []}')
BEGIN = "You said: hello (session x1). This is a placeholder reply: "


@pytest.fixture
def model():
    server = ScriptedServer()
    yield server
    server.stop()


@pytest.fixture
def client(model, tmp_path):
    settings = Settings(
        state_dir=tmp_path / "state", openai_api_key="sk-x", openai_base_url=model.url, agent_model="m-1"
    )  # fmt: skip
    found = TestClient(create_app(settings), raise_server_exceptions=False)
    found.post(P + "/sessions", json={"session_id": "x1"})
    yield found
    found.app.state.tds.close()


USELESS = {
    "cut": (answer('{"recommended_config": {"probe_strength": 0.1}', "length"), "cut at the limit of tokens"),
    "filtered": (answer("{", "content_filter"), "A filter"),
    "declined": (answer(None, refusal="I cannot advise on that."), "declined to answer: I cannot advise on that."),
    "too long": (refusal(400, "maximum context length is 4096 tokens"), "4096"),
    "an error inside": (answer("{", "error"), "by an error"),
}


@pytest.mark.parametrize("name", USELESS)
def test_a_suggestion_that_is_none_says_why_asks_once_and_is_not_kept(client, model, name):
    script, words = USELESS[name]
    model.otherwise = script
    for asked in (1, 2):
        found = client.post(P + "/sessions/x1/agent-suggestion", json={"goal": "calm", "max_retries": 3})
        assert found.status_code == 502
        assert found.json()["detail"].startswith("Agent error: ")
        assert words in found.json()["detail"]
        assert model.requests == asked
    model.otherwise = GOOD
    found = client.post(P + "/sessions/x1/agent-suggestion", json={"goal": "calm"})
    assert (found.status_code, found.headers["X-SynQc-Agent-Cache"]) == (200, "miss")


def test_a_mended_suggestion_says_so(client, model):
    model.otherwise = answer('{"recommended_config": {"probe_strength": 0.1,}, "rationale": "gentler"}')
    found = client.post(P + "/sessions/x1/agent-suggestion", json={"goal": "calm", "max_retries": 1}).json()
    assert found["changes_applied"] == {"probe_strength": {"old": 0.2, "new": 0.1}}
    assert found["warnings"] == ["The answer was mended: a comma before a closing bracket."]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("whole", "parts", "words"),
    [
        (answer("Half", "length"), stream(*says("Half", finish="length")),
         "the language model's answer was cut at its limit of length."),
        (answer("Half", "content_filter"), stream(*says("Half", finish="content_filter")),
         "the language model's answer was withheld by a filter of its server."),
        (answer(None, refusal="I cannot  say.\n"), stream(chunk({"refusal": "I cannot  say."}, "stop")),
         "the language model declined to answer: I cannot say."),
        (answer(""), stream(chunk(finish="stop")), "no language model answered."),
        (refusal(401), refusal(401), "no language model answered."),
    ],
    ids=["cut", "filtered", "declined", "empty", "refused"],
)  # fmt: skip
def test_a_reply_says_what_became_of_the_answer(client, model, whole, parts, words, streamed):
    model.otherwise = parts if streamed else whole
    found = client.post(P + "/chat", json={"session_id": "x1", "message": " hello ", "stream": streamed})
    assert found.status_code == 200
    last = json.loads(found.text.strip().split("\n\n")[-1].removeprefix("data: ")) if streamed else found.json()
    assert last == {"reply": BEGIN + words, "session_id": "x1"}


@pytest.mark.parametrize("temperature", [-5, 5, 1e308])
def test_no_client_can_ask_for_a_temperature_that_models_do_not_have(client, model, temperature):
    model.otherwise = GOOD
    found = client.post(P + "/sessions/x1/agent-suggestion", json={"goal": "calm", "temperature": temperature})
    assert found.status_code == 200
    assert 0 <= model.bodies[0]["temperature"] <= 1


def test_a_silent_model_is_bridged_by_comments(client, model, monkeypatch):
    monkeypatch.setattr("synqc.service.tds.routes.agent._SIGN_OF_LIFE_S", 0.1)
    model.otherwise = stream(*says("Be", finish=None), 0.5, *says("cause."))
    found = client.post(P + "/chat", json={"message": "why?", "stream": True}).text
    assert ": alive\n\n" in found
    events = [json.loads(one[6:]) for one in found.split("\n\n") if one.startswith("data: ")]
    assert events == [{"delta": "Be"}, {"delta": "cause."}, {"reply": "Because.", "session_id": None}]


@pytest.fixture
def running(model, tmp_path):
    server = RunningServer(tmp_path / "run", OPENAI_API_KEY="sk-x", OPENAI_BASE_URL=model.url, SYNQC_AGENT_MODEL="m-1")
    server.start()
    yield server
    server.kill()


def test_who_leaves_ends_the_call_of_the_model(running, model):
    running.request("POST", P + "/sessions", {"session_id": "x1"})
    asks = {
        P + "/chat": {"message": "why?"},
        P + "/sessions/x1/agent-suggestion": {"goal": "calm"},
        P + "/chat?streamed": {"message": "why?", "stream": True},
    }
    for path, body in asks.items():
        model.left.clear()
        model.otherwise = [20]
        before = model.requests
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=20)
        connection.request("POST", path, json.dumps(body), {"content-type": "application/json"})
        deadline = time.monotonic() + 20
        while model.requests == before and time.monotonic() < deadline:
            time.sleep(0.01)
        left_at = time.monotonic()
        connection.sock.close()
        with contextlib.suppress(OSError):
            connection.close()
        assert model.left.wait(10), path
        assert model.left_at - left_at < 5.0, path
    model.otherwise = answer("Because.")
    status, found = running.request("POST", P + "/chat", {"message": "why?"})[:2]
    assert status == 200
    assert "Because." in str(found)
