"""Every family of clients says what it says, and gets the answers it relies on: in this process on both databases, and
from a real server. The recordings are in `conversations`."""

import re
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from conversation import PREFIX, RECORDINGS, Conversation, replay
from fastapi.testclient import TestClient
from running_server import RunningServer
from scratch_postgresql import scratch_postgresql

from synqc.service import create_app
from synqc.settings import Settings

sys.path.insert(0, str(Path(__file__).parents[1] / "llm"))

from chat_completions_double import ChatCompletionsDouble, Say

CONVERSATIONS = [Conversation.read(path) for path in sorted(RECORDINGS.glob("*.toml"))]
# Section 1.1 of the contract, in its order.
ROUTES = [
    "GET {P}/health", "GET {P}/sessions", "POST {P}/sessions", "GET {P}/sessions/ID", "GET {P}/sessions/ID/logs",
    "DELETE {P}/sessions/ID/logs", "POST {P}/sessions/ID/run", "POST {P}/sessions/ID/kill", "GET {P}/runs/ID",
    "GET {P}/sessions/ID/telemetry", "POST {P}/sessions/ID/telemetry", "GET {P}/sessions/ID/export",
    "POST {P}/sessions/ID/agent-suggestion", "POST {P}/sessions/ID/agent/suggest", "POST {P}/chat", "GET /ui",
    "GET /ui/static/ID",
]  # fmt: skip
KEYS = "lab-key"


@pytest.fixture(scope="module")
def model():
    """The language model of the services."""
    double = ChatCompletionsDouble()
    yield double
    double.stop()


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "server"])
def services(request, model, tmp_path_factory):
    """{name of a service: how to ask it}, see `Conversation`."""
    folder = tmp_path_factory.mktemp("services")
    with ExitStack() as stack:
        if request.param == "server":
            yield real_servers(stack, folder, model)
        else:
            databases = {
                name: stack.enter_context(scratch_postgresql()) if request.param == "postgresql" else None
                for name in ("open", "guarded")
            }
            yield services_of_this_process(stack, folder, model, databases)


def services_of_this_process(stack, folder, model, databases):
    """Asked as the oldest scripts do: without a lifespan."""
    settings = {
        "open": {"openai_api_key": "sk-test", "openai_base_url": model.url},
        "guarded": {"api_keys": (KEYS,), "local_model": "none"},
    }
    asking = {}
    for name, database_url in databases.items():
        app = create_app(Settings(state_dir=folder / name, database_url=database_url, **settings[name]))
        stack.callback(app.state.tds.close)
        asking[name] = asked_by(TestClient(app, raise_server_exceptions=False, follow_redirects=False))
    return asking


def asked_by(client):
    """`ask` of a TestClient."""

    def ask(method, path, headers, body):
        answer = client.request(method, path, headers=headers, content=body)
        return answer.status_code, dict(answer.headers), answer.content

    return ask


def real_servers(stack, folder, model):
    """Asked over sockets."""
    running = {
        "open": RunningServer(folder / "open", OPENAI_API_KEY="sk-test", OPENAI_BASE_URL=model.url),
        "guarded": RunningServer(folder / "guarded", SYNQC_API_KEYS=KEYS),
    }
    for server in running.values():
        server.start(wait=False)
        stack.callback(server.stop)
    for server in running.values():
        server.wait_until_it_answers()
    return {name: asked_over_sockets(server) for name, server in running.items()}


def asked_over_sockets(server):
    """`ask` of a real server, on a connection for each request."""

    def ask(method, path, headers, body):
        connection = server.connection()
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
        finally:
            connection.close()

    return ask


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda conversation: conversation.client)
def test_a_client_gets_what_it_relies_on(services, model, conversation):
    model.otherwise = lambda body: Say(conversation.model_says if "response_format" in body else "Because.")
    replay(conversation, services[conversation.service])


def test_every_route_is_asked_by_somebody():
    asked = {exchange.ask.split("?")[0] for conversation in CONVERSATIONS for exchange in conversation.exchanges}
    for route in ROUTES:
        assert any(re.fullmatch(re.escape(route).replace("ID", "[^/]+"), one) for one in asked), route
    assert PREFIX == "/api/v1/synqc"
