"""The way past the framework for what clients ask most: polls, answered from memory as ready bytes, and runs.

It answers what needs no complaint; everything else is the ordinary route's, which says what is wrong with it.
"""

from __future__ import annotations

from urllib.parse import unquote

from fastapi import HTTPException
from pydantic import ConfigDict
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from synqc.apps.tds.export import export_body
from synqc.apps.tds.laboratory import Laboratory
from synqc.apps.tds.models import ExportFormat, RunRequest
from synqc.apps.tds.session import MOST_ROWS, Session
from synqc.apps.tds.telemetry import ROWS_BY_DEFAULT, rows_body
from synqc.errors import SynqcError
from synqc.service.context import Workers
from synqc.service.errors import known_error
from synqc.service.measured import measured
from synqc.service.routed_path import path_below_mount
from synqc.service.run_to_disk import run_to_disk

__all__ = ["FastLane"]

_FORMATS = {b"": ExportFormat.JSON, **{f"format={form.value}".encode(): form for form in ExportFormat}}


class FastLane:
    """ASGI middleware in front of the framework.

    Args:
        app: What answers everything else.
        laboratory: Of the sessions.
        workers: For measuring ahead of the polls.
    """

    def __init__(self, app: ASGIApp, laboratory: Laboratory, workers: Workers) -> None:
        self._app = app
        self._laboratory = laboratory
        self._sessions = laboratory.store.sessions
        self._monitor = laboratory.monitor
        self._workers = workers
        self._start = f"{laboratory.settings.api_prefix}/sessions/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = path_below_mount(scope)
            if path.startswith(self._start):
                segment, _, tail = path[len(self._start) :].partition("/")
                session = self._sessions.get(unquote(segment) if "%" in segment else segment)
                if session is not None and await self._has_answered(session, tail, scope, receive, send):
                    return
        await self._app(scope, receive, send)

    async def _has_answered(self, session: Session, tail: str, scope: Scope, receive: Receive, send: Send) -> bool:
        try:
            if scope["method"] == "GET":
                body = await self._polled(session, tail, scope["query_string"])
                if body is not None:
                    await _answer(scope, send, tail, body)
                return body is not None
            if scope["method"] == "POST" and tail == "run" and _is_json(scope):
                await self._run(session.session_id, scope, receive, send)
                return True
        except SynqcError as error:
            scope["synqc.route"] = _route(tail)
            await known_error(error)(scope, receive, send)
            return True
        return False

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
        await _answer(scope, send, "run", await run_to_disk(self._laboratory, self._workers, session_id, request))

    async def _polled(self, session: Session, tail: str, query: bytes) -> bytes | None:
        if tail == "telemetry":
            return await self._telemetry(session, query)
        if tail == "" and not query:
            return session.summary_bytes()
        if tail == "export" and query in _FORMATS:
            return export_body(session, _FORMATS[query])
        return None

    async def _telemetry(self, session: Session, query: bytes) -> bytes | None:
        limit = ROWS_BY_DEFAULT
        if query:
            number = query[6:]
            if not (query.startswith(b"limit=") and number.isdigit() and len(number) < 4 and number[:1] != b"0"):
                return None
            limit = int(number)
            if limit > MOST_ROWS:
                return None
        if not session.recollected or not self._monitor.poll(session, self._workers.short_runs.submit):
            await measured(session, self._laboratory, self._workers)
        return rows_body(session, limit)


async def _answer(scope: Scope, send: Send, tail: str, body: bytes) -> None:
    scope["synqc.route"] = _route(tail)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _route(tail: str) -> str:
    """As the framework names it."""
    return f"/sessions/{{session_id}}/{tail}".rstrip("/")


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
