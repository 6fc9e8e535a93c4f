"""A body of `/v1/chat/completions` as a request of a router; what cannot be kept is refused by name, never dropped."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from json import dumps as text_of
from typing import Any, Final

from synqc import json
from synqc.errors import DocumentError, InputError
from synqc.llm.request import JsonForm, Message, Request
from synqc.llm.structured import structured_in

__all__ = ["BadRequest", "ChatRequest", "chat_request_in"]

_ROLES: Final = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_READ: Final = (
    "model", "messages", "temperature", "max_tokens", "max_completion_tokens", "seed", "stop", "response_format",
    "stream", "stream_options", "prompt_cache_key", "user",
)  # fmt: skip
_NEUTRAL: Final[Mapping[str, tuple[Any, ...]]] = {
    "n": (1,), "top_p": (1,), "presence_penalty": (0,), "frequency_penalty": (0,), "logprobs": (False,),
    "top_logprobs": (0,), "logit_bias": ({},), "tools": ([],), "functions": ([],), "tool_choice": ("none", "auto"),
    "function_call": ("none", "auto"), "parallel_tool_calls": (True, False), "store": (False,), "metadata": ({},),
    "service_tier": ("auto", "default"), "modalities": (["text"],),
}  # fmt: skip
"""Parameters of the protocol that are taken where they ask for nothing."""
_MOST_MESSAGES: Final = 10_000
_MOST_STOPS: Final = 16
_LARGEST_TOKENS: Final = 1 << 31
_LARGEST_SEED: Final = 1 << 63


class BadRequest(InputError):
    """A body is no request that can be answered.

    Args:
        message: Why.
        parameter: Which one is at fault, or None.
        kind: OpenAI's code, e.g. "unsupported_parameter".
    """

    code = "bad_chat_request"

    def __init__(self, message: str, parameter: str | None = None, kind: str | None = None) -> None:
        super().__init__(message)
        self.parameter, self.kind = parameter, kind


@dataclass(frozen=True)
class ChatRequest:
    """What a body asks for.

    Args:
        request: Of the router.
        stream: Whether the answer comes in parts.
        include_usage: Whether the last part of a stream tells the tokens.
        session: Requests of one session go to one deployment, under a policy that minds.
    """

    request: Request
    stream: bool = False
    include_usage: bool = False
    session: str | None = None


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
        synqc.apps.gateway.chat_request.BadRequest: Unknown parameter: `tempratur`. Did you mean `temperature`?
    """
    try:
        document = json.loads(body)
    except (DocumentError, ValueError, RecursionError) as error:
        raise BadRequest(f"The body must be JSON, but is not: {error}") from None
    if rb"\ud" in body.lower():
        _check_characters(document)
    if not isinstance(document, dict):
        raise BadRequest("The body must be a JSON object, but is none.")
    given = {name: value for name, value in document.items() if value is not None}
    _check_names(given)
    for name in ("model", "messages"):
        if name not in given:
            raise BadRequest(f"Parameter `{name}` must be given, but is missing.", name)
    stream = _flag(given, "stream")
    options = given.get("stream_options", {})
    if not isinstance(options, dict):
        raise BadRequest("Parameter `stream_options` must be an object, but is none.", "stream_options")
    try:
        request = Request(
            model=_text(given, "model"), messages=_messages(given["messages"]), temperature=_temperature(given),
            max_tokens=_max_tokens(given), seed=_whole(given, "seed", -_LARGEST_SEED, _LARGEST_SEED),
            stop=_stop(given.get("stop", ())), form=_form(given.get("response_format")),
        )  # fmt: skip
    except BadRequest:
        raise
    except InputError as error:
        named = str(error).partition("`")[2].partition("`")[0]
        raise BadRequest(str(error).replace("Argument", "Parameter", 1), named or None) from None
    session = _text(given, "prompt_cache_key") if "prompt_cache_key" in given else None
    return ChatRequest(request, stream, stream and options.get("include_usage") is True, session)


def _check_names(given: Mapping[str, Any]) -> None:
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
                f"Unsupported parameter: `{name}` must be {words} or left out, but is {_shown(value)}.", name,
                "unsupported_parameter",
            )  # fmt: skip


def _messages(given: Any) -> tuple[Message, ...]:
    if not isinstance(given, list) or not given:
        raise BadRequest("Parameter `messages` must be a list of at least one message, but is not.", "messages")
    if len(given) > _MOST_MESSAGES:
        raise BadRequest(
            f"Parameter `messages` must hold at most {_MOST_MESSAGES} messages, but holds {len(given)}.", "messages"
        )
    return tuple(_message(one, f"messages[{place}]") for place, one in enumerate(given))


def _message(given: Any, where: str) -> Message:
    if not isinstance(given, dict):
        raise BadRequest(f"Parameter `{where}` must be an object, but is {_shown(given)}.", where)
    role = given.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise BadRequest(
            f"Parameter `{where}.role` must be one of {', '.join(_ROLES)}, but is {_shown(role)}.", f"{where}.role"
        )
    for name, value in given.items():
        if name not in ("role", "content") and value not in (None, [], ""):
            raise BadRequest(
                f"Unsupported parameter: `{where}.{name[:50]}` must be left out.", f"{where}.{name[:50]}",
                "unsupported_parameter",
            )  # fmt: skip
    return Message(_ROLES[role], _content(given.get("content"), f"{where}.content"))  # type: ignore[arg-type]


def _content(given: Any, where: str) -> str:
    if isinstance(given, str):
        return given
    if not isinstance(given, list):
        raise BadRequest(f"Parameter `{where}` must be a text or a list of parts, but is {_shown(given)}.", where)
    texts = []
    for place, part in enumerate(given):
        if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
            raise BadRequest(
                f"Parameter `{where}[{place}]` must be a part of type text, but is {_shown(part)}.",
                f"{where}[{place}]", "unsupported_parameter",
            )  # fmt: skip
        texts.append(part["text"])
    return "".join(texts)


def _check_characters(document: Any) -> None:
    """Escapes may be halves of characters, which nothing that is sent on can hold."""
    try:
        text_of(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BadRequest("The body must hold whole characters, but has half of one (a lone surrogate).") from None


def _temperature(given: Mapping[str, Any]) -> float | None:
    value = given.get("temperature")
    if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 2):
        raise BadRequest(
            f"Parameter `temperature` must be a number from 0 to 2, but is {_shown(value)}.", "temperature"
        )
    return value


def _max_tokens(given: Mapping[str, Any]) -> int | None:
    limits = [_whole(given, name, 1, _LARGEST_TOKENS) for name in ("max_tokens", "max_completion_tokens")]
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
            f"Parameter `response_format.type` must be text, json_object or json_schema, but is {_shown(kind)}.",
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
            f"{_shown(name)}.", "response_format.json_schema.name",
        )  # fmt: skip
    try:
        structured_in("{}", schema)
    except InputError as error:  # it is no schema; that this object does not fit is no matter
        raise BadRequest(str(error), "response_format.json_schema.schema") from None
    except ValueError:
        pass
    return JsonForm(name, schema)


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given[name]
    if not isinstance(value, str) or not value:
        raise BadRequest(f"Parameter `{name}` must be a text, but is {_shown(value)}.", name)
    return value


def _flag(given: Mapping[str, Any], name: str) -> bool:
    value = given.get(name, False)
    if not isinstance(value, bool):
        raise BadRequest(f"Parameter `{name}` must be true or false, but is {_shown(value)}.", name)
    return value


def _whole(given: Mapping[str, Any], name: str, lowest: int, highest: int) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value < highest:
        raise BadRequest(f"Parameter `{name}` must be a whole number from {lowest}, but is {_shown(value)}.", name)
    return value


def _shown(value: Any) -> str:
    if isinstance(value, int) and value.bit_length() > 200:
        return "a number of many digits"
    return f"{value!r:.60}"
