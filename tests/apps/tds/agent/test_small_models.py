"""The agent on a model of its own process: few fields, bounded forms, and reasons that agree with the changes."""

from pathlib import Path

import pytest

from synqc.apps.tds.agent import agent as agent_module
from synqc.apps.tds.agent import agent_of, demo
from synqc.apps.tds.agent.errors import AgentFailed, SuggestionInvalid
from synqc.apps.tds.agent.limits import FIELDS, Limits
from synqc.apps.tds.agent.patch import merged
from synqc.apps.tds.agent.prompts import suggestion_form, suggestion_messages
from synqc.apps.tds.models import AgentSuggestionRequest, ChatRequest, RunConfiguration
from synqc.llm import CutAnswer
from synqc.llm.model_files import ModelDirectory, download, model_named
from synqc.llm.providers.local import LocalModelSettings, resident_mb
from synqc.settings import Settings

SMALL = Limits().for_small_model("mine")
BEST = "qwen2.5-coder-1.5b"


def file_of(name):
    directory = ModelDirectory(LocalModelSettings.from_environment().models_dir)
    if name == BEST and directory.find(model_named(name)) is None:
        pytest.skip(f"The model is not on this machine: synqc models get {name}.")
    return download(model_named(name), directory)


@pytest.fixture(scope="module")
def tiny_file():
    return file_of("smollm2-135m")


@pytest.fixture
def agent(tiny_file, engine, records):
    made = agent_of(Settings(local_model=str(tiny_file)), engine=engine, record=records)
    yield made
    made.close()


def test_all_but_the_numbers_is_locked():
    patch = {"probe_strength": 0.1, "hardware_target": "ibm_qpu", "notes": "moved"}
    result = merged(RunConfiguration(), patch, SMALL)
    assert result.config.model_dump() == RunConfiguration(probe_strength=0.1).model_dump()
    assert result.warnings == (
        "Left `hardware_target` as it is: a model of this size may not change it.",
        "Left `notes` as it is: a model of this size may not change it.",
    )


def test_every_text_and_number_of_the_form_has_an_end():
    schema = suggestion_form(SMALL).schema
    patch = schema["properties"]["recommended_config"]["properties"]
    assert patch == {
        "probe_strength": {"type": "number", "minimum": 0.0, "maximum": 0.5},
        "probe_duration_ns": {"type": "integer", "minimum": 5, "maximum": 5000},
    }
    assert schema["properties"]["rationale"]["maxLength"] == 200
    assert (
        "adaptive_rule"
        in suggestion_form(Limits().for_small_model(BEST)).schema["properties"]["recommended_config"]["required"]
    )


def test_the_question_is_short_and_begins_with_what_never_changes():
    snapshot = {"current_config": RunConfiguration().model_dump(mode="json"), "last_kpis": {"fidelity": 0.91234567}}
    system, user = suggestion_messages("Calm.", snapshot, SMALL)
    assert system == suggestion_messages("Other.", {}, SMALL)[0]
    values = '{"probe_strength": 0.2, "probe_duration_ns": 120, "last_kpis": {"fidelity": 0.9123}}'
    assert user.content == f"Goal: Calm.\nPresent values: {values}"
    assert len(system.content) < 1000


def test_servers_are_asked_as_before():
    assert Limits().fields == FIELDS
    assert Limits().max_tokens is None


def test_a_suggestion_changes_numbers_alone_and_its_reason_agrees(agent, session, records):
    body = AgentSuggestionRequest(goal="Less back-action.", model="gpt-4-mini", votes=2)
    suggestion = agent.suggest(session, body)
    response, model = suggestion.response, Path(agent.models.engine.path).stem
    assert set(response.changes_applied) <= {"probe_strength", "probe_duration_ns"}
    for name, change in response.changes_applied.items():
        verb = "aises" if change["new"] > change["old"] else "owers"
        assert f"{verb} {name} from {change['old']:.6g}" in response.rationale
    assert f"{model} (this process)" in response.rationale
    assert response.warnings[0] == f"{model} answered: model gpt-4-mini is not here."
    assert (suggestion.model, suggestion.where) == (model, "this process")
    assert (records[0].model, records[0].outcome) == (model, "suggested")


def test_cancelling_a_suggestion_frees_the_model(agent, session):
    from waiting import wait_until

    agent.models.load()
    future = agent.submit(session, AgentSuggestionRequest(goal="Less back-action.", votes=9))
    wait_until(lambda: agent.models.engine.calls > 0, 10)
    future.cancel()
    wait_until(lambda: agent.models.engine.calls == 0, 2)


@pytest.mark.parametrize("most", [60, pytest.param(600, marks=pytest.mark.deep)])
def test_chat_has_an_end(agent, most, monkeypatch):
    assert agent_module._MOST_CHAT_TOKENS == 600
    monkeypatch.setattr(agent_module, "_MOST_CHAT_TOKENS", most)
    try:
        spent = agent.reply(ChatRequest(message="Tell me a story."), None).result(120).spent
    except CutAnswer as cut:
        spent = cut.spent
    assert 0 < spent.completion_tokens <= most


@pytest.mark.deep
def test_the_demonstration_runs(tiny_file, monkeypatch, capsys):
    monkeypatch.setenv("SYNQC_MODELS_DIR", str(tiny_file.parent))
    assert demo.main(["--model", "smollm2-135m"]) == 0
    told = capsys.readouterr().out
    for words in (
        "Loaded in",
        "as simulated with the suggestion",
        "its slot was free",
        "reads at most 4096",
        "Closed: ",
    ):
        assert words in told


def test_a_demonstration_of_no_model_says_so(capsys):
    assert demo.main(["--model", "qwen-1.5b"]) == 2
    assert "did you mean qwen2.5-coder-1.5b?" in capsys.readouterr().err


@pytest.fixture(scope="module")
def best_file():
    return file_of(BEST)


@pytest.mark.deep
def test_the_best_model_moves_what_it_is_asked_to_move(best_file, engine, records, session):
    made = agent_of(Settings(local_model=BEST, models_dir=best_file.parent), engine=engine, record=records)
    try:
        body = AgentSuggestionRequest(goal="Less back-action at the same fidelity.", temperature=0.0)
        changes = made.suggest(session, body).response.changes_applied
    finally:
        made.close()
    assert changes["probe_strength"]["new"] < changes["probe_strength"]["old"]


@pytest.mark.deep
@pytest.mark.parametrize(("fixture", "suggestions"), [("tiny_file", 60), ("best_file", 200)])
def test_many_suggestions_take_no_more_memory_than_the_first_few(
    request, fixture, suggestions, engine, records, session
):
    """Fewer of the tiny model, whose changes are arbitrary: trying a run of 10,000 iterations takes half a minute."""
    file = request.getfixturevalue(fixture)
    named = {"local_model": BEST, "models_dir": file.parent} if fixture == "best_file" else {"local_model": str(file)}
    made = agent_of(Settings(**named), engine=engine, record=records)
    resident, failed = [], 0
    try:
        for number in range(suggestions):
            body = AgentSuggestionRequest(goal=f"Less back-action, variant {number}.", temperature=0.0)
            try:
                made.suggest(session, body)
            except (AgentFailed, SuggestionInvalid):  # the tiny one does not always end; what it held is free again
                failed += 1
            resident.append(resident_mb())
    finally:
        made.close()
    assert failed <= (0 if fixture == "best_file" else suggestions // 2)
    assert resident[-1] - resident[20] < 50, resident[::20]
