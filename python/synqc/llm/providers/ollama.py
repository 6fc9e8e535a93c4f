"""Ollama's own protocol: the size of the window is said with every request, and answers tell what was read of it."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import threading
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from synqc.errors import InputError
from synqc.llm import _loop_thread
from synqc.llm._answer import Answer, NotTheProtocol, ToldOfAnError, count_in
from synqc.llm._connection import Connection
from synqc.llm._tool_call_parts import ToolCallParts
from synqc.llm.client import LanguageModels, Reuse
from synqc.llm.completion import Spent
from synqc.llm.dialect import Dialect, Form, check_words_alone
from synqc.llm.endpoint import Endpoint
from synqc.llm.errors import LanguageModelError, ProtocolError
from synqc.llm.message import Message
from synqc.llm.prompt_size import is_truncated, least_tokens
from synqc.llm.providers._json_lines import JsonLines
from synqc.llm.providers._ollama_messages import messages_as_sent
from synqc.llm.refusal import refusal_in, window_in
from synqc.llm.request import Request
from synqc.llm.tools import ToolCall

__all__ = ["OLLAMA_URL", "Ollama", "OllamaModel", "Route", "Think"]

OLLAMA_URL: Final = "http://localhost:11434"

Route = Literal["chat", "generate"]
Think = bool | Literal["low", "medium", "high"] | None

_log = logging.getLogger("synqc.llm")
_AVAILABLE_WITHIN_S: Final = 5.0
_LASTING = re.compile(r"not found|no such|unknown model|does not support|unsupported|invalid", re.IGNORECASE)
_FORMAT_NOT_TAKEN = re.compile(r"\bformat\b|grammar|json ?schema", re.IGNORECASE)
_LOGPROBS_NOT_TAKEN = re.compile(r"logprobs.{0,60}(?:not|un)[ _]?support|unknown field.{0,20}logprobs", re.IGNORECASE)
_SCHEMA_AT_FAULT = re.compile(r"invalid (?:json )?schema|failed to parse grammar|schema must", re.IGNORECASE)
_NO_THINKING = re.compile(
    r"does not support thinking|\bthink(?:ing)?\b.{0,60}\bnot supported|unknown field.{0,10}think", re.IGNORECASE
)
_LOWER: Final[dict[Form, Form]] = {"json_schema": "json_object", "json_object": "plain"}


@dataclass(frozen=True)
class OllamaModel:
    """A model that an Ollama server has.

    Args:
        name: To be asked by.
        size_bytes: On its disk; None if it does not say.
        digest: Digest of the model, in hexadecimal digits; "" if it does not say.
        parameters: How many, in the server's words, e.g. "3.8B".
        quantization: E.g. "Q4_0".
    """

    name: str
    size_bytes: int | None = None
    digest: str = ""
    parameters: str = ""
    quantization: str = ""


_clients: weakref.WeakSet[Ollama] = weakref.WeakSet()
_clients_lock = threading.Lock()


class Ollama(LanguageModels):
    """The models of an Ollama server, asked by its own protocol.

    OpenAI's protocol has no word for the size of the window, so that Ollama takes its default there and cuts longer
    conversations without a word. Here it is said with every request, always the same for a model: a server that is told
    another one loads the model anew, which takes seconds. Have one client per server; a second one of this process that
    says another size is warned of.

    A conversation that has more tokens than its window, or than the server says it read, is marked
    (`prompt_truncated`) and not kept; with `strict` it is PromptTooLong.

    Args:
        endpoint: The server's address, without `/v1`; any `api_key` will do for one of your own.
        num_ctx: Size of the window in tokens, of every model or by name; None: the server's default, of which nothing
            is known here.
        keep_alive: How long the server keeps a model loaded after an answer, such as "30m" or a number of seconds; -1:
            for ever; None: its default.
        num_thread: Threads of the server's computation; None: its choice.
        think: Whether models that can shall think first; None: their default. Models that cannot are asked without, and
            completions name it in `ignored`.
        route: "chat" sends conversations; "generate" sends one prompt, in which what was said before the last message
            stands before it with its roles, and the system's messages apart.
        cache: As for LanguageModels.
        reuse: As for LanguageModels.
        kind: As for LanguageModels.
        strict: As for LanguageModels.

    Raises:
        InputError: An argument is out of its range.
        MissingExtra: The package `openai` is not installed; it carries the connections.

    Examples:
        >>> from synqc.llm import Endpoint
        >>> ollama = Ollama(Endpoint(base_url="http://127.0.0.1:9", api_key="none"), num_ctx={"phi3": 4096})
        >>> ollama.is_available(), ollama.num_ctx_of("phi3"), ollama.num_ctx_of("llama3.2")
        (False, 4096, None)

    Source: Ollama, docs/api.md (generate, chat, tags).
    """

    _connection: Connection

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        num_ctx: int | Mapping[str, int] | None = None,
        keep_alive: str | int | None = None,
        num_thread: int | None = None,
        think: Think = None,
        route: Route = "chat",
        cache: Any | None = None,
        reuse: Reuse = "repeatable",
        kind: str = "chat_completion",
        strict: bool = False,
    ) -> None:
        if endpoint.base_url.endswith("/v1"):
            raise InputError(
                "Argument `endpoint` must have the address of Ollama itself as its `base_url`, such as "
                f"{OLLAMA_URL}, but has {endpoint.base_url!r}, which speaks OpenAI's protocol."
            )
        if route not in ("chat", "generate"):
            raise InputError(f"Argument `route` must be 'chat' or 'generate', but is {route!r}.")
        for name, count in [("num_thread", num_thread), *_windows(num_ctx)]:
            if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 1):
                raise InputError(f"Argument `{name}` must be a whole number from 1, but is {count!r}.")
        self._windows = num_ctx if isinstance(num_ctx, int) or num_ctx is None else dict(num_ctx)
        wire = _OllamaWire(self._windows, keep_alive, num_thread, think, route)
        super().__init__(endpoint, cache=cache, reuse=reuse, kind=kind, strict=strict, wire=wire)
        with _clients_lock:
            self._warn_of_other_windows()
            _clients.add(self)

    def num_ctx_of(self, model: str) -> int | None:
        """Size of a model's window, in tokens; None: the server's default."""
        return _window_of(self._windows, model)

    def tags(self, *, timeout_s: float = _AVAILABLE_WITHIN_S) -> tuple[OllamaModel, ...]:
        """Models that the server has.

        Raises:
            LanguageModelError: It does not say.
        """
        return _loop_thread.shared.submit(self._tags(timeout_s)).result()

    async def atags(self, *, timeout_s: float = _AVAILABLE_WITHIN_S) -> tuple[OllamaModel, ...]:
        """Like `tags`, in a coroutine."""
        return await asyncio.wrap_future(_loop_thread.shared.submit(self._tags(timeout_s)))

    def is_available(self, *, timeout_s: float = _AVAILABLE_WITHIN_S) -> bool:
        """Whether the server says which models it has."""
        try:
            self.tags(timeout_s=timeout_s)
        except LanguageModelError:
            return False
        return True

    def _warn_of_other_windows(self) -> None:
        mine = self._windows
        for other in [one for one in _clients if one.endpoint.base_url == self.endpoint.base_url]:
            theirs = other._windows
            models = {*(mine if isinstance(mine, dict) else ()), *(theirs if isinstance(theirs, dict) else ()), ""}
            for model in sorted(models):
                if _window_of(mine, model) != _window_of(theirs, model):
                    which = f"model {model}" if model else "its models"
                    _log.warning(
                        "Two clients tell %s of different windows for %s, %s and %s tokens: it loads the model anew "
                        "whenever they take turns.",
                        self.endpoint.base_url, which, _window_of(theirs, model), _window_of(mine, model),
                    )  # fmt: skip
                    return

    async def _tags(self, timeout_s: float) -> tuple[OllamaModel, ...]:
        told = await self._connection.document("/api/tags", timeout_s)
        models = told.get("models") if isinstance(told, Mapping) else None
        if not isinstance(models, list):
            raise ProtocolError(f"{self.endpoint.base_url} did not answer in the protocol: it names no models.")
        return tuple(_model_in(one) for one in models if isinstance(one, Mapping))


@dataclass(frozen=True)
class _OllamaWire:
    """A `Wire`."""

    num_ctx: int | Mapping[str, int] | None
    keep_alive: str | int | None
    num_thread: int | None
    think: Think
    route: Route

    @property
    def path(self) -> str:
        return f"/api/{self.route}"

    def key_of(self, model: str) -> str:
        return json.dumps(["ollama", self.route, _window_of(self.num_ctx, model), self.think])

    @property
    def dialect(self) -> Dialect:
        return _OllamaDialect(left_out=("logit_bias",), wire=self)

    def answer_to(self, sent: Mapping[str, Any]) -> Answer:
        return _OllamaAnswer(sent)

    def body_into(self, answer: Answer, most_bytes: int) -> JsonLines:
        assert isinstance(answer, _OllamaAnswer)
        return JsonLines(answer, most_bytes, is_stream=answer.is_stream)

    def is_lasting(self, status: int, words: str) -> bool:
        return status >= 500 and _LASTING.search(words) is not None

    def truncated_to(self, model: str, messages: Iterable[Message], spent: Spent) -> int | None:
        messages = tuple(messages)
        window = _window_of(self.num_ctx, model)
        if window is not None and least_tokens(messages) > window:
            return window
        return spent.prompt_tokens if is_truncated(messages, spent) else None


@dataclass(frozen=True)
class _OllamaDialect(Dialect):
    """What one model of an Ollama server takes; old servers know no schemas, some models cannot think."""

    thinks: bool = True
    wire: _OllamaWire = _OllamaWire(None, None, None, None, "chat")

    def ignored(self, request: Request, *, logprobs: bool) -> tuple[str, ...]:
        return (*super().ignored(request, logprobs=logprobs), *(() if self.thinks else ("think",)))

    def parameters(self, request: Request, messages: tuple[Message, ...], *, stream: bool = False) -> dict[str, Any]:
        form, wire = self.form_of(request), self.wire
        if wire.route == "generate":
            check_words_alone(request, "Ollama's door /api/generate")
        sent: dict[str, Any] = {"model": request.model, **self._asked(self._explained(request, messages))}
        sent["stream"] = stream
        options = {
            "temperature": request.temperature, "seed": request.seed, "num_predict": request.max_tokens,
            "stop": list(request.stop) or None, "num_ctx": _window_of(wire.num_ctx, request.model),
            "num_thread": wire.num_thread, "top_p": request.top_p, "presence_penalty": request.presence_penalty,
            "frequency_penalty": request.frequency_penalty,
        }  # fmt: skip
        sent["options"] = {name: value for name, value in options.items() if value is not None}
        if form == "json_schema" and request.form is not None:
            sent["format"] = dict(request.form.schema)
        elif form == "json_object":
            sent["format"] = "json"
        if request.logprobs is not None and "logprobs" not in self.left_out:
            sent |= {"logprobs": True, "top_logprobs": request.logprobs}
        if request.tools and request.tool_choice != "none":
            sent["tools"] = _tools_of(request)
        if wire.keep_alive is not None:
            sent["keep_alive"] = wire.keep_alive
        if wire.think is not None and self.thinks:
            sent["think"] = wire.think
        return sent

    def after_refusal(self, sent: dict[str, Any], status: int, words: str) -> Dialect | None:
        if not 400 <= status < 600 or status in (401, 403, 404, 429) or window_in(words)[0]:
            return None
        if "think" in sent and _NO_THINKING.search(words):
            return replace(self, thinks=False)
        if "logprobs" in sent and _LOGPROBS_NOT_TAKEN.search(words):
            return replace(self, left_out=(*self.left_out, "logprobs"))
        if "format" in sent and _FORMAT_NOT_TAKEN.search(words):
            at_fault = self.form == "json_schema" and _SCHEMA_AT_FAULT.search(words) is not None
            return replace(self, form=_LOWER[self.form], lasting=self.lasting and not at_fault)
        return None

    def _asked(self, messages: tuple[Message, ...]) -> dict[str, Any]:
        if self.wire.route == "chat":
            return {"messages": messages_as_sent(messages)}
        told = [one.content for one in messages if one.role == "system"]
        talk = [one for one in messages if one.role != "system"]
        said = [f"{one.role}: {one.content}" for one in talk[:-1]] + [one.content for one in talk[-1:]]
        return {"prompt": "\n\n".join(said), **({"system": "\n\n".join(told)} if told else {})}


class _OllamaAnswer(Answer):
    """Out of documents of either door."""

    def __init__(self, sent: Mapping[str, Any]) -> None:
        super().__init__(sent["model"])
        self.is_stream = bool(sent["stream"])
        self._most_tokens = sent["options"].get("num_predict")
        self._last: Mapping[str, Any] = {}
        self._calls = ToolCallParts() if sent.get("tools") else None

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        return () if self._calls is None else self._calls.calls

    def take(self, document: Any, *, whole: bool) -> str:
        if not isinstance(document, Mapping):
            raise NotTheProtocol("a document is no JSON object")
        told = refusal_in(document) if document.get("error") else None
        if told is not None:
            raise ToldOfAnError(told)
        if not {"message", "response", "done"} & document.keys():
            raise NotTheProtocol("a document holds no answer")
        self.documents += 1
        if isinstance(document.get("model"), str) and document["model"]:
            self.model = document["model"]
        text = self._text_of(document)
        self._weighs(document.get("logprobs"))
        if document.get("done", whole) is True:
            if self._calls is not None:
                self._calls.check_whole()
            self._last = document
            reason = document.get("done_reason")
            self.finish_reason = reason if isinstance(reason, str) and reason else self._reason_of_old_servers()
        return self._says(text)

    def spent(self, calls: int, latency_s: float) -> Spent:
        prompt, completion = count_in(self._last, "prompt_eval_count"), count_in(self._last, "eval_count")
        return Spent(calls, prompt, completion, latency_s)

    def _text_of(self, document: Mapping[str, Any]) -> str:
        message = document.get("message")
        said = message if isinstance(message, Mapping) else document
        text = said.get("content" if said is message else "response")
        self.has_thoughts |= bool(said.get("thinking"))
        if self._calls is not None:
            self.size_of_calls += self._calls.take(said.get("tool_calls"))
        if text is not None and not isinstance(text, str):
            raise NotTheProtocol("its text is no text")
        return text or ""

    def _reason_of_old_servers(self) -> str:
        """Before version 0.1.42 no reason is given: an answer that has all tokens it may have was cut."""
        written = count_in(self._last, "eval_count")
        return "length" if self._most_tokens and written is not None and written >= self._most_tokens else "stop"


def _windows(num_ctx: int | Mapping[str, int] | None) -> list[tuple[str, Any]]:
    if isinstance(num_ctx, Mapping):
        return [(f"num_ctx[{model!r}]", count) for model, count in num_ctx.items()]
    return [("num_ctx", num_ctx)]


def _window_of(num_ctx: int | Mapping[str, int] | None, model: str) -> int | None:
    return num_ctx.get(model) if isinstance(num_ctx, Mapping) else num_ctx


def _model_in(told: Mapping[str, Any]) -> OllamaModel:
    details = told.get("details")
    details = details if isinstance(details, Mapping) else {}
    return OllamaModel(
        str(told.get("name") or told.get("model") or ""), count_in(told, "size"), str(told.get("digest") or ""),
        str(details.get("parameter_size") or ""), str(details.get("quantization_level") or ""),
    )  # fmt: skip


def _tools_of(request: Request) -> list[dict[str, Any]]:
    """Tools as they are offered; the protocol leaves it to the model whether it calls one, and how many."""
    if request.tool_choice not in (None, "auto") or request.parallel_tool_calls is False:
        name = "tool_choice" if request.tool_choice not in (None, "auto") else "parallel_tool_calls"
        raise InputError(
            f"Argument `{name}` must be left to the model, for Ollama's own protocol has no word for it, but is "
            f"{getattr(request, name)!r:.80}. Its door /v1 may know it."
        )
    return [one.to_sent() for one in request.tools]
