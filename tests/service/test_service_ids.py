"""What can be created can be opened, run, watched, exported and deleted, and never is taken for something else."""

import contextlib
import http.client
import secrets
import sqlite3
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from running_server import PREFIX as P
from running_server import RunningServer
from starlette.routing import Match
from starlette.routing import Route as StarletteRoute

from synqc.apps.tds.identifiers import session_id_refusal
from synqc.service.routed_path import path_below_mount, with_segments_apart

ODD = [
    "a/b", "/", "//", "/a", "a/", "a//b", "tz/logs", "x1/run", "x1/telemetry", "../x1", "a/../b", "./a", "a/.",
    "...", ". ", "%", "%2F", "%2f", "a%2Fb", "%252F", "%25", "%00", "%ZZ", "a%", "?", "a?b=c", "#", "a#b", "&",
    "=", ";", "a;v=1", "@", ":", "a:b", "\\", "a\\b", "..\\..", " ", "  ", " a", "a ", "+", "a+b", "~", "'",
    '"', "`", "<b>", "{}", "{session_id}", "ä", "ä", "ﬀ", "日本", "🎛", "👩‍🔬", "ǅ", "İ", "ß", "\u00a0", "\u200b",
    "\ufeff", "\u2028", "sessions", "logs", "run", "ws", "stream", "null", "undefined", "con", "-", "--", "_",
    "0", "x" * 200, "ä" * 200, "/" * 200, "%" * 200,
]  # fmt: skip
UNNAMEABLE = [
    ".", "..", "a\u202eb", "\u202d", "\u2066x", "\u2067", "\u2068", "\u2069", "\u202a", "\u202b", "\u202c",
    "a\nb",
]  # fmt: skip


def escaped(session_id):
    """As browsers' encodeURIComponent writes it."""
    return quote(session_id, safe="!'()*-._~")


class Talk:
    """With a real server or one in this process: what is written is what is sent."""

    def __init__(self, ask):
        self.ask = ask

    def __call__(self, method, path, body=None, expected=200):
        status, answer = self.ask(method, P + path, body)
        assert status == expected, (method, path, status, answer)
        return answer


@pytest.fixture(scope="module")
def over_socket(server):
    connection = server.connection()

    def ask(method, path, body):
        from running_server import ask as ask_on

        return ask_on(connection, method, path, body)

    yield Talk(ask)
    connection.close()


@pytest.fixture(scope="module")
def in_process(client):
    def ask(method, path, body):
        answer = client.request(method, path, json=body)
        return answer.status_code, answer.json()

    return Talk(ask)


def go_through_all(talk, session_id):
    """Everything a client does with a session, and what must not happen to the others."""
    bystander = f"by-{secrets.token_hex(4)}"
    # Those that a mistaken path would act on.
    names = [bystander, *{part for part in session_id.split("/") if part and session_id_refusal(part) is None}]
    others = [name for name in names if name != session_id]
    for name in others:
        talk("POST", "/sessions", {"session_id": name, "config": {"notes": "of another"}})
    before = {name: talk("GET", f"/sessions/{escaped(name)}") for name in others}
    created = talk("POST", "/sessions", {"session_id": session_id, "config": {"notes": "mine"}})
    assert created["session_id"] == session_id
    path = f"/sessions/{escaped(session_id)}"
    assert talk("GET", path)["session_id"] == session_id
    run = talk("POST", path + "/run", {"mode": "dryrun", "seed": 1})
    assert run["session"]["session_id"] == run["run"]["session_id"] == session_id
    run_path = f"/runs/{escaped(run['run']['run_id'])}"
    assert talk("GET", run_path)["session_id"] == session_id
    assert talk("GET", run_path + "/details")["session_id"] == session_id
    assert talk("GET", f"/runs?session_id={escaped(session_id)}")["runs"][0]["run_id"] == run["run"]["run_id"]
    assert talk("GET", path + "/telemetry?limit=1")["session_id"] == session_id
    assert talk("POST", path + "/telemetry", {"limit": 1})["session_id"] == session_id
    assert talk("GET", path + "/logs")["session_id"] == session_id
    assert talk("GET", path + "/export")["payload"]["sessionId"] == session_id
    assert talk("POST", path + "/kill")["session_id"] == session_id
    assert talk("DELETE", path + "/logs")["session_id"] == session_id
    assert talk("DELETE", path)["session_id"] == session_id
    talk("GET", path, expected=404)
    assert {name: talk("GET", f"/sessions/{escaped(name)}") for name in others} == before
    for name in others:
        talk("DELETE", f"/sessions/{escaped(name)}")


@pytest.mark.parametrize("session_id", ODD, ids=ascii)
def test_an_odd_id_does_all_that_others_do(over_socket, session_id):
    go_through_all(over_socket, session_id)


@pytest.mark.parametrize("session_id", ODD[:12], ids=ascii)
def test_an_odd_id_is_watched(client, session_id):
    client.post(P + "/sessions", json={"session_id": session_id})
    with client.websocket_connect(f"{P}/sessions/{escaped(session_id)}/ws") as viewer:
        assert viewer.receive_json()["data"]["session_id"] == session_id
    assert client.delete(f"{P}/sessions/{escaped(session_id)}").status_code == 200


@pytest.mark.parametrize("session_id", ["a/b", "%2F", "tz/stream"])
def test_an_odd_id_is_streamed(server, session_id):
    server.api("POST", "/sessions", {"session_id": session_id})
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", f"{P}/sessions/{escaped(session_id)}/stream")
        answer = connection.getresponse()
        assert answer.status == 200
        assert [answer.readline() for _ in range(2)][1] == b"event: state\n"


@pytest.mark.parametrize("session_id", UNNAMEABLE, ids=ascii)
def test_what_no_path_can_name_or_misleads_the_eye_is_not_created(in_process, session_id):
    answer = in_process("POST", "/sessions", {"session_id": session_id}, expected=400)
    assert "session_id" in answer["detail"]


NO_LONGER_CREATED = [".", ".."]


@pytest.fixture(scope="module")
def successor(tmp_path_factory):
    """A server on what an earlier one left, which let sessions have such names."""
    folder = tmp_path_factory.mktemp("successor")
    first = RunningServer(folder).start()
    for number in range(len(NO_LONGER_CREATED)):
        first.api("POST", "/sessions", {"session_id": f"s{number}"})
    first.stop()
    with contextlib.closing(sqlite3.connect(first.state_dir / "synqc.db")) as database:
        for number, session_id in enumerate(NO_LONGER_CREATED):
            database.execute("UPDATE sessions SET session_id = ? WHERE session_id = ?", (session_id, f"s{number}"))
        database.commit()
    again = RunningServer(folder).start()
    yield again
    again.stop()


@pytest.mark.parametrize("session_id", NO_LONGER_CREATED)
def test_one_of_an_earlier_service_is_still_updated_run_and_deleted(successor, session_id):
    api = successor.api
    assert api("POST", "/sessions", {"session_id": session_id, "config": {"notes": "n"}})["config"]["notes"]
    for path in (f"/sessions/{session_id}", f"/sessions/{session_id.replace('.', '%2E')}"):
        assert api("GET", path)["session_id"] == session_id
    assert api("POST", f"/sessions/{session_id}/run", {})["session"]["session_id"] == session_id
    assert api("DELETE", f"/sessions/{session_id}")["session_id"] == session_id


ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12) | st.text("/.%25Ff\\ :?#", min_size=1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(session_id=ids)
def test_whatever_can_be_created_does_all_that_others_do(in_process, session_id):
    if session_id_refusal(session_id) is None:
        go_through_all(in_process, session_id)
    else:
        in_process("POST", "/sessions", {"session_id": session_id}, expected=400)


paths = st.text("ab/%2Ff.5é", max_size=20).map(lambda text: "/" + text)


@given(path=paths, root=st.sampled_from(["", "/", "/a", "/a/b", "/lab"]))
def test_the_router_and_we_take_the_same_path_apart(path, root):
    """Starlette's own rule is private; its routes show what it is."""
    everything = StarletteRoute("/{rest:path}", endpoint=lambda request: None)
    scope = {"type": "http", "method": "GET", "path": path, "root_path": root}
    match, child = everything.matches(scope)
    below = path_below_mount(scope)
    assert (match is Match.FULL) == below.startswith("/")
    if match is Match.FULL:
        assert "/" + child["path_params"]["rest"] == below


@given(segments=st.lists(st.text(min_size=1, max_size=8), max_size=5), root=st.sampled_from(["", "/lab", "/a/b"]))
def test_segments_stay_apart_however_often_a_server_decodes(segments, root):
    from urllib.parse import unquote

    def encodable(text):
        return text.encode(errors="replace").decode()

    segments = [encodable(one) for one in segments]
    sent = "/" + "/".join(quote(one, safe="") for one in segments)
    for path, raw in (
        (root + unquote(sent), root + sent), (root + unquote(unquote(sent)), root + sent), (root + unquote(sent), sent),
    ):  # fmt: skip
        scope = with_segments_apart({"path": path, "raw_path": raw.encode(), "root_path": root})
        found = scope["path"].removeprefix(root).split("/")[1:]
        assert [unquote(one) for one in found] == (segments or [""])
