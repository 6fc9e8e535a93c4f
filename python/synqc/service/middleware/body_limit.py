"""A body that is neither too long nor too slow."""

from __future__ import annotations

import asyncio
import time

from fastapi import HTTPException
from starlette.types import Message, Receive, Scope

from synqc.service.middleware.headers import first_header
from synqc.service.middleware.refusal import Refusal
from synqc.service.settings import ServiceSettings

__all__ = ["RequestBody", "refusal_of_size"]

_LAST_ANSWER = {"connection": "close"}  # what is left of the body is not read


class RequestBody:
    """Receives it.

    Args:
        receive: What receives the request.
        settings: Its times.
        most_bytes: Most bytes of the body.

    Its refusals are the framework's own errors: whatever else is raised while it reads a body becomes its 400.
    """

    def __init__(self, receive: Receive, settings: ServiceSettings, most_bytes: int) -> None:
        self._receive = receive
        self._settings = settings
        self._most_bytes = self._left = most_bytes
        self._deadline = time.monotonic() + settings.request_timeout_s
        self._complete = False

    async def receive(self) -> Message:
        """The next part.

        Raises:
            HTTPException: 408, 413.
        """
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
                raise HTTPException(413, _size_words(self._most_bytes), _LAST_ANSWER)
            self._complete = not message.get("more_body", False)
        return message


def refusal_of_size(scope: Scope, most_bytes: int) -> Refusal | None:
    """Why a request goes no further whose head says that its body is too long: the body is not read."""
    if scope["type"] == "http":
        length = first_header(scope["headers"], b"content-length")
        if length is not None and length.isdigit() and int(length[:19]) > most_bytes:
            return Refusal(413, _size_words(most_bytes), ((b"connection", b"close"),))
    return None


def _size_words(most_bytes: int) -> str:
    return f"The body must have at most {most_bytes} bytes."
