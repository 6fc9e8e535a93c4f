"""Ticker of an application: lets expire, reminds, deletes and begins again, as long as a server serves it."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from synqc.apps.fir.application import FirApplication
from synqc.service.context import Workers
from synqc.storage import StorageUnavailable

__all__ = ["Tidying"]

_log = logging.getLogger("synqc.fir")


class Tidying:
    """Calls `FirApplication.tidy` again and again.

    Args:
        fir: The application.
        workers: On whose threads.
        every_s: From one end to the next beginning.
    """

    def __init__(self, fir: FirApplication, workers: Workers, *, every_s: float = 15.0) -> None:
        self._fir, self._workers, self._every_s = fir, workers, every_s
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in the event loop of the server."""
        self._task = asyncio.ensure_future(self._tick())

    def pause(self) -> None:
        """End; it may be started again."""
        task, self._task = self._task, None
        if task is not None:
            with contextlib.suppress(RuntimeError):  # its loop may have ended with the server
                task.get_loop().call_soon_threadsafe(task.cancel)

    async def _tick(self) -> None:
        while True:
            try:
                await asyncio.wrap_future(self._workers.reads.submit(self._fir.tidy))
            except StorageUnavailable as error:
                _log.warning("Sessions cannot be looked through: %s", error)
            except Exception:
                _log.exception("Looking through the sessions failed.")
            await asyncio.sleep(self._every_s)
