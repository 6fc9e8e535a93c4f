"""How a key is shown, and that none is ever written down."""

import re
import socket
import time

import pytest
from running_server import PREFIX as P
from running_server import RunningServer
from starlette.websockets import WebSocketDisconnect

from synqc.errors import InputError
from synqc.service.tickets import Tickets
from synqc.settings import Settings

KEY = "lab-key-of-this-test"


class TestHeaders:
    @pytest.mark.parametrize("headers", [{}, {"x-api-key": ""}, {"x-api-key": "thre"}, {"x-api-key": "one,two"}])
    def test_without_a_right_one_every_route_is_401(self, client_with, headers):
        client = client_with(api_keys=("one", "two"))
        for path in ("/sessions", "/nonsense", "/runs/x", "/sessions/x/stream?api_key=wrong"):
            answer = client.get(P + path, headers=headers)
            assert answer.status_code == 401, path
            assert isinstance(answer.json()["detail"], str)
            assert answer.headers["www-authenticate"] == 'Bearer realm="SynQc"'
        assert client.get("/metrics", headers=headers).status_code == 401
        assert client.post(P + "/sessions", json={}, headers=headers).status_code == 401
        assert client.get("/ui").status_code == 200

    @pytest.mark.parametrize("key", ["one", "two"])
    def test_each_right_one_opens_either_way(self, client_with, key):
        client = client_with(api_keys=("one", "two"))
        for headers in ({"X-API-Key": key}, {"Authorization": f"Bearer {key}"}, {"Authorization": f"BEARER {key}"}):
            assert client.get(P + "/sessions", headers=headers).status_code == 200
        both = {"X-API-Key": "of another service", "Authorization": f"Bearer {key}"}
        assert client.get(P + "/sessions", headers=both).status_code == 200

    @pytest.mark.parametrize("headers", [{}, {"x-api-key": "wrong"}])
    def test_what_containers_check_needs_none(self, client_with, headers):
        client = client_with(api_keys=("one",))
        for method in ("GET", "HEAD"):
            for path in ("/health", "/ready"):
                assert client.request(method, P + path, headers=headers).status_code == 200
        assert client.get(P + "/health").text.startswith('{"status":"ok"')

    def test_metrics_open_only_where_an_operator_says_so(self, client_with):
        closed, opened = client_with("a", api_keys=("one",)), client_with("b", api_keys=("one",), open_metrics=True)
        assert closed.get("/metrics").status_code == 401
        assert closed.get("/metrics", headers={"authorization": "Bearer one"}).status_code == 200
        assert opened.get("/metrics").status_code == 200
        assert opened.get(P + "/sessions").status_code == 401

    def test_a_blank_key_is_none(self):
        for keys in (("",), ("one", " ")):
            with pytest.raises(InputError, match="blank key"):
                Settings(api_keys=keys)


class TestTickets:
    @pytest.fixture
    def client(self, client_with):
        client = client_with(api_keys=(KEY,))
        client.post(P + "/sessions", json={"session_id": "x1"}, headers={"x-api-key": KEY})
        return client

    def ticket(self, client):
        answer = client.post(P + "/tickets", headers={"x-api-key": KEY})
        assert answer.status_code == 200
        assert 0 < answer.json()["expires_in_s"] <= 60
        return answer.json()["ticket"]

    def test_one_opens_one_socket_once(self, client):
        ticket = self.ticket(client)
        with client.websocket_connect(f"{P}/sessions/x1/ws?ticket={ticket}") as viewer:
            assert viewer.receive_json()["event"] == "state"
        for again in (ticket, ticket[:-1], "", "x" * 10_000):
            with (
                pytest.raises(WebSocketDisconnect),
                client.websocket_connect(f"{P}/sessions/x1/ws?ticket={again}"),
            ):
                pass

    def test_one_is_for_streams_alone(self, client):
        for method, path in (("GET", "/sessions"), ("POST", "/tickets"), ("POST", "/sessions/x1/kill")):
            assert client.request(method, f"{P}{path}?ticket={self.ticket(client)}").status_code == 401
        assert client.get(f"{P}/sessions/nobody/stream?ticket={self.ticket(client)}").status_code == 404

    def test_one_needs_a_key(self, client):
        assert client.post(P + "/tickets").status_code == 401

    def test_it_expires(self, monkeypatch):
        tickets, now = Tickets(), time.monotonic()
        early, late = tickets.issue(), tickets.issue()
        monkeypatch.setattr(time, "monotonic", lambda: now + tickets.lifetime_s - 1)
        assert tickets.spend(early)
        monkeypatch.setattr(time, "monotonic", lambda: now + tickets.lifetime_s + 1)
        assert not tickets.spend(late)

    def test_those_that_nobody_uses_are_forgotten(self, monkeypatch):
        tickets = Tickets()
        first = tickets.issue()
        for _ in range(10_000):
            tickets.issue()
        assert len(tickets._last_moments) == 10_000
        assert not tickets.spend(first)
        now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now + tickets.lifetime_s + 1)
        tickets.issue()
        assert len(tickets._last_moments) == 1


class TestAddresses:
    """Pages of old put the key into the address of a stream."""

    @pytest.fixture
    def client(self, client_with):
        client = client_with(api_keys=("one",))
        client.post(P + "/sessions", json={"session_id": "x1"}, headers={"x-api-key": "one"})
        return client

    def test_one_holds_a_key_for_streams_alone(self, client):
        assert client.get(P + "/sessions?api_key=one").status_code == 401
        assert client.get(P + "/sessions/nobody/stream?api_key=one").status_code == 404
        with client.websocket_connect(P + "/sessions/x1/ws?api_key=one") as viewer:
            assert viewer.receive_json()["event"] == "state"

    @pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via"])
    def test_a_key_that_came_through_somebody_elses_log_is_not_taken(self, client, header):
        answer = client.get(P + "/sessions/nobody/stream?api_key=one", headers={header: "192.0.2.1"})
        assert answer.status_code == 401
        assert "proxy" in answer.json()["detail"]

    @pytest.mark.parametrize("root_path", ["", "/lab"])
    def test_no_server_log_ever_holds_one(self, tmp_path, root_path):
        server = RunningServer(
            tmp_path, "--root-path", root_path, "--log-level", "debug", SYNQC_API_KEYS=KEY, SYNQC_LOG_LEVEL="DEBUG"
        )
        server.start()
        try:
            server.api("POST", "/sessions", {"session_id": "x1"})
            ticket = server.api("POST", "/tickets")["ticket"]
            handshake = (
                "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n"
                "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            )
            for path, status in (
                (f"{P}/sessions/x1/stream?interval_ms=1000&api_key={KEY}", 200),
                (f"{P}/sessions/x1/stream?API%5FKEY={KEY}", 200),
                (f"{P}/sessions/x1/stream?ticket={ticket}", 200),
                (f"{P}/sessions?api_key={KEY}", 401),
                (f"/nowhere?a=b&api_key={KEY}&c=d", 401),
                (f"{P}/sessions?token={KEY}", 401),
            ):
                assert first_line(server, path) == f"HTTP/1.1 {status}", path
            for path in (f"{P}/sessions/x1/ws?ticket={KEY}", f"{P}/nowhere/ws?api_key={KEY}"):
                assert first_line(server, path, handshake) == "HTTP/1.1 403", path
        finally:
            server.stop()
        words = server.log.read_text()
        # The library of WebSockets tells its own tale of what came in, for who asks for it: not our log.
        words = "\n".join(line for line in words.splitlines() if not re.match(r"DEBUG: +[<=>%]", line))
        assert "interval_ms=1000&api_key=***" in words, "the server keeps no log, so that this shows nothing"
        assert KEY not in words
        assert ticket not in words

    def test_none_is_ever_shown(self, client_with, caplog):
        client = client_with(api_keys=("sk-hidden",), openai_api_key="sk-hidden-too", requests_per_minute=3)
        texts = [
            client.get(P + path, headers={"x-api-key": "sk-hidden"}).text
            for path in ("/health", "/sessions?api_key=sk-hidden", "/metrics", "/sessions", "/sessions", "/sessions")
        ]
        assert "sk-hidden" not in "".join(texts) + caplog.text + repr(client.app.state.tds.settings)


def first_line(server, path, headers=""):
    """Version and status of an answer, whether or not it ends."""
    with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nhost: a\r\n{headers}\r\n".encode())
        return connection.recv(4096).decode("latin-1")[:12]
