"""Asks language models: from threads and coroutines, in any form, with retries, and through a cache."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeVar, overload

from synqc.cache import Answer, Control, DiskCache, MemoryCache
from synqc.errors import CacheMiss, MissingExtra
from synqc.llm import _attempts, _loop_thread, reporting
from synqc.llm._chat_completions import CHAT_COMPLETIONS
from synqc.llm._connection import Clock, Connection, Progress, Reply
from synqc.llm._recorded import Recorded, lengths_of
from synqc.llm._sharing import SharedCalls
from synqc.llm._transport import AnswerParts, Transport
from synqc.llm.completion import Completion
from synqc.llm.dialect import Dialect, Dialects
from synqc.llm.endpoint import Endpoint
from synqc.llm.errors import (
    CallCancelled,
    CutAnswer,
    EmptyAnswer,
    ErrorInAnswer,
    FilteredAnswer,
    LanguageModelError,
    MalformedAnswer,
    ModelRefused,
    ModelTimedOut,
    PromptTooLong,
    ProtocolError,
)
from synqc.llm.message import Message
from synqc.llm.outcome import Outcome
from synqc.llm.request import Request
from synqc.llm.semantic_tier import SemanticTier, is_searchable, without_question
from synqc.llm.structured import structured_in
from synqc.llm.text_stream import AsyncTextStream, Deltas, TextStream
from synqc.llm.wire import Wire

__all__ = ["LanguageModels", "error_of"]

_log = logging.getLogger("synqc.llm")
_LONGEST_QUOTE: Final = 4000
_MOST_KNOWN_KEYS: Final = 10_000
_CLOSED: Final = "The client was closed while the call was under way."
Value = TypeVar("Value")
Reuse = Literal["repeatable", "always"]


class LanguageModels:
    """The models of one server.

    Every call has three doors: `submit` returns a future, `complete` waits for it, `acomplete` is awaited. Any thread
    and any event loop may use them at once. What a server says it does not understand of a request (a JSON schema, a
    temperature, ...) is left out or said in words, and what it understood is remembered for that model for an hour.

    Every call has one outcome (see `Outcome`). Only `ok` is an answer, and only that is kept in the cache; every other
    outcome is an error of its own class.

    Close it, or use it in `with` or `async with`; what is not closed is closed when it is forgotten, or when the
    process ends.

    Args:
        endpoint: Where, and how long an answer may take.
        cache: Keeps answers; None: every request is a call.
        reuse: Which answers are kept: "repeatable" ones, of temperature 0 or with a seed that the model took, or
            "always".
        kind: Kind of what is kept: the cache's label for lifetimes (its `ttl_by_kind`) and statistics.
        semantic: Serves what is kept also to who asks the same in other words; see `SemanticTier`. None: to nobody.
            Streams are not sought by meaning.
        strict: A conversation of which the server read only a part is an error (PromptTooLong); otherwise the
            completion says so (`prompt_truncated`) and is not kept.
        wire: The protocol it speaks, OpenAI's if it is not named; `synqc.llm.providers` has others.

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
        kind: str = "chat_completion",
        semantic: SemanticTier | None = None,
        strict: bool = False,
        wire: Wire = CHAT_COMPLETIONS,
    ) -> None:
        self.endpoint = endpoint
        self.cache = cache
        self._peek = getattr(cache, "peek", None)  # a cache that has it answers without waiting for anything
        self._known_keys: MemoryCache | None = None
        if isinstance(cache, DiskCache):  # a file answers at once, too, and is asked so for what it is known to hold
            self._known_keys = MemoryCache(max_entries=_MOST_KNOWN_KEYS)
            self._peek = self._known_keys.get
        self._reuse = reuse
        self._kind = kind
        self._semantic = semantic
        self._strict = strict
        self._wire = wire
        self._dialects = Dialects(self._wire.dialect)
        self._connection = self._connected()
        self._calls: set[asyncio.Task[Any]] = set()
        self._dismissed: set[asyncio.Task[Any]] = set()
        weakref.finalize(self, _let_go, self._connection).atexit = False  # the loop's thread does that

    def _connected(self) -> Transport:
        """What carries bodies to the models; a provider that needs no server has its own."""
        if importlib.util.find_spec("openai") is None:
            raise MissingExtra("Language models need the package `openai`: pip install 'synqc[llm]'.")
        return Connection(self.endpoint, self._wire)

    def __repr__(self) -> str:
        return f"<language models at {self.endpoint.base_url}>"

    @property
    def name(self) -> str:
        """Address of the server."""
        return self.endpoint.base_url

    @property
    def most_at_once(self) -> int:
        """How many requests are under way at a time; others wait."""
        return self.endpoint.most_at_once

    @property
    def is_local(self) -> bool:
        """Whether the server's address is of this machine."""
        return self.endpoint.is_on_this_machine

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    @overload
    def submit(
        self, request: Request, *, deadline_s: float | None = ..., control: Control | None = ..., partial: bool = ...
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
        partial: bool = ...,
    ) -> Future[Completion[Value]]: ...

    def submit(
        self,
        request: Request,
        read: Callable[[str], Any] = str,
        *,
        repeats: int = 0,
        deadline_s: float | None = None,
        control: Control | None = None,
        partial: bool = False,
    ) -> Future[Completion[Any]]:
        """Ask, and go on meanwhile; cancelling the future ends the call.

        Args:
            request: What is asked.
            read: Makes a value of the answer's text, or raises ValueError with words the model can learn from. It must
                be quick and must not ask in turn. With a form, it is given the text of the object that fits.
            repeats: How often to ask again if `read` raised or the answer was empty, each time with the answer and the
                reason. A cut or filtered answer is not asked for again.
            deadline_s: All of it must be done by then.
            control: What this request asks of the cache.
            partial: Take the beginning of an answer that was cut or filtered, as long as `read` takes it; `outcome`
                says so, and it is not kept. With a form there is no such thing: half an object is none.

        Raises (through the future):
            LanguageModelError: There is no answer; its class is the outcome's.
        """
        kept = self._kept(request, read, control)
        if kept is not None:
            done: Future[Completion[Any]] = Future()
            done.set_result(kept)
            return done
        return _loop_thread.shared.submit(self._within(deadline_s, request, read, repeats, control, partial))

    def submit_all(
        self,
        requests: Sequence[Request],
        read: Callable[[str], Value],
        *,
        repeats: int = 0,
        deadline_s: float | None = None,
        control: Control | None = None,
        partial: bool = False,
    ) -> Future[list[Completion[Value] | LanguageModelError]]:
        """Ask all at once; each answer or failure stands where its request stood. See `submit`."""

        async def answered() -> list[Completion[Value] | LanguageModelError]:
            one = (self._within(deadline_s, request, read, repeats, control, partial) for request in requests)
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
        partial: bool = False,
    ) -> Completion[Any]:
        """Ask and wait; see `submit`."""
        future = self.submit(
            request, read, repeats=repeats, deadline_s=deadline_s, control=control, partial=partial
        )  # fmt: skip
        try:
            return future.result()
        except BaseException:
            future.cancel()  # Ctrl-C: nobody wants the answer any more
            raise

    async def acomplete(
        self,
        request: Request,
        read: Callable[[str], Any] = str,
        *,
        repeats: int = 0,
        deadline_s: float | None = None,
        control: Control | None = None,
        partial: bool = False,
    ) -> Completion[Any]:
        """Ask and wait in a coroutine; see `submit`. What a cache has in memory is answered at once."""
        kept = self._kept(request, read, control)
        if kept is not None:
            return kept
        asked = self._within(deadline_s, request, read, repeats, control, partial)
        if _loop_thread.shared.is_here():
            return await asked
        return await asyncio.wrap_future(_loop_thread.shared.submit(asked))

    def stream(
        self, request: Request, *, deadline_s: float | None = None, control: Control | None = None,
        partial: bool = False,
    ) -> TextStream:  # fmt: skip
        """The answer's text part by part; leaving or closing the iterator ends the call.

        An answer that the cache holds is given in the parts it came in, or as one part if it did not come as a stream.
        What is read to its end is kept as `complete` would keep it, for both; what is left or breaks off is not.

        Args:
            request: What is asked.
            deadline_s: All of it must be done by then, beside the endpoint's own limits.
            control: What this request asks of the cache.
            partial: End like any other where the answer was cut or filtered; otherwise an error follows the parts.

        Raises (from the iterator):
            LanguageModelError: The answer is none, or breaks off; its class is the outcome's.
            CacheMiss: `control.only_if_cached`, and nothing is kept.
        """
        return TextStream(self._deltas(request, deadline_s, control, partial))

    def astream(
        self, request: Request, *, deadline_s: float | None = None, control: Control | None = None,
        partial: bool = False,
    ) -> AsyncTextStream:  # fmt: skip
        """Like `stream`, in a coroutine."""
        return AsyncTextStream(self._deltas(request, deadline_s, control, partial))

    def close(self) -> None:
        """End what is under way with `CallCancelled`, and let go of connections; the next request makes new ones."""
        _loop_thread.shared.submit(self._closed()).result()

    async def aclose(self) -> None:
        """Like `close`, in a coroutine."""
        await asyncio.wrap_future(_loop_thread.shared.submit(self._closed()))

    async def _closed(self) -> None:
        under_way = [task for task in self._calls if not task.done()]
        for task in under_way:
            if not task.cancelling():
                self._dismissed.add(task)
                task.cancel()
        if under_way:
            await asyncio.wait(under_way)
        await self._connection.close()

    async def _within(
        self, deadline_s: float | None, request: Request, read: Callable[[str], Any], repeats: int,
        control: Control | None, partial: bool,
    ) -> Completion[Any]:  # fmt: skip
        progress = Progress()
        try:
            with self._under_way(progress):
                async with asyncio.timeout(deadline_s):
                    return await self._answered(request, read, repeats, control, partial, progress)
        except ModelTimedOut:
            raise
        except TimeoutError:
            raise _past_the_deadline(deadline_s or 0.0, progress) from None

    @contextlib.contextmanager
    def _under_way(self, progress: Progress) -> Iterator[None]:
        """The present task is a call, which ends if the client is closed."""
        task = asyncio.current_task()
        assert task is not None
        self._calls.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if task not in self._dismissed:
                raise
            if task.uncancel():  # it may be the caller's own, and go on unless somebody else wants its end, too
                raise
            raise CallCancelled(_CLOSED, spent=progress.spent) from None
        finally:
            self._calls.discard(task)
            self._dismissed.discard(task)

    def _may_keep(self, request: Request) -> bool:
        if self.cache is None or request.tools:  # what a call of a tool does is not kept
            return False
        return self._reuse == "always" or request.repeatable

    def _key(self, request: Request) -> str:
        return request.key(self.endpoint.base_url, tenant=self.endpoint.tenant, wire=self._wire.key_of(request.model))

    def _kept(self, request: Request, read: Callable[[str], Any], control: Control | None) -> Completion[Any] | None:
        """What is kept, if that can be told on the caller's own thread."""
        kept = self._kept_at_once(request, control)
        try:
            return None if kept is None else _completion_of(kept, read)
        except ValueError:  # kept for a reader that was content with less
            return None

    def _kept_at_once(self, request: Request, control: Control | None) -> Answer | None:
        """What is kept, if that can be told without waiting; only what is there counts as a request to the cache."""
        if self._peek is None or not self._may_keep(request):
            return None
        if control is not None and (control.no_cache or control.namespace is not None):
            return None
        key = self._key(request)
        if self._peek(key) is None or self.cache is None or (stored := self.cache.look_up(key)) is None:
            return None
        return Answer(stored.value, True, stored.age, key)

    async def _answered(
        self, request: Request, read: Callable[[str], Any], repeats: int, control: Control | None, partial: bool,
        progress: Progress,
    ) -> Completion[Any]:  # fmt: skip
        if not self._may_keep(request):
            return (await self._asked(request, read, repeats, partial, progress)).completion

        async def call(progress: Progress) -> _Answered | Answer:
            return await self._kept_or_asked(request, read, repeats, control, partial, progress)

        if control is not None and control.no_cache:  # each such request wants an answer of its own
            found, began = await call(progress), True
        else:
            key = (id(self.cache), self._key(request), control, partial)
            found, began = await _shared_calls.result(key, call, progress)
        if isinstance(found, _Answered):
            if began:
                return found.completion
            kept = Answer(found.plain(), False, 0.0, found.completion.key)
        else:
            kept = found
        try:
            completion = _completion_of(kept, read)
        except ValueError:  # kept for a reader that was content with less
            anew = replace(control or Control(), no_cache=True, only_if_cached=False)
            return await self._answered(request, read, repeats, anew, partial, progress)
        if isinstance(found, _Answered):
            other = found.completion
            return replace(completion, outcome=other.outcome, prompt_truncated=other.prompt_truncated)
        return completion

    async def _kept_or_asked(
        self, request: Request, read: Callable[[str], Any], repeats: int, control: Control | None, partial: bool,
        progress: Progress,
    ) -> _Answered | Answer:  # fmt: skip
        """What the cache holds; else what the model answers, kept if it may be."""
        if self._semantic is None or not is_searchable(request) or (control is not None and control.no_cache):
            return await self._kept_or_asked_as_worded(request, read, repeats, control, partial, progress)
        looking = replace(control or Control(), only_if_cached=True)
        assert self.cache is not None
        with contextlib.suppress(CacheMiss):
            return await self.cache.aanswer(self._key(request), _nothing, control=looking)  # type: ignore[no-any-return]
        namespace = (
            "" if control is None or control.namespace is None else f"{len(control.namespace)} {control.namespace}"
        )
        scope = f"{id(self.cache)} {namespace} {self._key(without_question(request))}"
        near = await self._semantic.find(request, scope)
        if near is not None:
            key, cosine = near
            with contextlib.suppress(CacheMiss):
                kept: Answer = await self.cache.aanswer(key, _nothing, control=looking)
                return replace(kept, value={**kept.value, "similarity": cosine})
        found = await self._kept_or_asked_as_worded(request, read, repeats, control, partial, progress)
        if isinstance(found, _Answered) and found.completion.key:
            await self._semantic.add(request, scope, self._key(request))
        return found

    async def _kept_or_asked_as_worded(
        self, request: Request, read: Callable[[str], Any], repeats: int, control: Control | None, partial: bool,
        progress: Progress,
    ) -> _Answered | Answer:  # fmt: skip
        asked: list[_Answered] = []

        async def ask() -> dict[str, Any]:
            answered = await self._asked(request, read, repeats, partial, progress)
            asked.append(answered)
            if not self._is_to_be_kept(answered.completion):
                raise _NotToBeKept
            return answered.plain()

        assert self.cache is not None
        try:
            kept: Answer = await self.cache.aanswer(self._key(request), ask, kind=self._kind, control=control)
        except _NotToBeKept:
            # Without one of our own it was somebody else's, through another client of this cache.
            return asked[0] if asked else await self._asked(request, read, repeats, partial, progress)
        if self._known_keys is not None:
            self._known_keys.set(kept.key, True)
        return asked[0].kept_as(kept.key) if asked else kept

    def _is_to_be_kept(self, completion: Completion[Any]) -> bool:
        if not completion.outcome.is_success or completion.prompt_truncated:
            return False
        # What was answered without the temperature or the seed that was asked for will not be answered again.
        return self._reuse == "always" or not completion.ignored

    async def _asked(
        self, request: Request, read: Callable[[str], Any], repeats: int, partial: bool, progress: Progress
    ) -> _Answered:
        """Ask until `read` is content."""
        messages = request.messages
        problem = ""
        for repeat in range(repeats + 1):
            reply, dialect = await self._called(request, messages, progress)
            told = self._refused_by_model(request, reply, partial)
            if told is None and reply.outcome is not Outcome.EMPTY:
                try:
                    answered = self._read(request, read, reply, dialect, progress, repair=False)
                except ValueError as error:
                    if reply.outcome is not Outcome.OK:
                        told = error_of(reply, self.endpoint.base_url)
                    problem = str(error)
                else:
                    return answered
            elif told is None:
                problem = "it is empty"
            if told is not None:
                reporting.count_outcome(request.model, told.outcome)
                told.spent = progress.settled
                raise told
            if repeat < repeats:
                outcome = reply.outcome if reply.outcome is Outcome.EMPTY else Outcome.MALFORMED
                reporting.count_outcome(request.model, outcome)
            _log.info("Answer %d of model %s is of no use.", repeat + 1, request.model)
            correction = f"Your answer cannot be used: {problem}. Answer again, in the form that was asked for."
            messages = (
                *request.messages,
                Message("assistant", reply.text[:_LONGEST_QUOTE] or "(nothing)"),
                Message("user", correction),
            )
        if request.form is not None and request.form.repair and reply.outcome is Outcome.OK:
            try:
                return self._read(request, read, reply, dialect, progress, repair=True)
            except ValueError:
                pass
        raise self._useless(request, reply, problem, repeats + 1, progress)

    def _read(
        self, request: Request, read: Callable[[str], Any], reply: Reply, dialect: Dialect, progress: Progress,
        *, repair: bool,
    ) -> _Answered:  # fmt: skip
        """The completion a reply makes; ValueError if it makes none."""
        text = reply.text
        repaired: tuple[str, ...] = ()
        if reply.tool_calls:
            value = text
        elif request.form is None:
            value = read(text)
        else:
            values: list[Any] = []
            form = request.form
            found = structured_in(
                text, form.schema, checked=form.checked, accept=lambda found: values.append(read(found)), repair=repair
            )
            text, repaired, value = found.text, found.repaired, values[-1]
        truncated = self._wire.truncated_to(request.model, request.messages, reply.spent) is not None
        completion = Completion(
            value, reply.text, reply.model, reply.finish_reason, progress.settled, dialect.form_of(request),
            dialect.ignored(request, logprobs=bool(reply.logprobs)), outcome=reply.outcome, repaired=repaired,
            prompt_truncated=truncated, logprobs=reply.logprobs, tool_calls=reply.tool_calls,
        )  # fmt: skip
        reporting.count_outcome(request.model, reply.outcome)
        return _Answered(completion, text)

    def _refused_by_model(self, request: Request, reply: Reply, partial: bool) -> LanguageModelError | None:
        """Why a reply is no answer whatever its text, or None."""
        where = self.endpoint.base_url
        limit = self._wire.truncated_to(request.model, request.messages, reply.spent)
        if limit is not None:
            reporting.count_truncated(request.model)
            if self._strict:
                return PromptTooLong(
                    f"{where} read only {limit} tokens of a conversation that has more.",
                    limit_tokens=limit, answer=reply.text, status=200,
                )  # fmt: skip
        if reply.outcome in (Outcome.OK, Outcome.EMPTY):
            return None
        if partial and request.form is None and reply.outcome in (Outcome.CUT, Outcome.FILTERED) and reply.text.strip():
            return None
        return error_of(reply, where)

    def _useless(
        self, request: Request, reply: Reply, problem: str, tries: int, progress: Progress
    ) -> LanguageModelError:
        """The error of an answer that no repetition made useful."""
        if reply.outcome is Outcome.EMPTY:
            error = error_of(reply, self.endpoint.base_url)
        else:
            error = MalformedAnswer(
                f"The model's answer cannot be used, after {tries} {'try' if tries == 1 else 'tries'}: {problem}.",
                answer=reply.text, finish_reason=reply.finish_reason,
            )  # fmt: skip
        error.spent = progress.settled
        reporting.count_outcome(request.model, error.outcome)
        return error

    async def _called(
        self, request: Request, messages: tuple[Message, ...], progress: Progress
    ) -> tuple[Reply, Dialect]:
        """Ask once, in as many ways as it takes for the server to understand, and as often as the endpoint allows."""
        dialect = self._dialects.of(request.model)
        left_s, attempt = self.endpoint.timeout_s, 0
        before = progress.settled
        try:
            with reporting.call_timer_of(request.model):
                while True:
                    sent = dialect.parameters(request, messages)
                    try:
                        reply = await self._connection.reply(sent, progress, left_s)
                        break
                    except LanguageModelError as error:
                        left_s -= error.spent.latency_s
                        simpler = dialect.after_refusal(sent, error.status, error.words)
                        if simpler is None:
                            attempt += 1
                            pause_s = _attempts.pause_s(self.endpoint, error, attempt, left_s)
                            if pause_s is None:
                                error.spent = progress.settled
                                raise
                            await asyncio.sleep(pause_s)
                            left_s -= pause_s
                    dialect = simpler or dialect
        except LanguageModelError as error:
            reporting.count_outcome(request.model, error.outcome)
            raise
        except asyncio.CancelledError:
            reporting.count_outcome(request.model, Outcome.CANCELLED)
            raise
        finally:
            reporting.count_requests(request.model, progress.spent.calls - before.calls)
        self._remember(request.model, dialect)
        reporting.count_tokens(request.model, reply.spent)
        return reply, dialect

    def _deltas(self, request: Request, deadline_s: float | None, control: Control | None, partial: bool) -> Deltas:
        def ending(reply: Reply) -> LanguageModelError | None:
            told = self._refused_by_model(request, reply, partial)
            return error_of(reply, self.endpoint.base_url) if reply.outcome is Outcome.EMPTY else told

        kept = self._kept_at_once(request, control)
        recording = None
        if self._may_keep(request):
            recording = _Recording(self, request, control)
        return Deltas(
            self._opened, ending, self._wire.truncated_to, self._under_way, request,
            total_s=self.endpoint.stream_timeout_s, deadline_s=deadline_s,
            recorded=None if kept is None else Recorded(kept), recording=recording,
        )  # fmt: skip

    async def _opened(self, request: Request, progress: Progress, clock: Clock) -> tuple[AnswerParts, Dialect]:
        """The beginning of a stream, in as many ways and attempts as `_called`."""
        dialect, attempt = self._dialects.of(request.model), 0
        while True:
            sent = dialect.parameters(request, request.messages, stream=True)
            try:
                parts = await self._connection.stream(sent, progress, clock)
                break
            except LanguageModelError as error:
                simpler = dialect.after_refusal(sent, error.status, error.words)
                if simpler is None:
                    attempt += 1
                    pause_s = _attempts.pause_s(self.endpoint, error, attempt, clock.left_s)
                    if pause_s is None:
                        error.spent = progress.settled
                        raise
                    await asyncio.sleep(pause_s)
            dialect = simpler or dialect
        self._remember(request.model, dialect)
        return parts, dialect

    def _remember(self, model: str, dialect: Dialect) -> None:
        if self._dialects.learn(model, dialect):
            _log.info("Model %s at %s understands %s.", model, self.endpoint.base_url, dialect)


@dataclass(frozen=True)
class _Answered:
    """A completion and the text that its reader read."""

    completion: Completion[Any]
    read: str

    def plain(self) -> dict[str, Any]:
        return {**self.completion.to_plain(), "read": self.read}

    def kept_as(self, key: str) -> _Answered:
        return replace(self, completion=replace(self.completion, key=key))


class _Recording:
    """What a stream asks of the cache, before its first part and after its last."""

    def __init__(self, models: LanguageModels, request: Request, control: Control | None) -> None:
        self._models, self._request = models, request
        self._control = control or Control()
        self._key = models._key(request)

    async def found(self) -> Recorded | None:
        """What is kept.

        Raises:
            CacheMiss: Nothing is, and the request wants nothing else.
        """
        if self._control.no_cache:
            return None
        looking = replace(self._control, only_if_cached=True)
        try:
            return Recorded(await self._models.cache.aanswer(self._key, _nothing, control=looking))  # type: ignore[union-attr]
        except CacheMiss:
            if self._control.only_if_cached:
                raise
            return None

    async def keep(self, reply: Reply, parts: list[str], dialect: Dialect) -> None:
        """Keep a stream that was read to its end, if `complete` would keep its answer."""
        request = self._request
        read = reply.text
        if request.form is not None:
            try:
                read = structured_in(reply.text, request.form.schema, checked=request.form.checked).text
            except ValueError:
                return
        limit = self._models._wire.truncated_to(request.model, request.messages, reply.spent)
        completion = Completion(
            read, reply.text, reply.model, reply.finish_reason, reply.spent, dialect.form_of(request),
            dialect.ignored(request, logprobs=bool(reply.logprobs)), outcome=reply.outcome,
            prompt_truncated=limit is not None, logprobs=reply.logprobs,
        )  # fmt: skip
        if not self._models._is_to_be_kept(completion):
            return
        plain = {**_Answered(completion, read).plain(), "parts": lengths_of(parts)}

        async def streamed() -> dict[str, Any]:
            return plain

        storing = replace(self._control, no_cache=True, only_if_cached=False)
        await self._models.cache.aanswer(self._key, streamed, kind=self._models._kind, control=storing)  # type: ignore[union-attr]


async def _nothing() -> None:
    raise AssertionError("Whoever looks for what is kept computes nothing.")


def _completion_of(kept: Answer, read: Callable[[str], Any]) -> Completion[Any]:
    """The completion that an answer of the cache is; ValueError if `read` is not content with it."""
    plain = kept.value
    completion: Completion[Any] = Completion.from_plain(
        plain, read(plain["read"]), cached=True, age_s=kept.age, key=kept.key
    )
    similarity = plain.get("similarity")
    return completion if similarity is None else replace(completion, similarity=similarity)


class _NotToBeKept(Exception):
    """Leads an answer past the cache."""


_shared_calls = SharedCalls()


def _let_go(connection: Transport) -> None:
    """Close the connections of a client that was forgotten."""
    _loop_thread.shared.tell(connection.close())


def error_of(reply: Reply, where: str) -> LanguageModelError:
    """The error that the outcome of a reply is."""
    details: dict[str, Any] = {"answer": reply.text, "finish_reason": reply.finish_reason, "status": 200}
    reason = repr(reply.finish_reason[:80])
    if reply.outcome is Outcome.CUT:
        return CutAnswer(
            "The answer was cut at the limit of tokens: ask with a higher `max_tokens`, or for less.", **details
        )
    if reply.outcome is Outcome.FILTERED:
        return FilteredAnswer(f"A filter of {where} withheld the answer ({reason}).", **details)
    if reply.outcome is Outcome.REFUSED:
        words = reply.refusal.strip()
        details["answer"] = reply.text or words
        return ModelRefused(f"The model declined to answer: {words[:400] or reason}", words=words, **details)
    if reply.outcome is Outcome.IN_BAND_ERROR:
        return ErrorInAnswer(f"{where} ended the answer by an error ({reason}).", **details)
    if reply.outcome is Outcome.EMPTY:
        thought = ": it only thought" if reply.has_thoughts else ""
        told = "" if reply.finish_reason == "stop" else f" ({reason})"
        return EmptyAnswer(f"The model answered nothing{thought}{told}.", **details)
    return ProtocolError(f"{where} ended the answer for a reason that is not known: {reason}.", **details)


def _past_the_deadline(deadline_s: float, progress: Progress) -> ModelTimedOut:
    last = progress.last
    told = "" if last is None else f" The last that was said: {last}"
    return ModelTimedOut(
        f"The model did not give a usable answer within {deadline_s:g} s, the caller's deadline.{told}",
        limit="deadline", seconds=deadline_s, spent=progress.spent,
        words="" if last is None else last.words, status=0 if last is None else last.status,
        retry_after_s=None if last is None else last.retry_after_s,
    )  # fmt: skip
