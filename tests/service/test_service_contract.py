"""The service as a whole, as existing clients rely on it: routes, health, errors, CORS, redirects, the page's files."""

import json

import pytest

from synqc import __version__

P = "/api/v1/synqc"
PREFLIGHT = {"origin": "null", "access-control-request-headers": "content-type,x-api-key"}


@pytest.mark.both_databases
class TestRoutes:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/health"), ("GET", "/sessions"), ("GET", "/sessions/{id}"), ("GET", "/sessions/{id}/logs"),
            ("DELETE", "/sessions/{id}/logs"), ("POST", "/sessions/{id}/kill"), ("GET", "/sessions/{id}/telemetry"),
            ("POST", "/sessions/{id}/telemetry"), ("GET", "/sessions/{id}/export"),
        ],
    )  # fmt: skip
    def test_answer_without_a_body(self, client, session, method, path):
        answer = client.request(method, P + path.format(id=session))
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"

    def test_a_session_is_created_with_200(self, client, session_id):
        assert client.post(P + "/sessions", json={"session_id": session_id, "config": {}}).status_code == 200

    def test_a_trailing_slash_is_redirected_with_307(self, client):
        answer = client.get(P + "/sessions/", follow_redirects=False)
        assert answer.status_code == 307
        assert answer.headers["location"].endswith(P + "/sessions")

    def test_head_of_the_page_is_405(self, client):
        assert client.head("/ui").status_code == 405

    def test_the_root_is_404(self, client):
        assert client.get("/").status_code == 404

    def test_the_documentation_is_there(self, client):
        assert client.get("/docs").status_code == 200

    def test_an_unknown_route_is_not_found(self, client):
        answer = client.get(P + "/nonsense")
        assert answer.status_code == 404
        assert answer.json() == {"detail": "Not Found"}

    def test_a_wrong_method_is_405_with_text(self, client):
        answer = client.put(P + "/sessions", json={})
        assert answer.status_code == 405
        assert isinstance(answer.json()["detail"], str)

    def test_unknown_fields_are_ignored(self, client, session_id):
        body = {"session_id": session_id, "colour": "blue", "config": {"colour": "blue", "notes": "kept"}}
        answer = client.post(P + "/sessions", json=body)
        assert answer.status_code == 200
        assert answer.json()["config"]["notes"] == "kept"
        assert "colour" not in answer.json()["config"]
        assert client.post(f"{P}/sessions/{session_id}/run", json={"colour": "blue"}).status_code == 200

    def test_answers_are_compact(self, client, session):
        for path in ("/health", "/sessions", f"/sessions/{session}", f"/sessions/{session}/logs"):
            text = client.get(P + path).text
            assert text == json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)


class TestHealth:
    def test_its_keys_begin_in_the_agreed_order(self, client):
        assert list(client.get(P + "/health").json())[:8] == [
            "status", "version", "api_prefix", "state_dir", "allowed_origins", "max_probe_strength",
            "max_probe_duration_ns", "max_shots_per_run",
        ]  # fmt: skip

    def test_smoke_checks_find_ok_without_a_space(self, client):
        assert '"status":"ok"' in client.get(P + "/health").text

    def test_it_tells_the_settings(self, client):
        settings = client.app.state.tds.settings
        health = client.get(P + "/health").json()
        assert health["version"] == __version__
        assert health["api_prefix"] == P
        assert health["state_dir"] == str(settings.state_dir)
        assert health["state_dir"].startswith("/")
        assert health["allowed_origins"] == ["*"]
        assert (health["max_probe_strength"], health["max_probe_duration_ns"]) == (0.5, 5000)
        assert health["max_shots_per_run"] == 200_000


class TestErrors:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/sessions/nobody"), ("GET", "/sessions/nobody/logs"), ("DELETE", "/sessions/nobody/logs"),
            ("POST", "/sessions/nobody/kill"), ("GET", "/sessions/nobody/telemetry"),
            ("POST", "/sessions/nobody/telemetry"), ("GET", "/sessions/nobody/export"), ("GET", "/runs/nobody"),
            ("GET", "/runs/nobody/details"), ("GET", "/runs/nobody/records"), ("DELETE", "/sessions/nobody"),
            ("GET", "/sweeps/nobody"), ("POST", "/sweeps/nobody/cancel"), ("GET", "/sessions/nobody/stream"),
        ],
    )  # fmt: skip
    def test_an_unknown_name_is_404_with_its_name_in_text(self, client, method, path):
        answer = client.request(method, P + path)
        assert answer.status_code == 404
        assert "'nobody'" in answer.json()["detail"]
        assert "not found" in answer.json()["detail"]

    def test_a_run_of_an_unknown_session_is_404(self, client):
        assert client.post(P + "/sessions/nobody/run", json={}).status_code == 404

    def test_malformed_json_is_422(self, client):
        assert (
            client.post(P + "/sessions", content=b"{", headers={"content-type": "application/json"}).status_code == 422
        )

    def test_what_is_invalid_is_an_array_with_place_and_words(self, client):
        answer = client.post(P + "/sessions", json={"config": {"drive_envelope": "hexagonal"}})
        assert answer.status_code == 422
        (problem,) = answer.json()["detail"]
        assert problem["loc"] == ["body", "config", "drive_envelope"]
        assert isinstance(problem["msg"], str)
        assert isinstance(problem["type"], str)


class TestOtherOrigins:
    @pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
    def test_a_page_from_a_file_may_ask_everything(self, client, method):
        answer = client.options(P + "/sessions", headers={**PREFLIGHT, "access-control-request-method": method})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "*"
        assert method in answer.headers["access-control-allow-methods"]
        assert "content-type" in answer.headers["access-control-allow-headers"].lower()
        assert "x-api-key" in answer.headers["access-control-allow-headers"].lower()

    @pytest.mark.parametrize("path", ["/health", "/sessions/nobody"])
    def test_answers_and_errors_may_be_read(self, client, path):
        assert client.get(P + path, headers={"origin": "null"}).headers["access-control-allow-origin"] == "*"

    def test_credentials_are_not_allowed_for_everybody(self, client):
        assert "access-control-allow-credentials" not in client.get(P + "/health", headers={"origin": "null"}).headers

    def test_listed_origins_alone_are_allowed_and_with_credentials(self, client_with):
        client = client_with(allowed_origins=("https://lab.example",))
        ours = client.get(P + "/health", headers={"origin": "https://lab.example"})
        assert ours.headers["access-control-allow-origin"] == "https://lab.example"
        assert ours.headers["access-control-allow-credentials"] == "true"
        theirs = client.get(P + "/health", headers={"origin": "https://other.example"})
        assert "access-control-allow-origin" not in theirs.headers

    def test_a_preflight_needs_no_key(self, client_with):
        client = client_with(api_keys=("secret",))
        answer = client.options(P + "/sessions", headers={**PREFLIGHT, "access-control-request-method": "GET"})
        assert answer.status_code == 200

    def test_a_refused_key_may_be_read_by_a_page(self, client_with):
        client = client_with(api_keys=("secret",))
        answer = client.get(P + "/sessions", headers={"origin": "null"})
        assert answer.status_code == 401
        assert answer.headers["access-control-allow-origin"] == "*"


class TestPage:
    def test_it_names_the_service_and_its_developer(self, client):
        answer = client.get("/ui")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")
        assert "SynQc" in answer.text or "Temporal Dynamics" in answer.text
        assert "Developed by eVision Enterprises" in answer.text

    def test_its_script_has_a_name_that_smoke_checks_look_for(self, client):
        text = client.get("/ui/static/app.js").text
        assert any(name in text for name in ("initBackgroundAnimation", "initQubitAnimation", "debounce"))

    def test_its_style_has_a_name_that_smoke_checks_look_for(self, client):
        text = client.get("/ui/static/style.css").text
        assert any(name in text for name in ("color-scheme", "--accent", "--bg"))

    def test_a_file_that_is_not_there_is_404(self, client):
        for path in ("/ui/static/nothing.js", "/ui/shared/nothing.js", "/ui/static/synqc_control_panel.html"):
            assert client.get(path).status_code == 404

    @pytest.mark.parametrize(
        "path", ["/ui/static/../../errors.py", "/ui/static/..%2f..%2ferrors.py", "/ui/shared/..%2ftds%2fapp.js"]
    )
    def test_nothing_else_is_served(self, client, path):
        assert client.get(path).status_code == 404


class TestObservation:
    def test_metrics_are_prometheus_text(self, client):
        client.get(P + "/health")
        answer = client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert 'synqc_http_request_seconds_count{method="GET",route="/health",status="200"}' in answer.text

    def test_a_route_has_one_name_in_metrics_whichever_way_it_is_answered(self, client, session):
        before = set(client.get("/metrics").text.splitlines())  # other tests of this process have asked, too
        client.get(f"{P}/sessions/{session}/telemetry?limit=1")
        client.get(f"{P}/sessions/{session}/telemetry?limit=1&_=2")
        names = {
            line.split('route="')[1].split('"')[0]
            for line in set(client.get("/metrics").text.splitlines()) - before
            if "/telemetry" in line
        }
        assert names == {"/sessions/{session_id}/telemetry"}

    def test_metrics_are_json_for_who_prefers_it(self, client):
        assert (
            "synqc_http_request_seconds"
            in client.get("/metrics", headers={"accept": "application/json"}).json()["metrics"]
        )

    @pytest.mark.both_databases
    def test_a_service_that_can_store_is_ready(self, client):
        answer = client.get(P + "/ready")
        assert answer.status_code == 200
        assert answer.json() == {"status": "ready", "storage": "ok"}

    def test_every_answer_has_a_number_of_its_own(self, client):
        numbers = {client.get(P + path).headers["x-request-id"] for path in ("/health", "/sessions", "/nonsense")}
        assert len(numbers) == 3
