"""Applications stand side by side: each answers below its prefix as if it were alone, and one of them at the root."""

import json
import re
from pathlib import Path

import pytest
import toy_application
from fastapi.testclient import TestClient
from sqlalchemy import select
from starlette.websockets import WebSocketDisconnect
from waiting import wait_until

from synqc.apps.tds.application import TdsApplication
from synqc.apps.tds.settings import TdsSettings
from synqc.errors import InputError, MissingExtra
from synqc.jobs.ledgers import Ledgers
from synqc.service import applications, create_app
from synqc.service.applications import Application
from synqc.service.settings import ServiceSettings
from synqc.settings import Settings
from synqc.storage.database import DatabaseLocation
from synqc.storage.migrations import component_versions

P = "/api/v1/synqc"
TOY = Application("toy", "toy_application:ToySettings", "toy_application:mount_of")


@pytest.fixture(autouse=True)
def with_toy(monkeypatch):
    monkeypatch.setattr(applications, "APPLICATIONS", (*applications.APPLICATIONS, TOY))


@pytest.fixture
def serve(tmp_path):
    """Makes services of TDS and the toy."""
    made = []

    def make(toy_key=None, **settings):
        place = tmp_path / str(len(made))
        of_toy = toy_application.ToySettings(key=toy_key, state_dir=place)
        app = create_app(ServiceSettings(**settings), TdsSettings(state_dir=place), of_toy)
        made.append(app)
        return TestClient(app, raise_server_exceptions=False)

    yield make
    for app in made:
        for application in reversed(app.state.applications.values()):
            application.offered.close()


@pytest.fixture
def client(serve):
    """TDS at the root."""
    return serve()


@pytest.fixture
def toy_at_root(serve):
    """The toy at the root."""
    return serve(root_application="toy")


@pytest.fixture
def index_at_root(serve):
    """No application at the root."""
    return serve(root_application="index")


class TestTablesAndJobs:
    """An application's table and its kind of job, in the database and the ledger that it shares with the others."""

    @pytest.mark.parametrize("names", ["tds,toy", "toy,tds"])
    def test_work_is_done_and_stands_in_the_table(self, serve, names):
        client = serve(applications=tuple(names.split(",")), root_application="tds")
        job_id = client.post("/toy/parties", json=["Ada", "Emmy"]).json()["job_id"]
        wait_until(lambda: client.get(f"{P}/jobs/{job_id}").json()["state"] == "succeeded")
        assert client.get(f"{P}/jobs/{job_id}").json()["result"] == [1, 2]
        assert client.get("/toy/guests").json() == ["Ada", "Emmy"]

    def test_a_database_that_has_no_table_of_it_yet_gets_one(self, tmp_path):
        TdsApplication(Settings(state_dir=tmp_path)).close()
        with Ledgers() as ledgers, TestClient(create_app(toy_application.ToySettings(state_dir=tmp_path))) as client:
            assert client.get("/guests").json() == []
            of_toy = select(component_versions.c.version).where(component_versions.c.component == "toy")
            with ledgers.at(DatabaseLocation(tmp_path)).database.reading() as connection:
                assert connection.scalar(of_toy) == 1


class TestPaths:
    def test_each_answers_below_its_prefix_and_one_also_at_the_root(self, client, toy_at_root):
        assert client.get("/toy/greetings/Ada").json() == {"greeting": "Hello Ada"}
        assert client.get("/greetings/Ada").status_code == 404
        client.post(P + "/sessions", json={"session_id": "x1"})
        assert client.get(f"/tds{P}/sessions/x1").content == client.get(P + "/sessions/x1").content
        assert toy_at_root.get("/greetings/Ada").json() == toy_at_root.get("/toy/greetings/Ada").json()
        assert toy_at_root.get(P + "/sessions").status_code == 404
        assert toy_at_root.get(f"/tds{P}/sessions").json() == []

    def test_hot_routes_are_answered_before_the_framework_below_the_prefix_too(self, toy_at_root):
        toy_at_root.post(f"/tds{P}/sessions", json={"session_id": "a/b"})
        answer = toy_at_root.post(f"/tds{P}/sessions/a%2Fb/run", json={"seed": 3})
        assert (answer.status_code, answer.json()["run"]["seed"]) == (200, 3)
        rows = toy_at_root.get(f"/tds{P}/sessions/a%2Fb/telemetry?limit=1").json()["rows"]
        assert len(rows) == 1

    @pytest.mark.parametrize("path", ["/tds/ui", "/tds/docs", "/tds/openapi.json", "/tds/ui/static/app.js"])
    def test_page_and_description_are_below_the_prefix_too(self, toy_at_root, path):
        assert toy_at_root.get(path).status_code == 200

    def test_a_prefix_needs_no_slash_and_leads_to_its_page(self, toy_at_root):
        answer = toy_at_root.get("/tds", headers={"accept": "text/html"})
        assert (answer.status_code, answer.url.path) == (200, "/tds/ui")

    def test_a_stream_is_below_the_prefix_too(self, toy_at_root):
        toy_at_root.post(f"/tds{P}/sessions", json={"session_id": "x1"})
        with toy_at_root.websocket_connect(f"/tds{P}/sessions/x1/ws") as socket:
            assert json.loads(socket.receive_text())["event"] == "state"
        with pytest.raises(WebSocketDisconnect), toy_at_root.websocket_connect(f"/tds{P}/sessions/x2/ws"):
            pass

    def test_all_may_be_mounted_behind_a_prefix_of_somebody_else(self, client):
        behind = TestClient(client.app, root_path="/lab")
        assert behind.get("/lab/toy/greetings/Ada").json() == {"greeting": "Hello Ada"}
        assert behind.get("/toy/greetings/Ada").json() == {"greeting": "Hello Ada"}
        assert behind.get(f"/lab/tds{P}/sessions").json() == []
        assert behind.get(f"/lab{P}/sessions").json() == []

    def test_an_api_prefix_of_old_that_is_the_applications_own_prefix_keeps_its_paths(self, tmp_path):
        app = create_app(Settings(state_dir=tmp_path, api_prefix="/tds"))
        assert TestClient(app).get("/tds/sessions").json() == []
        app.state.tds.close()

    def test_one_that_the_root_would_hide_is_refused(self, tmp_path):
        hiding = TdsSettings(state_dir=tmp_path, api_prefix="/toy/api")
        with pytest.raises(InputError, match="answers at /toy itself, where application toy would be mounted"):
            create_app(hiding, toy_application.ToySettings(state_dir=tmp_path))
        app = create_app(Settings(state_dir=tmp_path))  # the refused one has let go of the database
        app.state.tds.close()


class TestCollisions:
    """The rows of the table in docs/service.md."""

    def test_the_root_path_is_the_root_applications(self, client, toy_at_root, index_at_root):
        answer = client.get("/", headers={"accept": "text/html"}, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (307, "ui")
        assert client.get("/").status_code == toy_at_root.get("/").status_code == 404
        listed = index_at_root.get("/").json()["applications"]
        assert [(one["name"], one["prefix"]) for one in listed] == [("tds", "/tds"), ("toy", "/toy")]

    def test_health_is_each_applications_own(self, client, toy_at_root, index_at_root):
        words = "Nothing is at /health. Application toy is below /toy: did you mean /toy/health?"
        assert client.get("/health").json() == {"detail": words}
        assert client.get(P + "/health").json()["max_shots_per_run"] == 200_000
        assert (
            client.get("/toy/health").json() == toy_at_root.get("/health").json() == {"status": "healthy", "told": []}
        )
        assert index_at_root.get("/health").json()["status"] == "ok"

    def test_metrics_are_an_applications_own_where_it_has_some_and_the_processs_elsewhere(self, client, toy_at_root):
        for found, own, text in ((client, "/toy/metrics", "/metrics"), (toy_at_root, "/metrics", "/tds/metrics")):
            assert found.get(own).json() == {"firs": []}
            assert "process_cpu_seconds_total" in found.get(text).text
        assert "process_cpu_seconds_total" in client.get("/toy/prometheus/metrics").text
        assert client.get("/prometheus/metrics").status_code == 404

    @pytest.mark.parametrize(
        ("path", "headers", "status", "code"),
        [
            ("/greetings/Augusta", {}, 418, "name_too_long"), ("/nowhere", {}, 404, "404"),
            ("/greetings/Ada?x=1", {"prefer": "handling=strict"}, 422, "422"),
            ("/greetings/Ada", {"content-length": str(2 << 20)}, 413, "413"),
        ],
    )  # fmt: skip
    def test_errors_have_the_shape_of_the_application_that_was_asked(self, client, path, headers, status, code):
        answer = client.get("/toy" + path, headers=headers)
        assert (answer.status_code, list(answer.json()), answer.json()["error"]) == (status, ["error", "message"], code)
        if path == "/nowhere":
            assert client.get("/nowhere").json() == {"detail": "Not Found"}

    @pytest.mark.parametrize(
        ("path", "near"),
        [
            ("/greetings/Ada", "/toy/greetings/Ada"), ("/toys/health", "/toy/health"),
            ("/parties", "POST /toy/parties"), ("/toy/greeting/Ada", "/toy/greetings/Ada"),
            (f"{P}/session", f"{P}/sessions"),
        ],
    )  # fmt: skip
    def test_where_nothing_is_the_nearest_path_is_named(self, client, path, near):
        answer = client.get(path)
        assert answer.status_code == 404
        assert f"Nothing is at {path}." in answer.text
        assert f"id you mean {near}?" in answer.text

    def test_a_defect_has_that_shape_too(self, client, monkeypatch):
        monkeypatch.setattr(client.app.state.applications["toy"].state, "told", object())
        answer = client.get("/toy/health")
        assert (answer.status_code, list(answer.json())) == (500, ["error", "message"])
        assert "number in the server's log" in answer.json()["message"]

    def test_the_services_key_opens_all_and_an_applications_key_itself(self, serve):
        client = serve(api_keys=("service-key",), toy_key="toy-key")
        toy, tds = "/toy/greetings/Ada", P + "/sessions"

        def opened(path, **headers):
            return client.get(path, headers=headers).status_code == 200

        assert opened(toy, authorization="service-key")
        assert opened(toy, authorization="toy-key")
        assert opened(tds, **{"x-api-key": "service-key"})
        assert not opened(tds, **{"x-api-key": "toy-key"})
        assert not opened(tds, authorization="service-key"), "TDS takes Bearer alone"
        assert not opened(toy, **{"x-api-key": "toy-key"}), "the toy takes Authorization alone"
        refused = client.get(toy)
        assert (refused.status_code, list(refused.json())) == (401, ["error", "message"])
        assert client.get("/toy/health").status_code == client.get(P + "/health").status_code == 200

    def test_an_application_with_a_key_of_its_own_is_closed_where_the_others_are_open(self, serve):
        client = serve(toy_key="toy-key")
        assert client.get("/toy/greetings/Ada").status_code == client.get("/toy/nowhere").status_code == 401
        assert client.get(P + "/sessions").status_code == 200

    def test_members_that_nobody_reads_are_named_by_all(self, client):
        assert client.get("/toy/greetings/Ada?nmae=x").headers["x-synqc-ignored"] == "?nmae"
        assert client.get(P + "/runs?limt=2").headers["x-synqc-ignored"] == "?limt (limit?)"

    def test_limits_are_the_services(self, serve):
        client = serve(requests_per_minute=2)
        assert [client.get(path).status_code for path in (P + "/sessions", "/toy/greetings/Ada")] == [200, 200]
        refused = client.get("/toy/greetings/Ada")
        assert (refused.status_code, refused.json()["error"]) == (429, "429")
        assert client.get(P + "/sessions").status_code == 429

    def test_metrics_name_routes_of_the_root_application_as_ever_and_others_below_their_prefix(self, client):
        client.get(P + "/runs")
        client.get("/toy/greetings/Ada")
        routes = set(re.findall(r'synqc_http_request_seconds_count{[^}]*route="([^"]*)"', client.get("/metrics").text))
        assert {"/runs", "/toy/greetings/{name}"} <= routes

    def test_the_table_has_a_row_for_each(self):
        text = (Path(__file__).parents[2] / "docs" / "service.md").read_text()
        section = text[text.index("## Applications") : text.index("## Settings")]
        rows = re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE)
        assert {"`/`", "`/health`", "`/metrics`", "bodies of errors", "keys", "members nobody reads"} <= set(rows)


class TestLife:
    def test_what_a_server_does_is_told_to_each(self, client):
        with client:
            assert client.get("/toy/health").json()["told"] == ["start"]
        assert client.get("/toy/health").json()["told"] == ["start", "pause"]

    def test_an_application_that_cannot_be_made_closes_those_before_it(self, tmp_path, monkeypatch):
        def fail(settings, resources):
            raise InputError("No.")

        monkeypatch.setattr(toy_application, "mount_of", fail)
        with pytest.raises(InputError, match="No"):
            create_app(TdsSettings(state_dir=tmp_path), toy_application.ToySettings())
        monkeypatch.undo()
        create_app(Settings(state_dir=tmp_path)).state.tds.close()


class TestChoice:
    @pytest.fixture
    def names(self, monkeypatch):
        """Names of the applications that an environment chooses."""
        monkeypatch.setenv("SYNQC_API_PREFIX", P)

        def chosen(**environment):
            for name, value in environment.items():
                monkeypatch.setenv(name, value)
            return [type(one).__name__ for one in applications.settings_of_process()]

        return chosen

    def test_all_that_are_installed_are_served_unless_some_are_named(self, names, monkeypatch):
        absent = Application(
            "absent", "nowhere:Settings", "nowhere:mount_of", extra="far", packages=("no_such_package",)
        )
        assert names() == [
            "ServiceSettings",
            "TdsSettings",
            "PromptsSettings",
            "FirSettings",
            "SynthSettings",
            "ToySettings",
        ]
        assert names(SYNQC_APPLICATIONS="toy") == ["ServiceSettings", "ToySettings"]
        assert names(SYNQC_APPLICATIONS=" toy, tds,toy") == ["ServiceSettings", "ToySettings", "TdsSettings"]
        monkeypatch.setattr(applications, "APPLICATIONS", (TOY, absent))
        assert [one.name for one in applications.chosen_applications(ServiceSettings())] == ["toy"]
        with pytest.raises(MissingExtra, match=r"absent needs no_such_package: pip install 'synqc\[far\]'"):
            applications.chosen_applications(ServiceSettings(applications=("absent",)))

    def test_a_name_that_none_has_is_refused_with_the_nearest(self, names, tmp_path):
        with pytest.raises(InputError, match=r"SYNQC_APPLICATIONS .* 'tdss': did you mean tds\?"):
            names(SYNQC_APPLICATIONS="tdss")
        with pytest.raises(InputError, match=r"there are tds, .*toy"):
            names(SYNQC_APPLICATIONS="zzz")
        with pytest.raises(InputError, match=r"SYNQC_ROOT_APPLICATION .* 'tds': toy is mounted"):
            create_app(ServiceSettings(root_application="tds"), toy_application.ToySettings())

    def test_the_only_one_is_at_the_root(self):
        client = TestClient(create_app(toy_application.ToySettings(most_letters=3)))
        assert client.get("/greetings/Ada").json() == client.get("/toy/greetings/Ada").json()
        assert client.get("/greetings/Bert").status_code == 418

    def test_settings_that_are_given_say_what_is_mounted(self, tmp_path):
        app = create_app(Settings(state_dir=tmp_path))
        assert list(app.state.applications) == ["tds"]
        app.state.tds.close()

    def test_variables_of_an_application_are_known_and_misspelt_ones_named(self, names, caplog):
        names(SYNQC_TOY_MOST_LETTERS="100", SYNQC_TOY_KYE="x", SYNQC_APPLICATIONS="tds,toy")
        assert "SYNQC_TOY_MOST_LETTERS must be between 1 and 99, but is 100: using 99." in caplog.text
        assert "SYNQC_TOY_KYE is no setting and does nothing: did you mean SYNQC_TOY_KEY?" in caplog.text
        assert caplog.text.count("SYNQC_TOY_MOST_LETTERS") == 1
