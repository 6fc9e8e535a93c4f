"""Clients that read and write the notes of one session at any node, and remember what they were told, and when."""

import http.client
import random
import threading
import time

from linearizability import Operation
from running_server import PREFIX as P
from running_server import ask


class HistoryClients:
    """One writer, whose values count up, and readers, each on a thread.

    Args:
        session: Name of the session.
        servers: Each operation goes to one of them, by chance.
        seed: Of these choices.
        readers: How many.
        pause: Seconds between a client's operations.
        patience: Seconds until an answer is not waited for any more.
    """

    def __init__(self, session, servers, seed, readers=2, pause=0.01, patience=4.0):
        self.session = session
        self.history = []
        self.unanswered = []
        """(status or error, answer) of what was not done, or perhaps was."""
        self._servers = servers
        self._pause = pause
        self._patience = patience
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(number, random.Random(f"{seed} {session} {number}")), daemon=True)
            for number in range(1 + readers)
        ]

    def start(self):
        for thread in self._threads:
            thread.start()
        return self

    def stop(self):
        self._ended.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()

    @property
    def acknowledged(self):
        """Writes that were answered."""
        return [one for one in tuple(self.history) if one.kind == "write" and one.end < float("inf")]

    def wait_for_more(self, count=3, seconds=30.0):
        """Until that many more writes are acknowledged; returns when the first of them was."""
        before = len(self.acknowledged)
        deadline = time.monotonic() + seconds
        while len(self.acknowledged) < before + count:
            assert time.monotonic() < deadline, f"{self.session}: not within {seconds} s: {self.unanswered[-3:]}"
            time.sleep(0.005)
        return self.acknowledged[before].end

    def _work(self, number, rng):
        written = 0
        while not self._ended.is_set():
            server = rng.choice(self._servers)
            if number:
                self._read(server)
            else:
                written += 1
                self._write(server, written)
            self._ended.wait(self._pause)

    def _read(self, server):
        begin = time.monotonic()
        status, answer = self._asked(server, "GET", f"{P}/sessions/{self.session}")
        if status == 200:
            self.history.append(Operation("read", int(answer["config"]["notes"]), begin, time.monotonic()))
        elif status == 404:
            self.history.append(Operation("read", 0, begin, time.monotonic()))

    def _write(self, server, value):
        begin = time.monotonic()
        body = {"session_id": self.session, "config": {"notes": str(value)}}
        status, answer = self._asked(server, "POST", f"{P}/sessions", body)
        if status == 200:
            self.history.append(Operation("write", value, begin, time.monotonic()))
        else:
            self.history.append(Operation("write", value, begin))
            self.unanswered.append((status, answer))

    def _asked(self, server, method, path, body=None):
        connection = server.connection(self._patience)
        try:
            return ask(connection, method, path, body)
        except (OSError, http.client.HTTPException) as error:
            return None, repr(error)
        finally:
            connection.close()
