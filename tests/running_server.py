"""A real server in a process of its own, which tests may kill."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time

import warm_python

PREFIX = "/api/v1/synqc"


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


_NOT_PASSED_ON = ("SYNQC_", "OPENAI_", "OLLAMA_")


class RunningServer:
    """`python -m uvicorn synqc_tds_super_backend:app` in a folder; another `application` where a test needs it.

    It is forked from a process that has imported the service, unless it starts workers of its own: a new interpreter
    takes two seconds of a processor. tests/cli starts `synqc serve` as users do.

    Args:
        folder: Working directory; the state is in `state` below it.
        arguments: More of uvicorn's.
        environment: Variables beside SYNQC_STATE_DIR; SYNQC_*, OPENAI_* and OLLAMA_* of this process are not passed on,
            and no model of this machine is used.
    """

    application = "synqc_tds_super_backend:app"

    def __init__(self, folder, *arguments, **environment):
        self.folder = folder
        self.state_dir = folder / "state"
        self.port = free_port()
        self.prefix = environment.get("SYNQC_API_PREFIX", PREFIX)
        self._key_header = {"x-api-key": environment["SYNQC_API_KEYS"]} if "SYNQC_API_KEYS" in environment else {}
        self._arguments = arguments
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)}
        fixed = {"SYNQC_STATE_DIR": str(self.state_dir), "SYNQC_LOCAL_MODEL": "none"}
        self._environment = {**inherited, **fixed, **environment}
        self.process = None
        self.log = folder / "server.log"

    @property
    def address(self):
        """Where a browser finds it."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, *, wait=True):
        """Start it, and return when it answers."""
        arguments = [self.application, "--port", str(self.port), "--log-level", "warning", *self._arguments]
        self.folder.mkdir(parents=True, exist_ok=True)
        options = {"cwd": self.folder, "env": self._environment}
        with self.log.open("ab") as log:
            if "--workers" in arguments:
                command = [sys.executable, "-m", "uvicorn", *arguments]
                self.process = subprocess.Popen(command, stdout=log, stderr=log, **options)
            else:
                self.process = warm_python.start("uvicorn", arguments, output=log, **options)
        if wait:
            try:
                self.wait_until_it_answers()
            except BaseException:  # nobody will stop one that was never handed out
                self.kill()
                raise
        return self

    def wait_until_it_answers(self, seconds=60.0):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the server ended by itself:\n{self.words()}"
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.request("GET", f"{self.prefix}/health", headers=self._key_header)[0] == 200:
                    return
            time.sleep(0.02)
        raise AssertionError(f"no answer within {seconds} s:\n{self.words()}")

    def words(self):
        """What it wrote to its log."""
        return self.log.read_text(errors="replace")[-5000:]

    def kill(self):
        """Pull the plug."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """As an operator does; streams which a page still has open are no reason to stay."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"it does not stop when asked to:\n{self.words()}") from None

    def connection(self, timeout=60.0):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def request(self, method, path, body=None, headers=None):
        """(status, parsed answer) on a connection of its own."""
        connection = self.connection()
        try:
            return ask(connection, method, path, body, headers)
        finally:
            connection.close()

    def api(self, method, path, body=None):
        """The parsed answer below the prefix, to a client with the key; anything but 200 is a failure."""
        status, answer = self.request(method, self.prefix + path, body, self._key_header)
        assert status == 200, (method, path, status, answer)
        return answer


def ask(connection, method, path, body=None, headers=None):
    """(status, parsed answer) on a connection that stays open."""
    payload = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    connection.request(method, path, payload, {"content-type": "application/json", **(headers or {})})
    answer = connection.getresponse()
    content = answer.read()
    is_json = answer.headers.get("content-type", "").startswith("application/json")
    return answer.status, json.loads(content) if is_json else content
