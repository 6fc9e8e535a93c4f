"""Asks language models: from threads and coroutines, in any form, with retries, and through a cache."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar, overload

from synqc.cache import Answer, Control, MemoryCache
from synqc.errors import MissingExtra
from synqc.llm import _loop_thread, reporting
from synqc.llm._connection import Connection, Reply
from synqc.llm.completion import Completion, Spent
from synqc.llm.dialect import Dialect
from synqc.llm.endpoint import Endpoint
from synqc.llm.errors import LanguageModelError, MalformedAnswer, ModelTimedOut
from synqc.llm.request import Message, Request

__all__ = ["LanguageModels"]

_log = logging.getLogger("synqc.llm")
_MOST_DIALECTS = 256
_LONGEST_QUOTE = 4000
Value = TypeVar("Value")
Reuse = Literal["repeatable", "always"]


class LanguageModels:
    """The models of one server.

    Every call has three doors: `submit` returns a future, `complete` waits for it, `acomplete` is awaited. Any thread
    and any event loop may use them at once. What a server does not understand of a request (a JSON schema, a
    temperature, ...) is left out or said in words, and what it understood is remembered for that model.

    Args:
        endpoint: Where, and how long an answer may take.
        cache: Keeps answers; None: every request is a call. Answers that were cut short or malformed are not kept.
        reuse: Which answers are kept: "repeatable" ones, of temperature 0 or with a seed, or "always".

    Raises:
        MissingExtra: The package `openai` is not installed.

    Examples:
        >>> from synqc.llm import Endpoint, Message, Request
        >>> models = LanguageModels(Endpoint(base_url="http://127.0.0.1:9/v1", api_key="none", attempts=1))
        >>> models.complete(Request(model="phi3", messages=(Message("user", "Why?"),)))
        Traceback (most recent call last):
        ...
        synqc.llm.errors.ModelUnreachable: Nobody answers at http://127.0.0.1:9/v1: ...
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        cache: Any | None = None,
        reuse: Reuse = "repeatable",
    ) -> None:
        if importlib.util.find_spec("openai") is None:
            raise MissingExtra("Language models need the package `openai`: pip install 'synqc[service]'.")
        self.endpoint = endpoint
        self.cache = cache
        self._reuse = reuse
        self._dialects: MemoryCache = MemoryCache(_MOST_DIALECTS)
        self._connection = Connection(endpoint)

    def __repr__(self) -> str:
        return f"<language models at {self.endpoint.base_url}>"

    @overload
    def submit(
        self, request: Request, *, deadline_s: float | None = ..., control: Control | None = ...
    ) -> Future[Completion[str]]: ...
    @overload
    def submit(
        self,
        request: Request,
        read: Callable[[str], Value],
        *,
        repeats: int = ...,
        deadline_s: float | None = ...,
        control: Control | None = ...,
    ) -> Future[Completion[Value]]: ...

    def submit(
        self,
        request: Request,
        read: Callable[[str], Any] = str,
        *,
        repeats: int = 0,
        deadline_s: float | None = None,
        control: Control | None = None,
    ) -> Future[Completion[Any]]:
        """Ask, and go on meanwhile; cancelling the future ends the call.

        Args:
            request: What is asked.
            read: Makes a value of the answer's text, or raises ValueError with words the model can learn from. It must
                be quick and must not ask in turn.
            repeats: How often to ask again if `read` raised, each time with the answer and those words.
            deadline_s: All of it must be done by then.
            control: What this request asks of the cache.

        Raises (through the future):
            ModelTimedOut, ModelUnreachable, ModelRefused: There was no answer.
            MalformedAnswer: `read` raised for every answer.
        """
        return _loop_thread.shared.submit(self._within(deadline_s, self._answered(request, read, repeats, control)))

    def submit_all(
        self,
        requests: Sequence[Request],
        read: Callable[[str], Value],
        *,
        repeats: int = 0,
        deadline_s: float | None = None,
        control: Control | None = None,
    ) -> Future[list[Completion[Value] | LanguageModelError]]:
        """Ask all at once; each answer or failure stands where its request stood. See `submit`."""

        async def answered() -> list[Completion[Value] | LanguageModelError]:
            one = (self._within(deadline_s, self._answered(request, read, repeats, control)) for request in requests)
            outcomes = await asyncio.gather(*one, return_exceptions=True)
            for outcome in outcomes:
                if isinstance(outcome, BaseException) and not isinstance(outcome, LanguageModelError):
                    raise outcome
            return outcomes  # type: ignore[return-value]

        return _loop_thread.shared.submit(answered())

    def complete(
        self,
        request: Request,
        read: Callable[[str], Any] = str,
        *,
        repeats: int = 0,
        deadline_s: float | None = None,
        control: Control | None = None,
    ) -> Completion[Any]:
        """Ask and wait; see `submit`."""
        return _result(self.submit(request, read, repeats=repeats, deadline_s=deadline_s, control=control))

    async def acomplete(
        self,
        request: Request,
        read: Callable[[str], Any] = str,
        *,
        repeats: int = 0,
        deadline_s: float | None = None,
        control: Control | None = None,
    ) -> Completion[Any]:
        """Ask and wait in a coroutine; see `submit`."""
        return await asyncio.wrap_future(
            self.submit(request, read, repeats=repeats, deadline_s=deadline_s, control=control)
        )

    def stream(self, request: Request) -> Iterator[str]:
        """The answer's text part by part; leaving the iterator ends the call. It is not cached."""
        deltas = self._deltas(request)
        try:
            while (delta := _result(_loop_thread.shared.submit(_next(deltas)))) is not None:
                yield delta
        finally:
            _loop_thread.shared.submit(_closed(deltas)).result()

    async def astream(self, request: Request) -> AsyncIterator[str]:
        """Like `stream`, in a coroutine."""
        deltas = self._deltas(request)
        try:
            while (delta := await asyncio.wrap_future(_loop_thread.shared.submit(_next(deltas)))) is not None:
                yield delta
        finally:
            await asyncio.wrap_future(_loop_thread.shared.submit(_closed(deltas)))

    def close(self) -> None:
        """Let go of connections; the next request makes new ones."""
        _loop_thread.shared.submit(self._connection.close()).result()

    async def _within(self, deadline_s: float | None, answered: Any) -> Completion[Any]:
        try:
            async with asyncio.timeout(deadline_s):
                completion: Completion[Any] = await answered
                return completion
        except ModelTimedOut:
            raise
        except TimeoutError:
            raise ModelTimedOut(f"The model did not give a usable answer within {deadline_s} s.") from None

    async def _answered(
        self, request: Request, read: Callable[[str], Any], repeats: int, control: Control | None
    ) -> Completion[Any]:
        if self.cache is None or not (self._reuse == "always" or request.repeatable):
            return await self._asked(request, read, repeats)
        asked: list[Completion[Any]] = []

        async def ask() -> dict[str, Any]:
            completion = await self._asked(request, read, repeats)
            asked.append(completion)
            if completion.finish_reason == "length":
                raise _NotToBeKept(completion)
            return completion.to_plain()

        try:
            kept: Answer = await self.cache.aanswer(
                request.key(self.endpoint.base_url), ask, kind="chat_completion", control=control
            )
        except _NotToBeKept as cut:
            return replace(cut.completion, value=read(cut.completion.text))
        if asked:
            return asked[0]
        try:
            return Completion.from_plain(kept.value, read(kept.value["text"]), cached=True)
        except ValueError:  # kept for a reader that was content with less
            anew = replace(control or Control(), no_cache=True, only_if_cached=False)
            return await self._answered(request, read, repeats, anew)

    async def _asked(self, request: Request, read: Callable[[str], Any], repeats: int) -> Completion[Any]:
        """Ask until `read` is content."""
        messages, spent = request.messages, Spent()
        for repeat in range(repeats + 1):
            try:
                reply, dialect = await self._called(request, messages)
            except LanguageModelError as error:
                error.spent = spent + error.spent
                raise
            spent += reply.spent
            try:
                value = read(reply.text)
            except ValueError as error:
                reporting.count_malformed(request.model)
                problem = str(error)
            else:
                return Completion(
                    value, reply.text, reply.model, reply.finish_reason, spent, dialect.form_of(request),
                    dialect.ignored(request),
                )  # fmt: skip
            _log.info("Answer %d of model %s is of no use.", repeat + 1, request.model)
            correction = f"Your answer cannot be used: {problem}. Answer again, in the form that was asked for."
            messages = (
                *request.messages,
                Message("assistant", reply.text[:_LONGEST_QUOTE] or "(nothing)"),
                Message("user", correction),
            )
        raise MalformedAnswer(
            f"The model's answer cannot be used, after {spent.calls} tries: {problem}.", spent=spent, answer=reply.text
        )

    async def _called(self, request: Request, messages: tuple[Message, ...]) -> tuple[Reply, Dialect]:
        """Ask once, in as many ways as it takes for the server to understand."""
        dialect = self._dialects.get(request.model) or Dialect()
        with reporting.call_timer.labels(model=request.model):
            while True:
                sent = dialect.parameters(request, messages)
                try:
                    reply = await self._connection.reply(sent)
                    break
                except LanguageModelError as error:
                    dialect = self._simpler(dialect, sent, error)
        self._remember(request.model, dialect)
        reporting.count_tokens(request.model, reply.spent)
        return reply, dialect

    async def _deltas(self, request: Request) -> AsyncIterator[str]:
        dialect = self._dialects.get(request.model) or Dialect()
        started = time.perf_counter()
        while True:
            sent = dialect.parameters(request, request.messages, stream=True)
            try:
                stream = await self._connection.stream(sent)
                break
            except LanguageModelError as error:
                dialect = self._simpler(dialect, sent, error)
        self._remember(request.model, dialect)
        try:
            first = True
            async for delta in stream:
                if first:
                    reporting.record_first_delta(request.model, time.perf_counter() - started)
                    first = False
                yield delta
        finally:
            await stream.close()
        reporting.count_tokens(request.model, stream.spent)

    def _simpler(self, dialect: Dialect, sent: dict[str, Any], error: LanguageModelError) -> Dialect:
        """What to try next, or the error if there is nothing."""
        simpler = dialect.after_refusal(sent, getattr(error, "status", 0), str(error))
        if simpler is None:
            raise error
        return simpler

    def _remember(self, model: str, dialect: Dialect) -> None:
        if self._dialects.get(model) != dialect:
            _log.info("Model %s at %s understands %s.", model, self.endpoint.base_url, dialect)
            self._dialects.set(model, dialect)


@dataclass
class _NotToBeKept(Exception):
    """Carries an answer past the cache to everybody who waits for it."""

    completion: Completion[Any]


async def _next(deltas: AsyncIterator[str]) -> str | None:
    return await anext(deltas, None)


async def _closed(deltas: Any) -> None:
    await deltas.aclose()


def _result(future: Future[Value]) -> Value:
    try:
        return future.result()
    except BaseException:
        future.cancel()  # Ctrl-C: nobody wants the answer any more
        raise
