"""What the address of the language model holds is nobody's business: not clients', not the log's."""

import sys
from pathlib import Path

import pytest
from running_server import PREFIX as P
from running_server import free_port

sys.path.insert(0, str(Path(__file__).parents[1] / "llm"))

from chat_completions_double import ChatCompletionsDouble, Fail, Say

TOKEN, PASSWORD = "token-of-this-test", "password-of-this-test"


@pytest.fixture
def double():
    server = ChatCompletionsDouble()
    yield server
    server.stop()


def suggestion(client):
    client.post(P + "/sessions", json={"session_id": "x1"})
    return client.post(P + "/sessions/x1/agent/suggest", json={"goal": "calm", "max_retries": 1})


@pytest.mark.parametrize("trouble", ["nobody there", "refuses", "refuses and quotes", "no JSON"])
def test_no_failure_shows_the_token(client_with, double, caplog, trouble):
    double.otherwise = {
        "refuses": Fail(400, "No such model."),
        "refuses and quotes": Fail(401, f"Bad token {TOKEN} in ?token={TOKEN}."),
    }.get(trouble, Say("no JSON"))  # fmt: skip
    url = f"http://127.0.0.1:{free_port()}/v1" if trouble == "nobody there" else double.url
    client = client_with(openai_api_key="sk-x", openai_base_url=f"{url}?token={TOKEN}&v=1")
    with caplog.at_level("DEBUG", "synqc"):
        answer = suggestion(client)
        client.post(P + "/chat", json={"message": "Why?"})
    assert answer.status_code in (400, 502)
    assert answer.json()["detail"]
    assert TOKEN not in answer.text + caplog.text
    assert TOKEN not in client.get("/metrics").text


def test_the_token_is_sent_all_the_same(client_with, double):
    double.otherwise = Say('{"recommended_config": {"probe_strength": 0.1}, "rationale": "r", "warnings": []}')
    client = client_with(openai_api_key="sk-x", openai_base_url=f"{double.url}/?token={TOKEN}")
    assert suggestion(client).status_code == 200
    assert double.paths[-1].endswith(f"/v1/chat/completions?token={TOKEN}")


@pytest.mark.parametrize(
    "url", [f"http://me:{PASSWORD}@127.0.0.1:9/v1", f"me:{PASSWORD}@host/v1?token={PASSWORD}", f"ftp://h/?t={PASSWORD}"]
)
def test_an_address_that_cannot_be_used_is_named_and_not_shown(client_with, caplog, url):
    client = client_with(openai_api_key="sk-x", openai_base_url=url)
    answer = suggestion(client)
    assert answer.status_code == 503
    assert "OPENAI_BASE_URL must" in answer.json()["detail"]
    assert PASSWORD not in answer.text + caplog.text


def test_without_a_key_the_agent_says_what_to_set(client_with):
    answer = suggestion(client_with())
    assert (answer.status_code, answer.json()["code"]) == (503, "agent_absent")
    assert "set OPENAI_API_KEY" in answer.json()["detail"]
