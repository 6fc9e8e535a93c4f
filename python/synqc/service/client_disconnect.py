"""Work that ends when the client who asked for it has gone."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import TypeVar

from fastapi import HTTPException, Request

__all__ = ["unless_disconnected"]

Value = TypeVar("Value")
_NOBODY_TO_ANSWER = 499


async def unless_disconnected(request: Request, work: Future[Value]) -> Value:
    """What the work gives. If the client goes before, the work is cancelled: nobody would see its result.

    Raises:
        HTTPException: The client has gone; nobody reads that.
    """
    waiting = asyncio.wrap_future(work)
    leaving = asyncio.ensure_future(_left(request))
    either: set[asyncio.Future[Value] | asyncio.Future[None]] = {waiting, leaving}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            return waiting.result()
        raise HTTPException(_NOBODY_TO_ANSWER, "The client left.")
    finally:
        leaving.cancel()
        waiting.cancel()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
