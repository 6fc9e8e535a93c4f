"""A server killed under load has every run and session change that a client was told of, and nothing runs afterwards.

More rounds than usual, on each database: `SYNQC_SERVICE_KILL_ROUNDS=200 pytest tests/crash/test_service_kill.py`.
"""

import contextlib
import http.client
import os
import random
import re
import threading
import time

import pytest
from running_server import PREFIX as P
from running_server import RunningServer, ask
from scratch_postgresql import scratch_postgresql

ROUNDS = int(os.environ.get("SYNQC_SERVICE_KILL_ROUNDS", "2"))
CLIENTS = 6


class Client:
    """Creates, configures and runs its session until the server is gone; remembers what it was told."""

    def __init__(self, server, name, rng):
        self.name = name
        self.runs = {}
        self.notes = None
        self.notes_in_flight = None
        self.summary_of_last_run = None
        self.surprises = []
        self._server = server
        self._rng = rng
        self._thread = threading.Thread(target=self._work)

    def start(self):
        self._thread.start()
        return self

    def join(self):
        self._thread.join(30)
        assert not self._thread.is_alive()

    def _work(self):
        connection = self._server.connection(20)
        with contextlib.suppress(OSError, http.client.HTTPException):
            while True:
                self._act(connection)
        connection.close()

    def _ask(self, connection, method, path, body=None, expected=(200,)):
        status, answer = ask(connection, method, P + path, body)
        if status not in expected:
            self.surprises.append((method, path, status, answer))
        return status, answer

    def _act(self, connection):
        choice = self._rng.random()
        if self.notes is None or choice < 0.3:
            self.notes_in_flight = f"{self.name} {time.monotonic_ns()}"
            body = {"session_id": self.name, "config": {"notes": self.notes_in_flight}}
            self._ask(connection, "POST", "/sessions", body)
            self.notes, self.notes_in_flight = self.notes_in_flight, None
        elif choice < 0.8:
            body = {"mode": self._rng.choice(["run", "dryrun"]), "num_iterations": self._rng.choice([1, 1, 1, 40])}
            status, answer = self._ask(connection, "POST", f"/sessions/{self.name}/run", body)
            if status == 200:
                self.runs[answer["run"]["run_id"]] = answer["run"]
                self.summary_of_last_run = answer["session"]
        elif choice < 0.9:
            self._ask(connection, "GET", f"/sessions/{self.name}/telemetry?limit=5")
        elif choice < 0.95:
            self._ask(connection, "POST", f"/sessions/{self.name}/kill")
        else:
            self._ask(connection, "DELETE", f"/sessions/{self.name}/logs")


def all_runs(server, session_id):
    runs, cursor = [], ""
    while cursor is not None:
        page = server.api("GET", f"/runs?session_id={session_id}&limit=200{cursor and f'&cursor={cursor}'}")
        runs += page["runs"]
        cursor = page["next_cursor"]
    return {run["run_id"]: run for run in runs}


def suffixes_by_stem(run_ids):
    """{"x1-20260102T030405Z": {1, 2, 3}}: 1 is the id without a suffix."""
    found = {}
    for run_id in run_ids:
        stem, suffix = re.fullmatch(r"(.*-\d{8}T\d{6}Z)(?:-(\d+))?", run_id).groups()
        found.setdefault(stem, set()).add(int(suffix or 1))
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request, tmp_path):
    """Not started."""
    if request.param == "sqlite":
        yield RunningServer(tmp_path)
        return
    with scratch_postgresql() as url:
        yield RunningServer(tmp_path, SYNQC_DATABASE_URL=url, SYNQC_LEASE_SEC="1")


def test_killed_servers_lose_nothing_they_told_of(server, seed):
    rng = random.Random(seed)
    told = {}
    notes = {}
    try:
        server.start()
        for round_ in range(ROUNDS):
            where = f"seed {seed}, round {round_}"
            clients = [
                Client(server, f"lab-{number}", random.Random(rng.random())).start() for number in range(CLIENTS)
            ]
            time.sleep(0.1 + rng.random() * 0.5)
            server.kill()
            for client in clients:
                client.join()
                assert client.surprises == [], where
            server.start()
            for client in clients:
                told.setdefault(client.name, {}).update(client.runs)
                if client.notes is not None:
                    notes[client.name] = client.notes
                notes[client.name] = check(server, client, told[client.name], notes.get(client.name), where)
    finally:
        server.stop()
    assert sum(map(len, told.values())) > ROUNDS, "no load worth the name"


def check(server, client, runs, notes, where):
    """Compare a restarted server with what a client was told, now and in earlier rounds.

    Returns:
        The notes that are stored: those told of, or those in flight when the server was killed.
    """
    status, session = server.request("GET", f"{P}/sessions/{client.name}")
    if status == 404:
        assert notes is None, f"{where}: {client.name} is lost"
        assert not runs, where
        return None
    assert session["status"] in ("idle", "terminated"), f"{where}: {session['status']}"
    if notes is not None and session["config"]["notes"] != notes:
        assert session["config"]["notes"] == client.notes_in_flight, (
            f"{where}: neither what was told nor what was asked"
        )
    stored = all_runs(server, client.name)
    assert runs.keys() <= stored.keys(), f"{where}: lost {runs.keys() - stored.keys()}"
    for run_id in client.runs:
        assert stored[run_id] == runs[run_id], where
    for stem, suffixes in suffixes_by_stem(stored).items():
        assert suffixes == set(range(1, len(suffixes) + 1)), f"{where}: {stem} has {sorted(suffixes)}"
    if client.summary_of_last_run is not None:
        assert session["shots_used"] >= client.summary_of_last_run["shots_used"], where
        assert session["last_run_id"] in stored, where
        assert session["last_kpis"] == stored[session["last_run_id"]]["kpis"], where
    assert server.api("GET", f"/sessions/{client.name}/logs?limit=1000")["lines"], where
    answer = server.api("POST", f"/sessions/{client.name}/run", {"mode": "dryrun"})
    runs[answer["run"]["run_id"]] = answer["run"]
    assert answer["session"]["status"] == "idle", where
    return session["config"]["notes"]
