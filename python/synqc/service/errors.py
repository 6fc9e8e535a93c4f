"""Which status each error is, in one table; every error answers with JSON whose `detail` is text."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from synqc.apps.tds.agent import AgentAbsent, AgentFailed
from synqc.apps.tds.engine import ReplayDiffers
from synqc.apps.tds.runs import RunKilled
from synqc.apps.tds.stopping import ServiceStopping
from synqc.apps.tds.storage import StorageUnavailable
from synqc.apps.tds.store import SessionBusy, UnknownSession
from synqc.apps.tds.sweeps import TooManySweeps, UnknownSweep
from synqc.errors import InputError, SynqcError
from synqc.jobs import JobRefused, UnknownJob

__all__ = ["ANSWERED", "STATUS_OF", "UnknownRun", "answer_errors", "internal_error", "known_error"]

_log = logging.getLogger("synqc.service")


class UnknownRun(SynqcError, LookupError):
    """No run has that id."""

    code = "unknown_run"


ANSWERED = "synqc.error_answered"
"""Key of a request's scope: its internal error is logged and answered."""

# The first class that an error is an instance of decides.
STATUS_OF: tuple[tuple[type[SynqcError], int], ...] = (
    (UnknownSession, 404),
    (UnknownRun, 404),
    (UnknownSweep, 404),
    (UnknownJob, 404),
    (JobRefused, 409),
    (SessionBusy, 409),
    (RunKilled, 409),
    (ReplayDiffers, 410),
    (TooManySweeps, 429),
    (AgentFailed, 502),
    (AgentAbsent, 503),
    (ServiceStopping, 503),
    (StorageUnavailable, 503),
    (InputError, 400),
)


def answer_errors(app: FastAPI) -> None:
    """Give an application these answers."""

    @app.exception_handler(SynqcError)
    async def _known(request: Request, error: SynqcError) -> JSONResponse:
        return known_error(error)

    @app.exception_handler(Exception)
    async def _unknown(request: Request, error: Exception) -> JSONResponse:
        request.scope[ANSWERED] = True  # the framework raises it again
        return internal_error(error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse({"detail": [_showable(problem) for problem in error.errors()]}, 422)


def known_error(error: SynqcError) -> JSONResponse:
    """What the table says of an error."""
    for kind, status in STATUS_OF:
        if isinstance(error, kind):
            headers = {"retry-after": "1"} if isinstance(error, (StorageUnavailable, ServiceStopping)) else None
            return JSONResponse({"detail": str(error), "code": error.code}, status, headers)
    return internal_error(error)


def internal_error(error: BaseException) -> JSONResponse:
    """A defect of ours: the log has the trace, the client its number."""
    number = secrets.token_hex(6)
    _log.error("Internal error %s", number, exc_info=error)
    return JSONResponse(
        {"detail": f"Internal error; its number in the server's log is {number}.", "error_id": number}, 500
    )


def _showable(value: Any, depth: int = 0) -> Any:
    """What a client sent, as far as it can be sent back: finite, encodable, short."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else f"{str(value)[:20]}..." if abs(value) < 10**4000 else "a huge number"
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, (bytes, bytearray)):
        value = bytes(value[:200]).decode(errors="replace")
    if isinstance(value, str):
        return value[:500].encode(errors="replace").decode()
    if depth < 4 and isinstance(value, dict):
        return {str(_showable(name)): _showable(member, depth + 1) for name, member in list(value.items())[:50]}
    if depth < 4 and isinstance(value, (list, tuple)):
        return [_showable(member, depth + 1) for member in value[:50]]
    return str(type(value).__name__) if isinstance(value, (dict, list, tuple)) else _showable(str(value))
