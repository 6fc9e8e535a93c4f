"""What a stream tells, and in what order."""

import json
import socket
import threading
import time

import pytest
from fastapi.testclient import TestClient

from synqc.errors import InputError
from synqc.service import create_app
from synqc.settings import Settings

PREFIX = "/api/v1/synqc"


@pytest.fixture
def client(tmp_path):
    app = create_app(Settings(state_dir=tmp_path))
    client = TestClient(app)
    client.post(f"{PREFIX}/sessions", json={"session_id": "s"})
    yield client
    app.state.tds.close()


def watching(client, query=""):
    """A WebSocket carries the same events as the stream, and ends when the test does."""
    return client.websocket_connect(f"{PREFIX}/sessions/s/ws{query}")


class Stream:
    """Server-sent events over a socket of its own."""

    def __init__(self, server, session_id, interval_ms):
        self._socket = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        self._socket.sendall(
            f"GET {PREFIX}/sessions/{session_id}/stream?interval_ms={interval_ms} HTTP/1.1\r\nhost: a\r\n\r\n".encode()
        )
        self._lines = self._socket.makefile("rb")

    def wait_for_rows(self, count):
        """Numbers of the next rows."""
        numbers = []
        while len(numbers) < count:
            line = self._lines.readline()
            assert line, "the stream ended"
            if line.startswith(b"id: "):
                number = int(line[4:])
            elif line.startswith(b"event: telemetry"):
                numbers.append(number)
        return numbers

    def close(self):
        self._lines.close()
        self._socket.close()


def received(viewer, until):
    """Events up to the first one of kind `until`."""
    events = []
    while not events or events[-1]["event"] != until:
        events.append(json.loads(viewer.receive_text()))
    return events


def test_a_run_is_told_from_its_start_to_its_figures(client):
    with watching(client, "?interval_ms=10000") as viewer:
        assert json.loads(viewer.receive_text())["event"] == "state"
        running = threading.Thread(
            target=client.post, args=(f"{PREFIX}/sessions/s/run",), kwargs={"json": {"num_iterations": 3}}
        )
        running.start()
        events = received(viewer, "kpis")
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
    with watching(client, "?interval_ms=100") as viewer:
        client.post(f"{PREFIX}/sessions/s/run", json={})
        events = received(viewer, "kpis")
    numbers = [event["id"] for event in events]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    with watching(client, f"?interval_ms=10000&last_event_id={numbers[2]}") as viewer:
        again = [json.loads(viewer.receive_text()) for _ in events[3:]]
    assert again == events[3:]


def test_what_the_ring_no_longer_holds_is_told_as_a_reset(client):
    with watching(client, "?last_event_id=5") as viewer:
        assert json.loads(viewer.receive_text())["event"] == "reset"


def test_rows_come_while_nothing_runs(client):
    client.post(f"{PREFIX}/sessions/s/run", json={})
    with watching(client, "?interval_ms=100") as viewer:
        received(viewer, "telemetry")
        begin = time.monotonic()
        rows = [received(viewer, "telemetry")[-1]["data"] for _ in range(5)]
        took = time.monotonic() - begin
    assert len({row["fidelity"] for row in rows}) > 1
    assert took > 0.3


def test_viewers_share_the_rows_of_the_most_eager_one(server):
    """In a real server, where all viewers are of one event loop."""
    server.api("POST", "/sessions", {"session_id": "shared"})
    server.api("POST", "/sessions/shared/run", {})
    # One that would get a row in ten seconds alone, and two that get one every 100 ms between them.
    streams = [Stream(server, "shared", interval_ms) for interval_ms in (10_000, 100, 100)]
    try:
        for stream in streams:
            stream.wait_for_rows(1)
        begin = time.monotonic()
        rows = [stream.wait_for_rows(5) for stream in streams]
        took = time.monotonic() - begin
    finally:
        for stream in streams:
            stream.close()
    assert took < 9, "the patient one waited for its own beat"
    assert len(set.intersection(*(set(numbers) for numbers in rows))) >= 3, "rows are not shared"
    # Two beats of 100 ms would leave rows 50 ms apart.
    assert took > 0.3


def test_rows_go_on_when_a_configuration_that_cannot_be_measured_has_gone(client, monkeypatch):
    client.post(f"{PREFIX}/sessions/s/run", json={})
    sampler = client.app.state.tds.sampler
    with watching(client, "?interval_ms=100") as viewer:
        received(viewer, "telemetry")
        tried = threading.Event()

        def fail(*_):
            tried.set()
            raise InputError("cannot be simulated")

        with monkeypatch.context() as patch:
            patch.setattr(sampler, "poll", fail)
            assert tried.wait(10)
        received(viewer, "telemetry")


def test_an_unknown_session_has_no_stream(client):
    assert client.get(f"{PREFIX}/sessions/none/stream").status_code == 404


def test_a_deleted_session_ends_its_stream(client):
    with watching(client, "?interval_ms=10000") as viewer:
        viewer.receive_text()
        client.delete(f"{PREFIX}/sessions/s")
        assert json.loads(viewer.receive_text())["data"] == {"deleted": True}
