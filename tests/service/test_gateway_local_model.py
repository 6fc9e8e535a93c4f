"""A gateway in front of a real model of its own process: real tokens, whatever they say."""

import openai
import pytest
from gateway_server import GatewayServer

from synqc.llm.model_files import ModelDirectory, download, model_named
from synqc.llm.providers.local import LocalModelSettings

NAME = "smollm2-135m"
TOML = f"""
[[provider]]
name = "here"
kind = "local"
file = "{NAME}"

[[deployment]]
provider = "here"
model = "{NAME}"
serves = ["chat"]
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    folder = ModelDirectory(LocalModelSettings.from_environment().models_dir)
    download(model_named(NAME), folder)
    environment = {"SYNQC_MODELS_DIR": str(folder.path), "SYNQC_LOCAL_CONTEXT": "1024"}
    served = GatewayServer(tmp_path_factory.mktemp("gateway"), 0, more=TOML, environment=environment)
    made = openai.OpenAI(base_url=f"{served.url}/v1", api_key="none", max_retries=0, timeout=120)
    yield made
    made.close()
    served.stop()


def asking(**more):
    return {"model": "chat", "messages": [{"role": "user", "content": "Say something."}], "max_tokens": 12, **more}


def test_it_answers_whole_and_in_parts_with_its_tokens_counted(client):
    whole = client.chat.completions.create(**asking(seed=7))
    text = whole.choices[0].message.content
    assert text.strip()
    assert 1 <= whole.usage.completion_tokens <= 12
    parts = list(client.chat.completions.create(**asking(seed=7), stream=True, stream_options={"include_usage": True}))
    assert "".join(part.choices[0].delta.content or "" for part in parts if part.choices) == text
    assert parts[-1].usage.completion_tokens == whole.usage.completion_tokens


def test_several_choices_and_log_probabilities_are_its_own(client):
    told = client.chat.completions.create(**asking(n=2, seed=7, logprobs=True, top_logprobs=3))
    assert len(told.choices) == 2
    for choice in told.choices:
        assert all(len(one.top_logprobs) == 3 and one.logprob <= 0 for one in choice.logprobs.content)


def test_what_it_cannot_read_is_refused_with_the_numbers(client):
    with pytest.raises(openai.BadRequestError, match="at most 1024") as caught:
        client.chat.completions.create(**asking(messages=[{"role": "user", "content": "word " * 3000}]))
    assert caught.value.code == "context_length_exceeded"
