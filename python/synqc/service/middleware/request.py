"""What every request passes: its id, host, origin, key, rate, size and time; what every answer carries; and how both
are counted.
"""

from __future__ import annotations

import itertools
import json
import logging
import math
import secrets
import time
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from synqc.service.doors import Door, Doors
from synqc.service.errors import ANSWERED, internal_error
from synqc.service.ignored_members import IGNORED
from synqc.service.middleware.body_limit import RequestBody, size_words
from synqc.service.middleware.client_address import ClientAddress
from synqc.service.middleware.keys import Keys, shown_in_headers
from synqc.service.middleware.origins import Origins
from synqc.service.middleware.rate_limit import RateLimit
from synqc.service.middleware.request_metrics import RequestMetrics
from synqc.service.middleware.secrets_in_addresses import taken_out_of
from synqc.service.routed_path import with_segments_apart
from synqc.service.tickets import Tickets
from synqc.settings import Settings

__all__ = ["RequestMiddleware", "request_id"]

_log = logging.getLogger("synqc.requests")

request_id: ContextVar[str] = ContextVar("request_id", default="-")
"""Of the request that is being answered; log lines carry it."""

_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_TRACES_OF_PROXIES = (b"forwarded", b"via", b"x-forwarded-for")
_PROCESS = secrets.token_hex(4)
_numbers = itertools.count(1)


@dataclass(frozen=True)
class _Refusal:
    status: int
    detail: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


_UNKNOWN_HOST = _Refusal(400, "This service is not asked for under this name: see SYNQC_ALLOWED_HOSTS.")
_FOREIGN_PAGE = _Refusal(403, "Pages of this origin may not change anything here: see SYNQC_ALLOWED_ORIGINS.")
_CHALLENGE = ((b"www-authenticate", b'Bearer realm="SynQc"'),)
_NO_KEY = _Refusal(401, "A valid key is required, as X-API-Key or as Authorization: Bearer.", _CHALLENGE)
_KEY_IN_LOGGED_ADDRESS = _Refusal(
    401,
    "A proxy writes addresses down, so a key in one is not taken: use a header or a ticket (POST tickets).",
    _CHALLENGE,
)


class RequestMiddleware:
    """ASGI middleware around the application.

    Args:
        app: What answers.
        settings: Keys, limits, origins and hosts.
        doors: Which routes need a key.
        tickets: What opens streams besides.
    """

    def __init__(self, app: ASGIApp, settings: Settings, doors: Doors, tickets: Tickets) -> None:
        self._app = app
        self._settings = settings
        self._doors = doors
        self._tickets = tickets
        self._keys = Keys(settings.api_keys)
        self._origins = Origins(settings)
        self._checks_pages = "*" not in settings.allowed_origins
        self._addresses = ClientAddress(settings.trusted_proxies)
        self._rates = RateLimit(settings.requests_per_minute) if settings.requests_per_minute else None
        self._metrics = RequestMetrics(settings.api_prefix)
        self._lets_everybody_in = not (self._keys or self._rates or self._checks_pages or self._origins.limits_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        secrets_in_query = taken_out_of(scope) if scope["query_string"] else {}
        scope = with_segments_apart(scope)
        number = f"{_PROCESS}-{next(_numbers):x}"
        token = request_id.set(number)
        answer = _Answer(send, number, scope, self._doors, self._metrics, started)
        try:
            refusal = self._refusal(scope, secrets_in_query)
            if refusal is not None:
                await _refuse(scope, answer, refusal)
                return
            if scope["type"] == "http" and scope["method"] not in _SAFE_METHODS:
                receive = RequestBody(receive, self._settings).receive
            await self._app(scope, receive, answer.send)
        except Exception as error:
            if answer.client_left:
                _log.debug("The client left before its answer.")
                return
            response = None if ANSWERED in scope else internal_error(error)
            if response is not None and not answer.started and scope["type"] == "http":
                await response(scope, receive, answer.send)
        finally:
            answer.end()
            request_id.reset(token)

    def _refusal(self, scope: Scope, secrets_in_query: dict[str, str]) -> _Refusal | None:
        if self._lets_everybody_in:
            return self._refusal_of_size(scope)
        asked = _Asked(self._doors, scope)
        return (
            self._refusal_of_host_or_page(scope, asked)
            or self._refusal_of_key_or_rate(scope, asked, secrets_in_query)
            or self._refusal_of_size(scope)
        )

    def _refusal_of_host_or_page(self, scope: Scope, asked: _Asked) -> _Refusal | None:
        if not self._checks_pages and not self._origins.limits_hosts:
            return None
        host = (_first(scope["headers"], b"host") or b"").decode("latin-1")
        if self._origins.limits_hosts and not self._origins.allows_host(host) and asked.door is not Door.UNLIMITED:
            return _UNKNOWN_HOST
        if scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS:
            origins = [value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"]
            if origins and not self._origins.allows_page(origins, host):
                return _FOREIGN_PAGE
        return None

    def _refusal_of_key_or_rate(self, scope: Scope, asked: _Asked, secrets_in_query: dict[str, str]) -> _Refusal | None:
        """The address comes first: one that has used up its wrong keys is not told whether the next one is right."""
        if not self._keys and self._rates is None:
            return None
        address = ""
        if self._rates is not None:
            if asked.door is Door.UNLIMITED:
                return None
            address = self._addresses.of(scope)
            wait_s = self._rates.seconds_to_wait(("failures", address), take=False)
            if wait_s:
                return self._too_many(wait_s)
        if not self._keys:
            return self._limited(address)
        shown = shown_in_headers(scope["headers"])
        key = self._keys.found_in(shown)
        if key is None and asked.door is Door.STREAM:
            if self._tickets.spend(secrets_in_query.get("ticket", "")):
                return self._limited(address)
            if "api_key" in secrets_in_query:
                if any(name in _TRACES_OF_PROXIES for name, _ in scope["headers"]):
                    return _KEY_IN_LOGGED_ADDRESS
                shown.append(secrets_in_query["api_key"].encode())
                key = self._keys.found_in(shown[-1:])
            elif "ticket" in secrets_in_query:
                shown.append(b"")
        if key is not None:
            return self._limited(key)
        if asked.door in (Door.OPEN, Door.UNLIMITED):
            return self._limited(address)
        return self._limited(("failures", address) if shown else address) or _NO_KEY

    def _limited(self, who: object) -> _Refusal | None:
        wait_s = self._rates.seconds_to_wait(who) if self._rates is not None else 0.0
        return self._too_many(wait_s) if wait_s else None

    def _too_many(self, wait_s: float) -> _Refusal:
        return _Refusal(
            429, f"At most {self._settings.requests_per_minute} requests per minute are answered.",
            ((b"retry-after", str(math.ceil(wait_s)).encode()),),
        )  # fmt: skip

    def _refusal_of_size(self, scope: Scope) -> _Refusal | None:
        if scope["type"] == "http":
            length = _first(scope["headers"], b"content-length")
            if length is not None and length.isdigit() and int(length[:19]) > self._settings.max_body_bytes:
                # The body is not read.
                return _Refusal(413, size_words(self._settings), ((b"connection", b"close"),))
        return None


@dataclass
class _Asked:
    """The door a request asks at; the router is asked for it when somebody wants to know."""

    doors: Doors
    scope: Scope
    _door: Door | None = field(default=None, init=False)

    @property
    def door(self) -> Door:
        if self._door is None:
            self._door = self.doors.of(self.scope)
        return self._door


class _Answer:
    """Adds headers to an answer, remembers its status, and is counted."""

    __slots__ = (
        "_doors", "_metrics", "_number", "_root_path", "_route_of_others", "_scope", "_send", "_started_at", "_stream",
        "client_left", "started", "status",
    )  # fmt: skip

    def __init__(
        self, send: Send, number: str, scope: Scope, doors: Doors, counted: RequestMetrics, started: float
    ) -> None:
        self._send = send
        self._number = number.encode()
        self._scope = scope
        self._doors = doors
        self._route_of_others = scope.get("route")  # of the application that this one is mounted in
        self._root_path = scope.get("root_path", "")  # routes that are mounted here lengthen it
        self._metrics = counted
        self._started_at = started
        self._stream: str | None = None
        self.status = 0
        self.started = False
        self.client_left = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            headers = [*message.get("headers", ()), *_SECURITY_HEADERS, (b"x-request-id", self._number)]
            if IGNORED in self._scope:
                headers.append((b"x-synqc-ignored", self._scope[IGNORED]))
            message["headers"] = headers
            # The fast path has no streams.
            is_known = "synqc.route" in self._scope
            if not is_known and (_first(headers, b"content-type") or b"").startswith(b"text/event-stream"):
                self._begin_stream()
        elif message["type"] == "websocket.accept":
            self.started, self.status = True, 101
            self._begin_stream()
        elif message["type"] == "websocket.close" and not self.started:
            self.status = message.get("code", 1000) % 1000 or 403  # 4404 is ours for 404
        try:
            await self._send(message)
        except OSError:  # so a server tells that nobody listens any more
            self.client_left = True
            raise

    def end(self) -> None:
        """Count it."""
        seconds = time.perf_counter() - self._started_at
        if self._stream is not None:
            self._metrics.stream_ended(self._stream, seconds)
            return
        method = self._scope.get("method", "WEBSOCKET")
        self._metrics.answered(method, self._route(), self.status, seconds)
        if self.status >= 400 or _log.isEnabledFor(logging.DEBUG):
            level = logging.WARNING if self.status >= 500 else logging.INFO if self.status >= 400 else logging.DEBUG
            words = {"method": method, "path": self._scope["path"][:300], "status": self.status}
            _log.log(level, "Request answered.", extra={"fields": {**words, "milliseconds": round(seconds * 1e3, 3)}})

    def _begin_stream(self) -> None:
        self._stream = self._route()
        method = self._scope.get("method", "WEBSOCKET")
        self._metrics.answered(method, self._stream, self.status, time.perf_counter() - self._started_at)
        self._metrics.stream_began(self._stream)

    def _route(self) -> str:
        known = self._scope.get("synqc.route")
        if known is None:
            route = self._scope.get("route")
            known = None if route is self._route_of_others else getattr(route, "path", None)
        if known is None and self.status < 400:
            known = self._doors.template_of({**self._scope, "root_path": self._root_path})
        return str(known or "(none)")


def _first(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    for key, value in headers:
        if key == name:
            return value
    return None


async def _refuse(scope: Scope, answer: _Answer, refusal: _Refusal) -> None:
    if scope["type"] == "websocket":
        await answer.send({"type": "websocket.close", "code": 4000 + refusal.status, "reason": refusal.detail[:120]})
        return
    body = json.dumps({"detail": refusal.detail}, separators=(",", ":")).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *refusal.headers]
    await answer.send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await answer.send({"type": "http.response.body", "body": body})
