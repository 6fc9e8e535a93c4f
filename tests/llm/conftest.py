"""A server that plays a language model, for every test of this folder."""

import pytest
from chat_completions_double import ChatCompletionsDouble


@pytest.fixture
def double():
    server = ChatCompletionsDouble()
    yield server
    server.stop()
