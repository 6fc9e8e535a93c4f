"""What every request passes, in one frame: id, host, origin, key, rate, size and time; and how answers are counted."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from synqc.service.doors import Door, Doors
from synqc.service.errors import ANSWERED, ErrorAnswers
from synqc.service.ignored_members import IGNORED
from synqc.service.middleware.authentication import Authentication
from synqc.service.middleware.body_limit import RequestBody, refusal_of_size
from synqc.service.middleware.headers import first_header
from synqc.service.middleware.origins import SAFE_METHODS, Origins
from synqc.service.middleware.refusal import Refusal, refuse
from synqc.service.middleware.request_id import new_request_id, request_id
from synqc.service.middleware.request_metrics import ROUTE, RequestMetrics
from synqc.service.middleware.secrets_in_addresses import taken_out_of
from synqc.service.middleware.security_headers import SECURITY_HEADERS
from synqc.service.routed_path import path_below_mount, with_segments_apart
from synqc.service.settings import ServiceSettings

__all__ = ["RequestMiddleware", "Served"]

_log = logging.getLogger("synqc.requests")


@dataclass(frozen=True, kw_only=True)
class Served:
    """An application as requests find it.

    Args:
        answering: What answers.
        doors: Which routes need a key.
        errors: How refusals look.
        authentication: Judge of who may ask.
        metrics: How requests are counted.
        headers: Headers of its answers, beside those of all.
        body_limits: Bytes of a body, by path, where it takes more than the service.
    """

    answering: ASGIApp
    doors: Doors
    errors: ErrorAnswers
    authentication: Authentication
    metrics: RequestMetrics
    headers: Callable[[Scope], Iterable[tuple[bytes, bytes]]] | None = None
    body_limits: Mapping[str, int] = field(default_factory=dict)

    def most_bytes(self, scope: Scope, most: int) -> int:
        """Of the body of a request, where the service takes `most`."""
        return max(most, self.body_limits.get(path_below_mount(scope), 0)) if self.body_limits else most


class RequestMiddleware:
    """ASGI middleware around the applications; it also finds the one that is asked.

    Args:
        root: What answers wherever no prefix leads elsewhere.
        prefixed: By the first segment of their paths.
        settings: Limits, origins and hosts.
    """

    def __init__(self, root: Served, prefixed: Mapping[str, Served], settings: ServiceSettings) -> None:
        self._root = root
        self._prefixed = dict(prefixed)
        self._prefixes = tuple(f"/{segment}" for segment in prefixed)
        self._settings = settings
        self._origins = Origins(settings)
        self._checks_origins = not self._origins.lets_everybody_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        secrets_in_query = taken_out_of(scope) if scope["query_string"] else {}
        scope = with_segments_apart(scope)
        path = path_below_mount(scope) if scope.get("root_path") else scope["path"]
        served = self._root
        if path.startswith(self._prefixes):
            segment = path[1:].partition("/")[0]
            if segment in self._prefixed:  # and no longer word that begins with one
                served = self._prefixed[segment]
                root_path = scope.get("root_path", "")
                scope = {**scope, "path": root_path + path, "root_path": f"{root_path}/{segment}"}
        number = new_request_id()
        token = request_id.set(number)
        answer = _Answer(send, number, scope, served, started)
        try:
            refusal = self._refusal(scope, served, secrets_in_query)
            if refusal is not None:
                await refuse(scope, answer.send, refusal, served.errors)
                return
            if scope["type"] == "http" and scope["method"] not in SAFE_METHODS:
                most_bytes = served.most_bytes(scope, self._settings.max_body_bytes)
                receive = RequestBody(receive, self._settings, most_bytes).receive
            await served.answering(scope, receive, answer.send)
        except Exception as error:
            if answer.client_left:
                _log.debug("The client left before its answer.")
                return
            response = None if ANSWERED in scope else served.errors.internal(error)
            if response is not None and not answer.started and scope["type"] == "http":
                await response(scope, receive, answer.send)
        finally:
            answer.end()
            request_id.reset(token)

    def _refusal(self, scope: Scope, served: Served, secrets_in_query: dict[str, str]) -> Refusal | None:
        if self._checks_origins or not served.authentication.lets_everybody_in:
            door = _DoorOnce(served.doors, scope)
            refusal = self._origins.refusal(scope, door) or served.authentication.refusal(scope, door, secrets_in_query)
            if refusal is not None:
                return refusal
        return refusal_of_size(scope, served.most_bytes(scope, self._settings.max_body_bytes))


class _DoorOnce:
    """The door a request asks at; the router is asked for it when somebody wants to know, and then once."""

    def __init__(self, doors: Doors, scope: Scope) -> None:
        self._doors = doors
        self._scope = scope
        self._door: Door | None = None

    def __call__(self) -> Door:
        if self._door is None:
            self._door = self._doors.of(self._scope)
        return self._door


class _Answer:
    """Adds headers to an answer, remembers its status, and is counted."""

    __slots__ = (
        "_doors", "_headers", "_metrics", "_number", "_root_path", "_route_of_others", "_scope", "_send", "_started_at",
        "_stream", "client_left", "started", "status",
    )  # fmt: skip

    def __init__(self, send: Send, number: str, scope: Scope, served: Served, started: float) -> None:
        self._send = send
        self._number = number.encode()
        self._scope = scope
        self._doors = served.doors
        self._headers = served.headers
        self._route_of_others = scope.get("route")  # of the application that this one is mounted in
        self._root_path = scope.get("root_path", "")  # routes that are mounted here lengthen it
        self._metrics = served.metrics
        self._started_at = started
        self._stream: str | None = None
        self.status = 0
        self.started = False
        self.client_left = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            headers = [*message.get("headers", ()), *SECURITY_HEADERS, (b"x-request-id", self._number)]
            if self._headers is not None:
                there = {name for name, _ in headers}
                headers += [one for one in self._headers(self._scope) if one[0] not in there]
            if IGNORED in self._scope:
                headers.append((b"x-synqc-ignored", self._scope[IGNORED]))
            message["headers"] = headers
            # The fast path has no streams.
            is_known = ROUTE in self._scope
            if not is_known and (first_header(headers, b"content-type") or b"").startswith(b"text/event-stream"):
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
        known = self._scope.get(ROUTE)
        if known is None:
            route = self._scope.get("route")
            known = None if route is self._route_of_others else getattr(route, "path", None)
        if known is None and self.status < 400:
            known = self._doors.template_of({**self._scope, "root_path": self._root_path})
        return str(known or "(none)")
