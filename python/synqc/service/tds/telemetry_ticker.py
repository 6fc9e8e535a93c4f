"""Telemetry rows for those who watch: one ticker per session, however many subscribers it has."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator

from synqc.apps.tds.session import Session
from synqc.apps.tds.telemetry import TelemetrySampler
from synqc.errors import SynqcError
from synqc.service.context import Workers

__all__ = ["TelemetryTicker"]


class TelemetryTicker:
    """Measures each watched session as often as its most eager subscriber wants.

    Args:
        sampler: Measures.
        workers: For measuring ahead.
    """

    def __init__(self, sampler: TelemetrySampler, workers: Workers) -> None:
        self._sampler = sampler
        self._workers = workers
        self._tickings: dict[tuple[Session, asyncio.AbstractEventLoop], _Ticking] = {}

    @contextlib.contextmanager
    def subscription(self, session: Session, interval_s: float) -> Iterator[None]:
        """Rows come at least this often while the context lasts; needs a running event loop."""
        key = (session, asyncio.get_running_loop())
        ticking = self._tickings.setdefault(key, _Ticking())
        ticking.wanted_s.append(interval_s)
        self._restart(session, ticking)
        try:
            yield
        finally:
            ticking.wanted_s.remove(interval_s)
            if ticking.wanted_s:
                self._restart(session, ticking)
            else:
                ticking.stop()
                self._tickings.pop(key, None)

    def _restart(self, session: Session, ticking: _Ticking) -> None:
        """At the interval that is wanted now."""
        interval_s = min(ticking.wanted_s)
        if interval_s != ticking.interval_s:
            ticking.stop()
            ticking.interval_s = interval_s
            ticking.task = asyncio.ensure_future(self._tick(session, interval_s))

    async def _tick(self, session: Session, interval_s: float) -> None:
        due = time.monotonic()
        while True:
            # A row that is late by an interval or more is not made up for in a burst.
            due = max(due + interval_s, time.monotonic() - interval_s)
            await asyncio.sleep(due - time.monotonic())
            with contextlib.suppress(SynqcError):  # what cannot be simulated has no rows; a poll says why
                while not self._sampler.poll(session, self._workers.short_runs.submit):
                    await asyncio.wrap_future(self._workers.short_runs.submit(self._sampler.measure, session))


class _Ticking:
    """Of one session in one event loop."""

    def __init__(self) -> None:
        self.wanted_s: list[float] = []
        """Interval of each subscriber."""
        self.interval_s = 0.0
        self.task: asyncio.Task[None] | None = None

    def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
