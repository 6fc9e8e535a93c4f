"""A server that is asked to stop stops, whoever still listens, and stores what it has."""

import signal
import time

import pytest
from running_server import PREFIX, RunningServer


@pytest.fixture
def server(tmp_path):
    running = RunningServer(tmp_path, SYNQC_FLUSH_INTERVAL_SEC="60").start()
    running.api("POST", "/sessions", {"session_id": "s"})
    running.api("POST", "/sessions/s/run", {})
    yield running
    if running.process.poll() is None:
        running.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_open_stream_does_not_keep_the_server(server, number):
    listener = server.connection(timeout=20)
    listener.request("GET", f"{PREFIX}/sessions/s/stream")
    stream = listener.getresponse()
    assert stream.readline().startswith(b"id: ")
    server.process.send_signal(number)
    asked_at = time.monotonic()
    server.process.wait(timeout=20)
    assert time.monotonic() - asked_at < 5
    listener.close()


def test_the_last_telemetry_is_there_after_a_restart(server):
    rows = [server.api("GET", "/sessions/s/telemetry")["rows"] for _ in range(5)][-1]
    server.process.terminate()
    server.process.wait(timeout=20)
    server.start()
    again = server.api("GET", "/sessions/s/telemetry")["rows"]
    assert again[: len(rows)] == rows
    assert len(rows) == 6
