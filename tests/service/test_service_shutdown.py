"""A server that is asked to stop stops, whoever still listens, and stores what it has."""

import signal
import time

import pytest
from fastapi.testclient import TestClient
from running_server import PREFIX, RunningServer

from synqc.service import create_app
from synqc.settings import Settings


@pytest.fixture
def server(tmp_path):
    running = RunningServer(tmp_path, SYNQC_FLUSH_INTERVAL_SEC="60").start()
    running.api("POST", "/sessions", {"session_id": "s"})
    running.api("POST", "/sessions/s/run", {})
    yield running
    if running.process.poll() is None:
        running.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_open_stream_does_not_keep_the_server_and_the_last_telemetry_is_stored(server, number):
    rows = [server.api("GET", "/sessions/s/telemetry")["rows"] for _ in range(5)][-1]
    assert len(rows) == 6
    listener = server.connection(timeout=20)
    listener.request("GET", f"{PREFIX}/sessions/s/stream")
    stream = listener.getresponse()
    assert stream.readline().startswith(b"id: ")
    server.process.send_signal(number)
    asked_at = time.monotonic()
    server.process.wait(timeout=20)
    assert time.monotonic() - asked_at < 5
    listener.close()
    successor = create_app(Settings(state_dir=server.state_dir))
    again = TestClient(successor).get(f"{PREFIX}/sessions/s/telemetry").json()["rows"]
    successor.state.laboratory.close()
    assert again[: len(rows)] == rows
