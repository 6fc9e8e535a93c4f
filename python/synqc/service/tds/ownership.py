"""Ownership guard: requests are answered while this service owns its database, or another may have changed it."""

from __future__ import annotations

import math
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from synqc.service.errors import ErrorAnswers, Problem
from synqc.service.routed_path import path_below_mount
from synqc.storage import NotOwner
from synqc.storage.lease import Lease

__all__ = ["OwnersAlone"]

_CLOSE_TRY_AGAIN_LATER = 1013


class OwnersAlone:
    """ASGI middleware: 503 with a reason and `Retry-After` instead of answers that ownership does not vouch for.

    Args:
        app: The application behind it.
        lease: The database's lease.
        answered_always: Paths of what says how the service is, which other owners do not change.
        errors: How it refuses.
    """

    def __init__(
        self, app: ASGIApp, lease: Lease, answered_always: Callable[[str], bool], errors: ErrorAnswers
    ) -> None:
        self._app = app
        self._lease = lease
        self._answered_always = answered_always
        self._errors = errors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._lease.held:
            await self._app(scope, receive, _Answer(self._lease, self._errors, scope, receive, send).send)
        elif self._answered_always(path_below_mount(scope)):
            await self._app(scope, receive, send)
        else:
            await _refuse(self._lease, self._errors, scope, receive, send)


class _Answer:
    """ASGI `send` that passes an answer on as long as ownership lasts: it may have ended while the answer was made."""

    def __init__(self, lease: Lease, errors: ErrorAnswers, scope: Scope, receive: Receive, send: Send) -> None:
        self._lease = lease
        self._errors = errors
        self._scope = scope
        self._receive = receive
        self._send = send
        self._started = False
        self._ended = False

    async def send(self, message: Message) -> None:
        if self._ended:
            return
        if self._lease.held:
            self._started = True
            await self._send(message)
            return
        self._ended = True
        if message["type"].startswith("websocket"):
            await self._send({"type": "websocket.close", "code": _CLOSE_TRY_AGAIN_LATER})
        elif self._started:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            await _refuse(self._lease, self._errors, self._scope, self._receive, self._send)


async def _refuse(lease: Lease, errors: ErrorAnswers, scope: Scope, receive: Receive, send: Send) -> None:
    words = lease.trouble or "Ownership of the database has just come back: try again."
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": _CLOSE_TRY_AGAIN_LATER, "reason": words[:100]})
        return
    retry_after = {"retry-after": str(math.ceil(lease.seconds))}
    problem = Problem(status=503, detail=words, code=NotOwner.code)
    await errors.answer(problem, retry_after)(scope, receive, send)
