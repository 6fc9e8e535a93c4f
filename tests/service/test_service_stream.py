"""What a stream tells, and in what order."""

import json
import threading
import time

import pytest
from fastapi.testclient import TestClient

from synqc.service import create_app
from synqc.settings import Settings

PREFIX = "/api/v1/synqc"


@pytest.fixture
def client(tmp_path):
    app = create_app(Settings(state_dir=tmp_path))
    client = TestClient(app)
    client.post(f"{PREFIX}/sessions", json={"session_id": "s"})
    yield client
    app.state.laboratory.close()


def watching(client, query=""):
    """A WebSocket carries the same events as the stream, and ends when the test does."""
    return client.websocket_connect(f"{PREFIX}/sessions/s/ws{query}")


def received(socket, until):
    """Events up to the first one of kind `until`."""
    events = []
    while not events or events[-1]["event"] != until:
        events.append(json.loads(socket.receive_text()))
    return events


def test_a_run_is_told_from_its_start_to_its_figures(client):
    with watching(client, "?interval_ms=10000") as socket:
        assert json.loads(socket.receive_text())["event"] == "state"
        running = threading.Thread(
            target=client.post, args=(f"{PREFIX}/sessions/s/run",), kwargs={"json": {"num_iterations": 3}}
        )
        running.start()
        events = received(socket, "kpis")
        running.join()
    kinds = [event["event"] for event in events]
    states = [event["data"]["status"] for event in events if event["event"] == "state"]
    progress = [event["data"] for event in events if event["event"] == "progress"]
    lines = [event["data"]["line"] for event in events if event["event"] == "log"]
    assert states[0] == "running"
    assert progress[-1]["done"] == progress[-1]["total"] == 3 * 836 * 4
    assert any("Run started" in line for line in lines)
    assert "telemetry" in kinds
    assert events[-1]["data"]["kpis"]["shots_used"] == 3 * 836


def test_numbers_follow_each_other_and_resume(client):
    with watching(client, "?interval_ms=100") as socket:
        client.post(f"{PREFIX}/sessions/s/run", json={})
        events = received(socket, "kpis")
    numbers = [event["id"] for event in events]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    with watching(client, f"?interval_ms=10000&last_event_id={numbers[2]}") as socket:
        again = [json.loads(socket.receive_text()) for _ in events[3:]]
    assert again == events[3:]


def test_what_the_ring_no_longer_holds_is_told_as_a_reset(client):
    with watching(client, "?last_event_id=5") as socket:
        assert json.loads(socket.receive_text())["event"] == "reset"


def test_rows_come_while_nothing_runs(client):
    client.post(f"{PREFIX}/sessions/s/run", json={})
    with watching(client, "?interval_ms=100") as socket:
        received(socket, "telemetry")
        begin = time.monotonic()
        rows = [received(socket, "telemetry")[-1]["data"] for _ in range(5)]
        took = time.monotonic() - begin
    assert len({row["fidelity"] for row in rows}) > 1
    assert took > 0.3


def test_an_unknown_session_has_no_stream(client):
    assert client.get(f"{PREFIX}/sessions/none/stream").status_code == 404


def test_a_deleted_session_ends_its_stream(client):
    with watching(client, "?interval_ms=10000") as socket:
        socket.receive_text()
        client.delete(f"{PREFIX}/sessions/s")
        assert json.loads(socket.receive_text())["data"] == {"deleted": True}
