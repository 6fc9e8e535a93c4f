"""Telemetry by both methods: shapes, rows per poll, caps, and no disk on the way."""

import itertools
import json
import math
import re

import pytest
from scratch_postgresql import scratch_postgresql
from waiting import wait_until

P = "/api/v1/synqc"
MILLISECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ROW = ["timestamp", "provider", "fidelity", "latency_us", "backaction", "shots_used", "shot_rate"]


@pytest.fixture
def after_a_run(client, session):
    assert client.post(f"{P}/sessions/{session}/run", json={}).status_code == 200
    return session


def polled(client, session, query=""):
    answer = client.get(f"{P}/sessions/{session}/telemetry{query}")
    assert answer.status_code == 200
    assert list(answer.json()) == ["session_id", "rows"]
    assert answer.json()["session_id"] == session
    return answer.json()["rows"]


def rows_stored(client, session):
    return len(client.app.state.tds.database.telemetry_rows(session))


class TestPolling:
    def test_there_is_nothing_before_the_first_run(self, client, session):
        assert polled(client, session) == []
        assert polled(client, session) == []

    def test_each_poll_adds_a_row(self, client, after_a_run):
        counts = [len(polled(client, after_a_run, "?limit=512")) for _ in range(5)]
        assert [later - earlier for earlier, later in itertools.pairwise(counts)] == [1, 1, 1, 1]

    def test_a_row_holds_text_and_finite_numbers(self, client, after_a_run):
        for row in [polled(client, after_a_run)[-1] for _ in range(10)]:
            assert list(row)[:7] == ROW
            assert MILLISECONDS.fullmatch(row["timestamp"])
            assert row["provider"] == "sim-local"
            assert all(isinstance(row[name], (int, float)) and math.isfinite(row[name]) for name in ROW[2:])
            assert row["shots_used"] == 836
            assert row["shot_rate"] > 0

    def test_rows_are_measured_not_repeated(self, client, after_a_run):
        for _ in range(12):
            rows = polled(client, after_a_run)
        fidelities = [row["fidelity"] for row in rows]
        errors = [row["fidelity_standard_error"] for row in rows]
        assert len(set(fidelities)) > 6
        assert all(0 < error < 0.2 for error in errors)
        kpis = client.get(f"{P}/sessions/{after_a_run}").json()["last_kpis"]
        mean = sum(fidelities) / len(fidelities)
        # Five standard errors of the mean, and what the device may drift within 12 batches.
        assert abs(mean - kpis["fidelity"]) < 5 * max(errors) / len(errors) ** 0.5 + 0.02

    def test_rows_are_in_order_of_time(self, client, after_a_run):
        for _ in range(20):
            rows = polled(client, after_a_run)
        times = [row["timestamp"] for row in rows]
        assert times == sorted(times)

    def test_the_provider_is_the_target(self, client, session_id):
        client.post(P + "/sessions", json={"session_id": session_id, "config": {"hardware_target": "ionq"}})
        client.post(f"{P}/sessions/{session_id}/run", json={})
        assert {row["provider"] for row in polled(client, session_id)} == {"ionq"}

    def test_a_monitor_charges_nothing(self, client, after_a_run):
        before = client.get(f"{P}/sessions/{after_a_run}").content
        for _ in range(5):
            polled(client, after_a_run)
        assert client.get(f"{P}/sessions/{after_a_run}").content == before

    @pytest.mark.parametrize("rule", ["none", "kalman", "bayes", "rl"])
    def test_every_rule_can_be_watched(self, client, session_id, rule):
        client.post(P + "/sessions", json={"session_id": session_id, "config": {"adaptive_rule": rule}})
        client.post(f"{P}/sessions/{session_id}/run", json={})
        before = len(polled(client, session_id))
        assert len(polled(client, session_id)) == before + 1

    def test_a_new_configuration_is_measured_at_the_next_poll(self, client, after_a_run):
        polled(client, after_a_run)
        client.post(P + "/sessions", json={"session_id": after_a_run, "config": {"hardware_preset": "ion-chain"}})
        weak, strong = polled(client, after_a_run)[-2:]
        assert strong["latency_us"] != weak["latency_us"]


class TestLimit:
    def test_64_by_default_and_512_at_most(self, client, after_a_run):
        (row,) = polled(client, after_a_run, "?limit=1")
        store = client.app.state.tds.store
        for _ in range(495):
            store.add_row(store.get(after_a_run), json.dumps(row).encode())
        for _ in range(30):
            newest = polled(client, after_a_run, "?limit=1")
        assert len(newest) == 1
        assert len(polled(client, after_a_run)) == 64
        every = polled(client, after_a_run, "?limit=512")
        assert len(every) == 512
        assert polled(client, after_a_run, "?limit=3")[:2] == every[-2:]

    @pytest.mark.parametrize("limit", ["0", "-1", "513", "all", "", "1.5", "9" * 5000])
    def test_out_of_range_it_is_422(self, client, session, limit):
        assert client.get(f"{P}/sessions/{session}/telemetry?limit={limit}").status_code == 422


@pytest.mark.both_databases
class TestPost:
    @pytest.mark.parametrize("body", [None, {}, {"limit": 64}])
    def test_it_answers_the_newest_row_flat_and_all_rows(self, client, after_a_run, body):
        before = len(polled(client, after_a_run))
        answer = client.post(f"{P}/sessions/{after_a_run}/telemetry", json=body)
        assert answer.status_code == 200
        flat = answer.json()
        assert list(flat)[:7] == ROW
        assert flat["session_id"] == after_a_run
        assert len(flat["rows"]) == before + 1
        assert {name: flat[name] for name in flat["rows"][-1]} == flat["rows"][-1]

    def test_before_the_first_run_there_is_no_row(self, client, session):
        assert client.post(f"{P}/sessions/{session}/telemetry").json() == {"session_id": session, "rows": []}

    def test_its_limit_is_checked(self, client, after_a_run):
        assert client.post(f"{P}/sessions/{after_a_run}/telemetry", json={"limit": 513}).status_code == 422
        assert len(client.post(f"{P}/sessions/{after_a_run}/telemetry", json={"limit": 1}).json()["rows"]) == 1


class TestStorage:
    def test_a_poll_writes_nothing(self, client_with):
        client = client_with(background_flush=False)
        client.post(P + "/sessions", json={"session_id": "x1"})
        client.post(P + "/sessions/x1/run", json={})
        files = client.app.state.tds.settings.state_dir
        before = {path.name: path.stat().st_mtime_ns for path in files.iterdir() if path.is_file()}
        for _ in range(50):
            polled(client, "x1")
        after = {path.name: path.stat().st_mtime_ns for path in files.iterdir() if path.is_file()}
        changed = {name for name in after if after[name] != before.get(name)} - {"synqc.db-shm"}  # readers' marks
        assert not changed
        assert rows_stored(client, "x1") == 0

    def test_it_is_flushed_behind(self, client_with):
        client = client_with(flush_interval_s=0.1)
        client.post(P + "/sessions", json={"session_id": "x1"})
        client.post(P + "/sessions/x1/run", json={})
        for _ in range(5):
            rows = polled(client, "x1")
        wait_until(lambda: rows_stored(client, "x1") >= len(rows))

    @pytest.mark.parametrize("background_flush", [True, False])
    def test_closing_stores_the_rest(self, client_with, background_flush):
        check_that_closing_stores_the_rest(client_with, background_flush=background_flush)

    def test_closing_stores_the_rest_in_postgresql(self, client_with):
        with scratch_postgresql() as url:
            check_that_closing_stores_the_rest(client_with, database_url=url)


def check_that_closing_stores_the_rest(client_with, **settings):
    first = client_with(flush_interval_s=60.0, **settings)
    first.post(P + "/sessions", json={"session_id": "x1"})
    first.post(P + "/sessions/x1/run", json={})
    for _ in range(5):
        rows = polled(first, "x1")
    first.app.state.tds.close()
    second = client_with(**settings)
    assert polled(second, "x1")[: len(rows)] == rows
    second.app.state.tds.close()
