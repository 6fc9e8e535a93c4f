"""Changes of a job, waited for without a thread: the ledger's signals wake, and a look each second is the truth."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from fastapi import Request

from synqc.jobs import Ledger
from synqc.jobs.signals import Signal
from synqc.service.shutdown import Shutdown
from synqc.service.thread_safe_event import ThreadSafeEvent

__all__ = ["moments_to_look"]

_LOOK_AROUND_S = 1.0


async def moments_to_look(
    request: Request, ledger: Ledger, job_id: str, *, every_s: float = _LOOK_AROUND_S
) -> AsyncGenerator[None, None]:
    """At once, whenever the job may have changed, and every so often; it ends when the service shuts down."""
    changed = ThreadSafeEvent()
    shutdown: Shutdown = request.app.state.shutdown

    def hear(signal: Signal) -> None:
        if signal.name == job_id:
            changed.set()

    ledger.signals.subscribe(hear)
    shutdown.subscribe(changed.set)
    try:
        while not shutdown.begun:
            changed.clear()
            yield
            await changed.wait(every_s)
    finally:
        shutdown.unsubscribe(changed.set)
        ledger.signals.unsubscribe(hear)
