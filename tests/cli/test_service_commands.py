"""What an operator reads when a service cannot start, and what `doctor` leaves behind."""

import json
import os
import socket
import subprocess
import sys
import time

import pytest
from running_server import RunningServer, free_port

from synqc.cli import main
from synqc.cli.server_check import check_server
from synqc.errors import InputError

PREFIX = "/api/v1/synqc"


def said(tmp_path, *command, **environment):
    """(exit code, words) of a command that ends by itself."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SYNQC_")}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        env={**inherited, "SYNQC_STATE_DIR": str(tmp_path / "state"), **environment},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


WAYS = {
    "synqc serve": ["synqc", "serve", "--port"],
    "uvicorn": ["uvicorn", "synqc_tds_super_backend:app", "--port"],
}


@pytest.mark.parametrize("way", WAYS)
def test_a_service_that_cannot_start_says_why_in_one_sentence(tmp_path, way):
    code, words = said(tmp_path, *WAYS[way], str(free_port()), SYNQC_DATABASE_URL="mysql://me:secret@host/x")
    assert code != 0
    assert "must begin with postgresql://" in words
    assert "secret" not in words
    assert "Traceback" not in words


@pytest.mark.parametrize("command", [["synqc", "serve"], ["synqc_tds_super_backend"]])
def test_a_port_that_is_taken_is_named(tmp_path, command):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, words = said(tmp_path, *command, SYNQC_PORT=str(port))
    assert code == 2
    assert f"http://127.0.0.1:{port} cannot be served: address already in use" in words
    assert "Traceback" not in words


@pytest.mark.parametrize("command", [["serve"], ["export-state", "x"], ["backup", "x"], ["restore", "x"]], ids="".join)
@pytest.mark.parametrize("package", ["fastapi", "sqlalchemy", "uvicorn"])
def test_a_missing_package_is_named_with_what_installs_it(monkeypatch, capsys, command, package):
    monkeypatch.setitem(sys.modules, package, None)
    assert main(command) == 2
    assert capsys.readouterr() == ("", f"synqc: error: This needs {package}: pip install 'synqc[service]'.\n")


def test_what_a_server_writes_has_one_form(tmp_path):
    """Its own lines, the server's and the warnings of Python: JSON, one per line."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SYNQC_")}
    port = free_port()
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "synqc", "serve", "--port", str(port)], cwd=tmp_path, stdout=log, stderr=log,
            env={**environment, "SYNQC_STATE_DIR": str(tmp_path / "state")},
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while b"startup complete" not in (tmp_path / "log").read_bytes():
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.05)
    finally:
        process.terminate()
        process.wait(30)
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert {line["logger"].partition(".")[0] for line in lines} == {"synqc", "uvicorn"}
    assert all(list(line)[:5] == ["time", "level", "logger", "message", "request_id"] for line in lines)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = RunningServer(tmp_path_factory.mktemp("server")).start()
    yield running
    running.stop()


class TestDoctor:
    @pytest.mark.parametrize("path", ["", "/ui/", "/docs", PREFIX + "/"])
    def test_any_address_of_a_server_will_do_and_nothing_is_left_there(self, server, path):
        checks = check_server(server.address + path)
        assert [check.what for check in checks if not check.passed] == []
        assert len(checks) == 8
        assert server.api("GET", "/sessions") == []
        assert server.api("GET", "/runs")["runs"] == []

    def test_a_server_whose_routes_have_another_prefix(self, tmp_path):
        other = RunningServer(tmp_path, SYNQC_API_PREFIX="/science").start()
        try:
            for path in ("/science", "/science/"):
                assert all(check.passed for check in check_server(other.address + path)), path
        finally:
            other.stop()

    def test_what_is_no_address_is_refused(self):
        with pytest.raises(InputError, match="must look like"):
            check_server("127.0.0.1:8000")
        checks = check_server(f"http://127.0.0.1:{free_port()}/ui/")
        assert [(check.what, check.passed) for check in checks] == [("health", False)]
