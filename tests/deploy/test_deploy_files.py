"""Files of the deploy kit speak of what the service has: settings, metrics, packages, paths."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from synqc.environment import Environment
from synqc.service import create_app
from synqc.service.applications import settings_classes
from synqc.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
VARIABLES = {variable.name for one in settings_classes() for variable in one.variables().values()}


def test_the_example_of_an_environment_is_made_from_the_settings():
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        import generate_env_example
    finally:
        sys.path.pop(0)
    text = (DEPLOY / ".env.example").read_text()
    assert text == generate_env_example.example_text(), "run scripts/generate_env_example.py"
    named = re.findall(r"^#([A-Z_]+)=", text, re.MULTILINE)
    assert set(named) == VARIABLES
    assert len(named) == len(set(named))


def test_an_example_with_everything_taken_in_changes_no_setting(caplog):
    lines = re.findall(r"^#(SYNQC_[A-Z_]+)=(.*)$", (DEPLOY / ".env.example").read_text(), re.MULTILINE)
    given = {name: value for name, value in lines if value}
    assert Settings.from_environment(Environment(given)) == Settings.from_environment(Environment({}))
    assert not [record for record in caplog.records if "no setting" in record.getMessage()]


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", "synqc.service", "nginx.conf", "Caddyfile"])
def test_settings_that_files_name_are_settings(name):
    named = set(re.findall(r"\bSYNQC_[A-Z_]+\b", (DEPLOY / name).read_text()))
    assert named - {"SYNQC_DOCS_EXECUTE"} <= VARIABLES


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """{name: labels} of all series of a service that has run."""
    app = create_app(Settings(state_dir=tmp_path_factory.mktemp("metrics")))
    client = TestClient(app)
    client.post("/api/v1/synqc/sessions", json={"session_id": "a"})
    client.post("/api/v1/synqc/sessions/a/run", json={})
    text = client.get("/metrics").text
    app.state.tds.close()
    found = {}
    for family in text_string_to_metric_families(text):
        found.setdefault(family.name, set())
        for ending in ("_total", "_bucket", "_count", "_sum", ""):
            found.setdefault(family.name + ending, set())
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


class TestMetrics:
    @pytest.mark.parametrize("file", ["alerts.yml", "grafana/synqc.json"])
    def test_expressions_ask_for_series_and_labels_that_there_are(self, series, file):
        if file.endswith("json"):
            panels = json.loads((DEPLOY / file).read_text())["panels"]
            expressions = [target["expr"] for panel in panels for target in panel["targets"]]
        else:
            groups = yaml.safe_load((DEPLOY / file).read_text())["groups"]
            expressions = [rule["expr"] for group in groups for rule in group["rules"]]
        assert len(expressions) > 5
        for expression in expressions:
            names = re.findall(r"\b(?:synqc|process)_[a-z_]+", expression)
            assert names or expression.startswith("up{")
            labels = set().union(*(series[name] for name in names)) | {"le", "job"}
            for by in re.findall(r"by \(([^)]*)\)", expression):
                assert {one.strip() for one in by.split(",")} <= labels, expression
            assert {one for one in re.findall(r'(\w+)(?:=~|!=|=|!~)"', expression)} <= labels, expression
            assert expression.count("(") == expression.count(")")


class TestCompose:
    @pytest.fixture
    def compose(self):
        return yaml.safe_load((DEPLOY / "compose.yaml").read_text())

    def test_what_is_mounted_is_there(self, compose):
        mounted = [one for service in compose["services"].values() for one in service.get("volumes", [])]
        for one in mounted:
            source = one.split(":")[0]
            if source.startswith("."):
                assert (DEPLOY / source).is_file(), source
            else:
                assert source in compose["volumes"]

    def test_nothing_is_open_to_other_machines(self, compose):
        ports = [one for service in compose["services"].values() for one in service.get("ports", [])]
        assert ports
        assert all(port.startswith("127.0.0.1:") for port in ports)

    def test_prometheus_asks_the_service_where_it_listens(self, compose):
        (job,) = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())["scrape_configs"]
        (target,) = job["static_configs"][0]["targets"]
        host, port = target.split(":")
        assert host in compose["services"]
        assert f"SYNQC_PORT={port}" in (DEPLOY / "Dockerfile").read_text()

    def test_no_password_stands_there(self, compose):
        text = (DEPLOY / "compose.yaml").read_text()
        assert len(re.findall(r"PASSWORD:\?set it", text)) == 5
        assert not re.search(r"(?i)password: *[a-z0-9]+ *$", text, re.MULTILINE)


class TestDockerfile:
    TEXT = (DEPLOY / "Dockerfile").read_text()

    def test_the_service_runs_as_nobody_in_particular_and_says_whether_it_lives(self):
        last = self.TEXT.split("\nFROM ")[-1]
        assert re.search(r"^USER synqc$", last, re.MULTILINE)
        assert "HEALTHCHECK" in last
        assert "g++" not in last
        assert last.index("USER synqc") < last.index('CMD ["synqc"')

    def test_what_is_copied_from_the_tree_is_there(self):
        copied = [line.split()[1:-1] for line in re.findall(r"^COPY (?!--from).*$", self.TEXT, re.MULTILINE)]
        for name in (name for names in copied for name in names):
            assert (ROOT / name).exists(), name

    def test_the_build_installs_what_the_system_packages_of_the_tree_are(self):
        tree = set(re.findall(r"\blib[a-z0-9]+-dev\b", (ROOT / "scripts" / "install_system_packages.sh").read_text()))
        assert tree - {"libgtest-dev"} <= set(re.findall(r"\blib[a-z0-9]+-dev\b", self.TEXT))

    def test_the_check_of_health_finds_the_service(self, tmp_path):
        code = json.loads(re.search(r"^HEALTHCHECK.*\n +CMD (\[.*\])$", self.TEXT, re.MULTILINE)[1])[2]
        closed = {**os.environ, "SYNQC_PORT": "9", "SYNQC_ROOT_PATH": "/lab"}
        ended = subprocess.run([sys.executable, "-c", code], env=closed, capture_output=True, text=True, check=False)
        assert ended.returncode == 1
        assert "refused" in ended.stderr


def test_systemd_takes_the_unit(tmp_path):
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    text = (DEPLOY / "synqc.service").read_text()
    unit = tmp_path / "synqc.service"
    unit.write_text(re.sub(r"/opt/synqc/bin/synqc", "/bin/true", text))
    done = subprocess.run([program, "verify", unit], capture_output=True, text=True, check=False)
    assert "Unknown" not in done.stderr
    assert done.returncode == 0, done.stderr


def test_caddy_takes_its_file():
    program = shutil.which("caddy")
    if program is None:
        pytest.skip("caddy is not installed")
    done = subprocess.run(
        [program, "validate", "--adapter", "caddyfile", "--config", DEPLOY / "Caddyfile"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
