"""An answer of the middleware itself: the application is not asked."""

from __future__ import annotations

import json
from dataclasses import dataclass

from starlette.types import Scope, Send

from synqc.service.errors import ErrorAnswers, Problem

__all__ = ["Refusal", "refuse"]


@dataclass(frozen=True)
class Refusal:
    """Why a request goes no further."""

    status: int
    detail: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


async def refuse(scope: Scope, send: Send, refusal: Refusal, errors: ErrorAnswers) -> None:
    """Send it, in the shape of the application that was asked."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4000 + refusal.status, "reason": refusal.detail[:120]})
        return
    problem = Problem(status=refusal.status, detail=refusal.detail)
    body = json.dumps(errors.body(problem), separators=(",", ":")).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *refusal.headers]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
