"""One more row of a session's telemetry, for the route and for the fast lane."""

from __future__ import annotations

import asyncio

from synqc.apps.tds.laboratory import Laboratory
from synqc.apps.tds.session import Session
from synqc.service.context import Workers

__all__ = ["measured"]


async def measured(session: Session, laboratory: Laboratory, workers: Workers) -> Session:
    """The session with its log and telemetry in memory, and one more row unless it has none yet or is running."""
    if not session.recollected:
        await asyncio.wrap_future(workers.reads.submit(laboratory.store.recollect, session))
    if not laboratory.monitor.poll(session, workers.short_runs.submit):
        await asyncio.wrap_future(workers.short_runs.submit(laboratory.monitor.measure, session))
        laboratory.monitor.poll(session, workers.short_runs.submit)
    return session
