"""What no client should send: every answer is a clear refusal in JSON, and nothing breaks for the others."""

import contextlib
import itertools
import json
import select
import socket
import threading
import time
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from running_server import PREFIX as P
from running_server import RunningServer

JSON = {"content-type": "application/json"}
ROUTES = ["/sessions", "/sessions/x1/run", "/sessions/x1/telemetry", "/sweeps", "/chat", "/sessions/x1/agent/suggest"]
HOSTILE_BODIES = {
    "cut": b'{"config": {',
    "garbage": b"\x00\x01\x02",
    "not utf-8": b'{"session_id": "\xff\xfe"}',
    "list": b"[]",
    "number": b"7",
    "text": b'"run"',
    "null": b"null",
    "deep list": b"[" * 100_000,
    "deep object": b'{"config":' * 50_000,
    "huge integer": b'{"shot_limit": 1' + b"0" * 5000 + b"}",
    "long integer": b'{"shot_limit": 1'
    + b"0" * 4000
    + b', "config": {"num_iterations_default": 1'
    + b"0" * 4000
    + b"}}",
    "infinity": b'{"shot_limit": 1e999, "num_iterations": 1e999, "config": {"probe_strength": 1e999}, "limit": 1e999}',
    "minus infinity": b'{"seed": -Infinity, "config": {"probe_duration_ns": -Infinity},'
    b' "axes": {"probe_strength": [NaN]}}',
    "nan": b'{"num_iterations": NaN, "config": {"probe_duration_ns": NaN}, "max_retries": NaN, "goal": NaN}',
    "lone surrogate in notes": b'{"config": {"notes": "\\ud800"}, "history": [{"role": "user", "content": "\\udfff"}]}',
    "lone surrogate": b'{"session_id": "\\ud800", "mode": "\\udfff", "message": "\\ud800", "goal": "\\ud800",'
    b' "config": {"notes": "\\ud800"}, "limit": "\\ud800"}',
    "zero": b'{"session_id": "a\\u0000b", "config": {"notes": "a\\u0000b"}, "message": "\\u0000", "goal": "\\u0000"}',
    "wrong types": b'{"session_id": {}, "config": 3, "mode": [], "num_iterations": "x", "axes": 3,'
    b' "message": {}, "goal": []}',
    "keys": b'{"__proto__": {}, "__class__": 1, "": 0, "\\ud800": 1}',
}
HOSTILE_NAMES = [
    "../../etc/passwd", "..\\..\\x", "/etc/passwd", "a/b", "a:b", ".", "..", "%2e%2e", "con", "x" * 10_000, "\u202e",
    "a\u0000b", "a\nb", "\x1b[31m", "\x7f", "\u0085", "'; DROP TABLE sessions; --", "{session_id}", "Ａ", "🎛" * 200,
    " ",
]  # fmt: skip


def is_refusal(answer):
    """4xx whose body is JSON with `detail`: text, or the framework's array for 422."""
    detail = answer.json()["detail"]
    expected = isinstance(detail, list) if answer.status_code == 422 else isinstance(detail, str)
    return 400 <= answer.status_code < 500 and expected and len(answer.content) < 100_000


@pytest.fixture
def x1(client):
    client.post(P + "/sessions", json={"session_id": "x1"})
    return client


class TestBodies:
    @pytest.mark.parametrize("route", ROUTES)
    @pytest.mark.parametrize("body", HOSTILE_BODIES.values(), ids=HOSTILE_BODIES)
    def test_no_body_breaks_anything(self, x1, route, body):
        answer = x1.post(P + route, content=body, headers=JSON)
        absent_agent = answer.status_code == 503 and route.endswith("suggest")
        assert answer.status_code in (200, 202) or absent_agent or is_refusal(answer), answer.text[:500]
        assert x1.get(P + "/sessions").status_code == 200
        assert x1.get(P + "/sessions/x1/export").status_code == 200

    @pytest.mark.parametrize("body", [b"{", b"{]", b"'{}'", b'{"mode": undefined}'])
    def test_malformed_json_is_422(self, x1, body):
        assert x1.post(P + "/sessions/x1/run", content=body, headers=JSON).status_code == 422

    @pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "nonsense", "", "image/png"])
    def test_a_body_of_another_type_is_json_or_refused(self, x1, kind):
        answer = x1.post(P + "/sessions/x1/run", content=b"{}", headers={"content-type": kind})
        assert answer.status_code == 200 or is_refusal(answer)

    def test_what_was_refused_is_not_repeated_at_length(self, x1):
        answer = x1.post(P + "/sessions", json={"config": {"drive_envelope": "x" * 900_000}})
        assert answer.status_code == 422
        assert len(answer.content) < 5_000

    @pytest.mark.both_databases
    def test_log_lines_are_not_a_store_for_huge_numbers(self, x1):
        x1.post(P + "/sessions/x1/run", content=HOSTILE_BODIES["long integer"], headers=JSON)
        assert max(map(len, x1.get(P + "/sessions/x1/logs").json()["lines"])) < 500

    @pytest.mark.both_databases
    @pytest.mark.parametrize("notes", ["\x00", "\u2028", "\x1b[2J", "</script>", "x" * 20_000])
    def test_notes_of_any_text_survive(self, client, session, notes):
        body = {"session_id": session, "config": {"notes": notes}}
        assert client.post(P + "/sessions", json=body).json()["config"]["notes"] == notes
        run = client.post(f"{P}/sessions/{session}/run", json={})
        assert run.status_code == 200
        read = client.get(f"{P}/runs/{run.json()['run']['run_id']}")
        assert read.json()["config_snapshot"]["notes"] == notes


@pytest.mark.both_databases
class TestNames:
    @pytest.mark.parametrize("name", HOSTILE_NAMES, ids=lambda name: ascii(name)[:24])
    def test_a_chosen_name_works_everywhere_or_is_refused(self, client, name):
        answer = client.post(P + "/sessions", json={"session_id": name})
        if answer.status_code != 200:
            assert answer.status_code == 400
            assert is_refusal(answer)
            assert name not in [one["session_id"] for one in client.get(P + "/sessions").json()]
            return
        assert answer.json()["session_id"] == name
        store = client.app.state.tds.store
        run_id = store.new_run_id(store.get(name))
        assert not set(run_id) & set("/\\:")
        assert ".." not in run_id

    @pytest.mark.parametrize(
        "name", [name for name in HOSTILE_NAMES if name not in (".", "..")], ids=lambda name: ascii(name)[:24]
    )
    def test_an_unknown_name_in_a_path_is_not_found(self, client, name):
        # One that the address itself cannot hold goes elsewhere: no route, or a redirection.
        for path in (f"/runs/{quote(name, safe='')}", f"/runs/{quote(name, safe='')}/details"):
            assert client.get(P + path, follow_redirects=False).status_code in (404, 307), path
        for path in ("", "/logs", "/export", "/telemetry"):
            path = f"/sessions/{quote('no' + name, safe='')}{path}"
            assert client.get(P + path, follow_redirects=False).status_code in (404, 307), path

    @pytest.mark.parametrize("value", ["\x00", "%", "9" * 400, "-1", "1 OR 1=1", "\u0661", "x" * 10_000])
    def test_queries_of_runs_are_answered_or_refused(self, client, value):
        for name in ("session_id", "cursor", "limit"):
            answer = client.get(P + "/runs", params={name: value})
            assert answer.status_code == 200 or is_refusal(answer), (name, answer.text[:300])

    @pytest.mark.parametrize("number", ["-1", "abc", "9" * 400, "\u0661", ""])
    def test_a_stream_starts_afresh_after_a_number_that_is_none(self, server, number):
        server.api("POST", "/sessions", {"session_id": "stream"})
        connection = server.connection(10)
        connection.request("GET", f"{P}/sessions/stream/stream?last_event_id={quote(number)}")
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.readline().startswith(b"id: ")
        connection.close()


class TestSize:
    @pytest.mark.parametrize(("size", "status"), [(1999, 200), (2000, 200), (2001, 413), (3000, 413)])
    @pytest.mark.parametrize("measured", ["by its head", "as it comes"])
    def test_only_a_body_above_the_limit_is_413(self, client_with, measured, size, status):
        client = client_with(max_body_bytes=2000)
        body = b'{"config": {"notes": "%s"}}' % (b"x" * (size - 25))
        assert len(body) == size
        content = body if measured == "by its head" else iter([body[:1000], body[1000:]])
        answer = client.post(P + "/sessions", content=content, headers=JSON)
        assert answer.status_code == status
        if status == 413:
            assert "2000 bytes" in answer.json()["detail"]
            assert answer.headers["connection"] == "close"

    @pytest.mark.parametrize(("length", "status"), [(19_999, 200), (20_000, 200), (20_001, 422), (500_000, 422)])
    def test_only_notes_above_the_limit_are_422(self, client, session, length, status):
        for route, body in (
            ("/sessions", {"session_id": session, "config": {"notes": "ä" * length}}),
            ("/sweeps", {"config": {"notes": "ä" * length}, "axes": {"probe_strength": [0.1]}, "shots": 1}),
        ):
            answer = client.post(P + route, json=body)
            assert answer.status_code == (202 if (route, status) == ("/sweeps", 200) else status)
            if status == 422:
                [problem] = answer.json()["detail"]
                assert f"`notes` must have at most 20000 characters, but has {length}" in problem["msg"]

    def test_notes_that_were_stored_before_stay_readable(self, client_with):
        client = client_with()
        client.post(P + "/sessions", json={"session_id": "x1"})
        store = client.app.state.tds.store
        session = store.get("x1")
        session.config = session.config.model_copy(update={"notes": "x" * 30_000})
        store.save(session).result(10)
        client.app.state.tds.close()
        assert client_with().get(P + "/sessions/x1").json()["config"]["notes"] == "x" * 30_000

    def test_a_body_without_a_length_is_measured(self, client_with):
        client = client_with(max_body_bytes=2000)
        answer = client.post(P + "/sessions", content=(b" " * 500 for _ in range(5)), headers=JSON)
        assert answer.status_code == 413
        assert "2000 bytes" in answer.json()["detail"]

    def test_100_megabytes_are_refused_without_being_read(self, server):
        def parts(sent):
            with contextlib.suppress(OSError):
                for _ in range(100):
                    sent.sendall(b"x" * 1_000_000)

        for head in ("content-length: 100000000", "transfer-encoding: chunked"):
            with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
                connection.sendall(f"POST {P}/sessions HTTP/1.1\r\nhost: a\r\n{head}\r\n\r\n".encode())
                if head.startswith("transfer"):
                    connection.sendall(b"5F5E100\r\n")
                sending = threading.Thread(target=parts, args=(connection,))
                sending.start()
                answer = read_to_the_end(connection)
                sending.join(30)
            assert answer.startswith(b"HTTP/1.1 413 "), answer
            assert b'"detail":"The body must have at most 1048576 bytes."' in answer
        assert memory_of(server.process.pid) < 400e6
        assert server.api("GET", "/health")["status"] == "ok"

    def test_a_very_long_address_is_refused(self, server):
        with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
            connection.sendall(f"GET {P}/sessions/{'x' * 200_000} HTTP/1.1\r\nhost: a\r\n\r\n".encode())
            status = int(connection.recv(4096).split(b" ")[1])
        assert 400 <= status < 500


def read_to_the_end(connection):
    """All that comes before the server closes the connection."""
    parts = []
    with contextlib.suppress(ConnectionResetError):  # closed with bytes of ours unread
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def memory_of(process):
    with open(f"/proc/{process}/statm") as file:
        return int(file.read().split()[1]) * 4096


class TestSlowness:
    def test_a_body_that_takes_too_long_is_408_and_others_do_not_wait(self, tmp_path):
        server = RunningServer(tmp_path, SYNQC_REQUEST_TIMEOUT_SEC="2").start()
        try:
            slow = []
            for _ in range(50):
                connection = socket.create_connection(("127.0.0.1", server.port), 30)
                connection.sendall(f"POST {P}/sessions HTTP/1.1\r\nhost: a\r\ncontent-length: 50\r\n\r\n{{".encode())
                slow.append(connection)
            server.api("POST", "/sessions", {"session_id": "quick"})
            assert select.select(slow[-1:], [], [], 0)[0] == [], "it was answered after one that is slow"
            for connection in slow:
                answer = read_to_the_end(connection)
                assert answer.startswith(b"HTTP/1.1 408 "), answer
                assert b'"detail":"The body must arrive within 2 s."' in answer
                connection.close()
        finally:
            server.stop()

    def test_a_client_that_goes_away_breaks_nothing(self, server):
        server.api("POST", "/sessions", {"session_id": "gone"})
        body = b'{"mode":"dryrun","num_iterations":300}'
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
                head = f"POST {P}/sessions/gone/run HTTP/1.1\r\nhost: a\r\ncontent-length: {len(body)}\r\n\r\n"
                connection.sendall(head.encode() + body)
                time.sleep(0.02)
        deadline = time.monotonic() + 20
        while server.api("GET", "/sessions/gone")["status"] == "running":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        while not server.api("GET", "/runs?session_id=gone")["runs"]:
            assert time.monotonic() < deadline, "a run that nobody waits for any more must be stored all the same"
            time.sleep(0.02)


def at_once(count, call):
    """Results of `call(number)` on as many threads, begun together."""
    results, gate = [None] * count, threading.Barrier(count)

    def work(number):
        gate.wait()
        results[number] = call(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def refused_runs(server):
    """How many runs the server has answered with 409."""
    start = 'synqc_http_request_seconds_count{method="POST",route="/sessions/{session_id}/run",status="409"} '
    lines = server.request("GET", "/metrics")[1].decode().splitlines()
    return sum(float(line.removeprefix(start)) for line in lines if line.startswith(start))


class TestRaces:
    def test_one_name_raced_by_50_clients_is_one_session(self, server):
        body = {"session_id": "raced", "config": {}}
        results = at_once(50, lambda _: server.request("POST", P + "/sessions", body))
        assert [status for status, _ in results] == [200] * 50
        assert len({answer["created_at"] for _, answer in results}) == 1
        listed = [one["session_id"] for one in server.api("GET", "/sessions")]
        assert listed.count("raced") == 1
        assert len(server.api("GET", "/sessions/raced/logs")["lines"]) == 50

    def test_of_50_runs_at_once_one_runs_and_of_50_kills_one_stops_it(self, server):
        server.api("POST", "/sessions", {"session_id": "one-run"})
        body = {"mode": "dryrun", "num_iterations": 10_000}
        racing, refused_before = [], refused_runs(server)

        def race():
            racing.extend(at_once(50, lambda _: server.request("POST", f"{P}/sessions/one-run/run", body)))

        runs = threading.Thread(target=race)
        runs.start()
        # The winner runs until it is killed, so every loser meets it: none of them is late.
        deadline = time.monotonic() + 30
        while (
            refused_runs(server) - refused_before < 49 or not server.api("GET", "/sessions/one-run/telemetry")["rows"]
        ):
            assert time.monotonic() < deadline, "49 of 50 runs at once must be refused"
            time.sleep(0.01)
        kills = at_once(50, lambda _: server.api("POST", "/sessions/one-run/kill"))
        runs.join(30)
        assert sorted(status for status, _ in racing) == [200] + [409] * 49
        assert sorted(kill["status"] for kill in kills) == ["no-active-run"] * 49 + ["terminated"]
        [winner] = [answer for status, answer in racing if status == 200]
        [stored] = server.api("GET", "/runs?session_id=one-run")["runs"]
        assert stored == winner["run"]
        assert stored["partial"] is True
        after = server.api("GET", "/sessions/one-run")
        assert (after["status"], after["last_run_id"]) == ("terminated", stored["run_id"])
        lines = server.api("GET", "/sessions/one-run/logs?limit=1000")["lines"]
        assert sum("Dry-run started" in line for line in lines) == 1
        assert sum("terminated via kill switch" in line for line in lines) == 1
        assert sum("no run is active" in line for line in lines) == 49

    def test_50_clients_that_create_run_and_kill_one_session_leave_it_whole(self, server):
        asked = [
            ("/sessions", {"session_id": "everything", "config": {}}, {200}),
            ("/sessions/everything/run", {"num_iterations": 200}, {200, 404, 409}),
            ("/sessions/everything/kill", None, {200, 404}),
        ]

        def client(number):
            path, body, allowed = asked[number % 3]
            status, answer = server.request("POST", P + path, body)
            assert status in allowed, (path, status, answer)
            return status, answer

        results = at_once(50, client)
        assert None not in results, "a client got what the contract does not know"
        told = {answer["run"]["run_id"]: answer["run"] for status, answer in results if "run" in answer}
        stored = {run["run_id"]: run for run in server.api("GET", "/runs?session_id=everything")["runs"]}
        assert stored == told
        after = server.api("GET", "/sessions/everything")
        assert after["status"] in ("idle", "terminated")
        assert [one["session_id"] for one in server.api("GET", "/sessions")].count("everything") == 1
        # What is charged is what the runs say, each once.
        shots = sum(server.api("GET", f"/runs/{name}/details")["shots_simulated"] for name in stored)
        assert after["shots_used"] == min(shots, after["shot_limit"])

    def test_names_made_at_once_differ(self, server):
        results = at_once(50, lambda _: server.request("POST", P + "/sessions", {})[1]["session_id"])
        assert len(set(results)) == 50

    def test_runs_of_many_sessions_at_once_have_names_of_their_own(self, server):
        for number in range(20):
            server.api("POST", "/sessions", {"session_id": f"many:{number % 2}{number // 2}"})
            server.api("POST", "/sessions", {"session_id": f"many/{number % 2}{number // 2}"})
        names = [f"many{mark}{a}{b}" for mark, a, b in itertools.product(("%3A", "%2F"), range(2), range(10))]
        results = at_once(20, lambda number: server.request("POST", f"{P}/sessions/{names[number]}/run", {}))
        ids = [answer["run"]["run_id"] for status, answer in results if status == 200]
        assert len(ids) == len(set(ids)) > 0
        for run_id in ids:
            assert server.api("GET", f"/runs/{run_id}")["run_id"] == run_id


class TestDefects:
    def test_a_500_carries_a_number_of_the_log_and_no_trace(self, client_with, monkeypatch, caplog):
        client = client_with()
        client.post(P + "/sessions", json={"session_id": "x1"})

        def fail(*_, **__):
            raise RuntimeError("secret-of-the-house")

        monkeypatch.setattr(client.app.state.tds.engine, "run", fail)
        with caplog.at_level("ERROR", "synqc"):
            answer = client.post(P + "/sessions/x1/run", json={})
        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/json"
        assert isinstance(answer.json()["detail"], str)
        number = answer.json()["error_id"]
        assert number in answer.json()["detail"]
        assert "secret-of-the-house" not in answer.text
        assert "Traceback" not in answer.text
        logged = [record for record in caplog.records if number in record.getMessage()]
        assert len(logged) == 1
        assert "secret-of-the-house" in str(logged[0].exc_info[1])
        assert len([record for record in caplog.records if record.exc_info]) == 1, "logged once"

    def test_one_may_be_read_by_a_page_of_another_origin(self, client_with, monkeypatch):
        client = client_with()
        monkeypatch.setattr(client.app.state.tds.store, "sessions", None)
        answer = client.get(P + "/sessions", headers={"origin": "null"})
        assert answer.status_code == 500
        assert answer.headers["access-control-allow-origin"] == "*"
        assert json.loads(answer.content)["error_id"]

    def test_a_defect_in_front_of_the_framework_is_answered_too(self, client_with, monkeypatch):
        from synqc.service.tds.fast_path import FastPathMiddleware

        client = client_with()
        client.post(P + "/sessions", json={"session_id": "x1"})
        monkeypatch.setattr(FastPathMiddleware, "_polled", lambda *_: 1 / 0)
        answer = TestClient(client.app, raise_server_exceptions=False).get(P + "/sessions/x1")
        assert answer.status_code == 500
        assert answer.json()["error_id"]
