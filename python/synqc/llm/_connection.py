"""One server behind the OpenAI SDK: bodies out, replies in, its errors in our words."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from synqc.llm import _loop_thread
from synqc.llm._answer import Answer, NotTheProtocol, ToldOfAnError, document_in
from synqc.llm.completion import Spent
from synqc.llm.endpoint import Endpoint
from synqc.llm.errors import (
    ErrorInAnswer,
    LanguageModelError,
    Limit,
    ModelRefused,
    ModelTimedOut,
    ModelUnreachable,
    PromptTooLong,
    ProtocolError,
)
from synqc.llm.logprobs import TokenLogprobs
from synqc.llm.outcome import Outcome, outcome_of
from synqc.llm.refusal import Refusal, refusal_in, refusal_of, retry_after_s, window_in
from synqc.llm.server_events import EventTooLong
from synqc.llm.tools import ToolCall
from synqc.llm.wire import Wire

__all__ = ["Clock", "Connection", "Parts", "Progress", "Reply"]

_imported: set[str] = set()
"""To the end: what is being imported stands in `sys.modules`, too, and whoever imports it then waits."""
_LONGEST_WORDS: Final = 500
_SDK: Final = "synqc.llm._openai_sdk"
_AFTER_THE_END_S: Final = 2.0
"""For what may follow a finish reason: the count of tokens and the mark of the end. Neither is worth a longer wait."""


@dataclass(frozen=True)
class Reply:
    """What came back for one body.

    Args:
        text: As the model wrote it.
        model: As the server names it.
        finish_reason: In the server's word.
        refusal: What the model said in place of an answer.
        has_thoughts: Whether the model thought aloud apart from the text.
        spent: On this body.
        logprobs: Log-probabilities of the first tokens, where they were asked for and told.
        tool_calls: Calls of tools that it asks for, of those it was offered.
    """

    text: str
    model: str
    finish_reason: str
    refusal: str
    has_thoughts: bool
    spent: Spent
    logprobs: tuple[TokenLogprobs, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()

    @classmethod
    def of(cls, answer: Answer, spent: Spent) -> Reply:
        """What an answer says. One that names no reason for its end came whole, so that it ended by itself."""
        reason = answer.finish_reason or "stop"
        return cls(
            answer.text, answer.model, reason, answer.refusal, answer.has_thoughts, spent, answer.logprobs,
            answer.tool_calls,
        )  # fmt: skip

    @cached_property
    def outcome(self) -> Outcome:
        """What it is worth."""
        return outcome_of(self.finish_reason, self.text, self.refusal, has_calls=bool(self.tool_calls))


class Progress:
    """What one call has cost so far, and what its server said last; also of requests that are still under way."""

    def __init__(self) -> None:
        self.requests: Any = None
        self.settled = Spent()
        self.last: LanguageModelError | None = None

    @property
    def spent(self) -> Spent:
        """Until now."""
        under_way = (0 if self.requests is None else self.requests.sent) - self.settled.calls
        return self.settled + Spent(under_way) if under_way > 0 else self.settled


class Connection:
    """Pooled connections to one server, on the loop of `_loop_thread`; made when first needed."""

    def __init__(self, endpoint: Endpoint, wire: Wire) -> None:
        self.endpoint = endpoint
        self.wire = wire
        self._sdk: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._places = asyncio.Semaphore(endpoint.most_at_once)

    async def reply(self, body: dict[str, Any], progress: Progress, seconds: float) -> Reply:
        """Send a body once and read the whole answer, in so many seconds from when a place is free."""
        sdk = await self._client()
        from synqc.llm import _openai_sdk

        async with self._places:
            before, started = self._counting(progress), time.perf_counter()
            answer = self.wire.answer_to(body)
            failure: BaseException | None = None
            try:
                async with asyncio.timeout(seconds):
                    async with _openai_sdk.posted(sdk, self.wire.path, body) as response:
                        reading = self.wire.body_into(answer, self.endpoint.most_bytes)
                        whole = await _whole_of(response)
                        if whole is None:
                            async for piece in response.aiter_raw():
                                deque(reading.feed(piece), maxlen=0)
                        else:
                            deque(reading.feed(whole), maxlen=0)
                        deque(reading.end(), maxlen=0)
            except TimeoutError:
                failure = ModelTimedOut(
                    f"No answer from {self.endpoint.base_url} within {self.endpoint.timeout_s:g} s.",
                    limit="total", seconds=self.endpoint.timeout_s,
                )  # fmt: skip
            except Exception as error:
                failure = self.failure(error, progress.requests.sent - before)
            calls, latency = progress.requests.sent - before, time.perf_counter() - started
            if failure is None:
                spent = answer.spent(calls, latency)
                progress.settled += spent
                return Reply.of(answer, spent)
            self.settle(failure, progress, calls, latency, answer)
        raise failure

    async def document(
        self, path: str, seconds: float, body: dict[str, Any] | None = None,
        upload: dict[str, tuple[str, bytes, str]] | None = None,
    ) -> Any:  # fmt: skip
        """What stands at a path, or is answered to a body there, as JSON; one attempt, past the places."""
        sdk = await self._client()
        from synqc.llm import _openai_sdk

        progress, started = Progress(), time.perf_counter()
        self._counting(progress)
        failure: BaseException
        asked = _openai_sdk.got(sdk, path) if body is None else _openai_sdk.posted(sdk, path, body, upload)
        try:
            async with asyncio.timeout(seconds), asked as response:
                found = document_in((await response.aread()).decode("utf-8-sig"))
                told = refusal_in(found) if isinstance(found, dict) and found.get("error") else None
                if told is not None:
                    raise ToldOfAnError(told)
                return found
        except TimeoutError:
            failure = ModelTimedOut(
                f"No answer from {self.endpoint.base_url} within {seconds:g} s.", limit="total", seconds=seconds
            )
        except Exception as error:
            failure = self.failure(error, progress.requests.sent)
        self.settle(failure, progress, progress.requests.sent, time.perf_counter() - started, None)
        raise failure

    async def stream(self, body: dict[str, Any], progress: Progress, clock: Clock) -> Parts:
        """Send a body and wait for the answer's beginning."""
        sdk = await self._client()
        from synqc.llm import _openai_sdk

        places, where, idle = self._places, self.endpoint.base_url, self.endpoint.idle_s
        wait, limit, seconds = clock.next_limit("place", idle)  # whoever reads a stream is waiting for it
        try:
            async with asyncio.timeout(wait):
                await places.acquire()
        except TimeoutError:
            raise ModelTimedOut(f"{where} was busy for {seconds:g} s.", limit=limit, seconds=seconds) from None
        failure: BaseException | None = None
        before, started = self._counting(progress, streaming=True), time.perf_counter()
        try:
            wait, limit, seconds = clock.next_limit("idle", idle)
            try:
                async with asyncio.timeout(wait):
                    response = await _openai_sdk.post(sdk, self.wire.path, body)
                return Parts(self, response, self.wire.answer_to(body), progress, clock, before, started, places)
            except TimeoutError:
                failure = clock.timed_out(where, limit, seconds)
            except Exception as error:
                failure = self.failure(error, progress.requests.sent - before)
            self.settle(failure, progress, progress.requests.sent - before, time.perf_counter() - started, None)
        except BaseException:
            places.release()
            raise
        places.release()
        raise failure

    async def close(self) -> None:
        """Close connections."""
        sdk, self._sdk = self._sdk, None
        if sdk is not None and self._loop is asyncio.get_running_loop():
            await sdk.close()

    async def _client(self) -> Any:
        loop = _loop_thread.shared.loop()
        if self._sdk is None or self._loop is not loop:  # a forked child has another loop
            if _SDK not in _imported:  # takes a second, in which other conversations would stand still
                await asyncio.to_thread(importlib.import_module, _SDK)
                _imported.add(_SDK)
            if self._sdk is not None and self._loop is loop:  # made meanwhile, by another call
                return self._sdk
            self._loop, self._places = loop, asyncio.Semaphore(self.endpoint.most_at_once)
            self._sdk = self._http()
            _loop_thread.shared.close_at_exit(self)
        return self._sdk

    def _http(self) -> Any:
        """What requests are sent through."""
        from synqc.llm import _openai_sdk

        return _openai_sdk.connected(self.endpoint)

    def _counting(self, progress: Progress, *, streaming: bool = False) -> int:
        """Count requests of this task for this call; how many there were before."""
        from synqc.llm import _openai_sdk

        if progress.requests is None:
            progress.requests = _openai_sdk.Requests()
        progress.requests.streaming = streaming
        _openai_sdk.requests.set(progress.requests)
        return int(progress.requests.sent)

    def settle(
        self, failure: BaseException, progress: Progress, calls: int, latency_s: float, answer: Answer | None
    ) -> None:
        """Put what was spent and said into an error."""
        was_refused = isinstance(failure, ModelRefused)
        spent = Spent.without_answer(calls, latency_s) if was_refused else Spent(calls, latency_s=latency_s)
        if answer is not None and answer.documents:
            spent = answer.spent(calls, latency_s)
        progress.settled += spent
        if isinstance(failure, LanguageModelError):
            failure.spent = spent
            progress.last = failure
            if answer is not None:
                failure.answer = failure.answer or answer.text
                failure.finish_reason = failure.finish_reason or answer.finish_reason

    def failure(self, error: Exception, sent: int) -> BaseException:
        """Ours for one of theirs. To be raised after theirs is handled: its words and headers may hold the key, and it
        must not become the cause or context of anything that is logged.

        Args:
            error: Theirs.
            sent: How many requests had gone out.
        """
        import openai

        from synqc.llm import _openai_sdk

        where = self.endpoint.base_url
        if isinstance(error, LanguageModelError):
            return error
        if isinstance(error, openai.APIStatusError):
            return self._refused(error)
        if isinstance(error, ToldOfAnError):
            return self.told(error.refusal)
        if isinstance(error, (NotTheProtocol, _openai_sdk.Unpackable)):
            return ProtocolError(self._words(f"{where} did not answer in the protocol: {error}."))
        if isinstance(error, (_openai_sdk.TooLarge, EventTooLong)):
            return ProtocolError(
                f"{where} answered with more than the {self.endpoint.most_bytes} bytes that are taken."
            )
        if isinstance(error, UnicodeError):
            return ProtocolError(f"{where} did not answer in the protocol: its body is no UTF-8.")
        bottom = _openai_sdk.deepest(error)
        reason, cause = str(bottom) or type(bottom).__name__, type(bottom).__name__
        if _openai_sdk.is_timeout(error):
            seconds = self.endpoint.connect_timeout_s
            return ModelTimedOut(
                f"No connection to {where} within {seconds:g} s.", limit="connect", seconds=seconds, cause=cause
            )
        if _openai_sdk.is_no_http(error):
            return ProtocolError(self._words(f"{where} did not answer in HTTP: {reason}."), cause=cause)
        if _openai_sdk.is_transport_failure(error):
            if sent:
                told = f"The connection to {where} broke: {reason}"
            elif _openai_sdk.is_about_certificates(bottom):
                told = f"No secure connection to {where}: {reason}"
            else:
                told = f"Nobody answers at {where}: {reason}"
            return ModelUnreachable(self._words(told), cause=cause)
        if isinstance(error, openai.OpenAIError):
            return ProtocolError(self._words(f"{where} failed: {error}"), cause=cause)
        return error

    def told(self, refusal: Refusal) -> LanguageModelError:
        """An error inside an answer."""
        words = self._words(refusal.words)
        code = f" with code {refusal.status}" if refusal.status else ""
        told = self._words(f"{self.endpoint.base_url} answered an error{code}: {words}")
        return ErrorInAnswer(told, words=words, status=refusal.status)

    def _refused(self, error: Any) -> ModelRefused:
        response, status = error.response, error.status_code
        words = self._words(refusal_of(response.content))
        if 300 <= status < 400:
            words = f"it has moved to {self._words(response.headers.get('location', 'another address'))}"
        should_retry = {"true": True, "false": False}.get(response.headers.get("x-should-retry", "").lower())
        if should_retry is None and self.wire.is_lasting(status, words):
            should_retry = False
        details: dict[str, Any] = {
            "words": words, "status": status, "retry_after_s": retry_after_s(response.headers),
            "should_retry": should_retry,
        }  # fmt: skip
        message = f"{self.endpoint.base_url} answered {status}: {words or response.reason_phrase or 'nothing'}"
        too_long, limit = window_in(words) if status not in (401, 403, 429) else (False, None)
        if too_long:
            return PromptTooLong(self._words(message), limit_tokens=limit, **details)
        return ModelRefused(self._words(message), **details)

    def _words(self, text: str) -> str:
        return self.endpoint.without_secrets(text)[:_LONGEST_WORDS]


async def _whole_of(response: Any) -> bytes | None:
    """A short body at once, if whoever carries it can do that: iterators of pieces take longer than it does."""
    read = getattr(response, "whole", None)
    return None if read is None else await read()


class Clock:
    """The limits of one stream; made on the loop that reads it."""

    def __init__(self, total_s: float, deadline_s: float | None) -> None:
        now = asyncio.get_running_loop().time()
        self._ends: list[tuple[float, Limit, float]] = [(now + total_s, "total", total_s)]
        if deadline_s is not None:
            self._ends.append((now + deadline_s, "deadline", deadline_s))

    @property
    def left_s(self) -> float:
        """Until the first of them."""
        return max(0.0, min(self._ends)[0] - asyncio.get_running_loop().time())

    def next_limit(self, limit: Limit, seconds: float) -> tuple[float, Limit, float]:
        """How long to wait now, which limit it is that ends the waiting, and that limit in seconds."""
        _, other, other_s = min(self._ends)
        left = self.left_s
        return (seconds, limit, seconds) if seconds <= left else (left, other, other_s)

    @staticmethod
    def timed_out(where: str, limit: Limit, seconds: float) -> ModelTimedOut:
        """The error that says which limit it was."""
        said = {
            "idle": f"No answer from {where} within {seconds:g} s: nothing came for so long, the idle limit.",
            "total": f"No whole answer from {where} within {seconds:g} s, the total limit of a stream.",
            "deadline": f"No whole answer from {where} within {seconds:g} s, the caller's deadline.",
        }
        return ModelTimedOut(said[limit], limit=limit, seconds=seconds)


class Parts:
    """Parts of one answer as they come."""

    def __init__(
        self, connection: Connection, response: Any, answer: Answer, progress: Progress, clock: Clock, before: int,
        started: float, place: asyncio.Semaphore,
    ) -> None:  # fmt: skip
        self.answer = answer
        self._connection, self._response, self._progress, self._clock = connection, response, progress, clock
        self._before, self._started, self._place = before, started, place
        self._pieces: AsyncIterator[bytes] = response.aiter_raw()
        self._body = connection.wire.body_into(answer, connection.endpoint.most_bytes)
        self._ready: deque[str] = deque()
        self._failure: BaseException | None = None
        self._ended = self._settled = self._closed = False
        self.whole = True
        """False where the answer said that it was done, and the connection broke before the body's own end."""

    async def next(self) -> str | None:
        """The next part that holds text, or None at the end.

        Raises:
            LanguageModelError: There is no next part, and no end that the model said was one.
        """
        while not self._ready and not self._ended and self._failure is None:
            failure: BaseException | None = None
            wait, limit, seconds = self._clock.next_limit("idle", self._connection.endpoint.idle_s)
            if self.answer.finish_reason:
                wait = min(wait, _AFTER_THE_END_S)
            try:
                async with asyncio.timeout(wait):
                    piece = await anext(self._pieces, None)
                for text in () if piece is None else self._body.feed(piece):
                    self._ready.append(text)
                if piece is None or self._body.done:
                    self._ready.extend(self._body.end())
                    self._ended = True
            except TimeoutError:
                failure = Clock.timed_out(self._connection.endpoint.base_url, limit, seconds)
            except Exception as error:
                failure = self._connection.failure(error, 1)
            if isinstance(failure, (ModelTimedOut, ModelUnreachable)) and self.answer.finish_reason:
                self._ended, failure = True, None  # the answer is whole, and only what may follow it is missing
                self.whole = False
            if failure is not None:
                self._settle(failure)
                self._failure = failure
        if self._ready:
            return self._ready.popleft()
        if self._failure is not None:
            raise self._failure
        self._settle()
        return None

    async def close(self) -> None:
        """End the call."""
        if self._closed:
            return
        self._closed = True
        try:
            self._settle()
        finally:
            self._place.release()
            await self._response.aclose()

    def _settle(self, failure: BaseException | None = None) -> None:
        if self._settled:
            return
        self._settled = True
        calls = self._progress.requests.sent - self._before
        latency = time.perf_counter() - self._started
        if failure is None:
            self._progress.settled += self.answer.spent(calls, latency)
        else:
            self._connection.settle(failure, self._progress, calls, latency, self.answer)
