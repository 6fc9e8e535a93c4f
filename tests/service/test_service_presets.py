"""What pages are told instead of repeating it: each fact as the core and the contract's documents have it."""

import pytest

from synqc import _core
from synqc.apps.tds.models import AdaptiveRule, DriveEnvelope

P = "/api/v1/synqc"
FORMER = ["presets", "targets", "envelopes", "adaptive_rules", "objectives", "limits"]


@pytest.fixture
def catalogue(client):
    return client.get(P + "/presets").json()


def test_members_of_former_versions_stand_first_and_as_they_were(catalogue):
    assert list(catalogue)[: len(FORMER)] == FORMER
    assert catalogue["envelopes"] == ["gaussian", "square", "drag", "cosine"]
    assert catalogue["adaptive_rules"] == ["none", "kalman", "bayes", "rl"]
    assert list(catalogue["limits"])[:4] == ["probe_strength", "probe_duration_ns", "num_iterations", "shot_limit"]
    assert list(catalogue["targets"][0])[:5] == ["name", "title", "emulated", "description", "classical"]


@pytest.mark.parametrize(
    ("member", "names", "known"),
    [
        ("rule_properties", AdaptiveRule, _core.rule_properties()),
        ("envelope_properties", DriveEnvelope, _core.envelope_properties()),
    ],
)
def test_properties_are_the_cores_in_the_contracts_order(catalogue, member, names, known):
    assert [one["name"] for one in catalogue[member]] == [name.value for name in names]
    assert all(one in known for one in catalogue[member])


def test_the_cost_law_is_the_cores(catalogue):
    law, limits = catalogue["cost_law"], catalogue["limits"]["probe_duration_ns"]
    for duration_ns in (limits["min"], 120, 1000, limits["max"]):
        shots = law["shots"] + int(law["shots_per_ns"] * duration_ns + 1e-9)
        assert shots == _core.cost_law_shots(duration_ns)


def test_defaults_are_what_a_session_without_a_configuration_has(client, catalogue):
    config = client.post(P + "/sessions", json={"session_id": "x3"}).json()["config"]
    assert {name: catalogue["defaults"][name] for name in config} == config
    run = client.post(P + "/sessions/x3/run", json={}).json()["run"]
    details = client.get(f"{P}/runs/{run['run_id']}/details").json()
    assert details["iterations"] == catalogue["defaults"]["num_iterations"]


def test_numbers_at_their_limits_are_taken_and_those_beyond_refused(client, catalogue):
    limits = catalogue["limits"]
    client.post(P + "/sessions", json={"session_id": "x4", "config": {}})

    def asked(path, name, value):
        body = (
            {"axes": {"probe_strength": [0.1]}, name: value} if path == "/sweeps" else {name: value, "mode": "dryrun"}
        )
        return client.post(P + path, json=body).status_code

    assert asked("/sweeps", "shots", limits["sweep_shots"]["max"] + 1) == 422
    assert asked("/sweeps", "shots", limits["sweep_shots"]["min"]) == 202
    assert asked("/sessions/x4/run", "num_iterations", limits["num_iterations"]["max"] + 1) == 422
    longest = limits["session_id"]["max_length"]
    for length, status in ((longest, 200), (longest + 1, 400)):
        assert client.post(P + "/sessions", json={"session_id": "x" * length, "config": {}}).status_code == status
    longest = limits["notes"]["max_length"]
    for length, status in ((longest, 200), (longest + 1, 422)):
        answer = client.post(P + "/sessions", json={"session_id": "x4", "config": {"notes": "x" * length}})
        assert answer.status_code == status


def test_the_goal_of_fidelity_is_the_objectives_floor(catalogue):
    goal = catalogue["goals"]["fidelity"]["at_least"]

    def score(fidelity):
        return _core.objective_score("minimize-latency", fidelity=fidelity, latency_us=3.0)

    assert score(goal) == score(1.0) == -3.0
    assert score(goal - 1e-6) < -3.0


def test_goals_and_marks_are_those_of_a_runs_events(client, catalogue):
    client.post(P + "/sessions", json={"session_id": "x6", "config": {}})
    run = client.post(P + "/sessions/x6/run", json={"shot_limit": 1000, "seed": 1}).json()["run"]
    used, marks = run["kpis"]["shots_used_fraction"], catalogue["budget"]
    assert marks["caution"] <= used < marks["warning"]
    assert f"[BUDGET] CAUTION: at least {100 * marks['caution']:.0f} % of the shots are used." in run["events"]
    gentle = run["kpis"]["backaction"] <= catalogue["goals"]["backaction"]["at_most"]
    assert any(
        line.startswith("[KPIs] back-action") and line.endswith(" is gentle.") == gentle for line in run["events"]
    )


def test_states_of_jobs_are_those_of_the_ledger(client, catalogue):
    states = {one["name"]: one for one in catalogue["jobs"]["states"]}
    ledger = client.app.state.ledger
    job_id = ledger.submit("work")
    assert not states["queued"]["has_ended"]
    assert (client.post(f"{P}/jobs/{job_id}/retry").status_code == 200) == states["queued"]["may_be_retried"]
    ledger.cancel(job_id)
    assert states["cancelled"]["has_ended"]
    assert (client.post(f"{P}/jobs/{job_id}/retry").status_code == 200) == states["cancelled"]["may_be_retried"]
    assert {name for name, one in states.items() if one["may_be_retried"]} == {"failed", "cancelled", "dead"}


@pytest.mark.parametrize(("days", "kept"), [(0.0, None), (2.0, 172_800.0)])
def test_how_long_ended_jobs_are_kept_is_the_operators_word(client_with, days, kept):
    assert client_with(keep_jobs_days=days).get(P + "/presets").json()["jobs"]["kept_after_end_s"] == kept
