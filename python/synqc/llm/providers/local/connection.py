"""Transport within this process: bodies to llama.cpp, its documents back, its errors in our words."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from typing import Any, Final

from synqc.errors import SynqcError
from synqc.llm import _loop_thread
from synqc.llm._answer import Answer, NotTheProtocol, ToldOfAnError
from synqc.llm._chat_completions import CHAT_COMPLETIONS
from synqc.llm._connection import Clock, Progress, Reply
from synqc.llm.completion import Spent
from synqc.llm.endpoint import Endpoint
from synqc.llm.errors import (
    LanguageModelError,
    ModelRefused,
    ModelTimedOut,
    ModelUnreachable,
    PromptTooLong,
    ProtocolError,
)
from synqc.llm.providers.local.bounds import bounded
from synqc.llm.providers.local.engine import Call, Engine
from synqc.llm.refusal import refusal_in

__all__ = ["LocalConnection"]

_CLOSING_S: Final = 60.0


class LocalConnection:
    """As many calls at a time as the engine has slots; on the loop of `_loop_thread`.

    A place is free again when the engine has really let go of a call, which may be a batch after its caller has left.
    """

    def __init__(
        self, endpoint: Endpoint, engine: Engine, *, idle_s: float, most_tokens: int, reuses_prompts: bool
    ) -> None:
        self.endpoint, self.engine = endpoint, engine
        self._idle_s, self._most_tokens, self._reuses_prompts = idle_s, most_tokens, reuses_prompts
        self._loop: asyncio.AbstractEventLoop | None = None
        self._places = asyncio.Semaphore(endpoint.most_at_once)

    async def reply(self, body: dict[str, Any], progress: Progress, seconds: float) -> Reply:
        self._check_name(body)
        places = self._places_here()
        await places.acquire()
        parts = _Parts(self, self._sent(body), progress, None, places)
        try:
            try:
                async with asyncio.timeout(seconds):
                    while await parts.next() is not None:
                        pass
            except TimeoutError:
                raise parts.failed(
                    ModelTimedOut(
                        f"No answer from {self.endpoint.base_url} within {self.endpoint.timeout_s:g} s.",
                        limit="total", seconds=self.endpoint.timeout_s,
                    )
                ) from None  # fmt: skip
            return Reply.of(parts.answer, parts.spent)
        finally:
            await parts.close()

    async def stream(self, body: dict[str, Any], progress: Progress, clock: Clock) -> _Parts:
        self._check_name(body)
        places = self._places_here()
        wait, limit, seconds = clock.next_limit("place", self.endpoint.idle_s)
        try:
            async with asyncio.timeout(wait):
                await places.acquire()
        except TimeoutError:
            raise ModelTimedOut(
                f"{self.endpoint.base_url} was busy for {seconds:g} s.", limit=limit, seconds=seconds
            ) from None
        return _Parts(self, self._sent(body), progress, clock, places)

    async def close(self) -> None:
        """Wait for what was cancelled, and give the memory back."""
        loop = asyncio.get_running_loop()
        ended = loop.create_future()

        def stop() -> None:
            self.engine.stop(_CLOSING_S)
            _call_soon(loop, _set_if_waiting, ended)

        threading.Thread(target=stop, name="synqc-local-closing", daemon=True).start()
        await ended

    def _places_here(self) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # a forked child has another loop
            self._loop, self._places = loop, asyncio.Semaphore(self.endpoint.most_at_once)
            _loop_thread.shared.close_at_exit(self)
        return self._places

    def _check_name(self, body: dict[str, Any]) -> None:
        if body["model"] != self.engine.name:
            words = f"model {body['model']!r} is not here, but {self.engine.name!r} is"
            raise ModelRefused(f"{self.endpoint.base_url} has one model: {words}.", words=words, status=404)

    def _sent(self, body: dict[str, Any]) -> dict[str, Any]:
        """A body with an end, whose words can be left out of what is remembered."""
        sent = {**body, "stream": True, "return_progress": True, "stream_options": {"include_usage": True}}
        sent.setdefault("max_tokens", self._most_tokens)
        # What is remembered of another conversation was computed in other batches and may round otherwise: an answer
        # that is to be repeatable is computed from its first token, unless its caller is in more of a hurry.
        is_repeatable = body.get("temperature") == 0 or body.get("seed") is not None
        sent["cache_prompt"] = self._reuses_prompts or not is_repeatable
        form = body.get("response_format", {})
        if form.get("type") == "json_schema":
            schema = {**form["json_schema"], "schema": bounded(form["json_schema"]["schema"])}
            sent["response_format"] = {"type": "json_schema", "json_schema": schema}
        return sent

    def _release_later(self) -> None:
        loop = asyncio.get_running_loop()

        def release() -> None:
            threading.Thread(
                target=self.engine.release, kwargs={"if_idle_s": self._idle_s * 0.99}, name="synqc-local-idle",
                daemon=True,
            ).start()  # fmt: skip

        loop.call_later(self._idle_s, release)


class _Requests:
    """Counts as `Progress` reads it."""

    sent = 0


class _Parts:
    """Documents of one call, carried from the engine's thread to the loop."""

    whole = True

    def __init__(
        self, connection: LocalConnection, body: dict[str, Any], progress: Progress, clock: Clock | None,
        places: asyncio.Semaphore,
    ) -> None:  # fmt: skip
        self.answer: Answer = CHAT_COMPLETIONS.answer_to(body)
        self.spent = Spent()
        self._connection, self._progress, self._clock = connection, progress, clock
        self._loop = asyncio.get_running_loop()
        self._documents: deque[Any] = deque()
        self._news = asyncio.Event()
        self._started = time.perf_counter()
        self._settled = self._ended = False
        if progress.requests is None:
            progress.requests = _Requests()
        progress.requests.sent += 1
        self._call = Call(body, lambda document: _call_soon(self._loop, self._tell, document))
        self._places = places
        connection.engine.start(self._call)
        threading.Thread(target=self._free_when_ended, name="synqc-local-place", daemon=True).start()

    async def next(self) -> str | None:
        while True:
            while self._documents:
                text = self._taken(self._documents.popleft())
                if text is None:
                    self._settle()
                    return None
                if text:
                    return text
            self._news.clear()
            if self._clock is None:
                await self._news.wait()
                continue
            wait, limit, seconds = self._clock.next_limit("idle", self._connection.endpoint.idle_s)
            try:
                async with asyncio.timeout(wait):
                    await self._news.wait()
            except TimeoutError:
                name = self._connection.endpoint.base_url
                raise self.failed(Clock.timed_out(name, limit, seconds)) from None

    async def close(self) -> None:
        self._call.cancel()
        self._settle()

    def failed(self, error: LanguageModelError) -> LanguageModelError:
        """An error with what was spent and said before it."""
        refused = isinstance(error, ModelRefused)
        latency = time.perf_counter() - self._started
        error.spent = Spent.without_answer(1, latency) if refused else self.answer.spent(1, latency)
        error.answer = error.answer or self.answer.text
        self._progress.settled += error.spent
        self._progress.last = error
        self._settled = True
        return error

    def _taken(self, document: Any) -> str | None:
        """The text that a document adds; None at the end."""
        name = self._connection.endpoint.base_url
        if document is None:
            return None
        if isinstance(document, SynqcError):
            raise self.failed(ModelUnreachable(str(document), cause=type(document).__name__))
        if isinstance(document, ValueError):  # how the library says that a body is wrong
            words = " ".join(str(document).split())
            raise self.failed(ModelRefused(f"{name} refused the request: {words}", words=words, status=400))
        if isinstance(document, BaseException):
            words = " ".join(str(document).split()) or type(document).__name__
            raise self.failed(ProtocolError(f"{name} failed: {words}", cause=type(document).__name__))
        if document.get("error"):
            raise self.failed(self._refused(document))
        document.pop("model", None)
        try:
            return self.answer.take(document, whole=False)
        except (NotTheProtocol, ToldOfAnError) as error:
            raise self.failed(ProtocolError(f"{name} did not answer in the protocol: {error}.")) from None

    def _refused(self, document: dict[str, Any]) -> ModelRefused:
        told, name = document["error"], self._connection.endpoint.base_url
        found = refusal_in(document)
        words, status = ("", 0) if found is None else (found.words, found.status)
        if isinstance(told, dict) and told.get("type") == "exceed_context_size_error":
            return PromptTooLong(
                f"The conversation has {told.get('n_prompt_tokens')} tokens, but {name} reads at most "
                f"{told.get('n_ctx')} (SYNQC_LOCAL_CONTEXT).",
                limit_tokens=told.get("n_ctx"), words=words, status=status,
            )  # fmt: skip
        return ModelRefused(f"{name} answered {status}: {words}", words=words, status=status)

    def _settle(self) -> None:
        if not self._settled:
            self._settled = True
            self.spent = self.answer.spent(1, time.perf_counter() - self._started)
            self._progress.settled += self.spent

    def _tell(self, document: Any) -> None:
        self._documents.append(document)
        self._news.set()

    def _free_when_ended(self) -> None:
        self._call.ended.wait()
        _call_soon(self._loop, self._free)

    def _free(self) -> None:
        self._places.release()
        self._connection._release_later()


def _call_soon(loop: asyncio.AbstractEventLoop, act: Any, *arguments: Any) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended, and so has whoever waited
        loop.call_soon_threadsafe(act, *arguments)


def _set_if_waiting(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
