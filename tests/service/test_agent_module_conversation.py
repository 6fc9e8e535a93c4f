"""Scripts that import `synqc_agent` call it as of old: what it asks the model, and what it returns, is as recorded."""

import builtins
import dataclasses
import json
import sys
import tomllib
from pathlib import Path

import pytest
from answer_pattern import AnswerPattern

import synqc_agent

sys.path.insert(0, str(Path(__file__).parents[1] / "llm"))

from chat_completions_double import ChatCompletionsDouble, Say

RECORDING = tomllib.loads(Path(__file__).with_name("agent_module_conversation.toml").read_text())["exchange"]


def compact(value, **options):
    return json.dumps(value, separators=(",", ":"), **options).encode()


@pytest.fixture
def model(monkeypatch, tmp_path):
    double = ChatCompletionsDouble()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", double.url)
    monkeypatch.delenv("SYNQC_AGENT_MODEL", raising=False)
    yield double
    double.stop()


@pytest.mark.parametrize("exchange", RECORDING, ids=lambda exchange: exchange["doing"].split(",")[0])
def test_it_asks_and_returns_as_of_old(model, exchange):
    model.otherwise = Say(exchange.get("model_says"))
    agent = synqc_agent.SynQcAgent()
    if "raises" in exchange:
        with pytest.raises(getattr(builtins, exchange["raises"])):
            agent.suggest(**exchange["suggest"])
        assert model.bodies == []
        return
    suggestion = agent.suggest(**exchange["suggest"])
    [asked] = model.bodies
    pattern = AnswerPattern(shapes={})
    pattern.check_json(exchange["asks"], compact(asked, sort_keys=True))
    pattern.check_json(exchange["returns"], compact(dataclasses.asdict(suggestion)))
