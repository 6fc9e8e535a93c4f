"""An answer part by part."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from synqc.llm import _loop_thread, reporting
from synqc.llm._connection import Clock, Progress, Reply
from synqc.llm._recorded import Recorded
from synqc.llm._transport import AnswerParts
from synqc.llm.completion import Spent
from synqc.llm.errors import LanguageModelError
from synqc.llm.message import Message
from synqc.llm.outcome import Outcome
from synqc.llm.request import Request
from synqc.llm.tools import ToolCall

__all__ = ["AsyncTextStream", "Deltas", "TextStream"]

Value = TypeVar("Value")
Opened = Callable[[Request, Progress, Clock], Awaitable[tuple[AnswerParts, Any]]]
Ending = Callable[[Reply], "LanguageModelError | None"]
TruncatedTo = Callable[[str, Iterable[Message], Spent], "int | None"]
UnderWay = Callable[[Progress], AbstractContextManager[None]]


class Recording(Protocol):
    """What a stream asks of a cache."""

    async def found(self) -> Recorded | None: ...
    async def keep(self, reply: Reply, parts: list[str], dialect: Any) -> None: ...


class Deltas:
    """One stream on the loop of `_loop_thread`: opened by the first part that is asked for.

    `close` ends a `next` under way, and waits until that has let go of its socket: an interrupt may come when nobody
    holds what is needed to cancel it.
    """

    def __init__(
        self, opened: Opened, ending: Ending, truncated_to: TruncatedTo, under_way: UnderWay, request: Request, *,
        total_s: float, deadline_s: float | None, recorded: Recorded | None = None, recording: Recording | None = None,
    ) -> None:  # fmt: skip
        self.request = request
        self.recorded = recorded
        self._recording = recording
        self._given: list[str] = []
        self._dialect: Any = None
        self.prompt_truncated = False
        self.outcome: Outcome | None = None
        self._opened, self._ending, self._under_way = opened, ending, under_way
        self._truncated_to = truncated_to
        self._total_s, self._deadline_s = total_s, deadline_s
        self._progress = Progress()
        self._parts: AnswerParts | None = None
        self._clock: Clock | None = None
        self._turn: asyncio.Lock | None = None
        self._reading: asyncio.Task[Any] | None = None
        self._started = 0.0

    @property
    def text(self) -> str:
        """All that has come."""
        if self.recorded is not None:
            return "".join(self.recorded.given)
        return "" if self._parts is None else self._parts.answer.text

    @property
    def ignored(self) -> tuple[str, ...]:
        """Parameters of the request that were not sent."""
        if self.recorded is not None:
            return self.recorded.completion.ignored
        if self._dialect is None or self._parts is None:
            return ()
        told = bool(self._parts.answer.logprobs) or self.outcome is None  # they may still come
        return tuple(self._dialect.ignored(self.request, logprobs=told))

    @property
    def model(self) -> str:
        """As the server names it."""
        if self.recorded is not None:
            return self.recorded.completion.model
        return self.request.model if self._parts is None else self._parts.answer.model

    @property
    def finish_reason(self) -> str:
        """Why it ended; "" as long as it has not."""
        if self.recorded is not None:
            return self.recorded.completion.finish_reason if self.outcome is Outcome.OK else ""
        return "" if self._parts is None else self._parts.answer.finish_reason

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Calls of tools that it asks for, once it has ended."""
        return () if self._parts is None or self.outcome is not Outcome.OK else self._parts.answer.tool_calls

    @property
    def spent(self) -> Spent:
        """What it has cost so far; complete when it has ended."""
        return self._progress.spent if self.recorded is None else self.recorded.completion.spent

    def next_recorded(self) -> str | None:
        """The next part of what is kept, without waiting for anybody; None at the end."""
        assert self.recorded is not None
        part = self.recorded.next() if self.outcome is None else None
        if part is None and self.outcome is None:
            self.outcome = Outcome.OK
        return part

    async def next(self) -> str | None:
        """The next part, or None at the end."""
        async with self._our_turn():
            if self.outcome is not None:
                return None
            self._reading = asyncio.current_task()
            try:
                with self._under_way(self._progress):
                    part = await self._next()
            except LanguageModelError as error:
                self._end(error.outcome)
                error.spent = self._progress.settled
                raise
            finally:
                self._reading = None
            if self.recorded is not None:
                return part
            if part is None:
                reply = self._reply()
                limit = self._truncated_to(self.request.model, self.request.messages, reply.spent)
                self.prompt_truncated = limit is not None
                told = self._ending(reply)
                self._end(reply.outcome if told is None else told.outcome)
                if told is not None:
                    told.spent = self._progress.settled
                    raise told
                if self._recording is not None and self._parts is not None and self._parts.whole:
                    await self._recording.keep(reply, self._given, self._dialect)
            elif self._recording is not None:
                self._given.append(part)
            return part

    async def close(self) -> None:
        """End the call."""
        # A second cancellation would break off the closing of the socket that the first one set going.
        if self._reading is not None and not self._reading.cancelling():
            self._reading.cancel()
        async with self._our_turn():
            if self.outcome is None and self.recorded is not None:
                self.outcome = Outcome.CANCELLED
            elif self.outcome is None:
                self._end(Outcome.CANCELLED)
            if self._parts is not None:
                await self._parts.close()

    async def _next(self) -> str | None:
        if self._clock is None:
            self._clock, self._started = Clock(self._total_s, self._deadline_s), time.perf_counter()
        if self._parts is None and self.recorded is None and self._recording is not None:
            self.recorded = await self._recording.found()
        if self.recorded is not None:
            return self.next_recorded()
        if self._parts is None:
            self._parts, self._dialect = await self._opened(self.request, self._progress, self._clock)
        begins = not self._parts.answer.text
        part = await self._parts.next()
        if begins and part is not None:
            reporting.record_first_delta(self.request.model, time.perf_counter() - self._started)
        return part

    def _reply(self) -> Reply:
        assert self._parts is not None
        return Reply.of(self._parts.answer, self._progress.settled)

    def _end(self, outcome: Outcome) -> None:
        self.outcome = outcome
        reporting.count_outcome(self.request.model, outcome)
        reporting.count_requests(self.request.model, self._progress.spent.calls)
        reporting.count_tokens(self.request.model, self._progress.settled)

    def _our_turn(self) -> asyncio.Lock:
        if self._turn is None:
            self._turn = asyncio.Lock()
        return self._turn


class _Stream:
    """What both kinds of stream tell of themselves."""

    def __init__(self, deltas: Deltas) -> None:
        self._deltas = deltas
        self._begun = self._closed = False

    @property
    def text(self) -> str:
        """All that has come so far."""
        return self._deltas.text

    @property
    def model(self) -> str:
        """As the server names it."""
        return self._deltas.model

    @property
    def finish_reason(self) -> str:
        """Why it ended, in the server's word; "" as long as it has not."""
        return self._deltas.finish_reason

    @property
    def outcome(self) -> Outcome | None:
        """What came of it; None as long as it has not ended."""
        return self._deltas.outcome

    @property
    def spent(self) -> Spent:
        """What it has cost so far; tokens are known when it has ended, if the server counts them."""
        return self._deltas.spent

    @property
    def ignored(self) -> tuple[str, ...]:
        """Parameters of the request that were not sent."""
        return self._deltas.ignored

    @property
    def prompt_truncated(self) -> bool:
        """Whether the server read only a part of the conversation; known when it has ended."""
        return self._deltas.prompt_truncated

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Calls of tools that it asks for; known when it has ended. Half a call is none."""
        return self._deltas.tool_calls

    @property
    def cached(self) -> bool:
        """Whether it is an answer that was kept, and no call; known from the first part on."""
        return self._deltas.recorded is not None

    @property
    def age_s(self) -> float:
        """How long ago it was kept; 0 for one that is new."""
        return 0.0 if self._deltas.recorded is None else self._deltas.recorded.completion.age_s

    def _submit(self, coroutine: Coroutine[Any, Any, Value]) -> Future[Value]:
        self._begun = True
        return _loop_thread.shared.submit(coroutine)

    def _recorded_part(self, end: type[Exception]) -> str:
        part = self._deltas.next_recorded()
        if part is None:
            self._closed = True
            raise end
        return part

    def __del__(self) -> None:
        if self._begun and not self._closed:
            _loop_thread.shared.tell(self._deltas.close())


class TextStream(_Stream, Iterator[str]):
    """Parts of one answer, for a thread. Closed at its end, by `close`, by `with`, or when it is forgotten."""

    def __next__(self) -> str:
        if self._closed:
            raise StopIteration
        if self._deltas.recorded is not None:  # nothing to wait for
            return self._recorded_part(StopIteration)
        part = None
        try:
            future = self._submit(self._deltas.next())
            try:
                part = future.result()
            except BaseException:
                future.cancel()  # Ctrl-C
                raise
        finally:
            if part is None:
                self.close()
        if part is None:
            raise StopIteration
        return part

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the call."""
        if not self._closed:
            self._closed = True
            if self._begun:
                self._submit(self._deltas.close()).result()


class AsyncTextStream(_Stream, AsyncIterator[str]):
    """Parts of one answer, for a coroutine. Closed at its end, by `aclose`, `async with`, or when it is forgotten."""

    async def __anext__(self) -> str:
        if self._closed:
            raise StopAsyncIteration
        if self._deltas.recorded is not None:
            return self._recorded_part(StopAsyncIteration)
        part = None
        try:
            if _loop_thread.shared.is_here():
                self._begun = True
                part = await self._deltas.next()
            else:
                part = await asyncio.wrap_future(self._submit(self._deltas.next()))
        finally:
            if part is None:
                await self.aclose()
        if part is None:
            raise StopAsyncIteration
        return part

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the call."""
        if not self._closed:
            self._closed = True
            if self._begun:
                # Whoever is cancelled while this goes on leaves at once; the closing goes on without them.
                await asyncio.shield(asyncio.wrap_future(self._submit(self._deltas.close())))
