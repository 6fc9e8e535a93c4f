"""deploy/nginx-cluster.conf in front of real nodes: requests of a session go to one of them, and streams pass."""

import http.client
import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from running_server import PREFIX as P
from running_server import RunningServer, free_port
from scratch_postgresql import scratch_postgresql
from waiting import wait_until

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "nginx-cluster.conf"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    """(port of nginx, its log, two nodes)"""
    folder = tmp_path_factory.mktemp("n")
    with scratch_postgresql() as url:
        nodes = []
        for number in range(2):
            one = RunningServer(
                folder / f"node {number}", SYNQC_DATABASE_URL=url, SYNQC_CLUSTER="1", SYNQC_LEASE_SEC="5",
                SYNQC_ALLOWED_HOSTS="lab.example,127.0.0.1",
            )  # fmt: skip
            one._environment["SYNQC_NODE_ADDRESS"] = one.address
            nodes.append(one.start(wait=False))
        for one in nodes:
            one.wait_until_it_answers()
        port, log = free_port(), folder / "synqc.log"
        text = CONFIGURATION.read_text().replace("/var/log/nginx/synqc.log", str(log))
        text = text.replace("listen 80;", f"listen 127.0.0.1:{port};")
        servers = "".join(f"    server 127.0.0.1:{one.port} max_fails=1 fail_timeout=1s;\n" for one in nodes)
        text = re.sub(r"(    server 10\.0\.0\.\d:8000 .*\n)+", servers, text)
        temporary = "".join(
            f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        main = folder / "nginx.conf"
        main.write_text(
            f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
            f"user root; events {{}}\nhttp {{\n{temporary}{text}\n}}\n"
        )
        nginx = subprocess.Popen([NGINX, "-c", main, "-e", folder / "error.log"], cwd=folder, stderr=sys.stderr)
        try:
            wait_until(lambda: _answers(port))
            yield port, log, nodes
        finally:
            nginx.send_signal(signal.SIGTERM)
            nginx.wait(30)
            for one in nodes:
                one.stop()


def _answers(port):
    try:
        return asked(port, "GET", f"{P}/health")[0] == 200
    except OSError:
        return False


def asked(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Host": "lab.example", "Content-Type": "application/json"}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, json.loads(content) if content[:1] in b"{[" else content


def test_requests_of_one_session_go_to_one_node_and_any_answer_is_right(proxied):
    port, log, nodes = proxied
    for number in range(8):
        name = f"a/{number}"
        assert asked(port, "POST", f"{P}/sessions", {"session_id": name, "config": {"notes": name}})[0] == 200
        for _ in range(4):
            status, found = asked(port, "GET", f"{P}/sessions/a%2F{number}")
            assert (status, found["config"]["notes"]) == (200, name)
        assert asked(port, "POST", f"{P}/sessions/a%2F{number}/run", {})[0] == 200
    listed = [one["session_id"] for one in asked(port, "GET", f"{P}/sessions")[1]]
    assert [name for name in listed if name.startswith("a/")] == [f"a/{number}" for number in range(8)]

    def nodes_of(number):
        lines = [line for line in log.read_text().splitlines() if f"/sessions/a/{number}" in line]
        return {match[1] for line in lines if (match := re.search(r" (127\.0\.0\.1:\d+) [\d.]+$", line))}

    found = [nodes_of(number) for number in range(8)]
    assert {len(one) for one in found} == {1}, found
    assert set.union(*found) == {f"127.0.0.1:{one.port}" for one in nodes}


def test_a_stream_comes_as_it_is_written(proxied):
    port, _, _ = proxied
    asked(port, "POST", f"{P}/sessions", {"session_id": "s", "config": {}})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", f"{P}/sessions/s/stream", headers={"Host": "lab.example"})
    answer = connection.getresponse()
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.readline().startswith(b"id: ")
    connection.close()


def test_a_node_that_leaves_is_not_missed(proxied):
    port, _, nodes = proxied
    for number in range(8):
        asked(port, "POST", f"{P}/sessions", {"session_id": f"b{number}", "config": {"notes": str(number)}})
    nodes[0].stop()
    for number in range(8):
        assert asked(port, "GET", f"{P}/sessions/b{number}")[1]["config"]["notes"] == str(number)
    nodes[0].start()
