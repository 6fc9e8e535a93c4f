"""What handlers of TDS need: the application object, and sessions with their history."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from synqc.apps.tds.application import TdsApplication
from synqc.apps.tds.session import Session
from synqc.service.context import run_in_thread

__all__ = ["Tds", "history_loaded", "tds_of"]


def tds_of(connection: HTTPConnection) -> TdsApplication:
    """The application object a request talks to."""
    found: TdsApplication = connection.app.state.tds
    return found


async def _tds(connection: HTTPConnection) -> TdsApplication:
    return tds_of(connection)  # a plain function would be sent to a thread


Tds = Annotated[TdsApplication, Depends(_tds)]


async def history_loaded(connection: HTTPConnection, tds: TdsApplication, session_id: str) -> Session:
    """The session with this id, its log and telemetry in memory."""
    session = tds.store.get(session_id)
    if not session.history_loaded:
        await run_in_thread(connection, tds.store.load_history, session)
    return session
