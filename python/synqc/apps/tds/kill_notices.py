"""Kills by way of the database: for a node that another one cannot reach, although it owns the session."""

from __future__ import annotations

import logging
import time

from synqc.apps.tds.runs import Runs
from synqc.apps.tds.storage import Database, StorageUnavailable
from synqc.apps.tds.storage.notices import notify
from synqc.apps.tds.store import UnknownSession
from synqc.jobs.tables.notifications import NotificationListener

__all__ = ["KillNotices"]

_log = logging.getLogger("synqc.tds")
_CHANNEL = "synqc_kills"
_WORD = "kill"
_LOOKS_EVERY_S = 0.01
_DONE = {
    "kill switch": ("terminated", "The run of session '{}' was stopped."),
    "no run is active": ("no-active-run", "Session '{}' has no active run."),
}
"""What the owner writes to the session's log, and what is answered then."""


class KillNotices:
    """NOTIFY and LISTEN about runs that shall stop.

    Args:
        database: The nodes' database.
        runs: Runs of this node.
    """

    def __init__(self, database: Database, runs: Runs) -> None:
        self._database = database
        self._runs = runs
        self._listening = NotificationListener(database.engine, self._hear, _CHANNEL)

    def send(self, session_id: str, within_s: float) -> dict[str, str] | None:
        """Tell all nodes that the run of a session shall stop; blocks until its owner has stored that it did.

        Returns:
            What a kill answers; None if no node did so in time.

        Raises:
            StorageUnavailable: The database does not answer.
        """
        deadline = time.monotonic() + within_s
        following = self._database.next_line_number(session_id)
        notify(self._database, _CHANNEL, f"{_WORD} {session_id}")
        while time.monotonic() < deadline:
            for _, line in self._database.lines(session_id, following):
                for words, (status, message) in _DONE.items():
                    if words in line:
                        return {"status": status, "message": message.format(session_id), "session_id": session_id}
            time.sleep(_LOOKS_EVERY_S)
        return None

    def stop(self) -> None:
        """Hear no more, without waiting for the thread that does."""
        self._listening.stop()

    def close(self) -> None:
        """Hear no more."""
        self._listening.close()

    def _hear(self, word: str, session_id: str) -> None:
        if word != _WORD or session_id not in self._runs.store.sessions:
            return
        try:
            self._runs.kill(session_id)
        except (UnknownSession, StorageUnavailable) as error:
            _log.info("A run is not killed: %s", error)
