"""Clients of the scripted server that speak other protocols than OpenAI's."""

import pytest

from synqc.llm import Endpoint
from synqc.llm.providers.inference_server import InferenceServer
from synqc.llm.providers.ollama import Ollama


@pytest.fixture
def address(server):
    """Of the scripted server, without OpenAI's path."""
    return server.url.removesuffix("/v1")


@pytest.fixture
def ollama(address):
    """Makes clients of the server, which are closed after the test."""
    made = []

    def make(*, num_ctx=2048, cache=None, reuse="repeatable", strict=False, endpoint=None, **options):
        at = {"base_url": address, "api_key": "sk-never-to-be-seen-0123456789", "attempts": 1, "timeout_s": 20.0}
        where = Endpoint(**{**at, **(endpoint or {})})
        made.append(Ollama(where, num_ctx=num_ctx, cache=cache, reuse=reuse, strict=strict, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def inference(address):
    """Makes clients of the server, which are closed after the test."""
    made = []

    def make(*, cache=None, reuse="repeatable", **endpoint):
        at = {"base_url": address, "api_key": "none", "attempts": 1, "timeout_s": 20.0}
        made.append(InferenceServer(Endpoint(**{**at, **endpoint}), cache=cache, reuse=reuse))
        return made[-1]

    yield make
    for one in made:
        one.close()
