"""Shared lock of a database's folder: workers on SQLite hold it while they live, so that the dead are known."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
from collections.abc import Callable
from pathlib import Path

from synqc.storage.database import Database
from synqc.storage.errors import StorageUnavailable

__all__ = ["WorkerPresence"]

_log = logging.getLogger("synqc.jobs")


class WorkerPresence:
    """That a worker is there; the kernel takes it back from a process that dies, whatever kills it.

    On PostgreSQL, whose workers may be on any machine, and where a folder cannot be locked, nobody is ever known to be
    alone: leases alone tell.

    Args:
        database: Database of the ledger.
        when_alone: Called before anybody else may come, if no worker of any process is there; None: nothing is asked.
    """

    def __init__(self, database: Database, when_alone: Callable[[], object] | None) -> None:
        self._folder: int | None = None
        path = database.engine.url.database if database.dialect == "sqlite" else None
        if not path:
            return
        with contextlib.suppress(OSError):
            self._folder = os.open(Path(path).parent, os.O_RDONLY | os.O_DIRECTORY)
            self._enter(self._folder, when_alone)

    def leave(self) -> None:
        """The worker is gone."""
        folder, self._folder = self._folder, None
        if folder is not None:
            os.close(folder)

    @staticmethod
    def _enter(folder: int, when_alone: Callable[[], object] | None) -> None:
        if when_alone is not None:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                try:
                    when_alone()
                except StorageUnavailable as error:
                    _log.warning("Jobs of workers that are gone wait for their leases: %s", error)
        fcntl.flock(folder, fcntl.LOCK_SH)  # waits at most for one who has just found that it is alone
