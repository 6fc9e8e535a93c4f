"""From a goal to a suggestion: what the model is asked, what becomes of its answer, and what is written down."""

import json
import threading
import time
from concurrent.futures import CancelledError

import pytest
from chat_completions_double import Fail, Hang, Say

from synqc.apps.tds.agent import AgentFailed, GoalBlank, SuggestionInvalid, agent_of, why_there_is_none
from synqc.apps.tds.agent.limits import FIELDS, Limits
from synqc.apps.tds.agent.prompts import suggestion_form, suggestion_messages
from synqc.apps.tds.agent.snapshot import snapshot_of
from synqc.apps.tds.models import AgentSuggestionRequest, KpiBundle, RunConfiguration
from synqc.apps.tds.storage import StorageUnavailable
from synqc.cache import Control
from synqc.settings import Settings


def wish(goal="Less back-action.", **options):
    return AgentSuggestionRequest(goal=goal, **options)


def proposing(patch, rationale="Because.", warnings=()):
    return Say(json.dumps({"recommended_config": patch, "rationale": rationale, "warnings": list(warnings)}))


FULL = {
    "hardware_target": "aws-bracket", "hardware_preset": "ion-chain", "drive_envelope": "drag", "probe_strength": 0.1,
    "probe_duration_ns": 200, "adaptive_rule": "kalman", "objective": "info-vs-damage", "notes": "gentle",
}  # fmt: skip


class TestWhatTheModelIsAsked:
    def test_the_snapshot_has_the_agreed_keys_and_zeros_before_the_first_run(self, session):
        snapshot = snapshot_of(session)
        assert list(snapshot) == [
            "session_id", "created_at", "status", "mode_label", "current_config", "shots_used", "shot_limit",
            "last_kpis",
        ]  # fmt: skip
        assert snapshot["created_at"] == "2026-01-02T03:04:05.000006"
        assert snapshot["last_kpis"] == {
            "fidelity": 0.0,
            "latency_us": 0.0,
            "backaction": 0.0,
            "shots_used_fraction": 0.0,
        }
        assert snapshot["current_config"] == RunConfiguration().model_dump(mode="json")
        session.last_kpis = KpiBundle.from_raw(0.98, 1.5, 0.01, 1000, 50_000)
        assert snapshot_of(session)["last_kpis"] == {
            "fidelity": 0.98, "latency_us": 1.5, "backaction": 0.01, "shots_used_fraction": 0.02,
        }  # fmt: skip

    @pytest.mark.parametrize(
        "duty",
        ["assistant", "Drive-Probe-Drive", "snapshot", "goal", "small, safe, incremental", "NEXT RUN ONLY",
         "Do not schedule several runs", "Never exceed the limits", "0 to 0.3", "5 to 700", "gently",
         "RunConfiguration only", "snake_case", "one JSON object", "recommended_config", "partial patch", "rationale",
         "warnings", "no code fences"],
    )  # fmt: skip
    def test_the_system_message_conveys(self, duty):
        system, _ = suggestion_messages("calm", {}, Limits(0.3, 700))
        assert system.role == "system"
        assert duty in system.content

    def test_the_user_message_has_goal_snapshot_and_a_reminder(self, session):
        _, user = suggestion_messages("  calm \n", snapshot_of(session), Limits())
        assert user.role == "user"
        assert "Goal: calm\n" in user.content
        assert json.dumps(snapshot_of(session), indent=2) in user.content
        assert "conservative" in user.content
        assert "shot budget" in user.content

    def test_the_schema_is_strict_and_knows_every_field_and_choice(self):
        schema = suggestion_form(Limits()).schema
        patch = schema["properties"]["recommended_config"]
        for one in (schema, patch):
            assert one["required"] == list(one["properties"])
            assert one["additionalProperties"] is False
        assert tuple(patch["properties"]) == FIELDS
        assert patch["properties"]["adaptive_rule"]["anyOf"][0]["enum"] == ["none", "kalman", "bayes", "rl"]

    @pytest.mark.parametrize(
        ("asked", "sent"), [(None, 0.7), (0.1, 0.1), (-3, 0.0), (7, 1.0), (float("inf"), 1.0), (float("nan"), 0.7)]
    )
    def test_the_temperature_is_honoured_and_clamped(self, agent, session, double, asked, sent):
        double.otherwise = proposing({})
        agent.suggest(session, wish(temperature=asked))
        assert double.bodies[0]["temperature"] == sent

    @pytest.mark.parametrize(
        ("asked", "sent"), [(None, "double-1"), ("  ", "double-1"), (" phi3:latest ", "phi3:latest")]
    )
    def test_the_model_is_honoured(self, agent, session, double, records, asked, sent):
        double.otherwise = proposing({})
        agent.suggest(session, wish(model=asked))
        assert double.bodies[0]["model"] == sent
        assert records[0].model == sent


class TestWhatBecomesOfTheAnswer:
    def test_a_partial_patch_is_merged_over_the_current_configuration(self, agent, session, double):
        session.config = RunConfiguration(adaptive_rule="bayes", notes="mine", num_iterations_default=5)
        before = session.summary_bytes()
        double.otherwise = proposing({"probe_strength": 0.15, "adaptive_rule": None}, "gentler", ["slower"])
        response = agent.suggest(session, wish()).response
        assert response.recommended_config == session.config.model_copy(update={"probe_strength": 0.15})
        assert (response.rationale, response.warnings) == ("gentler", ["slower"])
        assert response.changes_applied == {"probe_strength": {"old": 0.2, "new": 0.15}}
        assert list(response.model_dump())[:4] == ["recommended_config", "rationale", "warnings", "changes_applied"]
        assert session.summary_bytes() == before, "the session stays as it is"

    def test_a_full_patch_replaces_every_field(self, agent, session, double):
        double.otherwise = proposing(FULL)
        response = agent.suggest(session, wish()).response
        expected = {**FULL, "hardware_target": "aws-braket"}
        assert response.recommended_config.model_dump(mode="json") == expected
        old = RunConfiguration().model_dump(mode="json")
        assert response.changes_applied == {name: {"old": old[name], "new": expected[name]} for name in FIELDS}
        assert response.warnings == []

    def test_aliases_of_the_answer_are_understood(self, agent, session, double):
        double.otherwise = Say(
            '{"config_patch": {"probe_duration_ns": 150}, "explanation": "longer", "warnings": "hot"}'
        )
        response = agent.suggest(session, wish()).response
        assert response.recommended_config.probe_duration_ns == 150
        assert (response.rationale, response.warnings) == ("longer", ["hot"])

    @pytest.mark.parametrize(
        ("patch", "field", "value"),
        [
            ({"probe_strength": 0.9}, "probe_strength", 0.5),
            ({"probe_strength": -1}, "probe_strength", 0.0),
            ({"probe_strength": 1e300}, "probe_strength", 0.5),
            ({"probe_strength": "0.75"}, "probe_strength", 0.5),
            ({"probe_duration_ns": 1}, "probe_duration_ns", 5),
            ({"probe_duration_ns": 4000}, "probe_duration_ns", 2000),
            ({"probe_duration_ns": 10**400}, "probe_duration_ns", 2000),
            ({"probe_duration_ns": 150.6}, "probe_duration_ns", 151),
        ],
        ids=lambda value: str(value)[:40],
    )
    def test_numbers_out_of_range_are_clipped_with_a_warning(self, agent, session, double, patch, field, value):
        double.otherwise = proposing(patch)
        response = agent.suggest(session, wish()).response
        assert getattr(response.recommended_config, field) == value
        [warning] = response.warnings
        assert f"`{field}`" in warning
        assert len(warning) < 100

    def test_what_json_calls_a_number_and_no_computer_does_is_clipped(self, agent, session, double):
        double.otherwise = Say('{"recommended_config": {"probe_strength": 1e999, "probe_duration_ns": -1e999}}')
        response = agent.suggest(session, wish()).response
        config = response.recommended_config
        assert (config.probe_strength, config.probe_duration_ns, len(response.warnings)) == (0.5, 5, 2)
        json.loads(response.model_dump_json(), parse_constant=pytest.fail)

    def test_an_unsafe_current_configuration_is_never_recommended(self, agent, session, double):
        session.config = RunConfiguration(probe_strength=0.9)
        double.otherwise = proposing({})
        response = agent.suggest(session, wish()).response
        assert response.changes_applied == {"probe_strength": {"old": 0.9, "new": 0.5}}

    def test_unknown_fields_are_dropped_with_a_warning(self, agent, session, double):
        double.otherwise = proposing({"shot_limit": 9, "num_iterations_default": 7, **{f"x{i}": i for i in range(100)}})
        response = agent.suggest(session, wish()).response
        assert response.changes_applied == {}
        assert response.warnings[0] == "Dropped unknown field `shot_limit`."
        assert response.warnings[-1] == "Dropped 92 more unknown fields."
        assert len(response.warnings) == 11

    @pytest.mark.parametrize(
        "patch",
        [
            {"adaptive_rule": "magic"}, {"adaptive_rule": {"deep": {"er": 1}}}, {"hardware_target": ["sim-local"]},
            {"probe_strength": "NaN"}, {"probe_strength": {"value": 0.1}}, {"probe_strength": True},
            {"probe_duration_ns": "soon"}, {"probe_duration_ns": []}, {"notes": {"a": 1}}, {"objective": "x" * 100_000},
        ],
        ids=lambda patch: str(patch)[:40],
    )  # fmt: skip
    def test_what_no_configuration_can_be_is_invalid(self, agent, session, double, records, patch):
        double.otherwise = proposing(patch)
        with pytest.raises(SuggestionInvalid, match=next(iter(patch))) as caught:
            agent.suggest(session, wish())
        assert len(str(caught.value)) < 300
        assert len(double.bodies) == 1, "an invalid value is no malformed answer"
        assert records[0].outcome == "suggestion_invalid"

    def test_endless_and_broken_texts_are_cut_and_mended(self, agent, session, double):
        answer = {
            "recommended_config": {"notes": "n" * 50_000 + "\ud83d"},
            "rationale": "\ud83d\x00" + "r" * 50_000,
            "warnings": ["w" * 5000, {"a": 1}, None, "", 7] + ["again"] * 100,
        }
        double.otherwise = Say(json.dumps(answer))
        response = agent.suggest(session, wish()).response
        assert len(response.recommended_config.notes) == 4000
        assert len(response.rationale) == 4000
        assert response.rationale.startswith("?r")
        assert response.warnings[1:] == ["{'a': 1}", "7", "again"]
        assert len(response.warnings[0]) == 500
        response.model_dump_json().encode()


class TestMalformedAnswers:
    @pytest.mark.parametrize(
        "text",
        ["Try less.", "[]", "{}", '{"recommended_config": [1]}', '{"recommended_config": "less"}',
         '{"config_patch": 3}', '{"recommended_config": {"probe_strength": NaN}}', '{"rationale": "none"}'],
    )  # fmt: skip
    def test_they_are_asked_for_again(self, agent, session, double, text):
        double.script.append(Say(text))
        double.otherwise = proposing({"probe_strength": 0.1})
        response = agent.suggest(session, wish(max_retries=1)).response
        assert response.recommended_config.probe_strength == 0.1
        assert len(double.bodies) == 2

    def test_after_the_retries_asked_for_it_is_an_agent_error(self, agent, session, double, records):
        double.otherwise = Say("Try less. " * 100)
        with pytest.raises(AgentFailed, match=r"^Agent error: .*not JSON") as caught:
            agent.suggest(session, wish(max_retries=2))
        assert len(double.bodies) == 3
        assert len(str(caught.value)) <= 200 + len("Agent error: ")
        [call] = records
        assert (call.outcome, call.prompt_tokens, call.completion_tokens) == ("malformed_answer", 33, 21)
        assert call.answer.startswith("Try less.")

    @pytest.mark.parametrize("status", [401, 404, 500])
    def test_an_error_of_the_server_is_an_agent_error_without_the_key(self, agent, session, double, records, status):
        double.otherwise = Fail(status, "x" * 1000, quote_key=True, headers={"x-should-retry": "false"})
        with pytest.raises(AgentFailed) as caught:
            agent.suggest(session, wish())
        assert str(status) in str(caught.value)
        assert len(str(caught.value)) <= 213
        assert "never-to-be-seen" not in str(caught.value) + repr(records)
        assert records[0].outcome == "model_refused"

    def test_nothing_that_failed_is_remembered(self, agent, session, double):
        double.script.append(Fail(500, headers={"x-should-retry": "false"}))
        double.otherwise = proposing({})
        with pytest.raises(AgentFailed):
            agent.suggest(session, wish())
        assert not agent.suggest(session, wish()).cached


class TestVotes:
    def test_the_median_of_numbers_and_the_majority_of_choices_win(self, agent, session, double):
        double.script.extend(
            [
                proposing({"probe_strength": 0.1, "probe_duration_ns": 100, "adaptive_rule": "kalman"}, "first"),
                proposing(
                    {"probe_strength": 0.4, "probe_duration_ns": 140, "adaptive_rule": "kalman"}, "second", ["hot"]
                ),
                proposing({"probe_strength": 0.15, "probe_duration_ns": 500, "adaptive_rule": "rl"}, "third", ["hot"]),
            ]
        )
        response = agent.suggest(session, wish(votes=3)).response
        config = response.recommended_config
        assert (config.probe_strength, config.probe_duration_ns, config.adaptive_rule) == (0.15, 140, "kalman")
        assert response.votes["count"] == 3
        assert {name: sorted(cast) for name, cast in response.votes["disagreement"].items()} == {
            "probe_strength": [0.1, 0.15, 0.4], "probe_duration_ns": [100, 140, 500],
            "adaptive_rule": ["kalman", "kalman", "rl"],
        }  # fmt: skip
        assert response.rationale == "second"
        assert response.warnings == ["hot"]

    def test_in_a_tie_the_current_value_stays(self, agent, session, double):
        double.script.extend([proposing({"objective": "minimize-latency", "probe_duration_ns": 125}), proposing({})])
        config = agent.suggest(session, wish(votes=2)).response.recommended_config
        assert (config.objective, config.probe_duration_ns) == ("maximize-fidelity", 122)

    def test_votes_are_cast_at_once_and_independent(self, agent, session, double):
        together = threading.Barrier(5, timeout=10)

        def answer(_):
            together.wait()
            return proposing({})

        double.otherwise = answer
        assert agent.suggest(session, wish(votes=5)).response.votes == {"count": 5, "disagreement": {}}
        assert len(double.bodies) == 5

    def test_votes_that_fail_or_are_invalid_do_not_count_and_it_is_said(self, agent, session, double):
        double.script.extend(
            [Fail(404, "gone"), proposing({"adaptive_rule": "magic"}), proposing({"probe_strength": 0.1})]
        )
        response = agent.suggest(session, wish(votes=3)).response
        assert response.votes["count"] == 1
        assert response.recommended_config.probe_strength == 0.1
        assert [warning.split(":")[0] for warning in response.warnings] == ["A vote does not count"] * 2


class TestPrediction:
    def test_both_configurations_are_simulated_from_one_seed(self, agent, session, double, engine):
        double.otherwise = proposing({"probe_strength": 0.4})
        response = agent.suggest(session, wish()).response
        predicted = response.predicted
        assert set(predicted) == {"current", "recommended", "shots", "seed"}
        for name, config in (("current", session.config), ("recommended", response.recommended_config)):
            for kpi in ("fidelity", "latency_us", "backaction", "information_bits"):
                assert set(predicted[name][kpi]) == {"value", "standard_error"}
            again = engine.predict(
                config, session_id=session.session_id, shots=predicted["shots"], seed=predicted["seed"]
            )
            assert predicted[name] == again
        assert predicted["recommended"]["backaction"]["value"] > predicted["current"]["backaction"]["value"]

    def test_no_change_predicts_no_change(self, agent, session, double):
        double.otherwise = proposing({})
        predicted = agent.suggest(session, wish()).response.predicted
        assert predicted["current"] == predicted["recommended"]


class TestRemembering:
    def test_equal_questions_are_answered_once(self, agent, session, double, records):
        double.otherwise = proposing({"probe_strength": 0.1})
        first, second = agent.suggest(session, wish(" calm ")), agent.suggest(session, wish("calm"))
        assert (first.cached, second.cached) == (False, True)
        assert first.response == second.response
        assert len(double.bodies) == 1
        assert [call.outcome for call in records] == ["suggested", "cached"]
        assert [call.prompt_tokens for call in records] == [11, None], "what is remembered costs nothing"

    @pytest.mark.parametrize("change", ["goal", "model", "temperature", "config", "shots", "session"])
    def test_another_question_is_asked(self, agent, session, double, change):
        double.otherwise = proposing({})
        agent.suggest(session, wish())
        body = {"goal": wish("faster"), "model": wish(model="phi3"), "temperature": wish(temperature=0.2)}.get(
            change, wish()
        )
        if change == "config":
            session.config = RunConfiguration(probe_strength=0.1)
        elif change == "shots":
            session.shots_used = 836
        elif change == "session":
            session.session_id = "another"
        assert not agent.suggest(session, body).cached

    def test_a_request_may_ask_anew(self, agent, session, double):
        double.script.extend([proposing({"probe_strength": 0.1}), proposing({"probe_strength": 0.3})])
        agent.suggest(session, wish())
        anew = agent.suggest(session, wish(), Control(no_cache=True))
        assert (anew.cached, anew.response.recommended_config.probe_strength) == (False, 0.3)


class TestRecords:
    def test_every_suggestion_is_written_down(self, agent, session, double, records):
        double.otherwise = proposing({"probe_strength": 0.1})
        agent.suggest(session, wish("  calm  "))
        [call] = records
        assert (call.session_id, call.goal, call.outcome) == ("test-session-001", "calm", "suggested")
        assert (call.prompt_tokens, call.completion_tokens) == (11, 7)
        assert json.loads(call.answer)["recommended_config"] == {"probe_strength": 0.1}
        assert call.changes == {"probe_strength": {"old": 0.2, "new": 0.1}}
        assert call.latency_s > 0
        assert len(call.snapshot_hash) == 64
        assert json.loads(call.row()["changes"]) == call.changes

    def test_what_cannot_be_recorded_is_not_answered(self, agent, session, double, records):
        double.otherwise = proposing({})
        records.failure = StorageUnavailable("The disk is full.")
        with pytest.raises(StorageUnavailable):
            agent.suggest(session, wish())

    def test_a_failure_that_cannot_be_recorded_is_still_told(self, agent, session, double, records):
        double.otherwise = Say("no")
        records.failure = StorageUnavailable("The disk is full.")
        with pytest.raises(AgentFailed):
            agent.suggest(session, wish(max_retries=1))

    def test_texts_that_databases_refuse_are_mended(self, agent, session, double, records):
        double.otherwise = Say(json.dumps({"config_patch": {}}) + "\x00")
        agent.suggest(session, wish("a\x00b"))
        assert "\x00" not in json.dumps(records[0].row()["goal"] + records[0].row()["answer"])


class TestWhetherThereIsAnAgent:
    def test_a_blank_goal_is_refused_before_the_model_is_asked(self, agent, session, double, records):
        with pytest.raises(GoalBlank):
            agent.suggest(session, wish(" \n"))
        assert (double.bodies, list(records)) == ([], [])

    @pytest.mark.parametrize("key", [None, ""])
    def test_without_a_key_an_address_or_a_model_there_is_none(self, engine, records, key):
        settings = Settings(openai_api_key=key, local_model="none")
        assert agent_of(settings, engine=engine, record=records) is None
        told = str(why_there_is_none(settings))
        assert all(word in told for word in ("set OPENAI_API_KEY", "synqc models get qwen2.5-coder-1.5b", "restart"))

    def test_a_server_of_ones_own_needs_no_key(self, engine, records):
        made = agent_of(Settings(openai_base_url="http://127.0.0.1:9/v1"), engine=engine, record=records)
        assert made is not None
        assert made.where == "http://127.0.0.1:9/v1"
        made.close()

    @pytest.mark.parametrize("options", [{"openai_base_url": "nonsense"}, {"openai_api_key": "sk-ключ"}])
    def test_if_it_cannot_be_made_there_is_none_and_the_log_says_why(self, engine, records, caplog, options):
        settings = Settings(**{"openai_api_key": "sk-never-to-be-seen", **options})
        assert agent_of(settings, engine=engine, record=records) is None
        assert "There is no agent" in caplog.text
        assert settings.openai_api_key not in caplog.text

    def test_a_slow_model_holds_up_nobody_else(self, agent, session, double):
        double.script.append(Hang())
        double.otherwise = proposing({})
        slow = agent.submit(session, wish("slow"))
        while not double.bodies:
            time.sleep(0.01)
        assert agent.submit(session, wish("quick")).result(10).response.changes_applied == {}
        assert not slow.done()
        double.stopped.set()

    def test_who_no_longer_wants_an_answer_ends_the_call(self, agent, session, double):
        double.otherwise = Hang()
        every_place = [agent.submit(session, wish(f"slow {number}")) for number in range(16)]
        while len(double.bodies) < 16:
            time.sleep(0.01)
        double.otherwise = proposing({})
        for one in every_place:
            assert one.cancel()
        assert agent.submit(session, wish()).result(10).response.changes_applied == {}

    def test_when_it_is_closed_nobody_waits_for_ever(self, agent, session, double):
        double.otherwise = Say("{}", after_s=0.3)
        pending = agent.submit(session, wish(max_retries=1))
        agent.close()
        with pytest.raises(CancelledError):
            pending.result(10)
