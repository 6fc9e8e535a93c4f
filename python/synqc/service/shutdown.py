"""Graceful shutdown: work ends at once, answers go out with what there is, and nothing keeps the process."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from types import FrameType
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from synqc.errors import ServiceStopping
from synqc.service.errors import ErrorAnswers, Problem

__all__ = ["EndsInTime", "Shutdown"]

_UNANSWERED_S = 0.3
"""Requests that are unanswered so long after the signal are answered with 503, unless a run is still being stored."""
_STORING_S = 2.0
"""Runs, which were stopped at the signal, are given up after that."""
_UNREAD_S = 0.4
"""Connections whose clients do not read are given up so long after that."""
_CLOSING_S = 3.0
"""Storage that does not answer is given up after that."""


class Shutdown:
    """Begins once, when SIGINT or SIGTERM comes.

    Args:
        stop: Ends work at once; must not block.
        is_storing: Whether some of it is still being stored.
        close: Stores what is left and lets go of it; may block, and may be called again.
    """

    def __init__(self, *, stop: Callable[[], None], is_storing: Callable[[], bool], close: Callable[[], None]) -> None:
        self.begun = False
        self._stop = stop
        self._is_storing = is_storing
        self._close = close
        self._subscribers: set[Callable[[], None]] = set()
        self._open: dict[asyncio.Task[Any], _Request] = {}
        self._ended = asyncio.Event()
        self._insist: Callable[[], None] | None = None
        self._ending: asyncio.Task[None] | None = None

    def subscribe(self, wake: Callable[[], None]) -> None:
        """Call `wake` when it begins: answers that go on end then."""
        self._subscribers.add(wake)

    def unsubscribe(self, wake: Callable[[], None]) -> None:
        """Do not call `wake` any more."""
        self._subscribers.discard(wake)

    @asynccontextmanager
    async def by_signals(self) -> AsyncIterator[None]:
        """Begin at a signal, which whoever handles it already gets, too; at the end everything is stored."""
        if threading.current_thread() is not threading.main_thread():
            yield  # a server in a thread hears no signals either
            return
        loop = asyncio.get_running_loop()
        handled: dict[int, Callable[[int, FrameType | None], Any]] = {}

        def begin_and_pass_on(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self._begin)
            handled[number](number, frame)

        for stop_signal in (signal.SIGINT, signal.SIGTERM):
            before = signal.getsignal(stop_signal)
            if callable(before):
                handled[stop_signal] = before
                signal.signal(stop_signal, begin_and_pass_on)
        again = handled.get(signal.SIGINT)
        self._insist = None if again is None else lambda: again(signal.SIGINT, None)
        try:
            yield
        finally:
            for number, before in handled.items():
                signal.signal(number, before)
            self._ended.set()
            if self.begun:
                await self._closed()

    def _begin(self) -> None:
        if self.begun:
            return
        self.begun = True
        self._stop()
        for wake in tuple(self._subscribers):
            wake()
        self._ending = asyncio.ensure_future(self._end_in_time())

    async def _end_in_time(self) -> None:
        deadline = asyncio.get_running_loop().time() + _STORING_S
        await asyncio.sleep(_UNANSWERED_S)
        while self._is_storing() and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.05)  # for the answers of what was stored last
        for task, request in tuple(self._open.items()):
            request.is_late = True
            task.cancel()
        try:
            async with asyncio.timeout(_UNREAD_S):
                await self._ended.wait()
        except TimeoutError:
            # The server waits for clients that do not read, and would for ever. A second Ctrl-C ends it, without
            # telling the application.
            await self._closed()
            if self._insist is not None:
                self._insist()

    async def _closed(self) -> None:
        closing = threading.Thread(target=self._close, name="synqc-close", daemon=True)
        closing.start()
        deadline = asyncio.get_running_loop().time() + _CLOSING_S
        while closing.is_alive() and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.005)

    def opened(self, task: asyncio.Task[Any], request: _Request) -> None:
        """A request is being answered by a task."""
        self._open[task] = request

    def answered(self, task: asyncio.Task[Any]) -> None:
        """It is no longer."""
        self._open.pop(task, None)


class EndsInTime:
    """ASGI middleware that answers for what does not end when the service does.

    Args:
        app: What answers.
        shutdown: Says when.
        errors: How it answers.
    """

    def __init__(self, app: ASGIApp, shutdown: Shutdown, errors: ErrorAnswers) -> None:
        self._app = app
        self._errors = errors
        self._shutdown = shutdown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        if task is None or scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        request = _Request(send, self._errors)
        self._shutdown.opened(task, request)
        try:
            await self._app(scope, receive, request.send)
        except asyncio.CancelledError:
            if not request.is_late:
                raise
            task.uncancel()
            await request.end(scope, receive)
        finally:
            self._shutdown.answered(task)


class _Request:
    """One that is being answered."""

    def __init__(self, send: Send, errors: ErrorAnswers) -> None:
        self.is_late = False
        self._send = send
        self._errors = errors
        self._headers: Iterable[tuple[bytes, bytes]] | None = None
        """Of the answer that has begun."""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._headers = message.get("headers", ())
        await self._send(message)

    async def end(self, scope: Scope, receive: Receive) -> None:
        """Say that there will be no answer, or no more of it."""
        if scope["type"] == "websocket":
            await self._send({"type": "websocket.close", "code": 1012})
        elif self._headers is None:
            refusal = ServiceStopping()
            headers = {"retry-after": "1", "connection": "close"}
            problem = Problem(status=503, detail=str(refusal), code=refusal.code)
            answer = self._errors.answer(problem, headers)
            await answer(scope, receive, self._send)
        elif all(name != b"content-length" for name, _ in self._headers):
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
