"""Telemetry rows for those who watch: one beat per session, however many viewers it has."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator

from synqc.apps.tds.session import Session
from synqc.apps.tds.telemetry import Monitor
from synqc.errors import SynqcError
from synqc.service.context import Workers

__all__ = ["Pacemaker"]


class Pacemaker:
    """Measures each watched session as often as its most eager viewer wants.

    Args:
        monitor: Measures.
        workers: For measuring ahead.
    """

    def __init__(self, monitor: Monitor, workers: Workers) -> None:
        self._monitor = monitor
        self._workers = workers
        self._beats: dict[tuple[Session, asyncio.AbstractEventLoop], _Beat] = {}

    @contextlib.contextmanager
    def beating(self, session: Session, interval_s: float) -> Iterator[None]:
        """Rows come at least this often while the context lasts; needs a running event loop."""
        key = (session, asyncio.get_running_loop())
        beat = self._beats.setdefault(key, _Beat())
        beat.wanted_s.append(interval_s)
        self._start_again(session, beat)
        try:
            yield
        finally:
            beat.wanted_s.remove(interval_s)
            if beat.wanted_s:
                self._start_again(session, beat)
            else:
                beat.stop()
                self._beats.pop(key, None)

    def _start_again(self, session: Session, beat: _Beat) -> None:
        """At the pace that is wanted now."""
        interval_s = min(beat.wanted_s)
        if interval_s != beat.interval_s:
            beat.stop()
            beat.interval_s = interval_s
            beat.task = asyncio.ensure_future(self._beat(session, interval_s))

    async def _beat(self, session: Session, interval_s: float) -> None:
        due = time.monotonic()
        while True:
            # A row that is late by a beat or more is not made up for in a burst.
            due = max(due + interval_s, time.monotonic() - interval_s)
            await asyncio.sleep(due - time.monotonic())
            with contextlib.suppress(SynqcError):  # what cannot be simulated has no rows; a poll says why
                while not self._monitor.poll(session, self._workers.short_runs.submit):
                    await asyncio.wrap_future(self._workers.short_runs.submit(self._monitor.measure, session))


class _Beat:
    """Of one session in one event loop."""

    def __init__(self) -> None:
        self.wanted_s: list[float] = []
        """Of each viewer."""
        self.interval_s = 0.0
        self.task: asyncio.Task[None] | None = None

    def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
