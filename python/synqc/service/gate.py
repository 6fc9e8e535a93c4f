"""What every request passes: its id, key, rate, size and time; what every answer carries; and how both are counted."""

from __future__ import annotations

import asyncio
import hmac
import itertools
import json
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qs

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from synqc import metrics
from synqc.service.errors import ANSWERED, internal_error
from synqc.settings import Settings

__all__ = ["Gate", "request_id"]

_log = logging.getLogger("synqc.requests")

request_id: ContextVar[str] = ContextVar("request_id", default="-")
"""Of the request that is being answered; log lines carry it."""

_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
_PAGE_POLICY = (
    b"content-security-policy",
    b"default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src *; "
    b"object-src 'none'; frame-ancestors 'none'",
)
_MOST_ADDRESSES = 10_000
_LAST_ANSWER = {"connection": "close"}  # what is left of the body is not read
_PROCESS = secrets.token_hex(4)
_numbers = itertools.count(1)


class Gate:
    """ASGI middleware around the application.

    Args:
        app: What answers.
        settings: Keys, limits and the prefix that keys protect.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._keys = tuple(key.encode() for key in settings.api_keys)
        self._rates = _Rates(settings.requests_per_minute) if settings.requests_per_minute else None
        self._metrics = _RequestMetrics()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        number = f"{_PROCESS}-{next(_numbers):x}"
        token = request_id.set(number)
        answer = _Answer(send, number, is_page=scope["path"].startswith("/ui"))
        try:
            refusal = self._refusal(scope)
            if refusal is not None:
                await _refuse(scope, receive, answer, *refusal)
                return
            if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
                receive = _Body(receive, self._settings).receive
            await self._app(scope, receive, answer.send)
        except Exception as error:
            response = None if ANSWERED in scope else internal_error(error)
            if response is not None and not answer.started and scope["type"] == "http":
                await response(scope, receive, answer.send)
        finally:
            self._note(scope, answer.status, time.perf_counter() - started)
            request_id.reset(token)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = scope["headers"]
        key = _header(headers, b"x-api-key")
        if self._keys and self._is_protected(scope["path"]):
            given = key
            if given is None and scope["path"].endswith(("/stream", "/ws")):
                named = parse_qs(scope["query_string"]).get(b"api_key")  # browsers cannot send headers with these
                given = named[0] if named else None
            # Each key is compared in full, so that time tells nothing.
            if not any([hmac.compare_digest(given or b"", known) for known in self._keys]):
                return 401, "A valid X-API-Key header is required."
        if self._rates is not None:
            client = scope.get("client")
            who = key if self._keys and key is not None else (client[0] if client else "unknown")
            if not self._rates.allow(who):
                return 429, f"At most {self._settings.requests_per_minute} requests per minute are answered."
        if scope["type"] == "http":
            length = _header(headers, b"content-length")
            if length is not None and length.isdigit() and int(length[:19]) > self._settings.max_body_bytes:
                return 413, _size_words(self._settings)
        return None

    def _is_protected(self, path: str) -> bool:
        return path.startswith(self._settings.api_prefix + "/") or path == "/metrics"

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        path = str(scope.get("synqc.route") or getattr(scope.get("route"), "path", "(none)"))
        if path == "(none)" and scope["path"].startswith("/ui/"):
            path = "/ui/static"
        self._metrics.note(scope.get("method", "WEBSOCKET"), path, status, seconds)
        if status >= 400 or _log.isEnabledFor(logging.DEBUG):
            level = logging.WARNING if status >= 500 else logging.INFO if status >= 400 else logging.DEBUG
            words = {"method": scope.get("method", "WEBSOCKET"), "path": scope["path"][:300], "status": status}
            _log.log(level, "Request answered.", extra={"fields": {**words, "milliseconds": round(seconds * 1e3, 3)}})


class _Answer:
    """Adds headers to an answer and remembers its status."""

    def __init__(self, send: Send, number: str, *, is_page: bool) -> None:
        self._send = send
        self._number = number.encode()
        self._is_page = is_page
        self.status = 0
        self.started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            added = (*_SECURITY_HEADERS, (b"x-request-id", self._number))
            message["headers"] = [*message.get("headers", ()), *added, *((_PAGE_POLICY,) if self._is_page else ())]
        elif message["type"] == "websocket.accept":
            self.started, self.status = True, 101
        await self._send(message)


class _Body:
    """Receives a body that is neither too long nor too slow.

    Its refusals are the framework's own errors: whatever else is raised while it reads a body becomes its 400.
    """

    def __init__(self, receive: Receive, settings: Settings) -> None:
        self._receive = receive
        self._settings = settings
        self._left = settings.max_body_bytes
        self._deadline = time.monotonic() + settings.request_timeout_s
        self._complete = False

    async def receive(self) -> Message:
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout(max(0.0, self._deadline - time.monotonic())):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(
                408, f"The body must arrive within {self._settings.request_timeout_s:g} s.", _LAST_ANSWER
            ) from None
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise HTTPException(413, _size_words(self._settings), _LAST_ANSWER)
            self._complete = not message.get("more_body", False)
        return message


class _Rates:
    """A bucket of requests per client that refills evenly."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._buckets: OrderedDict[Any, tuple[float, float]] = OrderedDict()

    def allow(self, who: Any) -> bool:
        now = time.monotonic()
        left, then = self._buckets.pop(who, (float(self._per_minute), now))
        left = min(float(self._per_minute), left + (now - then) * self._per_minute / 60.0)
        allowed = left >= 1.0
        self._buckets[who] = (left - 1.0 if allowed else left, now)
        while len(self._buckets) > _MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        return allowed


class _RequestMetrics:
    """Durations by route and status."""

    def __init__(self) -> None:
        self._durations = metrics.histogram(
            "synqc_http_request_seconds", "Time to answer.", labels=("method", "route", "status")
        )
        self._known: dict[tuple[str, str, int], Any] = {}

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        series = self._known.get((method, route, status))
        if series is None:
            series = self._durations.labels(method=method, route=route, status=str(status))
            self._known[method, route, status] = series
        series.record(seconds)


def _size_words(settings: Settings) -> str:
    return f"The body must have at most {settings.max_body_bytes} bytes."


def _header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    for key, value in headers:
        if key == name:
            return value
    return None


async def _refuse(scope: Scope, receive: Receive, answer: _Answer, status: int, detail: str) -> None:
    if scope["type"] == "websocket":
        await answer.send({"type": "websocket.close", "code": 4000 + status, "reason": detail[:120]})
        return
    body = json.dumps({"detail": detail}, separators=(",", ":")).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 413:  # the body is not read
        headers.append((b"connection", b"close"))
    await answer.send({"type": "http.response.start", "status": status, "headers": headers})
    await answer.send({"type": "http.response.body", "body": body})
