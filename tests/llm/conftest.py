"""Servers that play a language model, for every test of this folder."""

import pytest
from chat_completions_double import ChatCompletionsDouble
from routing import routed
from scripted_server import ScriptedServer

from synqc.llm import Endpoint, LanguageModels


@pytest.fixture
def double():
    server = ChatCompletionsDouble()
    yield server
    server.stop()


@pytest.fixture
def server():
    started = ScriptedServer()
    yield started
    started.stop()


@pytest.fixture
def client(server):
    """Makes clients of the server, which are closed after the test."""
    made = []

    def make(*, cache=None, reuse="repeatable", strict=False, kind="chat_completion", semantic=None, **endpoint):
        options = {
            "base_url": server.url,
            "api_key": "sk-never-to-be-seen-0123456789",
            "attempts": 1,
            "timeout_s": 20.0,
        }
        asked = Endpoint(**{**options, **endpoint})
        made.append(LanguageModels(asked, cache=cache, reuse=reuse, kind=kind, semantic=semantic, strict=strict))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def route():
    """Makes a router over so many servers, which are stopped after the test."""
    made, servers = [], []

    def make(count, **options):
        own = [ScriptedServer() for _ in range(count)]
        servers.extend(own)
        made.append(routed(own, **options))
        return made[-1]

    yield make
    for one in made:
        one.router.close()
    for server in servers:
        server.stop()
