"""What is sent and not read is answered as ever, and named; or refused, where a client prefers that."""

import json

import pytest
from routes_of_application import path_of, routes_of
from running_server import PREFIX as P

STRICT = {"prefer": "handling=strict"}
FRAMEWORK = {"content-type": "application/json; charset=utf-8"}
# What each route with a body reads, for a body that would be answered.
BODIES = {
    "/sessions": {"session_id": "x1", "config": {}},
    "/sessions/{session_id}/run": {"mode": "dryrun"},
    "/sessions/{session_id}/telemetry": {"limit": 3},
    "/sessions/{session_id}/hardware-runs": {"shots": 10},
    "/sweeps": {"axes": {"probe_strength": [0.1]}, "shots": 10},
    "/sessions/{session_id}/agent/suggest": {"goal": "calm"},
    "/sessions/{session_id}/agent-suggestion": {"goal": "calm"},
    "/chat": {"message": "Why?"},
}
WITHOUT_BODY = [
    "/sessions/{session_id}/kill",
    "/sessions/{session_id}/recommendation",
    "/sweeps/{sweep_id}/cancel",
    "/jobs/{job_id}/cancel",
    "/jobs/{job_id}/retry",
    "/tickets",
    "/analyses",  # its body is a file
    "/",
]


@pytest.fixture(scope="module")
def x1(client):
    client.post(P + "/sessions", json={"session_id": "x1"})
    return client


def test_every_route_with_a_body_is_among_these(client):
    posted = {template.removeprefix(P) for method, template in routes_of(client.app) if method == "POST"}
    assert posted == {*BODIES, *WITHOUT_BODY}


@pytest.mark.parametrize("template", BODIES)
def test_every_route_names_what_it_does_not_read(x1, template):
    path = P + path_of(template)
    without = x1.post(path, json=BODIES[template])
    assert "x-synqc-ignored" not in without.headers
    answer = x1.post(path, json={**BODIES[template], "unheard_of": {"a": [1]}})
    assert answer.status_code == without.status_code
    assert answer.headers["x-synqc-ignored"] == "unheard_of"
    refused = x1.post(path, json={**BODIES[template], "unheard_of": 1}, headers=STRICT)
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["loc"] == ["body", "unheard_of"]
    assert x1.post(path, json=BODIES[template], headers=STRICT).status_code == without.status_code


@pytest.mark.parametrize(
    ("template", "body", "named", "place", "right"),
    [
        ("/sessions/{session_id}/run", {"num_iteratons": 3}, "num_iteratons (num_iterations?)", ["num_iteratons"],
         "num_iterations"),
        ("/sessions/{session_id}/run", {"Seed": 3}, "Seed (seed?)", ["Seed"], "seed"),
        ("/sessions", {"config": {"probe_strenght": 0.4}}, "config.probe_strenght (probe_strength?)",
         ["config", "probe_strenght"], "probe_strength"),
        ("/sessions", {"confg": {}}, "confg (config?)", ["confg"], "config"),
        ("/sweeps", {"axes": {"probe_strength": [0.1]}, "config": {"adaptiv_rule": "none"}, "shots": 5},
         "config.adaptiv_rule (adaptive_rule?)", ["config", "adaptiv_rule"], "adaptive_rule"),
        ("/chat", {"message": "m", "history": [{"role": "user", "content": "c"}, {"role": "user", "content": "c",
         "contnt": "d"}]}, "history.1.contnt (content?)", ["history", 1, "contnt"], "content"),
    ],
)  # fmt: skip
def test_the_nearest_right_name_is_told(x1, template, body, named, place, right):
    path = P + path_of(template)
    assert x1.post(path, json=body).headers["x-synqc-ignored"] == named
    [problem] = x1.post(path, json=body, headers=STRICT).json()["detail"]
    assert problem["loc"] == ["body", *place]
    assert f"did you mean `{right}`?" in problem["msg"]


def test_a_refused_member_changes_nothing(x1):
    before = x1.get(P + "/sessions/x1").json()
    for path, body in (("/sessions/x1/run", {"sed": 1}), ("/sessions", {"session_id": "x1", "config": {"note": "n"}})):
        assert x1.post(P + path, json=body, headers=STRICT).status_code == 422
    assert x1.get(P + "/sessions/x1").json() == before


@pytest.mark.parametrize("query", ["limt=3", "Limit=3", "limit=3&limit_=4"])
@pytest.mark.parametrize("path", ["/sessions/x1/telemetry", "/sessions/x1/logs", "/runs"])
def test_queries_are_read_as_closely(x1, path, query):
    answer = x1.get(f"{P}{path}?{query}")
    assert answer.status_code == 200
    assert "(limit?)" in answer.headers["x-synqc-ignored"]
    refused = x1.get(f"{P}{path}?{query}", headers=STRICT)
    assert refused.status_code == 422
    assert "did you mean `limit`?" in refused.json()["detail"][0]["msg"]
    assert "x-synqc-ignored" not in x1.get(f"{P}{path}?limit=3").headers


@pytest.mark.parametrize("path", ["/sessions", "/sessions/x1", "/sessions/x1/export", "/health", "/presets"])
def test_a_query_of_a_route_without_any_is_named(x1, path):
    assert x1.get(f"{P}{path}?session=x2").headers["x-synqc-ignored"].startswith("?session")


@pytest.mark.parametrize(
    ("prefer", "is_strict"),
    [
        ("handling=strict", True), ("Handling=Strict", True), ('handling="strict"', True), ("handling = strict", True),
        ("respond-async, handling=strict", True), ("respond-async; wait=10, handling=strict;x=y", True),
        ("handling=lenient", False), ("strict", False), ("xhandling=strict", False), ("handling=stricter", False),
        ("", False),
    ],
)  # fmt: skip
def test_what_a_client_prefers_is_read_as_its_header_is_meant(x1, prefer, is_strict):
    answer = x1.post(P + "/sessions/x1/kill?x=1", headers={"prefer": prefer})
    assert answer.status_code == (422 if is_strict else 200)


@pytest.mark.parametrize("name", ["a\r\nset-cookie: b", "é", "\ud800", "x" * 5000, "", "a,b", "日本", "a b", "%0d%0a"])
def test_no_name_breaks_the_header(x1, name):
    body = json.dumps({name: 1, "config": {name: 2}}).encode()
    answer = x1.post(P + "/sessions", content=body)
    assert answer.status_code == 200
    said = answer.headers["x-synqc-ignored"]
    assert said.isascii()
    assert said.isprintable()
    assert len(said) < 1000
    assert "set-cookie" not in answer.headers
    assert x1.post(P + "/sessions", content=body, headers=STRICT).status_code == 422


def test_of_many_some_are_named(x1):
    body = {f"member{number}": 0 for number in range(5000)}
    answer = x1.post(P + "/sessions", json=body)
    assert answer.headers["x-synqc-ignored"].count(",") == 19
    assert len(x1.post(P + "/sessions", json=body, headers=STRICT).json()["detail"]) == 20


def test_other_origins_may_read_it(x1):
    answer = x1.post(P + "/sessions", json={"confg": 1}, headers={"origin": "null"})
    assert "X-SynQc-Ignored" in answer.headers["access-control-expose-headers"]


def test_a_run_with_more_than_is_read_is_the_same_run(x1):
    answers = []
    for body in (b'{"seed":7,"mode":"dryrun"}', b'{"seed":7,"mode":"dryrun","sed":8}'):
        x1.delete(P + "/sessions/same")
        x1.post(P + "/sessions", json={"session_id": "same"})
        x1.post(P + "/sessions/same/run", json={"seed": 1})
        answers.append(x1.post(P + "/sessions/same/run", content=body).json()["run"]["kpis"])
    assert answers[0] == answers[1]
