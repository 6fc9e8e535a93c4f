"""Write-behind: what may wait for the disk, telemetry, is stored now and then."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from synqc.apps.tds.storage import StorageUnavailable

__all__ = ["BackgroundFlush"]

_log = logging.getLogger("synqc.store")


class BackgroundFlush:
    """A thread that flushes periodically.

    Args:
        flush: Stores what has gathered, and keeps it for the next time if that is not possible.
        interval_s: Between two of them.
    """

    def __init__(self, flush: Callable[[], None], interval_s: float) -> None:
        self._flush = flush
        self._interval_s = interval_s
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="synqc-background-flush", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread, after the flush that it is at."""
        self._closing.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._closing.wait(self._interval_s):
            try:
                self._flush()
            except StorageUnavailable:
                continue  # which the writer has told
            except Exception:
                _log.exception("Telemetry could not be gathered.")
