"""`POST sessions/{id}/recommendation`: from all sessions' runs, simulated, named, and never applied."""

import json
import threading
from pathlib import Path

import pytest
from waiting import wait_until

from synqc.apps.tds.recommendations import EVALUATIONS, RunHistory, evaluate_goals
from synqc.cli import main

pytestmark = pytest.mark.both_databases
PREFIX = "/api/v1/synqc"
GENTLE = {"probe_strength": 0.05, "probe_duration_ns": 25, "adaptive_rule": "kalman", "drive_envelope": "drag"}


def session_with(client, session_id, **config):
    answer = client.post(f"{PREFIX}/sessions", json={"session_id": session_id, "config": config})
    assert answer.status_code == 200, answer.text
    return answer.json()


def run(client, session_id):
    assert client.post(f"{PREFIX}/sessions/{session_id}/run", json={"seed": 4}).status_code == 200


def recommended(client, session_id):
    answer = client.post(f"{PREFIX}/sessions/{session_id}/recommendation")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_best_run_of_another_session_is_recommended_and_nothing_applied(client, session_id):
    goal = "info-vs-damage"
    session_with(client, f"{session_id}-past", objective=goal, **{**GENTLE, "probe_strength": 0.45})
    session_with(client, session_id, objective=goal, probe_strength=0.01, notes="mine")
    first = recommended(client, session_id)
    assert first["method"] == "default"
    assert first["why"].startswith("Too little history")
    run(client, f"{session_id}-past")
    before = client.get(f"{PREFIX}/sessions/{session_id}").json()
    found = recommended(client, session_id)
    assert client.get(f"{PREFIX}/sessions/{session_id}").json() == before
    assert found["method"] == "best past run"
    assert found["recommended_config"] == {**before["config"], **GENTLE, "probe_strength": 0.45}
    assert found["changes"]["probe_strength"] == {"old": 0.01, "new": 0.45}
    assert "notes" not in found["changes"]
    assert found["runs"] == 1
    assert found["evaluated_at"] is None
    assert found["regrets"] == {}
    predicted = found["predicted"]
    assert predicted["recommended"]["information_bits"]["value"] > predicted["current"]["information_bits"]["value"]


def test_an_unknown_session_is_told(client):
    assert client.post(f"{PREFIX}/sessions/nobody/recommendation").status_code == 404


def test_the_agent_is_told_of_it_as_long_as_device_and_goal_stay(client, session_id):
    tds = client.app.state.tds
    session_with(client, session_id, objective="stability-window")
    session = tds.store.get(session_id)
    assert tds._recommended(session) is None
    found = recommended(client, session_id)
    assert tds._recommended(session) == {"changes": {}, "method": found["method"], "why": found["why"]}
    session_with(client, session_id, objective="stability-window", hardware_preset="ion-chain")
    assert tds._recommended(session) is None


def test_an_evaluation_is_kept_and_shown(client, session_id, monkeypatch, capsys):
    tds = client.app.state.tds
    for number in range(3):
        name = f"{session_id}-{number}"
        session_with(client, name, objective="minimize-latency", **{**GENTLE, "probe_duration_ns": 25 + number})
        run(client, name)
    history = RunHistory(tds.database).read()
    made = evaluate_goals(history, ["minimize-latency"], tds.settings, most_sessions=3)
    found = recommended(client, f"{session_id}-0")
    regrets = made["minimize-latency"].regrets["leave one session out"][1]
    assert {name: shown["mean"] for name, shown in found["regrets"].items()} == {
        name: regret.mean for name, regret in regrets.items()
    }
    assert found["method"] == made["minimize-latency"].winner("leave one session out")
    assert found["evaluated_at"].startswith("20")
    # From a shell, beside the service that has the database.
    monkeypatch.setenv("SYNQC_STATE_DIR", str(tds.settings.state_dir))
    if tds.settings.database_url:
        monkeypatch.setenv("SYNQC_DATABASE_URL", tds.settings.database_url)
    assert main(["recommend", "--goal", "minimize-latency", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["method"], document["runs"]) == (found["method"], 3)
    assert main(["recommend", "--goal", "minimize-latency"]) == 0
    shown = capsys.readouterr().out
    assert "leave one session out" in shown
    assert found["why"] in shown


def test_a_damaged_file_of_evaluations_is_left_out(client, session_id, caplog):
    tds = client.app.state.tds
    file = Path(tds.settings.state_dir) / EVALUATIONS
    file.write_text('{"goals": {"maximize-fidelity": {}}}')
    session_with(client, session_id)
    assert recommended(client, session_id)["evaluated_at"] is None
    assert "cannot be read" in caplog.text
    file.unlink()


def test_evaluations_are_read_again_when_their_file_is_another_one(client, session_id, caplog):
    tds = client.app.state.tds
    file = Path(tds.settings.state_dir) / EVALUATIONS
    session_with(client, session_id)
    regret = {"mean": 0.1, "standard_error": 0.0, "sessions": 3}
    for made_at in ("2026-01-01T00:00:00+00:00", "2026-02-02T00:00:00+00:00"):
        goal = {
            "goal": "maximize-fidelity", "runs": 3, "sessions": 3, "notes": [],
            "regrets": {name: {"1": {"default": regret}} for name in ("leave one session out", "leave one preset out")},
        }  # fmt: skip
        beside = file.with_suffix(".new")
        beside.write_text(json.dumps({"made_at": made_at, "goals": {"maximize-fidelity": goal}}))
        beside.replace(file)
        assert recommended(client, session_id)["evaluated_at"] == made_at
    read = tds.recommendations._evaluations.read()
    assert tds.recommendations._evaluations.read() is read
    file.unlink()
    assert recommended(client, session_id)["evaluated_at"] is None


def test_a_known_model_answers_while_another_is_fitted(tmp_path, monkeypatch):
    pytest.importorskip("lightgbm", reason="needs the extra recommend")
    from synqc.apps.tds import recommendations
    from synqc.apps.tds.application import TdsApplication
    from synqc.recommender import Evaluation, PastRun, PastRuns, Regret, Setting, device_figures
    from synqc.recommender.evaluation import SEEN
    from synqc.settings import Settings

    goal, preset = "maximize-fidelity", "transmon-default"
    regret = {"model": Regret(0.0, 0.0, 3), "default": Regret(1.0, 0.0, 3)}
    evaluations = {goal: Evaluation(goal, 200, 3, {SEEN: {1: regret}}, ())}
    figures, runs = device_figures(preset), PastRuns()

    def grow(count):
        for number in range(count):
            runs.add(
                PastRun("a", preset, goal, figures, Setting(0.01 * (number % 50), 25, "drag", "none"), number / 50)
            )

    tds = TdsApplication(Settings(state_dir=tmp_path, local_model="none"))
    try:
        found = tds.recommendations
        grow(200)
        first = found._model(runs, goal, evaluations)
        assert found._model(runs, goal, evaluations) is first
        held, fitted = threading.Event(), recommendations.QuantileModel.fitted

        def slowly(history, asked):
            held.wait(60)
            return fitted(history, asked)

        monkeypatch.setattr(recommendations.QuantileModel, "fitted", slowly)
        grow(30)
        for _ in range(3):
            assert found._model(runs, goal, evaluations) is first
        held.set()
        wait_until(lambda: found._models[goal] is not first)
        assert found._models[goal].runs == 230
        wait_until(lambda: found._fitting == set())
    finally:
        tds.close()


def test_a_folder_without_a_database_is_said(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("SYNQC_STATE_DIR", str(tmp_path))
    monkeypatch.delenv("SYNQC_DATABASE_URL", raising=False)
    assert main(["recommend"]) == 2
    assert "There is no database" in capsys.readouterr().err
