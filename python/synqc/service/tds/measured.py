"""One more row of a session's telemetry, for the route and for the fast path."""

from __future__ import annotations

import asyncio

from synqc.apps.tds.application import TdsApplication
from synqc.apps.tds.session import Session
from synqc.service.context import Workers

__all__ = ["measured"]


async def measured(session: Session, tds: TdsApplication, workers: Workers) -> Session:
    """The session with its log and telemetry in memory, and one more row unless it has none yet or is running."""
    if not session.history_loaded:
        await asyncio.wrap_future(workers.reads.submit(tds.store.load_history, session))
    if not tds.sampler.poll(session, workers.short_runs.submit):
        await asyncio.wrap_future(workers.short_runs.submit(tds.sampler.measure, session))
        tds.sampler.poll(session, workers.short_runs.submit)
    return session
