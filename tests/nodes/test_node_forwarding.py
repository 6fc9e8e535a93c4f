"""Whichever node of a cluster is asked, the one that owns the session answers."""

import http.client
import json
import threading
import time

import pytest
from running_server import PREFIX as P
from running_server import ask
from waiting import wait_until
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect


def started(*nodes):
    for one in nodes:
        one.start(wait=False)
    for one in nodes:
        one.wait_until_it_answers()
    return nodes


def test_everything_about_a_session_is_answered_by_any_node(node):
    first, second = started(node(), node())
    made = first.note("a/b", "made by the first")
    assert second.answer("GET", "/sessions/a%2Fb") == made
    run = second.answer("POST", "/sessions/a%2Fb/run", {"seed": 7})
    assert run["session"]["shots_used"] > 0
    assert first.answer("GET", "/sessions/a%2Fb") == run["session"]
    for path in ("/sessions/a%2Fb/logs", "/sessions/a%2Fb/export?format=csv", f"/runs/{run['run']['run_id']}"):
        ours, theirs = first.answer("GET", path), second.answer("GET", path)
        assert ours == theirs or "export" in path, path
    assert second.answer("GET", "/sessions/a%2Fb/telemetry")["rows"]
    assert second.note("a/b", "changed by the second")["config"]["notes"] == "changed by the second"
    assert first.notes("a/b") == "changed by the second"
    assert second.request("GET", f"{P}/sessions/none")[0] == 404
    assert second.request("POST", f"{P}/sessions", b"{")[0] == 422
    assert second.answer("DELETE", "/sessions/a%2Fb")["status"] == "deleted"
    assert first.request("GET", f"{P}/sessions/a%2Fb")[0] == 404


def test_lists_are_of_all_nodes_in_order_of_creation_and_nodes_are_told_of(node):
    first, second = nodes = started(node(), node())
    for number in range(6):
        nodes[number % 2].note(f"x{number}", str(number))
    lists = [[session["session_id"] for session in one.answer("GET", "/sessions")] for one in nodes]
    assert lists == [[f"x{number}" for number in range(6)]] * 2
    told = first.nodes()
    assert {name: (one["alive"], one["sessions"], one["moves"]) for name, one in told.items()} == {
        "node-0": (True, 3, 0), "node-1": (True, 3, 0),
    }  # fmt: skip
    second.stop()
    assert [session["session_id"] for session in first.answer("GET", "/sessions")] == lists[0]
    assert first.notes("x1") == "1"
    told = first.nodes()
    assert (told["node-0"]["sessions"], told["node-0"]["moves"], told["node-1"]["alive"]) == (4, 1, False)


def test_a_kill_reaches_a_run_at_another_node(node):
    first, second = started(node(), node())
    first.note("x1", "")
    answers = []
    long = {"num_iterations": 10_000, "mode": "dryrun"}
    running = threading.Thread(
        target=lambda: answers.append(second.request("POST", f"{P}/sessions/x1/run", long)), daemon=True
    )
    running.start()
    wait_until(lambda: first.answer("GET", "/sessions/x1")["status"] == "running")
    assert second.answer("POST", "/sessions/x1/kill")["status"] == "terminated"
    running.join(30)
    status, answer = answers[0]
    assert (status, answer.get("code")) == (409, "run_killed") or answer["run"]["partial"] is True, answers


def test_a_kill_goes_by_way_of_the_database_where_the_owner_cannot_be_reached(node):
    first, second = started(node(SYNQC_NODE_ADDRESS="http://127.0.0.1:9"), node())
    first.note("x1", "")
    assert second.answer("POST", "/sessions/x1/kill")["status"] == "no-active-run"
    long = {"num_iterations": 10_000, "mode": "dryrun"}
    running = threading.Thread(target=lambda: first.request("POST", f"{P}/sessions/x1/run", long), daemon=True)
    running.start()
    wait_until(lambda: first.answer("GET", "/sessions/x1")["status"] == "running")
    assert second.answer("POST", "/sessions/x1/kill")["status"] == "terminated"
    running.join(30)
    assert not running.is_alive()


class Stream:
    """Reads the events of a session from one node."""

    def __init__(self, server, last=None):
        self.events = []
        self.ended = threading.Event()
        self._connection = server.connection(30)
        query = "?interval_ms=10000" + ("" if last is None else f"&last_event_id={last}")
        self._connection.request("GET", f"{P}/sessions/x1/stream{query}")
        self._answer = self._connection.getresponse()
        assert self._answer.status == 200
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        fields = {}
        try:
            for line in self._answer:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name in ("id", "event", "data"):
                    fields[name] = value
                elif not name and fields:
                    self.events.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
                    fields = {}
        except (OSError, http.client.HTTPException):
            pass
        self.ended.set()


def test_a_stream_is_relayed_closed_when_its_session_moves_and_goes_on_with_a_snapshot(node):
    first, second = started(node(), node())
    first.note("x1", "one")
    stream = Stream(second)
    wait_until(lambda: stream.events)
    second.note("x1", "two")
    wait_until(lambda: any(data.get("config", {}).get("notes") == "two" for _, _, data in stream.events))
    last = stream.events[-1][0]
    assert last >> 40 == 1
    began = time.monotonic()
    first.stop()
    assert stream.ended.wait(20)
    again = Stream(second, last)
    wait_until(lambda: len(again.events) >= 2)
    assert time.monotonic() - began < 20
    assert [(number >> 40, kind) for number, kind, _ in again.events[:2]] == [(2, "reset"), (2, "state")]
    assert again.events[1][2]["config"]["notes"] == "two"


def test_a_socket_is_relayed(node):
    first, second = started(node(), node())
    first.note("x1", "one")
    address = second.address.replace("http", "ws")
    with connect(f"{address}{P}/sessions/x1/ws?interval_ms=10000") as socket:
        event = json.loads(socket.recv(10))
        assert (event["event"], event["data"]["config"]["notes"]) == ("state", "one")
        first.note("x1", "two")
        events = [json.loads(socket.recv(10)) for _ in range(2)]
        assert [one["event"] for one in events] == ["log", "state"]
        assert events[1]["id"] > event["id"] >= 1 << 40
        first.stop()
        for _ in socket:  # until its end
            pass
        assert socket.close_code == 1000
    with pytest.raises(InvalidStatus, match="403"):
        connect(f"{address}{P}/sessions/none/ws")


def test_nodes_show_each_other_the_key_and_take_each_others_tickets(node):
    first, second = started(*(node(SYNQC_API_KEYS="key-1,key-2") for _ in range(2)))
    keyed = {"x-api-key": "key-2"}
    body = {"session_id": "x1", "config": {}}
    assert first.request("POST", f"{P}/sessions", body, keyed)[0] == 200
    assert second.request("GET", f"{P}/sessions/x1", headers=keyed)[0] == 200
    assert second.request("GET", f"{P}/sessions/x1")[0] == 401
    assert len(second.request("GET", f"{P}/sessions", headers=keyed)[1]) == 1
    ticket = first.request("POST", f"{P}/tickets", headers=keyed)[1]["ticket"]
    statuses = []
    for _ in range(2):
        connection = second.connection(10)
        connection.request("GET", f"{P}/sessions/x1/stream?ticket={ticket}")
        statuses.append(connection.getresponse().status)
        connection.close()
    assert statuses == [200, 401]


def test_a_request_that_was_passed_on_is_passed_on_no_further(node):
    first, second = started(node(), node())
    first.note("x1", "one")
    status, answer = second.request("GET", f"{P}/sessions/x1", headers={"x-synqc-forwarded": "somebody"})
    assert (status, answer["code"]) == (421, "session_not_here")


def test_a_body_that_is_too_long_is_refused_wherever_its_session_is(node):
    first, second = started(*(node(SYNQC_MAX_BODY_BYTES="1024") for _ in range(2)))
    first.note("x1", "one")
    body = {"session_id": "x1", "config": {"notes": "x" * 2000}}
    assert [one.request("POST", f"{P}/sessions", body)[0] for one in (first, second)] == [413, 413]


def test_a_session_moves_to_the_node_that_is_asked_for_it_again_and_again(node):
    first, second = started(node(), node())
    first.note("a/b", "one")
    connection = second.connection()
    deadline = time.monotonic() + 60
    while second.nodes()["node-1"]["sessions"] == 0:
        assert time.monotonic() < deadline
        for _ in range(20):
            status, found = ask(connection, "GET", f"{P}/sessions/a%2Fb")
            assert (status, found["config"]["notes"]) == (200, "one")
    connection.close()
    assert second.nodes()["node-1"]["moves"] == 1
    assert first.note("a/b", "two")["config"]["notes"] == "two"
    assert second.notes("a/b") == "two"


def test_a_session_that_is_watched_stays_where_it_is(node):
    first, second = started(node(), node())
    first.note("x1", "one")
    stream = Stream(second)
    wait_until(lambda: stream.events)
    for _ in range(100):
        assert second.notes("x1") == "one"
    assert not stream.ended.is_set()
    assert first.nodes()["node-0"]["sessions"] == 1
