"""Servers under load: one uvicorn process each, on one processor, with the load on another."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from synqc.benchmarks.measurement import Unavailable
from synqc.benchmarks.service.load import LoadResult, Plan
from synqc.measure.memory_readings import resident_bytes

__all__ = ["Server", "bare_server", "load", "service"]


class Server:
    """A running server."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, seconds_to_answer: float) -> None:
        self.process = process
        self.port = port
        self.seconds_to_answer = seconds_to_answer

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(
            method, path, None if body is None else json.dumps(body), {"content-type": "application/json"}
        )
        response = connection.getresponse()
        answer = response.status, response.read()
        connection.close()
        return answer

    def resident_bytes(self) -> int:
        """Memory of the process."""
        return resident_bytes(self.process.pid)


@contextmanager
def service(state_dir: Path, **environment: str) -> Iterator[Server]:
    """The service with a state directory."""
    settings = {"SYNQC_STATE_DIR": str(state_dir), "SYNQC_LOG_LEVEL": "ERROR", **environment}
    with _serving("synqc_tds_super_backend:app", "/api/v1/synqc/health", settings) as server:
        yield server


@contextmanager
def bare_server(body: Path) -> Iterator[Server]:
    """Starlette with nothing around it."""
    peer = "synqc.benchmarks.service.bare_application:create_app"
    with _serving(peer, "/answer", {"SYNQC_BARE_BODY": str(body)}) as server:
        yield server


def load(server: Server, requests: list[list[str]], seconds: float, rate: float | None = None) -> LoadResult:
    """Load on a server from a process on another processor."""
    plan = Plan(server.port, requests, seconds, rate)
    answer = subprocess.run(
        [*_pinned(-1), sys.executable, "-m", "synqc.benchmarks.service.load"], input=json.dumps(asdict(plan)),
        capture_output=True, text=True, check=True, timeout=seconds + 60,
    )  # fmt: skip
    return LoadResult(**json.loads(answer.stdout))


def _pinned(processor: int) -> list[str]:
    """A command that keeps what follows on one processor: the first, or the last."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        raise Unavailable("Server and load need a processor each, but there is one.")
    return ["taskset", "-c", str(usable[processor])]


@contextmanager
def _serving(application: str, path: str, environment: dict[str, str]) -> Iterator[Server]:
    try:
        import fastapi  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise Unavailable(f"{error.name} cannot be imported: pip install 'synqc[service]'.") from error
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [*_pinned(0), sys.executable, "-m", "uvicorn", application, "--port", str(port), "--no-access-log"]
    if application.endswith(":create_app"):
        command.append("--factory")
    started = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--log-level", "error"], env={**os.environ, **environment}, cwd=environment.get("SYNQC_STATE_DIR")
    )
    try:
        while True:
            if process.poll() is not None:
                raise Unavailable(f"{application} ended with exit code {process.returncode}.")
            try:
                server = Server(process, port, 0.0)
                if server.ask("GET", path)[0] == 200:
                    break
            except OSError:
                if time.perf_counter() - started > 60:
                    raise Unavailable(f"{application} did not answer within 60 s.") from None
                time.sleep(0.01)
        server.seconds_to_answer = time.perf_counter() - started
        yield server
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
