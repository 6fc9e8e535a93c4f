"""The way past the framework for what pages poll: answered from memory as ready bytes.

It answers only what needs no waiting and no complaint; everything else, and every error, is the ordinary route's.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from synqc.apps.tds.export import export_body
from synqc.apps.tds.laboratory import Laboratory
from synqc.apps.tds.models import ExportFormat
from synqc.apps.tds.session import MOST_ROWS, Session
from synqc.apps.tds.telemetry import rows_body
from synqc.service.context import Workers

__all__ = ["FastLane"]

_FORMATS = {b"": ExportFormat.JSON, **{f"format={form.value}".encode(): form for form in ExportFormat}}
_ROWS_BY_DEFAULT = 64


class FastLane:
    """ASGI middleware in front of the framework.

    Args:
        app: What answers everything else.
        laboratory: Of the sessions.
        workers: For measuring ahead of the polls.
    """

    def __init__(self, app: ASGIApp, laboratory: Laboratory, workers: Workers) -> None:
        self._app = app
        self._sessions = laboratory.store.sessions
        self._monitor = laboratory.monitor
        self._workers = workers
        self._start = f"{laboratory.settings.api_prefix}/sessions/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"].startswith(self._start):
            session_id, _, tail = scope["path"][len(self._start) :].partition("/")
            session = self._sessions.get(session_id)
            body = None if session is None else self._body(session, tail, scope["query_string"])
            if body is not None:
                scope["synqc.route"] = f"/sessions/{{session_id}}/{tail}".rstrip("/")  # as the framework names it
                length = str(len(body)).encode()
                headers = [(b"content-type", b"application/json"), (b"content-length", length)]
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                await send({"type": "http.response.body", "body": body})
                return
        await self._app(scope, receive, send)

    def _body(self, session: Session, tail: str, query: bytes) -> bytes | None:
        if tail == "telemetry":
            return self._telemetry(session, query)
        if tail == "":
            return session.summary_bytes()
        if tail == "export" and query in _FORMATS:
            return export_body(session, _FORMATS[query])
        return None

    def _telemetry(self, session: Session, query: bytes) -> bytes | None:
        limit = _ROWS_BY_DEFAULT
        if query:
            number = query[6:]
            if not (query.startswith(b"limit=") and number.isdigit() and len(number) < 4 and number[:1] != b"0"):
                return None
            limit = int(number)
            if limit > MOST_ROWS:
                return None
        if not session.recollected or not self._monitor.poll(session, self._workers.reads.submit):
            return None
        return rows_body(session, limit)
