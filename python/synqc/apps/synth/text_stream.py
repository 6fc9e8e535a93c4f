"""Streams: one text chunk by chunk, or a data set row by row, with what came of it at the end."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Self

from synqc.apps.synth.errors import APIError
from synqc.apps.synth.requests import Requests, RequestTicket
from synqc.apps.synth.results import StreamingResult

__all__ = ["SynthStream"]

Parts = Callable[[RequestTicket], AsyncIterator[Any]]


class SynthStream:
    """An asynchronous iterator; nothing is asked before the first part is wanted.

    Leaving it by `aclose`, or by the end of `async with`, ends the call. Use one of the two where the loop may be left
    early: Python tells an iterator that it was left only when it is forgotten.

    Args:
        parts: Makes the parts, given the request's ticket.
        requests: Where the request counts.
        kind: Kind of request.
    """

    def __init__(self, parts: Parts, requests: Requests, kind: str) -> None:
        self._make, self._requests, self._kind = parts, requests, kind
        self._parts: AsyncIterator[Any] | None = None
        self._ticket: RequestTicket | None = None
        self._chunks: list[Any] = []
        self._result: StreamingResult | None = None
        self._has_ended = False

    @property
    def result(self) -> StreamingResult:
        """What came of it.

        Raises:
            APIError: It has not been read to its end.
        """
        if self._result is None:
            raise APIError("A stream has a result once it was read to its end, but was not.")
        return self._result

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        if self._has_ended:
            raise StopAsyncIteration
        if self._ticket is None:
            self._ticket = self._requests.begin(self._kind)
            self._parts = self._make(self._ticket)
        ticket = self._ticket
        assert self._parts is not None
        try:
            part = await anext(self._parts)
        except StopAsyncIteration:
            self._has_ended = True
            ended_s = time.perf_counter() - ticket.began_s
            self._result = StreamingResult(
                tuple(self._chunks), len(self._chunks), ticket.tokens, 1e3 * ended_s,
                1e3 * (ended_s if ticket.first_chunk_s is None else ticket.first_chunk_s), ticket.cached,
            )  # fmt: skip
            ticket.end()
            raise
        except BaseException as error:
            self._has_ended = True
            ticket.end(error)
            raise
        if ticket.first_chunk_s is None:
            ticket.first_chunk_s = ticket.elapsed_s
        self._chunks.append(part)
        return part

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the call, if it has not ended."""
        if self._has_ended:
            return
        self._has_ended = True
        try:
            if self._parts is not None:
                await self._parts.aclose()  # type: ignore[attr-defined]
        finally:
            if self._ticket is not None:
                self._ticket.end(GeneratorExit())

    def __del__(self) -> None:
        if self._ticket is not None:
            self._ticket.end(GeneratorExit())
