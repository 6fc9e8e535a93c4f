"""A body of `/v1/chat/completions` as a request of a router; what cannot be kept is refused by name, never dropped."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from json import dumps as text_of
from typing import Any, Final

from synqc import json
from synqc.apps.gateway.bad_request import BadRequest, flag, number, shown, text, whole
from synqc.apps.gateway.chat_messages import messages_in
from synqc.apps.gateway.chat_tools import tool_choice_in, tools_in
from synqc.errors import DocumentError, InputError
from synqc.llm.logprobs import MOST_ALTERNATIVES, MOST_TOKENS
from synqc.llm.request import JsonForm, Request
from synqc.llm.structured import structured_in

__all__ = ["TOOLS", "VISION", "ChatRequest", "chat_request_in"]

TOOLS: Final = "tools"
VISION: Final = "vision"
"""Capabilities that a deployment must declare before it is asked for them."""

_READ: Final = (
    "model", "messages", "temperature", "max_tokens", "max_completion_tokens", "seed", "stop", "response_format",
    "stream", "stream_options", "prompt_cache_key", "user", "n", "top_p", "presence_penalty", "frequency_penalty",
    "logit_bias", "tools", "tool_choice", "parallel_tool_calls", "logprobs", "top_logprobs",
)  # fmt: skip
_NEUTRAL: Final[Mapping[str, tuple[Any, ...]]] = {
    "functions": ([],), "function_call": ("none", "auto"), "store": (False,), "metadata": ({},),
    "service_tier": ("auto", "default"), "modalities": (["text"],),
}  # fmt: skip
"""Parameters of the protocol that are taken where they ask for nothing."""
_MOST_STOPS: Final = 16
_MOST_CHOICES: Final = 16
_LARGEST_TOKENS: Final = 1 << 31
_LARGEST_SEED: Final = 1 << 63
_USUAL: Final = frozenset(_READ[:12])


@dataclass(frozen=True)
class ChatRequest:
    """What a body asks for.

    Args:
        request: Request of the router.
        stream: Whether the answer comes in parts.
        include_usage: Whether the last part of a stream tells the tokens.
        session: Requests of one session go to one deployment, under a policy that minds.
        choices: How many answers are wanted, each of a call of its own.
        needs: Capabilities that the deployment must have, and by which parameter each is needed.
    """

    request: Request
    stream: bool = False
    include_usage: bool = False
    session: str | None = None
    choices: int = 1
    needs: Mapping[str, str] = field(default_factory=dict)

    def request_of(self, choice: int) -> Request:
        """What the call for one of several choices asks: a seed is another for each, or all would be the same."""
        if choice == 0:
            return self.request
        seed = self.request.seed
        if seed is not None:
            seed = (seed + choice + _LARGEST_SEED) % (2 * _LARGEST_SEED) - _LARGEST_SEED
        return replace(self.request, sample=choice, seed=seed)


def chat_request_in(body: bytes) -> ChatRequest:
    """Read a body.

    Raises:
        BadRequest: It cannot be answered as it asks.

    Examples:
        >>> body = b'{"model": "m", "messages": [{"role": "user", "content": "Why?"}], "max_tokens": 5}'
        >>> chat_request_in(body).request.max_tokens
        5
        >>> chat_request_in(b'{"model": "m", "messages": [], "tempratur": 1}')
        Traceback (most recent call last):
        ...
        synqc.apps.gateway.bad_request.BadRequest: Unknown parameter: `tempratur`. Did you mean `temperature`?
    """
    try:
        document = json.loads(body)
    except (DocumentError, ValueError, RecursionError) as error:
        raise BadRequest(f"The body must be JSON, but is not: {error}") from None
    if b"\\" in body and rb"\ud" in body.lower():
        _check_characters(document)
    if not isinstance(document, dict):
        raise BadRequest("The body must be a JSON object, but is none.")
    given = {name: value for name, value in document.items() if value is not None}
    _check_names(given)
    for name in ("model", "messages"):
        if name not in given:
            raise BadRequest(f"Parameter `{name}` must be given, but is missing.", name)
    stream = flag(given, "stream")
    options = given.get("stream_options", {})
    if not isinstance(options, dict):
        raise BadRequest("Parameter `stream_options` must be an object, but is none.", "stream_options")
    messages = messages_in(given["messages"])
    try:
        request = Request(
            model=text(given, "model"), messages=messages, temperature=number(given, "temperature", 0, 2),
            max_tokens=_max_tokens(given), seed=whole(given, "seed", -_LARGEST_SEED, _LARGEST_SEED),
            stop=_stop(given.get("stop", ())), form=_form(given.get("response_format")), **_further(given),
        )  # fmt: skip
    except BadRequest:
        raise
    except InputError as error:
        raise BadRequest.of(error) from None
    if request.logprobs is not None and (stream or (request.max_tokens or MOST_TOKENS + 1) > MOST_TOKENS):
        raise BadRequest(
            f"Unsupported parameter: `logprobs` needs `max_tokens` of at most {MOST_TOKENS}, and no `stream`.",
            "logprobs", "unsupported_parameter",
        )  # fmt: skip
    session = text(given, "prompt_cache_key") if "prompt_cache_key" in given else None
    return ChatRequest(
        request, stream, stream and options.get("include_usage") is True, session,
        whole(given, "n", 1, _MOST_CHOICES + 1) or 1, _needs(request),
    )  # fmt: skip


def _further(given: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters that most requests do not name."""
    if given.keys() <= _USUAL:
        return {}
    tools = tools_in(given.get("tools", []))
    told: dict[str, Any] = {
        "top_p": number(given, "top_p", 0, 1), "presence_penalty": number(given, "presence_penalty", -2, 2),
        "frequency_penalty": number(given, "frequency_penalty", -2, 2), "logit_bias": given.get("logit_bias") or None,
        "tools": tools,
    }  # fmt: skip
    choice = tool_choice_in(given.get("tool_choice"))
    parallel = flag(given, "parallel_tool_calls") if "parallel_tool_calls" in given else None
    if tools or choice not in (None, "auto", "none"):
        told |= {"tool_choice": choice, "parallel_tool_calls": parallel if tools else None}
    alternatives = whole(given, "top_logprobs", 0, MOST_ALTERNATIVES + 1)
    if flag(given, "logprobs"):
        told["logprobs"] = alternatives or 1
    elif alternatives:
        raise BadRequest("Parameter `top_logprobs` must be left out where `logprobs` is not true.", "top_logprobs")
    return told


def _needs(request: Request) -> dict[str, str]:
    needs = {}
    if request.tools or any(one.tool_calls or one.tool_call_id for one in request.messages):
        needs[TOOLS] = "tools"
    if request.has_images:
        needs[VISION] = next(f"messages[{k}].content" for k, one in enumerate(request.messages) if one.has_images)
    return needs


def _check_names(given: Mapping[str, Any]) -> None:
    if given.keys() <= _USUAL:
        return
    for name, value in given.items():
        if name in _READ:
            continue
        if name not in _NEUTRAL:
            near = difflib.get_close_matches(str(name)[:100], [*_READ, *_NEUTRAL], n=1)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            raise BadRequest(f"Unknown parameter: `{name[:100]}`.{hint}", name[:100], "unknown_parameter")
        if not any(type(value) is type(neutral) and value == neutral for neutral in (*_NEUTRAL[name],)) and not (
            isinstance(value, float) and value in _NEUTRAL[name]
        ):
            words = " or ".join(map(repr, _NEUTRAL[name]))
            raise BadRequest(
                f"Unsupported parameter: `{name}` must be {words} or left out, but is {shown(value)}.", name,
                "unsupported_parameter",
            )  # fmt: skip


def _check_characters(document: Any) -> None:
    """Escapes may be halves of characters, which nothing that is sent on can hold."""
    try:
        text_of(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BadRequest("The body must hold whole characters, but has half of one (a lone surrogate).") from None


def _max_tokens(given: Mapping[str, Any]) -> int | None:
    limits = [whole(given, name, 1, _LARGEST_TOKENS) for name in ("max_tokens", "max_completion_tokens")]
    named = [limit for limit in limits if limit is not None]
    return min(named) if named else None


def _stop(given: Any) -> tuple[str, ...]:
    stops = [given] if isinstance(given, str) else given
    if not isinstance(stops, (list, tuple)) or len(stops) > _MOST_STOPS:
        raise BadRequest(f"Parameter `stop` must be a text or a list of at most {_MOST_STOPS}, but is not.", "stop")
    if not all(isinstance(one, str) and one for one in stops):
        raise BadRequest("Parameter `stop` must hold texts that are not empty, but does not.", "stop")
    return tuple(stops)


def _form(given: Any) -> JsonForm | None:
    if given is None:
        return None
    kind = given.get("type") if isinstance(given, dict) else None
    if kind == "text":
        return None
    if kind == "json_object":
        return JsonForm("object", {"type": "object"})
    if kind != "json_schema":
        raise BadRequest(
            f"Parameter `response_format.type` must be text, json_object or json_schema, but is {shown(kind)}.",
            "response_format.type",
        )
    told = given.get("json_schema")
    schema = told.get("schema") if isinstance(told, dict) else None
    if not isinstance(schema, dict):
        raise BadRequest("Parameter `response_format.json_schema.schema` must be an object, but is none.",
                         "response_format.json_schema.schema")  # fmt: skip
    name = told.get("name", "answer")
    if not isinstance(name, str) or not 1 <= len(name) <= 64 or not name.replace("-", "_").isidentifier():
        raise BadRequest(
            "Parameter `response_format.json_schema.name` must be letters, digits, `_` and `-`, but is "
            f"{shown(name)}.", "response_format.json_schema.name",
        )  # fmt: skip
    try:
        structured_in("{}", schema)
    except InputError as error:  # it is no schema; that this object does not fit is no matter
        raise BadRequest(str(error), "response_format.json_schema.schema") from None
    except ValueError:
        pass
    return JsonForm(name, schema)
