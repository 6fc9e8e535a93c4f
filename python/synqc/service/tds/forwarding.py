"""ASGI middleware of a node: what is asked of a session is answered by the node that owns it, whichever was asked.

A request for a session in memory goes on. Otherwise its owner is looked for: a session that nobody owns is adopted,
and what another node owns is asked of that node, and its answer passed on as it comes. Where nobody can have done what
was asked (its node was not reached, or says that the session is not its own), it is tried again, as long as a dead node
may go on owning it; so is what only reads. Where a node was asked to change something and fell silent it is not tried
again, for it may have been done.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from functools import partial
from urllib.parse import quote, unquote

from fastapi import HTTPException
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from synqc import json
from synqc.apps.tds.application import TdsApplication
from synqc.apps.tds.storage.session_owners import SessionOwner
from synqc.errors import InputError, SynqcError
from synqc.service.context import wait_committed
from synqc.service.middleware.origins import SAFE_METHODS
from synqc.service.middleware.security_headers import SECURITY_HEADERS
from synqc.service.routed_path import path_below_mount
from synqc.service.tds.errors import TDS_ERRORS, SessionNotHere
from synqc.service.tds.node_connections import NodeAnswer, NodeSilent, NodeUnreachable
from synqc.service.tds.other_nodes import FORWARDED, WANTED, OtherNodes
from synqc.service.tds.relayed_socket import relay_socket
from synqc.storage import NotOwner, StorageUnavailable

__all__ = ["Forwarding"]

_log = logging.getLogger("synqc.tds")

_NOT_PASSED_BACK = frozenset({
    b"connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"date", b"server", b"x-request-id",
    *(name for name, _ in SECURITY_HEADERS),
})  # fmt: skip
_MISDIRECTED, _NOT_FOUND = 421, 404
_PAUSE_S = 0.05
_SHARE_OF_LEASE_FOR_SHORT_ANSWERS = 0.5
_MOST_AFTER_LEASE_S = 1.0
_NAMED_IN_BODY = ("/sessions", "/chat", "/sweeps")
_LONG = ("run", "stream", "agent-suggestion", "agent/suggest", "recommendation")
"""What may take as long as it likes, while its node is alive."""


class Forwarding:
    """ASGI middleware that asks the owner of a session.

    Args:
        app: What answers for sessions of this node.
        tds: Of the sessions.
        others: The other nodes.
    """

    def __init__(self, app: ASGIApp, tds: TdsApplication, others: OtherNodes) -> None:
        self._app = app
        self._tds = tds
        self._sessions = tds.store.sessions
        self._others = others
        self._prefix = tds.settings.api_prefix
        self._paths_of_bodies = {self._prefix + path for path in _NAMED_IN_BODY}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        path = path_below_mount(scope)
        body = _Body(receive)
        session_id = self._named_in(path)
        if path in self._paths_of_bodies and scope.get("method") == "POST":
            with contextlib.suppress(HTTPException):  # too long, or too slow: the framework says so
                session_id = _session_in(await body.whole())
        if session_id is None:
            await self._app(scope, body.again(), send)
            return
        answering = _Begun(send)
        try:
            await self._answer(scope, path, session_id, body, answering)
        except SynqcError as error:
            if answering.has_begun:  # what is cut off must not look whole: the server closes the connection
                _log.warning("An answer of another node is cut off: %s", error)
                return
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1013, "reason": str(error)[:100]})
                return
            await TDS_ERRORS.of(error)(scope, receive, send)

    def _named_in(self, path: str) -> str | None:
        """The session that a path names."""
        start = f"{self._prefix}/sessions/"
        if not path.startswith(start):
            return None
        segment = path[len(start) :].partition("/")[0]
        return (unquote(segment) if "%" in segment else segment) or None

    async def _answer(self, scope: Scope, path: str, session_id: str, body: _Body, answering: _Begun) -> None:
        send = answering.send
        came_from_node = any(name == FORWARDED for name, _ in scope["headers"])
        lease_s = self._others.lease.seconds
        ends = time.monotonic() + lease_s + _MOST_AFTER_LEASE_S
        while True:
            try:
                if session_id in self._sessions:
                    owner = None
                else:
                    owner = await self._others.owner_of(session_id, adopts=not came_from_node)
                if owner is None and came_from_node and any(name == WANTED for name, _ in scope["headers"]):
                    await self._give_up(session_id, send)
                    return
                if owner is None:
                    held = _HoldsMisdirected(send, partial(self._has_left, session_id, session_id in self._sessions))
                    await self._app(scope, body.again(), held.send)
                    if not held.is_misdirected:
                        return
                    if came_from_node:
                        raise SessionNotHere(session_id)
                elif came_from_node:
                    raise SessionNotHere(session_id)
                elif await self._is_answered_by(owner, scope, path, body, send):
                    if scope["type"] == "http":
                        target = _quoted(f"{self._prefix}/sessions/") + quote(session_id, safe="")
                        self._others.count(owner, session_id, target, scope["headers"])
                    return
                self._others.forget(session_id)
                trouble: SynqcError = NodeUnreachable(f"The node of session '{session_id}' does not answer.")
            except NodeUnreachable as error:
                self._others.forget(session_id)
                if scope["type"] == "http" and scope["method"] == "POST" and path.endswith("/kill"):
                    told = await self._others.kill_by_notification(session_id)
                    if told is not None:
                        await JSONResponse(told)(scope, _receive_nothing, send)
                        return
                trouble = error
            except NotOwner as error:  # this node registers anew
                if came_from_node:
                    raise SessionNotHere(session_id) from error
                trouble = error
            except NodeSilent as error:
                self._others.forget(session_id)
                if answering.has_begun or scope.get("method") not in SAFE_METHODS:
                    raise
                trouble = error
            if time.monotonic() > ends:
                raise StorageUnavailable(str(trouble)) from trouble
            await asyncio.sleep(_PAUSE_S)

    def _has_left(self, session_id: str, was_here: bool) -> bool:
        return was_here and session_id not in self._sessions

    async def _give_up(self, session_id: str, send: Send) -> None:
        """Let the node that asks have a session: 204 when it may adopt it, 409 if it stays here."""
        session = self._sessions.get(session_id)
        released = None if session is None else self._tds.store.release(session)
        if released is not None:
            await wait_committed(released)
        status = 409 if released is None else 204
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def _is_answered_by(self, owner: SessionOwner, scope: Scope, path: str, body: _Body, send: Send) -> bool:
        """Whether the owner answered; it did nothing if it says that the session is not its own."""
        target = _quoted(path)
        if scope["type"] == "websocket":
            return await relay_socket(self._others, owner, target, scope, body.receive, send)
        query = scope["query_string"].decode("latin-1")
        tail = path.rpartition("/sessions/")[2].partition("/")[2]
        within_s = None if tail in _LONG or path.endswith("/chat") else self._within_s
        try:
            whole = await body.whole()
        except HTTPException:  # too long, or too slow: the framework says so
            await self._app(scope, body.again(), send)
            return True
        answer = await self._others.ask(
            owner, scope["method"], f"{target}?{query}" if query else target, scope["headers"], whole, within_s=within_s
        )
        try:
            if answer.status == _MISDIRECTED:
                return False
            await _passed_back(answer, self._others, owner, body.receive, send)
        finally:
            answer.close()
        return True

    @property
    def _within_s(self) -> float:
        return self._others.lease.seconds * _SHARE_OF_LEASE_FOR_SHORT_ANSWERS


class _Body:
    """Body of a request, which can be received more than once.

    Args:
        receive: Of the request.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._taken: list[Message | HTTPException] = []
        self._has_ended = False

    async def receive(self) -> Message:
        """The next message; those of the body are kept."""
        if self._has_ended:
            return await self._receive()
        return _given(await self._next())

    def again(self) -> Receive:
        """Receives what was received already, and then what comes."""
        place = 0

        async def receive_again() -> Message:
            nonlocal place
            if place < len(self._taken):
                place += 1
                return _given(self._taken[place - 1])
            if self._has_ended:
                return await self._receive()
            place += 1
            return _given(await self._next())

        return receive_again

    async def whole(self) -> bytes:
        """All of it.

        Raises:
            HTTPException: It is too long, or came too slowly.
        """
        while not self._has_ended:
            await self._next()
        return b"".join([_given(message).get("body", b"") for message in self._taken])

    async def _next(self) -> Message | HTTPException:
        message: Message | HTTPException
        try:
            message = await self._receive()
        except HTTPException as refusal:
            message = refusal
        self._taken.append(message)
        is_part = isinstance(message, dict) and message["type"] == "http.request" and message.get("more_body", False)
        self._has_ended = not is_part
        return message


async def _receive_nothing() -> Message:
    return {"type": "http.disconnect"}


def _given(message: Message | HTTPException) -> Message:
    if isinstance(message, HTTPException):
        raise message
    return message


class _Begun:
    """ASGI `send` that knows whether an answer has begun."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.has_begun = False

    async def send(self, message: Message) -> None:
        self.has_begun = self.has_begun or message["type"] in ("http.response.start", "websocket.accept")
        await self._send(message)


class _HoldsMisdirected:
    """ASGI `send` that keeps back an answer which says that the session is another node's.

    Args:
        send: Of the request.
        has_left: Whether the session has left this node since it was looked for: that it is not found means nothing.
    """

    def __init__(self, send: Send, has_left: Callable[[], bool]) -> None:
        self._send = send
        self._has_left = has_left
        self.is_misdirected = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            status = message["status"]
            self.is_misdirected = status == _MISDIRECTED or (status == _NOT_FOUND and self._has_left())
        if not self.is_misdirected:
            await self._send(message)


async def _passed_back(
    answer: NodeAnswer, others: OtherNodes, owner: SessionOwner, receive: Receive, send: Send
) -> None:
    headers = [pair for pair in answer.headers if pair[0] not in _NOT_PASSED_BACK]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    passing = asyncio.ensure_future(_pass_body(answer, others, owner, send))
    if any(name == b"content-length" for name, _ in headers):
        await passing
        return
    leaving = asyncio.ensure_future(_left(receive))  # a stream ends with its client
    try:
        await asyncio.wait({passing, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (passing, leaving):
            task.cancel()
        await asyncio.gather(passing, leaving, return_exceptions=True)


async def _pass_body(answer: NodeAnswer, others: OtherNodes, owner: SessionOwner, send: Send) -> None:
    try:
        async for piece in others.pieces(owner, answer):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    except NodeSilent:
        if any(name == b"content-length" for name, _ in answer.headers):
            raise  # a body that is too short must not look whole
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _session_in(body: bytes) -> str | None:
    """The session that a body names; what is wrong with it says whoever reads it in earnest."""
    try:
        found = json.loads(body)
    except (InputError, ValueError, RecursionError):
        return None
    session_id = found.get("session_id") if isinstance(found, dict) else None
    return session_id if isinstance(session_id, str) and session_id else None


def _quoted(path: str) -> str:
    """A path as it is sent, of one that is decoded but for what would part its segments."""
    return "/".join(quote(unquote(segment), safe="") for segment in path.split("/"))
