"""Clients that count: each change adds one to what the service says is there, so that nothing lost stays unseen."""

import http.client
import threading
import time
from contextlib import suppress

from running_server import PREFIX as P
from running_server import ask


class CountingClient:
    """Adds one to the notes of its session, again and again, at whichever of the servers answers.

    What a server reads to it may never be less than what one acknowledged before.

    Args:
        name: Of its session.
        servers: Tried in turn.
        patience: Seconds until an answer is not waited for any more.
    """

    def __init__(self, name, servers, patience=4.0):
        self.name = name
        self.acknowledged = 0
        self.acknowledgements = []
        """(time, index of the server) each."""
        self.refusals = []
        """(status, answer) each, without repetitions in a row."""
        self.faults = []
        self._servers = servers
        self._patience = patience
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self._ended.set()
        self._thread.join(30)
        assert not self._thread.is_alive()

    def wait_for_more(self, count=1, server=None, seconds=30.0):
        """Until that many more changes are acknowledged, by one of the servers if that is said."""

        def counted():
            return sum(1 for _, who in tuple(self.acknowledgements) if server is None or who == server)

        wanted, deadline = counted() + count, time.monotonic() + seconds
        while counted() < wanted:
            assert time.monotonic() < deadline, f"{self.name}: not within {seconds} s: {self.refusals[-3:]}"
            time.sleep(0.005)

    def _work(self):
        index = 0
        while not self._ended.is_set():
            try:
                if self._added_one(index):
                    continue
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)
            index = (index + 1) % len(self._servers)

    def _added_one(self, index):
        connection = self._servers[index].connection(self._patience)
        try:
            status, session = ask(connection, "GET", f"{P}/sessions/{self.name}")
            if status == 200:
                there = int(session["config"]["notes"])
                if there < self.acknowledged:
                    self.faults.append(f"server {index} reads {there} after {self.acknowledged} was acknowledged")
            elif status == 404:
                there = 0
                if self.acknowledged:
                    self.faults.append(f"server {index} knows nothing after {self.acknowledged} was acknowledged")
            else:
                return self._refused(status, session)
            body = {"session_id": self.name, "config": {"notes": str(there + 1)}}
            status, answer = ask(connection, "POST", f"{P}/sessions", body)
            if status != 200:
                return self._refused(status, answer)
            self.acknowledged = there + 1
            self.acknowledgements.append((time.monotonic(), index))
            return True
        finally:
            with suppress(OSError):
                connection.close()

    def _refused(self, status, answer):
        if (status, answer) not in self.refusals[-1:]:
            self.refusals.append((status, answer))
        time.sleep(0.01)
        return False
