"""The service behind Debian's nginx with the deploy kit's configuration: below a prefix, over a Unix socket."""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from running_server import free_port
from waiting import wait_until

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "nginx.conf"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
P = "/lab/api/v1/synqc"
KEY = "key-of-the-laboratory"

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


class Proxied:
    """`synqc serve` on a Unix socket, and nginx in front of it.

    Args:
        folder: Of sockets and logs.
    """

    def __init__(self, folder):
        self.socket = folder / "s.sock"
        self.port = free_port()
        self.log = folder / "synqc.log"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SYNQC_")}
        environment = {
            **inherited, "SYNQC_STATE_DIR": str(folder / "state"), "SYNQC_API_KEYS": KEY, "SYNQC_LOCAL_MODEL": "none",
            "SYNQC_ALLOWED_HOSTS": "lab.example", "SYNQC_RATE_LIMIT_PER_MINUTE": "100",
        }  # fmt: skip
        command = ["serve", "--unix-socket", self.socket, "--root-path", "/lab", "--proxy-headers", "--workers", "1"]
        self.words = folder / "service.log"
        with self.words.open("wb") as words:
            self.service = subprocess.Popen(
                [sys.executable, "-m", "synqc", *command], env=environment, cwd=folder, stderr=words, stdout=words
            )
        text = CONFIGURATION.read_text().replace("/run/synqc/synqc.sock", str(self.socket))
        text = text.replace("/var/log/nginx/synqc.log", str(self.log)).replace(
            "listen 80;", f"listen 127.0.0.1:{self.port};"
        )
        temporary = "".join(
            f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        main = folder / "nginx.conf"
        main.write_text(
            f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
            f"user root; events {{}}\nhttp {{\n{temporary}{text}\n}}\n"
        )
        self.nginx = subprocess.Popen([NGINX, "-c", main, "-e", folder / "error.log"], cwd=folder)

    def answers(self):
        """Whether both are there."""
        assert self.service.poll() is None, self.words.read_text()
        assert self.nginx.poll() is None
        try:
            return self.ask("GET", f"{P}/health")[0] == 200
        except OSError:
            return False

    def ask(self, method, path, body=None, key=KEY, **headers):
        """(status, headers, content) of a request by way of nginx."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {"Host": "lab.example", **({"X-API-Key": key} if key else {}), **headers}
        if body is not None:
            body, sent["Content-Type"] = json.dumps(body), "application/json"
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, answer.headers, content

    def stop(self):
        for process in (self.nginx, self.service):
            process.send_signal(signal.SIGTERM)
        for process in (self.nginx, self.service):
            process.wait(60)


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    both = Proxied(tmp_path_factory.mktemp("n"))
    try:
        wait_until(both.answers)
        yield both
    finally:
        both.stop()
    assert not both.socket.exists()


def test_page_and_files_are_below_the_prefix(proxied):
    status, headers, _ = proxied.ask("GET", "/lab")
    assert (status, headers["location"].endswith("/lab/ui")) == (302, True)
    status, _, page = proxied.ask("GET", "/lab/ui", key=None)
    assert status == 200
    for name in re.findall(r'(?:src|href)="([^":#]+)"', page.decode()):
        assert proxied.ask("GET", f"/lab/{name.removeprefix('./')}", key=None)[0] == 200, name
    for path in ("/ui", f"{P.removeprefix('/lab')}/health"):
        assert proxied.ask("GET", path)[0] == 404


def test_keys_are_asked_for(proxied):
    assert proxied.ask("GET", f"{P}/sessions", key=None)[0] == 401
    assert proxied.ask("GET", f"{P}/sessions")[0] == 200


def test_an_id_with_a_slash_stays_one(proxied):
    assert proxied.ask("POST", f"{P}/sessions", {"session_id": "a/b"})[0] == 200
    status, _, content = proxied.ask("GET", f"{P}/sessions/a%2Fb")
    assert status == 200
    assert json.loads(content)["session_id"] == "a/b"
    assert proxied.ask("POST", f"{P}/sessions/a%2Fb/run", {"num_iterations": 1})[0] == 200


def test_a_stream_comes_as_it_is_written_and_its_ticket_is_in_no_log(proxied):
    proxied.ask("POST", f"{P}/sessions", {"session_id": "s"})
    ticket = json.loads(proxied.ask("POST", f"{P}/tickets")[2])["ticket"]
    connection = http.client.HTTPConnection("127.0.0.1", proxied.port, timeout=60)
    connection.request("GET", f"{P}/sessions/s/stream?ticket={ticket}", headers={"Host": "lab.example"})
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.readline()  # a stream that was held back until its end would never give one
    connection.close()
    wait_until(lambda: "sessions/s/stream" in proxied.log.read_text())
    assert ticket not in proxied.log.read_text() + proxied.words.read_text()
    assert KEY not in proxied.log.read_text()


def test_counters_are_not_passed_on(proxied):
    for path in ("/lab/metrics", "/lab/prometheus/metrics"):
        assert proxied.ask("GET", path)[0] == 404


def test_long_answers_are_compressed(proxied):
    status, headers, _ = proxied.ask("GET", f"{P}/presets", **{"Accept-Encoding": "gzip"})
    assert (status, headers["content-encoding"]) == (200, "gzip")
    status, headers, content = proxied.ask("GET", "/lab/ui/static/vendor/plotly.min.js", **{"Accept-Encoding": "gzip"})
    assert (status, headers["content-encoding"]) == (200, "gzip")
    assert len(content) < 1_600_000


def test_wrong_keys_are_counted_by_the_client_and_not_by_the_proxy(proxied):
    """nginx says whom it was asked by: what a client says of itself is not believed."""
    statuses = [
        proxied.ask("GET", f"{P}/sessions", key="wrong", **{"X-Forwarded-For": f"192.0.2.{number}"})[0]
        for number in range(120)
    ]
    assert statuses.count(429) >= 10


def test_a_foreign_name_is_refused(proxied):
    assert proxied.ask("GET", f"{P}/sessions", Host="evil.example")[0] == 400
