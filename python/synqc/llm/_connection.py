"""One server behind the OpenAI SDK: bodies out, replies in, its errors in our words."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from synqc.llm import _loop_thread
from synqc.llm.completion import Spent
from synqc.llm.endpoint import Endpoint
from synqc.llm.errors import LanguageModelError, MalformedAnswer, ModelRefused, ModelTimedOut, ModelUnreachable

__all__ = ["Connection", "Reply", "TextStream"]

_LONGEST_WORDS = 500


@dataclass(frozen=True)
class Reply:
    """What came back for one body."""

    text: str
    model: str
    finish_reason: str
    spent: Spent


class Connection:
    """Pooled connections to one server, on the loop of `_loop_thread`; made when first needed."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._sdk: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._places = asyncio.Semaphore(endpoint.most_at_once)

    async def reply(self, body: dict[str, Any]) -> Reply:
        """Send a body and read the whole answer."""
        sdk = self._client()
        async with self._places:
            started = time.perf_counter()
            raw = await self._sent(sdk, body, started)
            return _reply_of(raw, body["model"], time.perf_counter() - started)

    async def stream(self, body: dict[str, Any]) -> TextStream:
        """Send a body and wait for the answer's beginning."""
        sdk = self._client()
        places = self._places
        try:
            async with asyncio.timeout(self.endpoint.timeout_s):  # whoever reads a stream is waiting for it
                await places.acquire()
        except TimeoutError:
            raise ModelTimedOut(f"{self.endpoint.base_url} was busy for {self.endpoint.timeout_s:g} s.") from None
        try:
            started = time.perf_counter()
            return TextStream(await self._sent(sdk, body, started), self, started, places)
        except BaseException:
            places.release()
            raise

    async def _sent(self, sdk: Any, body: dict[str, Any], started: float) -> Any:
        try:
            async with asyncio.timeout(self.endpoint.timeout_s):
                return await sdk.chat.completions.create(**body)
        except Exception as error:
            failure = self.failure(error, Spent(1, latency_s=time.perf_counter() - started))
        raise failure

    async def close(self) -> None:
        """Close connections."""
        sdk, self._sdk = self._sdk, None
        if sdk is not None and self._loop is asyncio.get_running_loop():
            await sdk.close()

    def _client(self) -> Any:
        loop = _loop_thread.shared.loop()
        if self._sdk is None or self._loop is not loop:  # a forked child has another loop
            import openai

            endpoint = self.endpoint
            self._loop, self._places = loop, asyncio.Semaphore(endpoint.most_at_once)
            self._sdk = openai.AsyncOpenAI(
                base_url=endpoint.base_url,
                api_key=endpoint.api_key.strip(),
                timeout=openai.Timeout(endpoint.timeout_s, connect=endpoint.connect_timeout_s),
                max_retries=endpoint.attempts - 1,
            )
        return self._sdk

    def failure(self, error: Exception, spent: Spent) -> Exception:
        """Ours for one of theirs. To be raised after theirs is handled: its words and headers may hold the key, and it
        must not become the cause or context of anything that is logged.
        """
        import openai

        where = self.endpoint.base_url
        if isinstance(error, (openai.APITimeoutError, TimeoutError)):
            return ModelTimedOut(f"No answer from {where} within {self.endpoint.timeout_s:g} s.", spent=spent)
        if isinstance(error, openai.APIStatusError):
            words = self._words(f"{where} answered {error.status_code}: {error.message}")
            return ModelRefused(words, status=error.status_code, spent=spent)
        if isinstance(error, openai.APIConnectionError):
            return ModelUnreachable(self._words(f"Nobody answers at {where}: {_reason(error)}"), spent=spent)
        if isinstance(error, openai.OpenAIError):
            return LanguageModelError(self._words(f"{where} failed: {error}"), spent=spent)
        if isinstance(error, ValueError):
            return MalformedAnswer(f"{where} did not answer in the protocol: its body is no JSON.", spent=spent)
        if type(error).__module__.startswith("http"):  # the SDK passes on what breaks a stream
            return ModelUnreachable(self._words(f"The connection to {where} broke: {_reason(error)}"), spent=spent)
        return error

    def _words(self, text: str) -> str:
        return self.endpoint.without_secrets(text)[:_LONGEST_WORDS]


class TextStream:
    """Parts of one answer as they come. `spent` is complete when it has ended."""

    def __init__(self, raw: Any, connection: Connection, started: float, place: asyncio.Semaphore) -> None:
        self._raw = raw
        self._connection = connection
        self._started = started
        self._place = place
        self.spent = Spent(1)

    async def __aiter__(self) -> AsyncIterator[str]:
        """The parts that hold text.

        Raises:
            MalformedAnswer: It ended before the model said that it had ended.
        """
        ended = False
        chunks = aiter(self._raw)
        while True:
            failure: Exception | None = None
            try:
                # For each part anew: a generator may not hold it across a yield.
                async with asyncio.timeout(self._connection.endpoint.timeout_s):
                    chunk = await anext(chunks, None)
            except Exception as error:
                failure = self._connection.failure(error, self.spent)
            if failure is not None:
                raise failure
            if chunk is None:
                break
            if getattr(chunk, "usage", None) is not None:
                self.spent = _spent(chunk, time.perf_counter() - self._started)
            for choice in (getattr(chunk, "choices", None) or ())[:1]:
                ended = ended or bool(choice.finish_reason)
                if choice.delta is not None and choice.delta.content:
                    yield choice.delta.content
        if not ended:
            raise MalformedAnswer("The stream broke off before the answer's end.", spent=self.spent)

    async def close(self) -> None:
        """End the call."""
        self._place.release()
        await self._raw.close()


def _reason(error: BaseException) -> str:
    """What is at the bottom of it; some errors of connections have no words."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error) or type(error).__name__


def _reply_of(raw: Any, model: str, latency_s: float) -> Reply:
    spent = _spent(raw, latency_s)
    choices = getattr(raw, "choices", None)
    if not isinstance(choices, list) or not choices or getattr(choices[0], "message", None) is None:
        raise MalformedAnswer("The server did not answer in the protocol: there are no choices.", spent=spent)
    message = choices[0].message
    text = message.content if isinstance(message.content, str) else ""
    named = raw.model if isinstance(raw.model, str) and raw.model else model
    return Reply(text, named, str(choices[0].finish_reason or "stop"), spent)


def _spent(raw: Any, latency_s: float) -> Spent:
    usage = getattr(raw, "usage", None)
    counts = [getattr(usage, name, None) for name in ("prompt_tokens", "completion_tokens")]
    prompt, completion = (count if isinstance(count, int) and count >= 0 else None for count in counts)
    return Spent(1, prompt, completion, latency_s)
