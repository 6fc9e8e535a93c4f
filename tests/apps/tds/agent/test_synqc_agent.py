"""The module `synqc_agent`, as scripts of old use it."""

import dataclasses
import json

import pytest
from chat_completions_double import Fail, Say

import synqc_agent
from synqc.apps.tds.agent import AgentAbsent, AgentFailed


@pytest.fixture
def environment(double, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-never-to-be-seen")
    monkeypatch.setenv("OPENAI_BASE_URL", double.url)
    monkeypatch.setenv("SYNQC_AGENT_MODEL", "double-2")
    return double


def test_it_suggests(environment):
    environment.otherwise = Say('{"recommended_config": {"probe_strength": 0.9}, "rationale": "r", "warnings": ["w"]}')
    snapshot = {"session_id": "x1", "current_config": {"probe_strength": 0.2}}
    suggestion = synqc_agent.SynQcAgent().suggest(
        session_snapshot=snapshot, goal=" calm ", model=None, temperature=None
    )
    assert suggestion == synqc_agent.AgentSuggestion({"probe_strength": 0.9}, "r", ["w"])
    assert dataclasses.is_dataclass(suggestion)
    [sent] = environment.bodies
    assert (sent["model"], sent["temperature"]) == ("double-2", 0.1)
    assert json.dumps(snapshot, indent=2) in sent["messages"][1]["content"]


def test_model_and_temperature_of_agent_and_call(environment):
    environment.otherwise = Say('{"config_patch": {}}')
    agent = synqc_agent.SynQcAgent("mine", 0.4)
    agent.suggest({}, "calm")
    agent.suggest({}, "calm", model="yours", temperature=9)
    assert [(sent["model"], sent["temperature"]) for sent in environment.bodies] == [("mine", 0.4), ("yours", 1.0)]


def test_its_errors(environment, monkeypatch):
    agent = synqc_agent.SynQcAgent()
    with pytest.raises(ValueError, match="goal"):
        agent.suggest({}, " ")
    environment.otherwise = Fail(401, quote_key=True)
    with pytest.raises(AgentFailed) as caught:
        agent.suggest({}, "calm")
    assert "never-to-be-seen" not in str(caught.value)
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(AgentAbsent):
        synqc_agent.SynQcAgent()
