"""Runs: their record, what they charge, the order of refusals, and the kill switch."""

import math
import threading
import time

import pytest

P = "/api/v1/synqc"


def run(client, session, **body):
    answer = client.post(f"{P}/sessions/{session}/run", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def summary(client, session):
    return client.get(f"{P}/sessions/{session}").json()


def configure(client, session, **config):
    assert client.post(P + "/sessions", json={"session_id": session, "config": config}).status_code == 200


class LongRun:
    """A run of many iterations on a thread of its own, which is running when this is made."""

    def __init__(self, client, session, **body):
        self.answer = None
        self.ended_at = None
        body = {"num_iterations": 10_000, "mode": "dryrun", **body}

        def ask():
            self.answer = client.post(f"{P}/sessions/{session}/run", json=body)
            self.ended_at = time.perf_counter()

        self.thread = threading.Thread(target=ask)
        self.thread.start()
        deadline = time.monotonic() + 60
        while summary(client, session)["status"] != "running":
            assert time.monotonic() < deadline, "it never began"
            time.sleep(0.001)

    def end(self):
        self.thread.join(60)
        assert not self.thread.is_alive()
        return self.answer


class TestRecord:
    def test_its_keys(self, client, session):
        answer = run(client, session)
        assert list(answer) == ["run", "session"]
        assert list(answer["run"])[:8] == [
            "run_id", "session_id", "mode", "config_snapshot", "created_at", "kpis", "measurements", "events",
        ]  # fmt: skip
        assert list(answer["run"]["kpis"]) == [
            "fidelity", "latency_us", "backaction", "shots_used", "shot_limit", "shots_used_fraction",
        ]  # fmt: skip

    def test_it_says_what_was_asked(self, client, session):
        configure(client, session, probe_strength=0.3, adaptive_rule="kalman", notes="n")
        answer = run(client, session, mode="dryrun")
        assert answer["run"]["mode"] == "dryrun"
        assert answer["run"]["session_id"] == session
        assert answer["run"]["config_snapshot"] == summary(client, session)["config"]

    @pytest.mark.both_databases
    def test_the_session_knows_it(self, client, session):
        answer = run(client, session)
        assert answer["session"] == summary(client, session)
        assert answer["session"]["status"] == "idle"
        assert answer["session"]["status_text"].startswith("Idle ·")
        assert answer["session"]["last_run_id"] == answer["run"]["run_id"]
        assert answer["session"]["last_kpis"] == answer["run"]["kpis"]

    def test_it_measures_four_qubits(self, client, session):
        measurements = run(client, session)["run"]["measurements"]
        assert [one["qubit"] for one in measurements] == [0, 1, 2, 3]
        for one in measurements:
            assert list(one) == ["qubit", "p0", "p1", "last"]
            assert one["p0"] + one["p1"] == pytest.approx(1.0, abs=1e-12)
            assert 0 <= one["p1"] <= 1
            assert one["last"] in (0, 1)

    @pytest.mark.parametrize("rule", ["none", "kalman", "bayes", "rl"])
    @pytest.mark.parametrize(("strength", "duration"), [(0.0, 5), (0.5, 5000), (0.2, 120)])
    def test_its_figures_are_finite_numbers(self, client, session, rule, strength, duration):
        configure(client, session, probe_strength=strength, probe_duration_ns=duration, adaptive_rule=rule)
        kpis = run(client, session)["run"]["kpis"]
        assert all(isinstance(value, (int, float)) and math.isfinite(value) for value in kpis.values()), kpis
        assert 0 <= kpis["fidelity"] <= 1
        assert 0 <= kpis["backaction"] <= 1
        assert kpis["latency_us"] > 0

    @pytest.mark.parametrize("target", ["sim-local", "ibm-qpu", "aws-braket", "ionq", "classical-only"])
    @pytest.mark.parametrize("preset", ["transmon-default", "fluxonium-pilot", "ion-chain", "neutral-atom"])
    def test_every_preset_runs_on_every_target(self, client, session, target, preset):
        configure(client, session, hardware_target=target, hardware_preset=preset)
        assert run(client, session)["run"]["emulated"] is (target not in ("sim-local", "classical-only"))

    def test_events_begin_with_what_ran_and_end_with_the_budget(self, client, session):
        events = run(client, session)["run"]["events"]
        assert events[0] == "[RUN] objective=maximize-fidelity adaptive=none envelope=gaussian"
        assert [event.split(" ")[0] for event in events] == ["[RUN]", "[KPIs]", "[KPIs]", "[KPIs]", "[BUDGET]"]
        assert run(client, session, mode="dryrun")["run"]["events"][0].startswith("[DRY-RUN] objective=")

    @pytest.mark.parametrize(
        ("limit", "word"), [(1114, "CAUTION"), (1100, "CAUTION"), (880, "WARNING"), (836, "WARNING")]
    )
    def test_a_budget_that_runs_low_is_an_event(self, client, session, limit, word):
        assert f"[BUDGET] {word}" in run(client, session, shot_limit=limit)["run"]["events"][-1]

    def test_a_budget_with_room_is_none(self, client, session):
        assert not any("CAUTION" in event or "WARNING" in event for event in run(client, session)["run"]["events"])

    def test_the_same_seed_gives_the_same_figures(self, client, session_id):
        kpis = []
        for _ in range(2):
            configure(client, session_id)
            kpis.append(run(client, session_id, seed=7)["run"]["kpis"])
            client.delete(f"{P}/sessions/{session_id}")
        assert kpis[0] == kpis[1]

    def test_what_it_drew_can_be_read_again(self, client, session):
        import io

        import numpy as np

        made = run(client, session)["run"]
        answer = client.get(f"{P}/runs/{made['run_id']}/records")
        assert answer.headers["content-type"] == "application/octet-stream"
        bits = np.load(io.BytesIO(answer.content))["bits"]
        assert bits.shape == (1, 4, 836)
        for one in made["measurements"]:
            assert np.mean(bits[0, one["qubit"]] == 1) == pytest.approx(one["p1"], abs=1e-12)

    @pytest.mark.both_databases
    def test_details_repeat_the_record(self, client, session):
        made = run(client, session, num_iterations=3)["run"]
        details = client.get(f"{P}/runs/{made['run_id']}/details").json()
        assert details["estimates"] == made["estimates"]
        assert (details["iterations"], len(details["history"]), details["seed"]) == (3, 3, made["seed"])
        assert details["shots_simulated"] == 3 * 836


class TestRequest:
    def test_an_empty_object_is_enough_and_no_body_is_422(self, client, session):
        assert client.post(f"{P}/sessions/{session}/run", content=b"{}").status_code == 200
        assert client.post(f"{P}/sessions/{session}/run").status_code == 422

    def test_null_is_the_default(self, client, session):
        run(client, session, num_iterations=None, shot_limit=None)
        assert summary(client, session)["shots_used"] == 836
        assert summary(client, session)["shot_limit"] == 50_000

    @pytest.mark.parametrize(
        "body", [{"num_iterations": 0}, {"num_iterations": 10_001}, {"mode": "walk"}, {"seed": -1}]
    )
    def test_what_is_invalid_is_422(self, client, session, body):
        assert client.post(f"{P}/sessions/{session}/run", json=body).status_code == 422

    @pytest.mark.parametrize(
        ("wanted", "kept"), [(1_000_000, 200_000), (200_001, 200_000), (0, 1), (-5, 1), (777, 777)]
    )
    def test_a_shot_limit_is_clamped_kept_and_logged(self, client, session, wanted, kept):
        run(client, session, shot_limit=wanted)
        assert summary(client, session)["shot_limit"] == kept
        logged = [line for line in client.get(f"{P}/sessions/{session}/logs").json()["lines"] if "Shot limit" in line]
        assert len(logged) == 1
        assert str(kept) in logged[0]
        assert (str(wanted) in logged[0]) or wanted == kept


class TestRefusals:
    @pytest.mark.parametrize(
        ("config", "settings", "words"),
        [
            ({"probe_strength": 0.6}, {}, ("probe_strength", "0.6", "0.5")),
            ({"probe_duration_ns": 900}, {"max_probe_duration_ns": 800}, ("probe_duration_ns", "900", "800")),
        ],
    )
    def test_an_unsafe_probe_is_400_and_leaves_the_session_as_it_was(self, client_with, config, settings, words):
        client = client_with(**settings)
        configure(client, "x1", **config)
        before = summary(client, "x1")
        answer = client.post(P + "/sessions/x1/run", json={})
        assert answer.status_code == 400
        assert all(word in answer.json()["detail"] for word in words)
        assert summary(client, "x1") == before

    def test_a_refused_run_keeps_its_shot_limit(self, client, session):
        configure(client, session, probe_strength=0.6)
        assert client.post(f"{P}/sessions/{session}/run", json={"shot_limit": 1234}).status_code == 400
        after = summary(client, session)
        assert (after["shot_limit"], after["status"], after["last_run_id"]) == (1234, "idle", None)

    def test_the_limit_itself_is_safe(self, client, session):
        configure(client, session, probe_strength=0.5)
        run(client, session)

    def test_a_second_run_meanwhile_is_409_before_anything_else(self, client, session):
        long = LongRun(client, session)
        try:
            configure(client, session, probe_strength=0.9)
            answer = client.post(f"{P}/sessions/{session}/run", json={"shot_limit": 99})
            assert answer.status_code == 409
            assert isinstance(answer.json()["detail"], str)
            assert summary(client, session)["shot_limit"] == 50_000
            assert client.delete(f"{P}/sessions/{session}").status_code == 409
        finally:
            client.post(f"{P}/sessions/{session}/kill")
            long.end()


class TestBudget:
    def test_a_run_charges_what_it_simulates(self, client, session):
        assert run(client, session, num_iterations=2)["run"]["kpis"]["shots_used"] == 2 * 836
        after = run(client, session)["session"]
        assert after["shots_used"] == 3 * 836
        assert after["shots_used_fraction"] == 3 * 836 / 50_000
        assert after["last_kpis"]["shots_used_fraction"] == 3 * 836 / 50_000

    @pytest.mark.parametrize(("duration", "cost"), [(5, 801), (120, 836), (1001, 1100), (5000, 2300)])
    def test_the_cost_law(self, client, session, duration, cost):
        configure(client, session, probe_duration_ns=duration)
        assert run(client, session)["session"]["shots_used"] == cost

    def test_an_exhausted_budget_saturates_and_goes_on_answering(self, client, session):
        first = run(client, session, num_iterations=5, shot_limit=4096)
        assert first["session"]["shots_used"] == 4096 < 5 * 836
        assert first["session"]["shots_used_fraction"] == 1.0
        second = run(client, session, num_iterations=5, shot_limit=4096)
        assert second["session"]["shots_used"] == 4096
        assert second["run"]["run_id"] != first["run"]["run_id"]
        assert all(math.isfinite(value) for value in second["run"]["kpis"].values())
        assert any(event.startswith("[BUDGET] exhausted") for event in second["run"]["events"])

    def test_a_lower_limit_takes_nothing_back(self, client, session):
        run(client, session, num_iterations=2)
        after = run(client, session, shot_limit=1000)["session"]
        assert after["shots_used"] == 2 * 836
        assert after["shots_used_fraction"] == 1.0

    def test_a_limit_of_one_shot_still_gives_figures(self, client, session):
        kpis = run(client, session, shot_limit=1)["run"]["kpis"]
        assert (kpis["shots_used"], kpis["shots_used_fraction"]) == (1, 1.0)
        assert all(math.isfinite(value) for value in kpis.values())

    @pytest.mark.both_databases
    def test_a_dry_run_charges_nothing_and_is_kept(self, client, session):
        run(client, session)
        dry = run(client, session, mode="dryrun", num_iterations=7)
        assert dry["session"]["shots_used"] == 836
        assert dry["session"]["last_run_id"] == dry["run"]["run_id"]
        assert dry["session"]["last_kpis"] == dry["run"]["kpis"]
        assert client.get(f"{P}/runs/{dry['run']['run_id']}").json() == dry["run"]


class TestKill:
    @pytest.mark.parametrize("headers", [{}, {"content-type": "application/json"}])
    def test_nothing_to_kill_is_200(self, client, session, headers):
        before = len(client.get(f"{P}/sessions/{session}/logs").json()["lines"])
        answer = client.post(f"{P}/sessions/{session}/kill", headers=headers)
        assert answer.status_code == 200
        assert answer.json()["status"] == "no-active-run"
        assert isinstance(answer.json()["message"], str)
        assert answer.json()["session_id"] == session
        assert summary(client, session)["status"] == "idle"
        assert len(client.get(f"{P}/sessions/{session}/logs").json()["lines"]) == before + 1

    @pytest.mark.both_databases
    def test_it_stops_the_engine_and_keeps_what_there_is(self, client, session):
        long = LongRun(client, session)
        assert summary(client, session)["status_text"].startswith("Running ·")
        deadline = time.monotonic() + 60
        while not client.get(f"{P}/sessions/{session}/telemetry").json()["rows"]:
            assert time.monotonic() < deadline, "no running estimate within 60 s"
        killed = client.post(f"{P}/sessions/{session}/kill")
        assert killed.json()["status"] == "terminated"
        assert list(killed.json()) == ["status", "message", "session_id"]
        answer = long.end()
        assert answer.status_code == 200
        made = answer.json()["run"]
        assert made["partial"] is True
        assert client.get(f"{P}/runs/{made['run_id']}").json() == made
        after = summary(client, session)
        assert after["status"] == "terminated", "the finishing run must not overwrite it"
        assert after["last_run_id"] == made["run_id"]
        details = client.get(f"{P}/runs/{made['run_id']}/details").json()
        assert 0 < details["iterations"] < 10_000

    def test_it_stops_the_engine_within_50_ms(self, client, session):
        """Of the engine's own time: the shortest of several kills, for the machine may be busy otherwise."""
        waits = []
        for _ in range(5):
            long = LongRun(client, session)
            client.get(f"{P}/sessions/{session}/logs")
            killed_at = time.perf_counter()
            client.app.state.tds.runs.kill(session)
            long.end()
            waits.append(long.ended_at - killed_at)
        assert min(waits) < 0.05, waits

    def test_a_killed_session_may_run_again(self, client, session):
        long = LongRun(client, session)
        client.post(f"{P}/sessions/{session}/kill")
        long.end()
        assert run(client, session)["session"]["status"] == "idle"

    def test_a_killed_run_charges_what_it_simulated(self, client, session):
        long = LongRun(client, session, mode="run", shot_limit=200_000)
        client.post(f"{P}/sessions/{session}/kill")
        answer = long.end()
        if answer.status_code == 200:
            made = answer.json()["run"]
            shots = client.get(f"{P}/runs/{made['run_id']}/details").json()["shots_simulated"]
            assert summary(client, session)["shots_used"] == shots
        else:
            assert answer.status_code == 409
            assert summary(client, session)["shots_used"] == 0


class TestFailure:
    @pytest.mark.parametrize(
        ("error", "status", "text"),
        [("input", 400, "Run aborted"), ("defect", 500, "Error")],
    )
    def test_it_is_the_sessions_state_until_the_next_run(self, client, session, monkeypatch, error, status, text):
        from synqc.errors import InputError

        raised = InputError("Argument `x` must be y.") if error == "input" else RuntimeError("secret-of-the-house")

        def fail(*_, **__):
            raise raised

        with monkeypatch.context() as patch:
            patch.setattr(client.app.state.tds.engine, "run", fail)
            answer = client.post(f"{P}/sessions/{session}/run", json={})
        assert answer.status_code == status
        assert isinstance(answer.json()["detail"], str)
        after = summary(client, session)
        assert after["status"] == "error"
        assert after["status_text"].startswith(text)
        assert run(client, session)["session"]["status"] == "idle"


@pytest.mark.both_databases
class TestHistory:
    def test_pages_hold_every_run_once_newest_first(self, client, session):
        made = [run(client, session)["run"]["run_id"] for _ in range(7)]
        found, cursor = [], None
        while True:
            page = client.get(
                f"{P}/runs", params={"session_id": session, "limit": 3, **({"cursor": cursor} if cursor else {})}
            )
            found += [one["run_id"] for one in page.json()["runs"]]
            cursor = page.json()["next_cursor"]
            if cursor is None:
                break
        assert found == made[::-1]
