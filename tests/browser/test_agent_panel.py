"""Suggestions are shown with their differences and figures, and applied by their button alone."""

import json
import re
import sys
import threading
from pathlib import Path

import pytest
from playwright.sync_api import expect
from running_server import RunningServer

sys.path.insert(0, str(Path(__file__).parents[1] / "llm"))

from chat_completions_double import ChatCompletionsDouble, Fail, Say, Stream

RATIONALE = "A weaker probe disturbs less.<b>!</b>"


def proposal(warnings=("Less information per shot.",), **patch):
    return Say(json.dumps({"recommended_config": patch, "rationale": RATIONALE, "warnings": list(warnings)}))


@pytest.fixture(scope="module")
def double():
    server = ChatCompletionsDouble()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def service(tmp_path_factory, double):
    running = RunningServer(
        tmp_path_factory.mktemp("service"), OPENAI_API_KEY="sk-test", OPENAI_BASE_URL=double.url
    ).start()
    yield running
    running.stop()


def ask(desk, goal):
    desk["#agent-goal"].fill(goal)
    desk["#agent-ask"].click()
    expect(desk["#agent-answer .rationale"]).to_have_text(RATIONALE, timeout=30_000)


def test_a_suggestion_is_shown_and_nothing_is_applied(desk, double):
    double.script.append(proposal(probe_strength=0.1))
    ask(desk, "less back-action")
    expect(desk["#agent-diff tbody tr"]).to_have_count(1)
    expect(desk["#agent-diff tbody tr"]).to_have_text("probe strength0.20.1")
    expect(desk["#agent-answer .warnings"]).to_contain_text("Less information per shot.")
    expect(desk["#agent-predicted tbody tr"].first).to_contain_text("Fidelity")
    expect(desk["#agent-predicted"]).to_contain_text("Back-action")
    expect(desk["#agent-state"]).to_have_text(
        re.compile(r"^Answered by .+ \(http://127\.0\.0\.1:\d+/v1\); nothing is applied yet\.$")
    )
    expect(desk["#probe_strength"]).to_have_value("0.2")
    desk["#notes"].fill("saved with all that the form holds")
    desk.saved()
    assert desk.session()["config"]["probe_strength"] == 0.2


def test_its_button_applies_it(desk, double):
    double.script.append(proposal(probe_strength=0.12, adaptive_rule="kalman"))
    ask(desk, "track the drift")
    desk["#agent-apply"].click()
    expect(desk["#probe_strength"]).to_have_value("0.12")
    expect(desk["#adaptive_rule"]).to_have_value("kalman")
    expect(desk["#agent-answer"]).to_be_empty()
    desk.saved()
    config = desk.session()["config"]
    assert (config["probe_strength"], config["adaptive_rule"]) == (0.12, "kalman")


def test_its_other_button_dismisses_it(desk, double):
    double.script.append(proposal(probe_strength=0.15))
    ask(desk, "dismiss me")
    desk["#agent-dismiss"].click()
    expect(desk["#agent-answer"]).to_be_empty()
    expect(desk["#probe_strength"]).to_have_value("0.2")


def test_no_change_has_nothing_to_apply(desk, double):
    double.script.append(proposal(warnings=()))
    ask(desk, "leave it")
    expect(desk["#agent-answer"]).to_contain_text("It proposes no change.")
    expect(desk["#agent-apply"]).to_have_count(0)


def test_votes_model_and_temperature_are_sent_and_disagreement_is_said(desk, double):
    double.script.extend([proposal(probe_strength=0.1), proposal(probe_strength=0.1), proposal(probe_strength=0.3)])
    desk["#agent-votes"].fill("3")
    desk["#agent-model"].fill("double-9")
    desk["#agent-temperature"].fill("0.4")
    before = len(double.bodies)
    ask(desk, "vote on it")
    asked = double.bodies[before:]
    assert len(asked) == 3
    assert {(one["model"], one["temperature"]) for one in asked} == {("double-9", 0.4)}
    expect(desk["#agent-answer"]).to_contain_text("3 votes disagree on probe strength")


def test_emulated_targets_are_labelled_at_the_prediction(desk, double):
    desk["#hardware_target"].select_option("ibm-qpu")
    desk.saved()
    double.script.append(proposal(probe_strength=0.1))
    ask(desk, "on the emulated target")
    expect(desk["#agent-answer h3"]).to_contain_text("emulated ibm-qpu")


def test_another_session_forgets_the_answer(desk, double):
    double.script.append(proposal(probe_strength=0.1))
    ask(desk, "of the first session")
    desk["#create"].click()
    expect(desk["#agent-answer"]).to_be_empty()


def test_502_a_model_that_fails(desk, double, monkeypatch):
    desk.refusals_expected = True
    monkeypatch.setattr(double, "otherwise", Fail(400, "No such model."))
    desk["#agent-goal"].fill("Less back-action, please.")
    desk["#agent-ask"].click()
    expect(desk["#agent-state"]).to_contain_text("No suggestion: Agent error", timeout=30_000)
    desk["#agent-goal"].fill("  ")
    desk["#agent-ask"].click()
    expect(desk["#agent-state"]).to_contain_text(re.compile("No suggestion: .*goal"))


def test_chat_grows_word_by_word_and_remembers(desk, double):
    seen = threading.Event()

    def parts():
        yield "Back-action "
        assert seen.wait(60)
        yield from ("grows ", "with ε.")

    double.script.append(Stream(parts()))
    desk["#chat-message"].fill("why?")
    desk["#chat-send"].click()
    last = desk["#chat-messages li"].last
    expect(last).to_have_text("AssistantBack-action ")
    expect(desk["#chat-send"]).to_be_disabled()
    seen.set()
    expect(last).to_have_text("AssistantBack-action grows with ε.")
    expect(desk["#chat-send"]).to_be_enabled()
    double.script.append(Stream(["Yes."]))
    before = len(double.bodies)
    desk["#chat-message"].fill("really?")
    desk["#chat-message"].press("Enter")
    expect(desk["#chat-messages li"].last).to_have_text("AssistantYes.")
    contents = [one["content"] for one in double.bodies[before]["messages"]]
    assert any("Back-action grows with ε." in text for text in contents)
    assert any("really?" in text for text in contents)
