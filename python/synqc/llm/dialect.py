"""What a server turned out to understand of the protocol, and how a request is put to it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from synqc.cache import MemoryCache
from synqc.errors import InputError
from synqc.llm.message import Message
from synqc.llm.refusal import window_in
from synqc.llm.request import Request
from synqc.llm.tools import TOOL_CHOICES

__all__ = ["DRAWING", "Dialect", "Dialects", "Form", "check_words_alone"]

Form = Literal["json_schema", "json_object", "plain"]

_LOWER: Final[dict[Form, Form]] = {"json_schema": "json_object", "json_object": "plain"}
_FORM_WORDS = re.compile(
    r"response[_ ]?format|json_schema|json_object|json[ _-]schema|json[ _-]mode|structured[ _-]outputs?|grammar"
    r"|guided_(?:json|decoding)|requested parameters",
    re.IGNORECASE,
)
# The schema itself is at fault: another one may do, so that nothing is to be remembered.
_SCHEMA_AT_FAULT = re.compile(
    r"invalid[ _](?:json[ _])?schema|additionalproperties|is not permitted in|schema (?:is )?(?:too|invalid)"
    r"|(?:bad|malformed) schema|schema must",
    re.IGNORECASE,
)
_NOT_UNDERSTOOD = re.compile(
    r"unsupported|unknown|unrecogni[sz]ed|unexpected (?:parameter|argument|keyword|field|key|property)"
    r"|extra[_ ](?:inputs?|fields?|forbidden|keys?|parameters?|arguments?)"
    r"|n(?:o|')t (?:currently )?(?:supported|permitted|allowed|recogni[sz]ed|available|accepted|implemented|enabled)"
    r"|(?:not|n't|no longer) (?:support|accept|recogni[sz]e|take|allow)"
    r"|deprecated|additional propert|only the default|cannot be (?:set|used|specified|given|customi[sz]ed)"
    r"|must be (?:omitted|absent|unset)|no such (?:parameter|argument|field)|invalid (?:parameter|argument|field) name"
    r"|unavailable",
    re.IGNORECASE,
)
# These are about a value: with another one the parameter would be taken.
_ABOUT_A_VALUE = re.compile(
    r"out of range"
    r"|(?:must|should|has to|have to|needs to|may|can) (?:only )?be (?:a |an |in |of |between |from |within "
    r"|less|greater|larger|smaller|at (?:least|most)|lower|higher|positive|strictly|non-negative|no more|no less"
    r"|[\[(<>=0-9≤≥])|too (?:large|small|high|low|big|long|great)|exceed|above|below"
    r"|(?:less|greater|larger|smaller|more) than|between|maximum|minimum|at (?:most|least)|valid range|[<>]=?\s*\d",
    re.IGNORECASE,
)
DRAWING: Final = ("top_p", "presence_penalty", "frequency_penalty", "logit_bias")
"""Beside the temperature, what decides how tokens are drawn."""
_LEFT_OUT: Final = ("temperature", "seed", *DRAWING)
_REMEMBERED_S: Final = 3600.0
_MOST_DIALECTS: Final = 256


@dataclass(frozen=True)
class Dialect:
    """What one model of one server takes.

    Args:
        form: How it may be asked for JSON.
        left_out: Parameters it does not take; some reasoning models take no temperature.
        token_limit: What it calls the limit of tokens.
        stream_usage: Whether it counts tokens of a stream on request.
        lasting: Whether another request will meet the same; False if only this one's schema is refused.
    """

    form: Form = "json_schema"
    left_out: tuple[str, ...] = ()
    token_limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    stream_usage: bool = True
    lasting: bool = True

    def form_of(self, request: Request) -> Form:
        """How this request's form is asked for."""
        return "plain" if request.form is None else self.form

    def ignored(self, request: Request, *, logprobs: bool) -> tuple[str, ...]:
        """Parameters of the request that are not sent, or were passed over in silence.

        Args:
            request: What was asked.
            logprobs: Whether the answer came with log-probabilities; many servers take the word and give none.
        """
        left_out = tuple(name for name in self.left_out if getattr(request, name) is not None)
        passed_over = request.logprobs is not None and not logprobs and "logprobs" not in left_out
        return (*left_out, "logprobs") if passed_over else left_out

    def parameters(self, request: Request, messages: tuple[Message, ...], *, stream: bool = False) -> dict[str, Any]:
        """Body of the request, with these messages in place of its own.

        >>> asked = Request(model="phi3", messages=(Message("user", "Why?"),), temperature=0.5, max_tokens=20)
        >>> Dialect(token_limit="max_completion_tokens").parameters(asked, asked.messages)["max_completion_tokens"]
        20
        """
        form = self.form_of(request)
        sent: dict[str, Any] = {
            "model": request.model,
            "messages": [one.to_sent() for one in self._explained(request, messages)],
        }
        for name in _LEFT_OUT:
            if getattr(request, name) is not None and name not in self.left_out:
                sent[name] = getattr(request, name)
        if request.max_tokens is not None:
            sent[self.token_limit] = request.max_tokens
        if request.stop:
            sent["stop"] = list(request.stop)
        if request.logprobs is not None and "logprobs" not in self.left_out:
            sent |= {"logprobs": True, "top_logprobs": request.logprobs}
        if request.tools:
            sent |= _tools_as_sent(request)
        if form == "json_schema" and request.form is not None:
            schema = {"name": request.form.name, "schema": dict(request.form.schema), "strict": True}
            sent["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif form == "json_object":
            sent["response_format"] = {"type": "json_object"}
        if stream:
            sent["stream"] = True
            if self.stream_usage:
                sent["stream_options"] = {"include_usage": True}
        return sent

    def after_refusal(self, sent: dict[str, Any], status: int, words: str) -> Dialect | None:
        """What to try after a server has refused a body, or None if its words name nothing that can be left out.

        Only what a refusal says counts, never its status alone: a conversation that is too long, a value that is out of
        range and a hiccup of the server change nothing.

        >>> Dialect().after_refusal({"response_format": {}}, 400, "Unsupported response_format").form
        'json_object'
        >>> Dialect().after_refusal({"response_format": {}}, 400, "The conversation is too long.") is None
        True
        >>> Dialect().after_refusal({"temperature": 2.0}, 400, "temperature must be in [0, 1]") is None
        True
        """
        if not 400 <= status < 600 or status in (401, 403, 429) or window_in(words)[0]:
            return None
        formed = "response_format" in sent
        if "stream_options" in sent and _names("stream_options", words):
            return replace(self, stream_usage=False)
        if "logprobs" in sent and any(_is_not_understood(name, words) for name in ("logprobs", "top_logprobs")):
            return replace(self, left_out=(*self.left_out, "logprobs"))
        for name in ("max_tokens", *_LEFT_OUT):
            if name in sent and _is_not_understood(name, words):
                if name == "max_tokens":
                    return replace(self, token_limit="max_completion_tokens")
                return replace(self, left_out=(*self.left_out, name))
        if formed and _FORM_WORDS.search(words):
            at_fault = self.form == "json_schema" and _SCHEMA_AT_FAULT.search(words) is not None
            return replace(self, form=_LOWER[self.form], lasting=self.lasting and not at_fault)
        if status < 500 and _NOT_UNDERSTOOD.search(words) and not any(_names(name, words) for name in _COMMON):
            # Something is not understood, and it does not say what: the rarest thing first.
            if "logprobs" in sent:
                return replace(self, left_out=(*self.left_out, "logprobs"))
            if formed:
                return replace(self, form=_LOWER[self.form])
            if "stream_options" in sent:
                return replace(self, stream_usage=False)
        return None

    def _explained(self, request: Request, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """Where the server does not know the schema, the model is told."""
        if request.form is None or self.form == "json_schema":
            return messages
        schema = json.dumps(request.form.schema, separators=(",", ":"))
        told = Message("system", f"Answer with one JSON object and nothing else. It follows this JSON schema: {schema}")
        leading = sum(1 for message in messages if message.role == "system")
        return (*messages[:leading], told, *messages[leading:])


def check_words_alone(request: Request, protocol: str) -> None:
    """Refuse what a protocol has no words for.

    Raises:
        InputError: The request has tools or pictures.
    """
    for what, has in (
        ("tools", bool(request.tools)), ("pictures", request.has_images),
        ("calls of tools", any(one.tool_calls or one.tool_call_id for one in request.messages)),
    ):  # fmt: skip
        if has:
            raise InputError(f"Argument `request` must have no {what}, for {protocol} knows none, but has some.")


def _tools_as_sent(request: Request) -> dict[str, Any]:
    """Tools and what is wanted of them, as OpenAI's protocol has it."""
    sent: dict[str, Any] = {"tools": [one.to_sent() for one in request.tools]}
    choice = request.tool_choice
    if choice is not None:
        sent["tool_choice"] = choice if choice in TOOL_CHOICES else {"type": "function", "function": {"name": choice}}
    if request.parallel_tool_calls is not None:
        sent["parallel_tool_calls"] = request.parallel_tool_calls
    return sent


_COMMON: Final = (
    "model", "messages", "stop", "max_tokens", "max_completion_tokens", "api key", "content", "role", "tools",
    "tool_choice", "image", "image_url", *_LEFT_OUT,
)  # fmt: skip


class Dialects:
    """What each model of a server turned out to take.

    What it did not take is tried again after an hour: servers learn, and a refusal may have been a passing one.
    """

    def __init__(self, first: Dialect | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._first = _FULL if first is None else first
        self._known: MemoryCache = MemoryCache(_MOST_DIALECTS, ttl=_REMEMBERED_S, clock=clock)

    def of(self, model: str) -> Dialect:
        """How to ask a model."""
        known: Dialect = self._known.get(model, self._first)
        return known

    def learn(self, model: str, dialect: Dialect) -> bool:
        """Remember what a model took, unless it is only this request's; True if that is news."""
        if not dialect.lasting or self.of(model) == dialect:
            return False
        self._known.set(model, dialect)
        return True


_FULL: Final = Dialect()


def _names(parameter: str, words: str) -> bool:
    return re.search(rf"(?<![\w]){re.escape(parameter)}(?![\w])", words, re.IGNORECASE) is not None


def _is_not_understood(parameter: str, words: str) -> bool:
    """Whether words say that a parameter is not taken, rather than that its value is not."""
    if "only the default" in words.lower() and _names(parameter, words):
        return True  # "does not support 0.0 with this model. Only the default (1) value is supported."
    for clause in _clauses(words):
        about_a_value = _ABOUT_A_VALUE.search(clause) or re.search(rf"{parameter}\W{{0,4}}\d", clause, re.IGNORECASE)
        if _names(parameter, clause) and _NOT_UNDERSTOOD.search(clause) and not about_a_value:
            return True
    return False


def _clauses(words: str) -> list[str]:
    """Sentences: what one says of a parameter is not said of another's."""
    return re.split(r"(?<=[.;!?])\s+|\n|\), \(", words)
