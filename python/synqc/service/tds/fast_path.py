"""ASGI middleware that answers hot routes (polls, from memory as ready bytes, and runs) before the framework.

It answers what needs no complaint; everything else is the ordinary route's, which says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

from fastapi import HTTPException
from pydantic import ConfigDict
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from synqc.apps.tds.application import TdsApplication
from synqc.apps.tds.export import export_body
from synqc.apps.tds.models import ExportFormat, RunRequest
from synqc.apps.tds.session import MOST_ROWS, Session
from synqc.apps.tds.telemetry import ROWS_BY_DEFAULT, rows_body
from synqc.errors import SynqcError
from synqc.service.context import Workers
from synqc.service.middleware.request_metrics import ROUTE
from synqc.service.routed_path import path_below_mount
from synqc.service.tds.errors import TDS_ERRORS
from synqc.service.tds.measured import measured
from synqc.service.tds.run_to_disk import run_to_disk

__all__ = ["FastPathMiddleware"]

_ROUTES = {tail: f"/sessions/{{session_id}}/{tail}".rstrip("/") for tail in ("", "telemetry", "export", "run")}
"""As the framework names them."""
_FORMATS = {b"": ExportFormat.JSON, **{f"format={form.value}".encode(): form for form in ExportFormat}}


class FastPathMiddleware:
    """ASGI middleware in front of the framework, and of what stands around it: polls that memory answers need neither.

    Args:
        app: What answers everything else.
        tds: Of the sessions.
        workers: For measuring ahead of the polls.
        around: What requests pass that memory cannot answer, on their way to `app` or to what answers them here.
    """

    def __init__(
        self, app: ASGIApp, tds: TdsApplication, workers: Workers, around: Callable[[ASGIApp], ASGIApp]
    ) -> None:
        self._app = app
        self._waiting = around(self._answer_or_pass_on)
        self._tds = tds
        self._lease = tds.database.lease
        self._sessions = tds.store.sessions
        self._sampler = tds.sampler
        self._workers = workers
        self._start = f"{tds.settings.api_prefix}/sessions/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET":
            session, tail = self._asked_of(scope)
            if session is not None and (self._lease is None or self._lease.held):
                body = self._polled(session, tail, scope["query_string"])
                if body is not None:
                    await _answer(scope, send, tail, body)
                    return
        await self._waiting(scope, receive, send)

    def _asked_of(self, scope: Scope) -> tuple[Session | None, str]:
        path = path_below_mount(scope) if scope.get("root_path") else scope["path"]
        if not path.startswith(self._start):
            return None, ""
        segment, _, tail = path[len(self._start) :].partition("/")
        return self._sessions.get(unquote(segment) if "%" in segment else segment), tail

    async def _answer_or_pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        session, tail = self._asked_of(scope) if scope["type"] == "http" else (None, "")
        if session is not None:
            try:
                if scope["method"] == "GET" and tail == "telemetry":
                    limit = _limit_of(scope["query_string"])
                    if limit is not None:
                        await measured(session, self._tds, self._workers)
                        await _answer(scope, send, tail, rows_body(session, limit))
                        return
                if scope["method"] == "POST" and tail == "run" and _is_json(scope):
                    await self._run(session.session_id, scope, receive, send)
                    return
            except SynqcError as error:
                scope[ROUTE] = _ROUTES[tail]
                await TDS_ERRORS.of(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _run(self, session_id: str, scope: Scope, receive: Receive, send: Send) -> None:
        first: Message | HTTPException
        try:
            first = await receive()
        except HTTPException as refusal:  # too long or too slow
            first = refusal
        request = _run_request_of(first)
        if request is None:
            await self._app(scope, _again(first, receive), send)
            return
        await _answer(scope, send, "run", await run_to_disk(self._tds, self._workers, session_id, request))

    def _polled(self, session: Session, tail: str, query: bytes) -> bytes | None:
        """What memory has ready."""
        if tail == "telemetry":
            limit = _limit_of(query)
            if limit is None or not session.history_loaded:
                return None
            return rows_body(session, limit) if self._sampler.poll(session, self._workers.short_runs.submit) else None
        if tail == "" and not query:
            return session.summary_bytes()
        if tail == "export" and query in _FORMATS:
            return export_body(session, _FORMATS[query])
        return None


def _limit_of(query: bytes) -> int | None:
    """Rows that are asked for; None where the framework has to complain."""
    if not query:
        return ROWS_BY_DEFAULT
    number = query[6:]
    if not (query.startswith(b"limit=") and number.isdigit() and len(number) < 4 and number[:1] != b"0"):
        return None
    return int(number) if int(number) <= MOST_ROWS else None


async def _answer(scope: Scope, send: Send, tail: str, body: bytes) -> None:
    scope[ROUTE] = _ROUTES[tail]
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _is_json(scope: Scope) -> bool:
    """Whether the framework, too, would read the body as JSON."""
    kinds = [value for name, value in scope["headers"] if name == b"content-type"]
    return not kinds or kinds == [b"application/json"]


class _WhollyReadRunRequest(RunRequest):
    """The framework's way names members that nobody reads."""

    model_config = ConfigDict(extra="forbid")


def _run_request_of(message: Message | HTTPException) -> RunRequest | None:
    """What is asked, if this message has all of it and it is valid."""
    if isinstance(message, HTTPException) or message["type"] != "http.request" or message.get("more_body", False):
        return None
    try:
        return _WhollyReadRunRequest.model_validate_json(message.get("body", b""))
    except ValueError:
        return None


def _again(first: Message | HTTPException, receive: Receive) -> Receive:
    """Receives what was received once already, and then what comes."""
    taken = [first]

    async def receive_again() -> Message:
        if not taken:
            return await receive()
        message = taken.pop()
        if isinstance(message, HTTPException):
            raise message
        return message

    return receive_again
