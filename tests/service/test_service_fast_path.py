"""A run answered in front of the framework is the run that the framework would have answered."""

import json

import pytest
from fastapi.testclient import TestClient

from synqc.service import create_app
from synqc.settings import Settings

P = "/api/v1/synqc"
FRAMEWORK = {"content-type": "application/json; charset=utf-8"}
"""The fast path leaves every spelling of the type but the plain one to the framework."""


def without_names(answer):
    """What does not say when it was and whose it is."""
    if not isinstance(answer, dict) or "run" not in answer:
        return answer
    run = {name: value for name, value in answer["run"].items() if name not in ("run_id", "session_id", "created_at")}
    session = answer["session"]
    moments = ("session_id", "created_at", "last_updated_at", "last_run_id")
    return run, {name: value for name, value in session.items() if name not in moments}


@pytest.fixture(scope="module")
def two_services(tmp_path_factory):
    """Figures depend on the session's name, so the two ways each have a service."""
    made = [TestClient(create_app(Settings(state_dir=tmp_path_factory.mktemp("service")))) for _ in range(2)]
    yield made
    for client in made:
        client.app.state.tds.close()


@pytest.mark.parametrize(
    "body",
    [
        b"{}", b'{"seed":7,"num_iterations":2}', b'{"seed":7,"mode":"dryrun"}', b'{"seed":"7","unknown":[1]}',
        b'{"seed":7.0}', b'{"seed":7.5}', b'{"seed":-1}', b'{"seed":1e400}', b'{"num_iterations":0}',
        b'{"mode":"walk"}', b'{"shot_limit":NaN}', b'{"shot_limit":100,"seed":3}', b'{"seed":1,"seed":2}',
        b"null", b"[]", b"", b"{",
        b'{"mode":"\xff"}', b'\xef\xbb\xbf{"seed":5}', b'{"seed":true}', b'{"shot_limit":' + b"9" * 5000 + b"}",
        b'{"x":' + b"[" * 500 + b"]" * 500 + b"}", b'{"notes":"\\ud800"}',
    ],
)  # fmt: skip
def test_any_body_has_one_answer(two_services, body):
    answers = []
    for client, headers in zip(two_services, ({"content-type": "application/json"}, FRAMEWORK), strict=True):
        client.delete(P + "/sessions/x")
        client.post(P + "/sessions", json={"session_id": "x"})
        # The first run makes what is drawn at random equal: the state that the second one goes on from.
        assert client.post(P + "/sessions/x/run", content=b'{"seed":1}', headers=FRAMEWORK).status_code == 200
        answers.append(client.post(P + "/sessions/x/run", content=body, headers=headers))
    fast, framework = answers
    assert fast.status_code == framework.status_code
    assert fast.headers["content-type"] == framework.headers["content-type"]
    if fast.status_code != 200 or b"seed" in body:
        assert without_names(json.loads(fast.content)) == without_names(json.loads(framework.content))


@pytest.mark.parametrize("headers", [{"content-type": "text/plain"}, {"content-type": "multipart/form-data"}])
def test_a_body_of_another_type_is_the_frameworks(client, session, headers):
    assert client.post(f"{P}/sessions/{session}/run", content=b"{}", headers=headers).status_code == 422


def test_a_body_in_pieces_is_the_frameworks(server):
    server.api("POST", "/sessions", {"session_id": "pieces"})
    connection = server.connection()
    pieces = iter([b'{"seed"', b":5}"])
    connection.request("POST", f"{P}/sessions/pieces/run", pieces, {"content-type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 200
    assert json.loads(answer.read())["run"]["seed"] == 5


def test_an_answer_past_the_framework_has_every_header(client, session):
    fast = client.post(f"{P}/sessions/{session}/run", json={})
    framework = client.post(f"{P}/sessions/{session}/run", content=b"{}", headers=FRAMEWORK)
    assert fast.headers.keys() == framework.headers.keys()


@pytest.mark.parametrize("polls", [40, pytest.param(300, marks=pytest.mark.deep)])
def test_no_poll_that_has_an_answer_takes_the_frameworks_way(client, session, polls):
    """Nor where its rows are still to be measured, or to be read from the database."""

    def by_framework():
        name = "synqc_telemetry_by_framework_total "
        lines = client.get("/metrics").text.splitlines()
        return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))

    path, before = f"{P}/sessions/{session}/telemetry", by_framework()
    assert client.get(path).json()["rows"] == []
    client.post(f"{P}/sessions/{session}/run", json={})
    kept = client.app.state.tds.store.get(session)
    for query in ("", "?limit=1", "?limit=512"):
        kept.history_loaded = False
        for _ in range(polls):
            assert client.get(path + query).json()["rows"]
    assert by_framework() == before
    for query in ("?limit=0", "?limit=513", "?limit=x", "?limit=01", "?limit=1&limit=2", "?limt=1"):
        client.get(path + query)
    assert by_framework() == before + 3, "what is refused is not measured, and what is odd is the framework's"
    for other in ("", "/export"):
        fast = client.get(f"{P}/sessions/{session}{other}")
        framework = client.get(f"{P}/sessions/{session}{other}?x=1")
        assert fast.headers.keys() ^ framework.headers.keys() == {"x-synqc-ignored"}


def test_both_count_as_one_route(client, session):
    def counted():
        lines = client.get("/metrics").text.splitlines()
        start = "synqc_http_request_seconds_count{"
        return {
            line.split("} ")[0]: float(line.split("} ")[1])
            for line in lines
            if line.startswith(start) and "/run" in line and 'method="POST"' in line
        }

    client.post(f"{P}/sessions/{session}/run", json={})
    before = counted()
    client.post(f"{P}/sessions/{session}/run", json={})
    client.post(f"{P}/sessions/{session}/run", content=b"{}", headers=FRAMEWORK)
    after = counted()
    grown = {name: after[name] - before.get(name, 0.0) for name in after if after[name] != before.get(name, 0.0)}
    assert list(grown.values()) == [2.0], grown
