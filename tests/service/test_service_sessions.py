"""Sessions: what a configuration may hold, what a summary shows, identifiers and logs."""

import re

import pytest

from synqc.apps.tds.storage import Change

P = "/api/v1/synqc"
MICROSECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}")
LOG_LINE = re.compile(r"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\] .+")
CONFIG_KEYS = [
    "hardware_target", "hardware_preset", "drive_envelope", "probe_strength", "probe_duration_ns", "adaptive_rule",
    "objective", "notes",
]  # fmt: skip
DEFAULTS = ["sim-local", "transmon-default", "gaussian", 0.2, 120, "none", "maximize-fidelity", None]


def saved(client, session_id, **config):
    answer = client.post(P + "/sessions", json={"session_id": session_id, "config": config})
    assert answer.status_code == 200, answer.text
    return answer.json()


def lines(client, session_id, limit=1000):
    return client.get(f"{P}/sessions/{session_id}/logs?limit={limit}").json()["lines"]


class TestConfiguration:
    def test_its_keys_and_defaults(self, client, session_id):
        config = saved(client, session_id)["config"]
        assert list(config) == CONFIG_KEYS
        assert list(config.values()) == DEFAULTS

    @pytest.mark.parametrize("body", [{}, {"config": {}}, {"session_id": None}, {"session_id": "", "config": {}}])
    def test_a_missing_one_is_the_default(self, client, body):
        answer = client.post(P + "/sessions", json=body)
        assert answer.status_code == 200
        assert list(answer.json()["config"].values()) == DEFAULTS

    @pytest.mark.parametrize(
        ("field", "values"),
        [
            ("hardware_target", ["sim-local", "ibm-qpu", "aws-braket", "ionq", "classical-only"]),
            ("hardware_preset", ["transmon-default", "fluxonium-pilot", "ion-chain", "neutral-atom"]),
            ("drive_envelope", ["gaussian", "square", "drag", "cosine"]),
            ("adaptive_rule", ["none", "kalman", "bayes", "rl"]),
            ("objective", ["maximize-fidelity", "minimize-latency", "info-vs-damage", "stability-window"]),
            ("probe_strength", [0.0, 0.5, 0.50001, 1.0]),
            ("probe_duration_ns", [5, 5000]),
            ("notes", [None, "", "Γ ψ 量子 🎛", "x" * 20_000]),
        ],
    )
    def test_every_value_is_kept(self, client, session_id, field, values):
        for value in values:
            assert saved(client, session_id, **{field: value})["config"][field] == value

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("hardware_target", "abacus"), ("hardware_preset", ""), ("drive_envelope", None), ("adaptive_rule", 3),
            ("objective", "fun"), ("probe_strength", -0.001), ("probe_strength", 1.001), ("probe_strength", "strong"),
            ("probe_duration_ns", 4), ("probe_duration_ns", 5001), ("probe_duration_ns", 12.5), ("notes", 7),
        ],
    )  # fmt: skip
    def test_what_is_invalid_is_422_and_changes_nothing(self, client, session, field, value):
        before = client.get(f"{P}/sessions/{session}").content
        body = {"session_id": session, "config": {field: value}}
        assert client.post(P + "/sessions", json=body).status_code == 422
        assert client.get(f"{P}/sessions/{session}").content == before

    def test_a_misspelt_target_is_understood(self, client, session_id):
        assert saved(client, session_id, hardware_target="aws-bracket")["config"]["hardware_target"] == "aws-braket"

    def test_nan_is_the_default_strength(self, client):
        answer = client.post(P + "/sessions", content=b'{"config":{"probe_strength":NaN}}')
        assert answer.status_code == 200
        assert answer.json()["config"]["probe_strength"] == 0.2

    def test_defaults_of_a_page_come_back_only_if_they_were_sent(self, client, session_id):
        sent = saved(client, session_id, num_iterations_default=5, shot_limit_default=4096)["config"]
        assert list(sent) == [*CONFIG_KEYS, "num_iterations_default", "shot_limit_default"]
        assert (sent["num_iterations_default"], sent["shot_limit_default"]) == (5, 4096)
        assert client.get(f"{P}/sessions/{session_id}").json()["config"] == sent
        assert list(saved(client, session_id)["config"]) == CONFIG_KEYS

    def test_a_probe_above_the_safety_limit_is_accepted_here(self, client, session_id):
        assert saved(client, session_id, probe_strength=0.9)["config"]["probe_strength"] == 0.9


class TestSummary:
    def test_its_keys(self, client, session):
        assert list(client.get(f"{P}/sessions/{session}").json()) == [
            "session_id", "created_at", "last_updated_at", "status", "status_text", "mode_label", "shot_limit",
            "shots_used", "shots_used_fraction", "last_run_id", "last_kpis", "config",
        ]  # fmt: skip

    def test_a_new_one(self, client, session_id):
        summary = saved(client, session_id)
        assert summary["session_id"] == session_id
        assert summary["status"] == "idle"
        assert summary["status_text"].startswith("Idle ·")
        assert (summary["shot_limit"], summary["shots_used"], summary["shots_used_fraction"]) == (50_000, 0, 0.0)
        assert summary["last_run_id"] is None
        assert summary["last_kpis"] is None

    def test_its_shot_limit_is_no_more_than_the_most(self, client_with):
        assert saved(client_with(max_shots_per_run=300), "x1")["shot_limit"] == 300

    def test_its_times_have_microseconds_and_no_zone(self, client, session):
        summary = client.get(f"{P}/sessions/{session}").json()
        assert MICROSECONDS.fullmatch(summary["created_at"])
        assert MICROSECONDS.fullmatch(summary["last_updated_at"])

    @pytest.mark.parametrize(
        ("target", "label"),
        [
            ("sim-local", "Sim Local"), ("ibm-qpu", "Ibm Qpu"), ("aws-braket", "Aws Braket"), ("ionq", "Ionq"),
            ("classical-only", "Classical Only"),
        ],
    )  # fmt: skip
    def test_its_label_names_the_target(self, client, session, target, label):
        assert saved(client, session, hardware_target=target)["mode_label"] == label

    @pytest.mark.both_databases
    def test_what_was_answered_is_what_is_read(self, client, session_id):
        assert saved(client, session_id, notes="é") == client.get(f"{P}/sessions/{session_id}").json()


@pytest.mark.both_databases
class TestList:
    def test_it_is_an_array_in_order_of_creation(self, client, session_id):
        names = [f"{session_id}-{letter}" for letter in "bac"]
        for name in names:
            saved(client, name)
        saved(client, names[0], notes="changed later")
        listed = client.get(P + "/sessions").json()
        assert [one["session_id"] for one in listed if one["session_id"].startswith(session_id)] == names
        assert listed[-1] == client.get(f"{P}/sessions/{names[2]}").json()


@pytest.mark.both_databases
class TestUpdate:
    def test_it_replaces_the_configuration_and_keeps_the_rest(self, client, session):
        client.post(f"{P}/sessions/{session}/run", json={"shot_limit": 9000})
        before = client.get(f"{P}/sessions/{session}").json()
        after = saved(client, session, probe_strength=0.3)
        assert after["config"]["probe_strength"] == 0.3
        assert after["last_updated_at"] > before["last_updated_at"]
        for name in ("created_at", "status", "status_text", "shot_limit", "shots_used", "last_run_id", "last_kpis"):
            assert after[name] == before[name], name

    def test_it_writes_one_log_line(self, client, session):
        before = lines(client, session)
        saved(client, session)
        assert len(lines(client, session)) == len(before) + 1


@pytest.mark.both_databases
class TestIdentifiers:
    def test_a_new_one_has_six_hexadecimal_digits(self, client):
        names = [client.post(P + "/sessions", json={}).json()["session_id"] for _ in range(5)]
        assert len(set(names)) == 5
        assert all(re.fullmatch(r"synqc-[0-9a-f]{6}", name) for name in names)

    @pytest.mark.parametrize("name", ["test-session-001", "x1", "lab 7: évaluation", "量子", "x" * 200, "a.b", "100%"])
    def test_clients_choose_them(self, client, name):
        from urllib.parse import quote

        assert saved(client, name)["session_id"] == name
        assert client.get(f"{P}/sessions/{quote(name, safe='')}").json()["session_id"] == name

    def test_a_run_has_its_sessions_and_its_second(self, client):
        saved(client, "lab:7")
        run = client.post(f"{P}/sessions/lab:7/run", json={"mode": "dryrun"}).json()["run"]
        assert re.fullmatch(r"lab_7-\d{8}T\d{6}Z(-\d+)?", run["run_id"])
        assert run["session_id"] == "lab:7"
        assert client.get(f"{P}/runs/{run['run_id']}").json() == run

    def test_runs_within_a_second_differ(self, client, session):
        runs = [client.post(f"{P}/sessions/{session}/run", json={}).json()["run"]["run_id"] for _ in range(6)]
        assert len(set(runs)) == 6
        assert len({run[: len(session) + 17] for run in runs}) <= 6
        listed = client.get(f"{P}/runs?session_id={session}").json()["runs"]
        assert [run["run_id"] for run in listed] == runs[::-1]


class TestLogs:
    def test_each_line_has_its_second(self, client, session):
        client.post(f"{P}/sessions/{session}/run", json={"shot_limit": 3000})
        found = lines(client, session)
        assert len(found) == 4
        assert all(LOG_LINE.fullmatch(line) for line in found)

    def test_the_line_that_ends_a_run_has_its_figures(self, client, session):
        kpis = client.post(f"{P}/sessions/{session}/run", json={}).json()["run"]["kpis"]
        last = lines(client, session)[-1]
        assert f"fidelity={kpis['fidelity']:.3f} " in last
        assert f"latency={kpis['latency_us']:.1f} µs" in last
        assert f"back-action={kpis['backaction']:.3f} " in last
        assert f"shots_used={kpis['shots_used']}/{kpis['shot_limit']}" in last

    @pytest.mark.parametrize("limit", [0, -1, 1001, "many", ""])
    def test_a_limit_out_of_range_is_422(self, client, session, limit):
        assert client.get(f"{P}/sessions/{session}/logs?limit={limit}").status_code == 422

    def test_the_newest_lines_come_oldest_first(self, client, session):
        store = client.app.state.tds.store
        with store.lock:
            for number in range(205):
                store.get(session).log(f"line {number}")
        every = lines(client, session)
        assert len(every) == 206
        assert client.get(f"{P}/sessions/{session}/logs").json() == {"session_id": session, "lines": every[-200:]}
        assert lines(client, session, 3) == every[-3:]

    @pytest.mark.both_databases
    def test_clearing_leaves_one_line_that_says_so(self, client, session):
        assert client.delete(f"{P}/sessions/{session}/logs").json() == {"status": "ok", "session_id": session}
        (line,) = lines(client, session)
        assert "clear" in line.lower()

    @pytest.mark.both_databases
    def test_the_newest_thousand_are_kept(self, client, session):
        store = client.app.state.tds.store
        for number in range(1100):
            with store.lock:
                line = store.get(session).log(f"line {number}")
        assert line["line"].endswith("line 1099")
        found = lines(client, session)
        assert len(found) == 1000
        assert (found[0][23:], found[-1][23:]) == ("line 100", "line 1099")

    def test_outlived_lines_leave_the_disk_however_many_come_at_once(self, client, session):
        """After the first line of a session each run adds two, so that their number is never even."""
        tds = client.app.state.tds
        found = tds.store.get(session)
        for number in range(650):
            with tds.store.lock:
                pair = [found.log(f"run {number} started"), found.log(f"run {number} completed")]
                stored = tds.store.save(found, Change(log_lines=pair))
        stored.result(30)
        assert found.first_line == 301
        kept = tds.database.lines(session, 0)
        assert [number for number, _ in kept[-1000:]] == list(range(301, 1301))
        assert len(kept) <= 1000 + 100


@pytest.mark.both_databases
class TestDeletion:
    def test_it_forgets_the_session_and_keeps_its_runs(self, client, session):
        run = client.post(f"{P}/sessions/{session}/run", json={}).json()["run"]
        assert client.delete(f"{P}/sessions/{session}").json() == {"status": "deleted", "session_id": session}
        assert client.get(f"{P}/sessions/{session}").status_code == 404
        assert session not in [one["session_id"] for one in client.get(P + "/sessions").json()]
        assert client.get(f"{P}/runs/{run['run_id']}").json() == run

    def test_its_name_is_free_again(self, client, session):
        client.post(f"{P}/sessions/{session}/run", json={})
        client.delete(f"{P}/sessions/{session}")
        assert saved(client, session)["shots_used"] == 0
        assert len(lines(client, session)) == 1
        assert client.get(f"{P}/sessions/{session}/telemetry").json()["rows"] == []
