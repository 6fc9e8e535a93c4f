"""The agent over HTTP: both paths, codes and their order, headers, chat with and without a model, streams."""

import json
import logging
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

sys.path.insert(0, str(Path(__file__).parents[1] / "llm"))

from chat_completions_double import ChatCompletionsDouble, Fail, Raw, Say, Stream

from synqc.service import create_app
from synqc.settings import Settings

P = "/api/v1/synqc"
KEY = "sk-never-to-be-seen-0123456789"
PATHS = ["agent-suggestion", "agent/suggest"]
PROPOSAL = Say('{"recommended_config": {"probe_strength": 0.1}, "rationale": "gentler", "warnings": ["slower"]}')
PLACEHOLDER = "You said: hello (session x1). This is a placeholder reply: no language model answered."


@pytest.fixture
def double():
    server = ChatCompletionsDouble()
    yield server
    server.stop()


def client_of(tmp_path, **options):
    return TestClient(create_app(Settings(state_dir=tmp_path / "state", **options)), raise_server_exceptions=False)


@pytest.fixture
def client(double, tmp_path):
    found = client_of(tmp_path, openai_api_key=KEY, openai_base_url=double.url, agent_model="double-1")
    found.post(P + "/sessions", json={"session_id": "x1"})
    yield found
    found.app.state.tds.close()


@pytest.fixture
def client_without(tmp_path):
    found = client_of(tmp_path, local_model="none")  # whatever models lie on this machine
    found.post(P + "/sessions", json={"session_id": "x1"})
    yield found
    found.app.state.tds.close()


def events_of(answer):
    assert answer.headers["content-type"].startswith("text/event-stream")
    return [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n") if line]


def recorded(client):
    from sqlalchemy import select

    from synqc.apps.tds.storage import schema

    with client.app.state.tds.database.reading() as connection:
        return [row._asdict() for row in connection.execute(select(schema.agent_calls))]


class TestSuggestions:
    @pytest.mark.parametrize("path", PATHS)
    def test_both_paths_answer_a_whole_configuration(self, client, double, path):
        double.otherwise = PROPOSAL
        before = client.get(P + "/sessions/x1").content
        logs = client.get(P + "/sessions/x1/logs").content
        answer = client.post(f"{P}/sessions/x1/{path}", json={"goal": " calm ", "model": None, "temperature": 0.1})
        assert answer.status_code == 200
        body = answer.json()
        assert list(body)[:4] == ["recommended_config", "rationale", "warnings", "changes_applied"]
        config = body["recommended_config"]
        assert list(config) == [
            "hardware_target", "hardware_preset", "drive_envelope", "probe_strength", "probe_duration_ns",
            "adaptive_rule", "objective", "notes",
        ]  # fmt: skip
        assert isinstance(config["probe_strength"], float)
        assert isinstance(config["probe_duration_ns"], int)
        assert body["changes_applied"] == {"probe_strength": {"old": 0.2, "new": 0.1}}
        assert (body["rationale"], body["warnings"]) == ("gentler", ["slower"])
        assert body["predicted"]["recommended"]["fidelity"]["standard_error"] >= 0
        assert double.bodies[0]["temperature"] == 0.1
        assert client.get(P + "/sessions/x1").content == before, "the session stays as it is"
        assert client.get(P + "/sessions/x1/logs").content == logs

    def test_the_header_says_whether_the_model_was_asked(self, client, double):
        double.otherwise = PROPOSAL
        answers = [client.post(f"{P}/sessions/x1/{path}", json={"goal": "calm"}) for path in PATHS]
        answers.append(
            client.post(
                f"{P}/sessions/x1/agent-suggestion", json={"goal": "calm"}, headers={"Cache-Control": "no-cache"}
            )
        )
        assert [answer.headers["X-SynQc-Agent-Cache"] for answer in answers] == ["miss", "hit", "miss"]
        assert answers[0].content == answers[1].content
        assert len(double.bodies) == 2

    @pytest.mark.parametrize("path", PATHS)
    def test_an_absent_agent_is_said_before_an_unknown_session(self, client_without, path):
        for session_id in ("x1", "nobody"):
            answer = client_without.post(f"{P}/sessions/{session_id}/{path}", json={"goal": "calm"})
            assert answer.status_code == 503
            assert isinstance(answer.json()["detail"], str)

    @pytest.mark.parametrize("path", PATHS)
    def test_an_unknown_session_is_said_before_a_blank_goal(self, client, double, path):
        answer = client.post(f"{P}/sessions/nobody/{path}", json={"goal": " "})
        assert (answer.status_code, answer.json()["detail"]) == (404, "Session 'nobody' not found")
        answer = client.post(f"{P}/sessions/x1/{path}", json={"goal": " "})
        assert answer.status_code == 400
        assert "goal" in answer.json()["detail"]
        assert double.bodies == []

    @pytest.mark.parametrize(
        ("said", "status", "words"),
        [
            (Say("no JSON"), 502, "Agent error: "),
            (Fail(401, "Bad key.", quote_key=True), 502, "Agent error: "),
            (Fail(503, "x" * 5000, headers={"x-should-retry": "false"}), 502, "Agent error: "),
            (Raw(b"<html>", "text/html"), 502, "Agent error: "),
            (Say('{"recommended_config": {"objective": "profit"}}'), 400, "objective"),
        ],
    )
    def test_what_goes_wrong_has_its_status_and_a_short_text(self, client, double, caplog, said, status, words):
        double.otherwise = said
        with caplog.at_level(logging.DEBUG):
            answer = client.post(P + "/sessions/x1/agent-suggestion", json={"goal": "calm", "max_retries": 1})
        assert answer.status_code == status
        detail = answer.json()["detail"]
        assert words in detail
        assert len(detail) <= 300
        assert KEY not in answer.text + caplog.text
        [call] = recorded(client)
        assert (call["session_id"], call["goal"]) == ("x1", "calm")
        assert call["outcome"] not in ("suggested", "cached")

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"goal": 3},
            {"goal": "a", "max_retries": 0},
            {"goal": "a", "max_retries": 11},
            {"goal": "a", "votes": 10},
        ],
    )
    def test_bodies_that_are_none(self, client, body):
        assert client.post(P + "/sessions/x1/agent-suggestion", json=body).status_code == 422

    def test_a_model_nobody_can_mean_is_refused(self, client, double):
        answer = client.post(P + "/sessions/x1/agent-suggestion", json={"goal": "calm", "model": "m" * 5000})
        assert answer.status_code == 400
        assert double.bodies == []

    @pytest.mark.parametrize("session_id", ["a b", "ü?#&", "...", "%", "%2F", "a/b", "x" * 200, "a\\b:c"])
    def test_session_ids_of_any_kind(self, client, double, session_id):
        from urllib.parse import quote

        double.otherwise = PROPOSAL
        assert client.post(P + "/sessions", json={"session_id": session_id}).status_code == 200
        escaped = quote(session_id, safe="").replace(".", "%2E")
        answer = client.post(f"{P}/sessions/{escaped}/agent/suggest", json={"goal": "calm"})
        assert answer.status_code == 200, answer.text
        assert recorded(client)[-1]["session_id"] == session_id

    def test_votes_are_reported(self, client, double):
        double.script.append(Say('{"config_patch": {"probe_strength": 0.3}}'))
        double.otherwise = PROPOSAL
        body = client.post(P + "/sessions/x1/agent-suggestion", json={"goal": "calm", "votes": 3}).json()
        assert body["votes"]["count"] == 3
        assert sorted(body["votes"]["disagreement"]["probe_strength"]) == [0.1, 0.1, 0.3]
        assert body["recommended_config"]["probe_strength"] == 0.1

    def test_a_suggestion_is_on_disk_before_it_is_answered(self, client, double):
        double.otherwise = PROPOSAL
        client.post(P + "/sessions/x1/agent-suggestion", json={"goal": "calm"})
        [call] = recorded(client)
        assert (call["outcome"], call["prompt_tokens"], call["model"]) == ("suggested", 11, "double-1")
        assert json.loads(call["changes"]) == {"probe_strength": {"old": 0.2, "new": 0.1}}


class TestChat:
    def test_a_model_answers_and_is_shown_the_session_and_the_newest_messages(self, client, double):
        double.otherwise = Say("  Because. ")
        history = [{"role": ("user", "assistant")[turn % 2], "content": f"turn {turn}"} for turn in range(14)]
        answer = client.post(P + "/chat", json={"session_id": "x1", "message": " why? ", "history": history})
        assert answer.json() == {"reply": "Because.", "session_id": "x1"}
        system, *said = double.bodies[0]["messages"]
        assert '"session_id": "x1"' in system["content"]
        assert [one["content"] for one in said] == [*(f"turn {turn}" for turn in range(4, 14)), "why?"]

    def test_the_same_question_is_asked_again(self, client, double):
        double.script.extend([Say("one"), Say("two")])
        assert [client.post(P + "/chat", json={"message": "why?"}).json()["reply"] for _ in range(2)] == ["one", "two"]

    @pytest.mark.parametrize(
        "broken",
        [
            Fail(401, quote_key=True),
            Fail(500, headers={"x-should-retry": "false"}),
            Raw(b"{"),
            Say(""),
            Say(None),
            Say(" "),
        ],
    )
    @pytest.mark.parametrize("stream", [False, True])
    def test_errors_fall_back_to_the_placeholder(self, client, double, caplog, broken, stream):
        double.otherwise = broken
        with caplog.at_level(logging.DEBUG):
            answer = client.post(P + "/chat", json={"session_id": "x1", "message": " hello ", "stream": stream})
        assert answer.status_code == 200
        last = events_of(answer)[-1] if stream else answer.json()
        assert last == {"reply": PLACEHOLDER, "session_id": "x1"}
        assert KEY not in answer.text + caplog.text

    def test_without_an_agent_the_placeholder_answers(self, client_without):
        def reply(**body):
            return client_without.post(P + "/chat", json=body).json()

        assert reply(session_id="x1", message=" hello ") == {"reply": PLACEHOLDER, "session_id": "x1"}
        assert reply(session_id="nobody", message="hello")["session_id"] == "nobody"
        without = reply(message="hello")
        assert without["session_id"] is None
        assert "(session" not in without["reply"]
        assert "hello" in without["reply"]
        assert "placeholder" in without["reply"]

    def test_without_an_agent_the_placeholder_is_streamed(self, client_without):
        answer = client_without.post(P + "/chat", json={"session_id": "x1", "message": "hello", "stream": True})
        assert events_of(answer) == [{"delta": PLACEHOLDER}, {"reply": PLACEHOLDER, "session_id": "x1"}]

    def test_a_reply_is_streamed_part_by_part(self, client, double):
        double.otherwise = Stream(["Be", "cause\n", "\ud83d."])
        answer = client.post(P + "/chat", json={"message": "why?", "stream": True})
        *deltas, last = events_of(answer)
        assert [delta["delta"] for delta in deltas[:2]] == ["Be", "cause\n"]
        assert last == {"reply": "Because\n?.", "session_id": None}
        assert answer.headers["cache-control"] == "no-store"

    def test_a_stream_that_breaks_off_ends_with_the_placeholder(self, client, double):
        double.otherwise = Stream(["Be"], complete=False)
        answer = client.post(P + "/chat", json={"session_id": "x1", "message": "hello", "stream": True})
        assert events_of(answer) == [{"delta": "Be"}, {"reply": PLACEHOLDER, "session_id": "x1"}]

    def test_other_roles_and_missing_messages(self, client):
        history = [{"role": "system", "content": "obey"}]
        assert client.post(P + "/chat", json={"message": "a", "history": history}).status_code == 422
        assert client.post(P + "/chat", json={}).status_code == 422


def test_operations_have_fixed_names_and_examples(client):
    paths = client.get("/openapi.json").json()["paths"]
    suggestion = "/sessions/{session_id}/agent-suggestion"
    asked = [paths[P + path]["post"] for path in (suggestion, "/sessions/{session_id}/agent/suggest", "/chat")]
    assert [one["operationId"] for one in asked] == [
        "suggest_configuration", "suggest_configuration_by_its_other_path", "chat",
    ]  # fmt: skip
    for operation in asked:
        assert operation["requestBody"]["content"]["application/json"]["examples"]
    assert set(asked[0]["responses"]) == {
        "200", "400", "401", "403", "404", "408", "413", "422", "429", "502", "503",
    }  # fmt: skip
