"""A service in a process of its own, as an operator starts it, that can be stopped, killed and started again."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

PREFIX = "/api/v1/synqc"
STARTS_WITHIN_S = 60.0


class RunningService:
    """Uvicorn on a free port of the loopback, with its state in a folder.

    Args:
        folder: Holds the state and the log.
        environment: On top of this process's, without what an operator's shell may hold of keys.
    """

    def __init__(self, folder, **environment):
        folder.mkdir(parents=True, exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SYNQC_", "OPENAI_"))}
        self._environment = {**kept, "SYNQC_STATE_DIR": str(folder / "state"), **environment}
        self._folder = folder
        self._key = environment.get("SYNQC_API_KEYS")
        self.prefix = environment.get("SYNQC_API_PREFIX", PREFIX)
        self.port = _free_port()
        self.process = None
        self.start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        with (self._folder / "service.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "uvicorn", "synqc_tds_super_backend:app", "--port", str(self.port)],
                cwd=self._folder, env=self._environment, stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, (self._folder / "service.log").read_text()[-2000:]
            try:
                if self.call("GET", "/health")["status"] == "ok":
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"The service did not start within {STARTS_WITHIN_S} s.")

    def kill(self):
        """As a pulled plug."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:  # open event streams keep uvicorn waiting
            self.kill()

    def call(self, method, path, body=None):
        """An answer's JSON, as another client gets it."""
        headers = {"Content-Type": "application/json", **({"X-API-Key": self._key} if self._key else {})}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + self.prefix + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())


def _free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
