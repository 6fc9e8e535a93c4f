"""Waiting for a stage of a session without a thread: changes here wake, and a look each second is the truth."""

from __future__ import annotations

import asyncio

from fastapi import Request

from synqc.apps.fir.application import FirApplication
from synqc.apps.fir.workflow.session import Session
from synqc.errors import ServiceStopping
from synqc.service.context import run_in_thread
from synqc.service.fir.errors import StageLate
from synqc.service.shutdown import Shutdown
from synqc.service.thread_safe_event import ThreadSafeEvent

__all__ = ["settled"]

_LOOK_EVERY_S = 1.0


async def settled(request: Request, fir: FirApplication, session_id: str) -> Session:
    """A session once no stage of it is under way that somebody waits for.

    Raises:
        UnknownSession: There is none.
        StageLate: The stage takes longer than an answer may.
        ServiceStopping: The process is shutting down; the stage goes on after that.
    """
    session = await run_in_thread(request, fir.workflow.session, session_id)
    if session.ticket is None:
        return session
    changed = ThreadSafeEvent()
    shutdown: Shutdown = request.app.state.shutdown
    loop = asyncio.get_running_loop()
    deadline = loop.time() + fir.settings.answer_within_s

    def hear(of: str) -> None:
        if of == session_id:
            changed.set()

    fir.workflow.subscribe(hear)
    shutdown.subscribe(changed.set)
    try:
        while not shutdown.begun:
            changed.clear()
            session = await run_in_thread(request, fir.workflow.session, session_id)
            if session.ticket is None:
                return session
            left = deadline - loop.time()
            if left <= 0:
                step = session.ticket.step.value
                raise StageLate(f"{step} is not there after {fir.settings.answer_within_s:g} s. It goes on: ask again.")
            await changed.wait(min(left, _LOOK_EVERY_S))
    finally:
        shutdown.unsubscribe(changed.set)
        fir.workflow.unsubscribe(hear)
    raise ServiceStopping
