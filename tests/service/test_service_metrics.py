"""What the service counts, and under which names."""

import itertools
import os
import random
import re
import time

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families
from routes_of_application import path_of, routes_of
from running_server import PREFIX as P

from synqc.service import create_app
from synqc.settings import Settings

COUNTED = "synqc_http_request_seconds_count"


def samples(client, name):
    """{labels: value} of one series of `/metrics`."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {
        tuple(sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
        if sample.name == name
    }


def counted(client):
    """{(method, route, status): how many requests}."""
    return {
        tuple(dict(labels)[name] for name in ("method", "route", "status")): value
        for labels, value in samples(client, COUNTED).items()
    }


def grown(before, after):
    return {labels: value - before.get(labels, 0.0) for labels, value in after.items() if value != before.get(labels)}


def test_openmetrics_is_given_to_whoever_prefers_it(tmp_path):
    app = create_app(Settings(state_dir=tmp_path))
    asked_by_prometheus = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
    with TestClient(app) as client:
        answer = client.get("/metrics", headers={"Accept": asked_by_prometheus})
        assert answer.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
        assert answer.headers["vary"] == "Accept"
        assert {family.name for family in openmetrics_families(answer.text)} >= {"synqc_http_request_seconds"}
        for accept in ("*/*", "text/plain", ""):
            plain = client.get("/metrics", headers={"Accept": accept})
            assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")


@pytest.fixture(params=["alone", "mounted", "another prefix"])
def reached(request, tmp_path):
    """(client, what its paths begin with)."""
    prefix = "/lab/v2" if request.param == "another prefix" else P
    app = create_app(Settings(state_dir=tmp_path, api_prefix=prefix))
    if request.param == "mounted":
        parent = FastAPI()
        parent.mount("/house", app)
        parent.get("/metrics")(lambda: None)
        yield TestClient(parent), "/house" + prefix, TestClient(app)
    else:
        yield TestClient(app), prefix, TestClient(app)
    app.state.tds.close()


def test_routes_are_named_by_their_template_wherever_they_are(reached):
    client, start, own = reached
    before = counted(own)
    client.post(start + "/sessions", json={"session_id": "a/b"})
    client.get(start + "/sessions/a%2Fb")
    client.get(start + "/sessions/a%2Fb/logs")
    client.get(start + "/sessions/nobody/logs")
    client.post(start + "/sessions/a%2Fb/run", json={})
    client.get(start + "/sessions/a%2Fb/telemetry")
    client.get(start + "/nowhere")
    after = grown(before, counted(own))
    assert after.pop(("GET", "/metrics", "200")) == 1
    assert after == {
        ("POST", "/sessions", "200"): 1, ("GET", "/sessions/{session_id}", "200"): 1,
        ("GET", "/sessions/{session_id}/logs", "200"): 1, ("GET", "/sessions/{session_id}/logs", "404"): 1,
        ("POST", "/sessions/{session_id}/run", "200"): 1, ("GET", "/sessions/{session_id}/telemetry", "200"): 1,
        ("GET", "(none)", "404"): 1,
    }  # fmt: skip


def test_a_scanner_s_paths_and_methods_are_no_series_of_their_own(client):
    """As many as there are routes and methods of ours, whatever it asks for."""
    source, before = random.Random(20), counted(client)
    for number in range(500):
        path = "".join(source.choice("abcxyz01./%25_-") for _ in range(source.randint(1, 20)))
        method = source.choice(["GET", "POST", "PROPFIND", "get", f"SCAN{number}"])
        client.request(method, source.choice(["/", P + "/", "/synth/", "/fir/", P + "/sessions/s/"]) + "x" + path)
    after = grown(before, counted(client))
    assert {method for method, _, _ in after} == {"GET", "POST", "(other)"}
    assert after["GET", "(none)", "404"] > 50
    assert len(after) < 40


def test_every_route_has_one_name(client):
    client.post(P + "/sessions", json={"session_id": "x1"})
    templates = set()
    for method, template in routes_of(client.app):
        if method is not None and "{run_id}" not in template and "stream" not in template:
            client.request(method, path_of(template), headers={"accept": "text/html"}, follow_redirects=False)
            templates.add(template.removeprefix(P))
    routes = {route for _, route, _ in counted(client)}
    assert routes - {"(none)"} >= templates
    assert not any(P in route for route in routes)


def test_a_streams_life_is_no_duration(client, session):
    before, lives = counted(client), samples(client, "synqc_stream_seconds_count")
    total = sum(samples(client, "synqc_http_request_seconds_sum").values())
    labels = (("route", "/sessions/{session_id}/ws"),)
    opened = samples(client, "synqc_streams_open").get(labels, 0.0)
    with client.websocket_connect(f"{P}/sessions/{session}/ws") as viewer:
        viewer.receive_json()
        time.sleep(0.6)
        assert samples(client, "synqc_streams_open")[labels] == opened + 1
        assert grown(before, counted(client))["WEBSOCKET", "/sessions/{session_id}/ws", "101"] == 1
    deadline = time.monotonic() + 20
    while samples(client, "synqc_streams_open")[labels] != opened:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert samples(client, "synqc_stream_seconds_count")[labels] == lives.get(labels, 0.0) + 1
    assert samples(client, "synqc_stream_seconds_sum")[labels] >= 0.6
    socket = (("method", "WEBSOCKET"), ("route", "/sessions/{session_id}/ws"), ("status", "101"))
    assert samples(client, "synqc_http_request_seconds_sum")[socket] - total < 0.5


def test_the_process_and_its_build_are_told(client):
    found = {name: samples(client, name) for name in (
        "process_resident_memory_bytes", "process_virtual_memory_bytes", "process_open_fds", "process_max_fds",
        "process_start_time_seconds", "process_cpu_seconds_total", "synqc_build_info",
    )}  # fmt: skip
    assert all(len(series) == 1 for series in found.values()), found
    value = {name: next(iter(series.values())) for name, series in found.items()}
    assert 10e6 < value["process_resident_memory_bytes"] < value["process_virtual_memory_bytes"]
    assert 3 <= value["process_open_fds"] <= value["process_max_fds"]
    assert time.time() - 86_400 < value["process_start_time_seconds"] < time.time()
    assert value["process_cpu_seconds_total"] == pytest.approx(sum(os.times()[:2]), abs=5)
    assert value["synqc_build_info"] == 1
    labels = dict(next(iter(found["synqc_build_info"])))
    assert set(labels) == {"version", "python", "platform"}
    assert all(labels.values())


def test_quantiles_between_1_and_64_ms_can_be_told_from_the_text(client, session):
    client.get(f"{P}/sessions/{session}")
    text = client.get("/metrics").text
    edges = sorted(
        {float(edge) for edge in re.findall(r'synqc_http_request_seconds_bucket{[^}]*le="([0-9.e-]+)"', text)}
    )
    fine = [edge for edge in edges if 0.00095 <= edge <= 0.065]
    assert fine[0] < 0.001 < 0.0625 <= fine[-1]
    assert max(upper / lower for lower, upper in itertools.pairwise(fine)) <= 1.5
    assert len(edges) <= 30, "each is a series that somebody has to keep"
