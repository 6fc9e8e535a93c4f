"""A service on a database of PostgreSQL that others may take over, frozen and woken by tests, and what it owes them."""

import os
import signal
import threading
import time

from running_server import PREFIX as P
from running_server import RunningServer
from waiting import wait_until

LEASE_S = 1.0
SURE_LEASE_S = 3.0
"""Of services that may not lose a lease to a busy machine."""


class OwningService(RunningServer):
    application = "service_with_faults:app"

    def __init__(self, folder, url, **environment):
        path = os.pathsep.join([os.path.dirname(__file__), os.environ.get("PYTHONPATH", "")])
        environment = {"SYNQC_LEASE_SEC": str(LEASE_S), **environment}
        super().__init__(folder, SYNQC_DATABASE_URL=url, PYTHONPATH=path.rstrip(os.pathsep), **environment)

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def wake(self):
        self.process.send_signal(signal.SIGCONT)

    def api(self, method, path, body=None):
        """The answer; on a busy machine so short a lease may end for a moment."""
        deadline = time.monotonic() + 20
        while (answer := self.request(method, P + path, body))[0] == 503 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert answer[0] == 200, (method, path, answer)
        return answer[1]

    def notes(self, session):
        return self.api("GET", f"/sessions/{session}")["config"]["notes"]

    def note(self, session, notes):
        self.api("POST", "/sessions", {"session_id": session, "config": {"notes": notes}})

    def readiness(self):
        """(status, what it says of its storage)"""
        status, answer = self.request("GET", P + "/ready")
        return status, answer["storage"]

    def try_to_note(self, session, notes):
        """Ask for a change in a thread; returns the thread, and where its answer will be."""
        answers = []
        body = {"session_id": session, "config": {"notes": notes}}
        asking = threading.Thread(
            target=lambda: answers.append(self.request("POST", P + "/sessions", body)), daemon=True
        )
        asking.start()
        return asking, answers


def check_that_it_returns(first, second):
    """Of a service that another took over from: it stands by, and goes on from where the other one stopped."""
    wait_until(lambda: "is in use by another SynqC service (" in first.readiness()[1])
    assert first.request("GET", f"{P}/health")[0] == 200
    assert first.readiness()[0] == 503
    assert refuses(first)
    second.note("x2", "made meanwhile")
    second.stop()
    wait_until(lambda: first.readiness() == (200, "ok"))  # before anybody asks it for a change
    assert (first.notes("x1"), first.notes("x2")) == ("fresh", "made meanwhile")
    assert first.api("POST", "/sessions/x1/run", {})["session"]["status"] == "idle"


def refuses(server, session="x1"):
    """Whether it says that it may not answer, and how a client goes on."""
    connection = server.connection(10)
    try:
        connection.request("GET", f"{P}/sessions/{session}")
        answer = connection.getresponse()
        return answer.status == 503 and int(answer.headers["retry-after"]) >= 1 and b"own" in answer.read()
    finally:
        connection.close()


def terminate_backends(connection):
    """End all connections of services to the same database."""
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'synqc'"
    )
