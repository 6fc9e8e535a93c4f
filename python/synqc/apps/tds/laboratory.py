"""The parts of the application, put together."""

from __future__ import annotations

import contextlib
import threading

from synqc.apps.tds.agent import agent_of
from synqc.apps.tds.engine import SynQcEngine
from synqc.apps.tds.runs import Runs
from synqc.apps.tds.storage import Change, open_database
from synqc.apps.tds.storage.legacy import import_state
from synqc.apps.tds.store import SessionStore
from synqc.apps.tds.sweeps import Sweeps
from synqc.apps.tds.telemetry import Monitor
from synqc.cache import report
from synqc.errors import InputError
from synqc.settings import Settings

__all__ = ["Laboratory"]


class Laboratory:
    """Sessions with their runs, telemetry, sweeps and agent, on one database. Ready when it is made.

    Args:
        settings: Of the service.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database = open_database(settings)
        import_state(settings, self.database)
        self.engine = SynQcEngine()
        with contextlib.suppress(InputError):  # another laboratory of this process is shown already
            report(self.engine.experiments, "experiments")
        self.store = SessionStore(settings, self.database)
        self.runs = Runs(self.store, self.engine)
        self.monitor = Monitor(self.store, self.engine)
        self.sweeps = Sweeps(self.store, self.engine)
        self.agent = agent_of(
            settings,
            engine=self.engine,
            record=lambda call: self.store.writer.submit(Change(agent_calls=[call.row()])),
        )
        """None without a key."""
        self._closing = threading.Lock()
        self._closed = False

    def close(self) -> None:
        """Stop runs, store everything, let go of the database."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        self.runs.stop_all()
        self.sweeps.close()
        if self.agent is not None:
            self.agent.close()
        self.store.close()
