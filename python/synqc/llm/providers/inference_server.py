"""A server with one door, `POST /inference`: a prompt in, a text out, as small servers of GGUF files speak."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from synqc.llm import _loop_thread
from synqc.llm._answer import Answer, NotTheProtocol, ToldOfAnError
from synqc.llm._connection import Connection
from synqc.llm._streamed_body import StreamedBody
from synqc.llm.client import LanguageModels, Reuse
from synqc.llm.completion import Spent
from synqc.llm.dialect import DRAWING, Dialect, check_words_alone
from synqc.llm.endpoint import Endpoint
from synqc.llm.errors import LanguageModelError, ProtocolError
from synqc.llm.message import Message
from synqc.llm.refusal import refusal_in, window_in
from synqc.llm.request import Request

__all__ = ["InferenceHealth", "InferenceServer"]

_LASTING = re.compile(
    r"unknown model|model.{0,80}(?:not (?:found|loaded|available)|unavailable)|\bmust (?:be|not)\b|\bempty\b",
    re.IGNORECASE | re.DOTALL,
)
_TAG = re.compile(r"<\|(\w+)\|>")
_AVAILABLE_WITHIN_S: Final = 5.0


@dataclass(frozen=True)
class InferenceHealth:
    """What a server says of itself.

    Args:
        status: "healthy", "degraded" (the models it cannot do without are there) or "unhealthy".
        models: By name, whether it is loaded.
        message: In the server's words.
    """

    status: str
    models: Mapping[str, bool]
    message: str = ""

    @property
    def is_available(self) -> bool:
        """Whether it may be asked."""
        return self.status in ("healthy", "degraded")


class InferenceServer(LanguageModels):
    """The models behind one `/inference` door.

    The protocol is a prompt and a text: `{model_name, prompt, max_tokens, temperature, stop}` and `{result}`. So a
    conversation is written with the tags `<|user|>` and `<|assistant|>`, the system's messages before the first of the
    user; tags within messages lose their bars, lest they be taken for ours. A schema is told in words. `seed` and
    `logprobs` have no place in it: completions name them in `ignored`. Nothing is counted (`spent` has no tokens), and
    a stream is one part.

    The server does not say why an answer ended: one that reached its limit of tokens cannot be told from a whole one.
    Without `max_tokens` and `temperature` it takes its own, 120 and 0.1 as such servers are shipped.

    Args:
        endpoint: The server's address, without `/inference`; any `api_key` will do where none is asked for.
        cache: As for LanguageModels.
        reuse: As for LanguageModels.
        kind: As for LanguageModels.

    Raises:
        MissingExtra: The package `openai` is not installed; it carries the connections.

    Examples:
        >>> from synqc.llm import Endpoint
        >>> InferenceServer(Endpoint(base_url="http://127.0.0.1:9", api_key="none")).is_available()
        False
    """

    _connection: Connection

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        cache: Any | None = None,
        reuse: Reuse = "repeatable",
        kind: str = "chat_completion",
    ) -> None:
        super().__init__(endpoint, cache=cache, reuse=reuse, kind=kind, wire=_InferenceWire())

    def health(self, *, timeout_s: float = _AVAILABLE_WITHIN_S) -> InferenceHealth:
        """What the server says of itself.

        Raises:
            LanguageModelError: It says nothing.
        """
        return _loop_thread.shared.submit(self._health(timeout_s)).result()

    async def ahealth(self, *, timeout_s: float = _AVAILABLE_WITHIN_S) -> InferenceHealth:
        """Like `health`, in a coroutine."""
        return await asyncio.wrap_future(_loop_thread.shared.submit(self._health(timeout_s)))

    def is_available(self, *, timeout_s: float = _AVAILABLE_WITHIN_S) -> bool:
        """Whether the server says that it may be asked."""
        try:
            return self.health(timeout_s=timeout_s).is_available
        except LanguageModelError:
            return False

    async def _health(self, timeout_s: float) -> InferenceHealth:
        told = await self._connection.document("/health", timeout_s)
        if not isinstance(told, Mapping) or not isinstance(told.get("status"), str):
            raise ProtocolError(f"{self.endpoint.base_url} did not answer in the protocol: it has no status.")
        models = told.get("models_loaded")
        loaded = {str(name): one is True for name, one in models.items()} if isinstance(models, Mapping) else {}
        return InferenceHealth(told["status"], loaded, str(told.get("message") or ""))


class _InferenceWire:
    """A `Wire`."""

    path = "/inference"

    @property
    def dialect(self) -> Dialect:
        return _InferenceDialect(form="plain", left_out=("seed", "logprobs", *DRAWING))

    def key_of(self, model: str) -> str:
        return "inference"

    def answer_to(self, sent: Mapping[str, Any]) -> Answer:
        return _InferenceAnswer(sent["model_name"])

    def body_into(self, answer: Answer, most_bytes: int) -> StreamedBody:
        return StreamedBody(answer, most_bytes)

    def is_lasting(self, status: int, words: str) -> bool:
        # Its route answers 500 whatever happened.
        return status >= 500 and (_LASTING.search(words) is not None or window_in(words)[0])

    def truncated_to(self, model: str, messages: Iterable[Message], spent: Spent) -> int | None:
        return None  # nothing is counted


@dataclass(frozen=True)
class _InferenceDialect(Dialect):
    """There is one way to ask."""

    def parameters(self, request: Request, messages: tuple[Message, ...], *, stream: bool = False) -> dict[str, Any]:
        check_words_alone(request, "this server's protocol")
        sent: dict[str, Any] = {"model_name": request.model, "prompt": prompt_of(self._explained(request, messages))}
        for name in ("max_tokens", "temperature"):
            if getattr(request, name) is not None:
                sent[name] = getattr(request, name)
        return {**sent, "stop": list(request.stop) or None}

    def after_refusal(self, sent: dict[str, Any], status: int, words: str) -> Dialect | None:
        return None


class _InferenceAnswer(Answer):
    """Out of the one document there is."""

    def take(self, document: Any, *, whole: bool) -> str:
        if not isinstance(document, Mapping):
            raise NotTheProtocol("its body is no JSON object")
        if "result" not in document and (told := refusal_in(document)) is not None:
            raise ToldOfAnError(told)
        if not isinstance(document.get("result"), str):
            raise NotTheProtocol("its result is no text")
        self.documents += 1
        return self._says(document["result"])

    def spent(self, calls: int, latency_s: float) -> Spent:
        return Spent(calls, latency_s=latency_s)


def prompt_of(messages: Iterable[Message]) -> str:
    r"""A conversation as one prompt.

    >>> prompt_of([Message("system", "Be brief."), Message("user", "What is <|user|>?")])
    '<|user|>\nBe brief.\n\nWhat is <user>?\n<|assistant|>\n'
    """
    told, turns = [], []
    for one in messages:
        content = _TAG.sub(r"<\1>", one.content)
        if one.role == "system":
            told.append(content)
        elif one.role == "user":
            turns.append(f"<|user|>\n{content}\n")
        else:
            turns.append(f"<|assistant|>\n{content}\n")
    if told:
        first = turns.pop(0).removeprefix("<|user|>\n") if turns and turns[0].startswith("<|user|>") else "\n"
        turns.insert(0, "<|user|>\n" + "\n\n".join([*told, first]))
    return "".join([*turns, "<|assistant|>\n"])
