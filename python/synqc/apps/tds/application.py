"""The parts of the application, put together."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from typing import Any

from synqc.apps.tds.agent import agent_of
from synqc.apps.tds.engine import SynQcEngine
from synqc.apps.tds.hardware_runs import HardwareRuns
from synqc.apps.tds.recommendations import Recommendations
from synqc.apps.tds.runs import Runs
from synqc.apps.tds.session import Session
from synqc.apps.tds.session_places import SessionPlaces
from synqc.apps.tds.settings import TdsSettings
from synqc.apps.tds.storage import Change, ChangeWriter, StorageUnavailable, UnusableDatabase, open_database
from synqc.apps.tds.storage.legacy import import_state
from synqc.apps.tds.store import SessionStore
from synqc.apps.tds.sweeps import Sweeps
from synqc.apps.tds.target_backends import TargetBackends
from synqc.apps.tds.telemetry import TelemetrySampler
from synqc.cache import report
from synqc.errors import InputError
from synqc.jobs.ledgers import Ledgers
from synqc.storage.node_lease import Node
from synqc.storage.writer import GroupCommitWriter

__all__ = ["TdsApplication"]

_log = logging.getLogger("synqc.tds")
_PATIENCE_S = 0.2  # with connections to a model
_PAUSE_S = 0.2  # between attempts to read a database that does not answer


class TdsApplication:
    """Sessions with their runs, telemetry, sweeps and agent, on one database. Ready when it is made.

    Args:
        settings: Of the service.
        ledgers: Of the process, where other applications share it.
        node: Name and address of this node, in a cluster of servers.
    """

    def __init__(self, settings: TdsSettings, ledgers: Ledgers | None = None, node: Node | None = None) -> None:
        self.settings = settings
        self._ledgers = Ledgers() if ledgers is None else ledgers
        self.database = open_database(settings, node)
        try:
            self._assemble(settings)
        except BaseException:
            self._ledgers.close_those_of(self.database)
            self.database.close()  # a successor would wait for it
            raise

    def _assemble(self, settings: TdsSettings) -> None:
        import_state(settings, self.database)
        self.engine = SynQcEngine()
        with contextlib.suppress(InputError):  # another one of this process is shown already
            report(self.engine.experiments, "experiments")
        # Without a lease the file is locked: no other service has it, so that all workers of earlier ones are gone.
        self.ledger = self._ledgers.of(self.database.shared(), owners_are_gone=self.database.lease is None)
        """Of jobs; other processes may have it open, too."""
        # SQLite lets one write at a time, who then writes for all. PostgreSQL lets many: jobs need not wait for runs.
        self._own_writer = None if self.database.lease is None else GroupCommitWriter(self.database.shared())
        self.store = SessionStore(
            settings, self.database, ChangeWriter(self.database, self._own_writer or self.ledger.writer)
        )
        self.places = None if self.database.node is None else SessionPlaces(self.store)
        """Where sessions are, in a cluster of servers."""
        backends = TargetBackends(settings.target_backends)
        self.runs = Runs(self.store, self.engine, backends)
        self.sampler = TelemetrySampler(self.store, self.engine)
        self.sweeps = Sweeps(self.store, self.engine, self.ledger, keep_ended_s=settings.keep_ended_s)
        self.hardware_runs = HardwareRuns(
            self.store, self.engine, self.ledger, backends, keep_ended_s=settings.keep_ended_s
        )
        self.recommendations = Recommendations(self.database.shared(), self.engine, settings)
        self.agent = agent_of(
            settings,
            engine=self.engine,
            recommended=self._recommended,
            record=lambda call: self.store.writer.submit(Change(agent_calls=[call.row()])),
        )
        """None without a key."""
        self._closing = threading.Lock()
        self._closed = False
        self._taking_up = threading.Lock()
        if self.database.lease is not None:
            self.database.lease.follow(self.store.epoch, lost=self._let_go, adopted=self._take_up)

    @property
    def trouble(self) -> str | None:
        """Why changes cannot be stored at this moment, as far as it is known; None if they can."""
        lease = self.database.lease
        return (None if lease is None else lease.trouble) or self.store.writer.trouble

    def _recommended(self, session: Session) -> dict[str, Any] | None:
        found = self.recommendations.latest(session)
        return None if found is None else found.fact()

    def pause(self) -> None:
        """Stop runs at once, and store what is left; there may be more of them later.

        Raises:
            StorageUnavailable: It cannot be stored.
        """
        self.runs.stop_all()
        self.store.flush()

    def stop(self) -> None:
        """Stop runs and sweeps at once, and begin no more: what they have is kept. The service is shutting down."""
        self.runs.stop_all(for_good=True)
        self.sweeps.stop()
        self.hardware_runs.stop()
        self.engine.stop()

    def _let_go(self) -> None:
        """Another service owns the database: what is in memory is its past."""
        self.store.let_go()
        self.runs.stop_all()

    def _take_up(self, epoch: int) -> None:
        """The database is this service's again: read what the other one left."""
        lease = self.database.lease
        with self._taking_up:
            while lease is not None and lease.epoch == epoch and not self._closed:
                try:
                    self.database.prepare_tables(epoch)
                    self.store.take_up(epoch)
                    lease.loaded(epoch)
                    return
                except UnusableDatabase as error:  # a newer service has been here
                    lease.close(str(error))
                except StorageUnavailable as error:
                    _log.warning("%s", error)
                    time.sleep(_PAUSE_S)
                except Exception:
                    _log.exception("The database could not be read again.")
                    lease.close("This service could not read its database again, and its log says why")

    def close(self) -> None:
        """Stop runs, store everything, let go of the database."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        self.runs.stop_all()
        # Its connections take as long to close as a model's server likes; what is to be stored does not wait for that.
        leaving = None
        if self.agent is not None:
            leaving = threading.Thread(target=self.agent.close, name="synqc-agent-close", daemon=True)
            leaving.start()
        self.sweeps.close()
        self.hardware_runs.close()
        self.recommendations.close()
        self.store.close()
        if self.database.node is not None:  # other nodes take sessions over while the rest is closed
            self.database.node.close()
        self._ledgers.close_those_of(self.database)
        if self._own_writer is not None:
            self._own_writer.close()
        self.database.close()
        if leaving is not None:
            leaving.join(_PATIENCE_S)
