"""Connections that say nothing do not stay, and clients that leave are no defect."""

import contextlib
import http.client
import resource
import select
import socket
import struct
import time

import pytest
from running_server import PREFIX as P
from running_server import RunningServer

RUN = b'{"mode":"dryrun","num_iterations":200}'
REQUESTS = {
    "run": f"POST {P}/sessions/x/run HTTP/1.1\r\nhost: a\r\ncontent-length: {len(RUN)}\r\n\r\n".encode() + RUN,
    "poll": f"GET {P}/sessions/x HTTP/1.1\r\nhost: a\r\n\r\n".encode(),
    "list": f"GET {P}/sessions HTTP/1.1\r\nhost: a\r\n\r\n".encode(),
    "stream": f"GET {P}/sessions/x/stream HTTP/1.1\r\nhost: a\r\n\r\n".encode(),
}


@pytest.fixture(scope="module", params=["httptools", "h11"])
def impatient(request, tmp_path_factory):
    """A server that waits one second for a head."""
    running = RunningServer(
        tmp_path_factory.mktemp("impatient"), "--http", request.param, SYNQC_REQUEST_TIMEOUT_SEC="1"
    ).start()
    running.api("POST", "/sessions", {"session_id": "x"})
    yield running
    running.stop()


def connected(server):
    return socket.create_connection(("127.0.0.1", server.port), 30)


def drip(connection, text, every):
    """Send byte by byte, until nobody takes any more."""
    with contextlib.suppress(OSError):
        for byte in text:
            if select.select([connection], [], [], every)[0]:
                return
            connection.sendall(bytes([byte]))


def test_a_head_that_comes_byte_by_byte_is_408(impatient):
    with connected(impatient) as connection:
        drip(connection, b"GET / HTTP/1.1\r\nx-slow: " + b"x" * 500, 0.1)
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'{"detail":"The head of a request must arrive within 1 s."}' in answer


def test_a_connection_that_says_nothing_is_closed(impatient):
    with connected(impatient) as connection:
        assert connection.recv(4096) == b""


def test_the_second_head_of_a_connection_has_no_more_time_than_the_first(impatient):
    with connected(impatient) as connection:
        connection.sendall(REQUESTS["poll"])
        first = b""
        while not first.endswith(b"}}"):
            first += connection.recv(65536)
        assert first.startswith(b"HTTP/1.1 200 ")
        drip(connection, b"GET / HTTP/1.1\r\nx-slow: " + b"x" * 500, 0.1)
        assert connection.recv(4096).startswith(b"HTTP/1.1 408 ")


def test_a_stream_and_a_socket_may_take_as_long_as_they_like(impatient):
    handshake = "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n"
    socket_head = f"GET {P}/sessions/x/ws HTTP/1.1\r\nhost: a\r\n{handshake}"
    for head in (REQUESTS["stream"], f"{socket_head}sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()):
        with connected(impatient) as connection:
            connection.sendall(head)
            time.sleep(2)
            connection.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    assert connection.recv(65536), "it was closed"


@pytest.mark.parametrize("pipeline", [
    ["run", "poll"], ["run", "run", *["poll"] * 50], ["poll"] * 200, ["list"] * 300, ["stream", "poll"],
    ["run", "stream"], ["poll", "stream", "run"],
], ids=" ".join)  # fmt: skip
@pytest.mark.parametrize("abruptly", [False, True], ids=["closed", "reset"])
def test_a_client_that_pipelines_and_leaves_is_no_defect(impatient, pipeline, abruptly):
    begin = len(impatient.log.read_bytes())
    for wait in (0.0, 0.02):
        connection = connected(impatient)
        connection.sendall(b"".join(REQUESTS[name] for name in pipeline))
        time.sleep(wait)
        if abruptly:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    impatient.api("POST", "/sessions/x/kill")
    deadline = time.monotonic() + 30
    while impatient.api("GET", "/sessions/x")["status"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.2)
    words = impatient.log.read_bytes()[begin:].decode()
    assert "Traceback" not in words, words[:3000]
    assert "ERROR" not in words, words[:3000]
    assert impatient.request("GET", P + "/health")[0] == 200


def test_heads_that_never_end_stop_nobody_for_long(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (150, limits[1]))  # a server that is started now has it, too
    try:
        server = RunningServer(tmp_path, SYNQC_REQUEST_TIMEOUT_SEC="1").start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    slow = []
    try:
        for _ in range(200):
            connection = socket.create_connection(("127.0.0.1", server.port), 30)
            connection.sendall(b"GET / HTTP/1.1\r\nx-slow: ")
            slow.append(connection)
        deadline = time.monotonic() + 30
        answered = None
        while answered != 200:
            assert time.monotonic() < deadline, "it stays without files to open"
            # Those that cannot be accepted are reset.
            with contextlib.suppress(OSError, http.client.HTTPException):
                answered = server.request("GET", P + "/health")[0]
            time.sleep(0.05)
    finally:
        for connection in slow:
            connection.close()
        server.stop()
