"""Messages of a body of `/v1/chat/completions`."""

from __future__ import annotations

from typing import Any, Final

from synqc.apps.gateway.bad_request import BadRequest, shown, text
from synqc.errors import InputError
from synqc.llm.message import ImageUrl, Message
from synqc.llm.tools import ToolCall

__all__ = ["messages_in"]

_ROLES: Final = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant", "tool": "tool"}
_FIELDS: Final = {
    "system": ("name",), "developer": ("name",), "user": ("name",), "assistant": ("name", "tool_calls"),
    "tool": ("tool_call_id", "name"),
}  # fmt: skip
_MOST_MESSAGES: Final = 10_000
_MOST_CALLS: Final = 1000


def messages_in(given: Any) -> tuple[Message, ...]:
    """Messages out of a document.

    Raises:
        BadRequest: They are something else.
    """
    if not isinstance(given, list) or not given:
        raise BadRequest("Parameter `messages` must be a list of at least one message, but is not.", "messages")
    if len(given) > _MOST_MESSAGES:
        raise BadRequest(
            f"Parameter `messages` must hold at most {_MOST_MESSAGES} messages, but holds {len(given)}.", "messages"
        )
    return tuple(_message(one, f"messages[{place}]") for place, one in enumerate(given))


def _message(given: Any, where: str) -> Message:
    if not isinstance(given, dict):
        raise BadRequest(f"Parameter `{where}` must be an object, but is {shown(given)}.", where)
    role = given.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise BadRequest(
            f"Parameter `{where}.role` must be one of {', '.join(_ROLES)}, but is {shown(role)}.", f"{where}.role"
        )
    if len(given) == 2 and isinstance(content := given.get("content"), str) and role != "tool":  # what most are
        return Message(_ROLES[role], content)  # type: ignore[arg-type]
    for name, value in given.items():
        if name not in ("role", "content", *_FIELDS[role]) and value not in (None, [], "", {}):
            raise BadRequest(
                f"Unsupported parameter: `{where}.{name[:50]}` must be left out of a message of role {role}.",
                f"{where}.{name[:50]}", "unsupported_parameter",
            )  # fmt: skip
    calls = _calls(given.get("tool_calls") or [], f"{where}.tool_calls")
    content = given.get("content")
    parts = _parts("" if content is None and calls else content, f"{where}.content", may_show=role == "user")
    try:
        return Message(
            _ROLES[role],  # type: ignore[arg-type]
            "".join(one for one in parts if isinstance(one, str)),
            parts=parts if any(isinstance(one, ImageUrl) for one in parts) else (),
            tool_calls=calls,
            tool_call_id=text(given, "tool_call_id", f"{where}.tool_call_id") if role == "tool" else "",
            speaker=text(given, "name", f"{where}.name") if given.get("name") is not None else "",
        )
    except BadRequest:
        raise
    except InputError as error:
        raise BadRequest.of(error, f"{where}.") from None


def _parts(given: Any, where: str, *, may_show: bool) -> tuple[str | ImageUrl, ...]:
    if isinstance(given, str):
        return (given,)
    if not isinstance(given, list):
        raise BadRequest(f"Parameter `{where}` must be a text or a list of parts, but is {shown(given)}.", where)
    return tuple(_part(part, f"{where}[{place}]", may_show) for place, part in enumerate(given))


def _part(given: Any, where: str, may_show: bool) -> str | ImageUrl:
    kind = given.get("type") if isinstance(given, dict) else None
    if kind == "text" and isinstance(given.get("text"), str):
        return str(given["text"])
    if kind == "image_url" and may_show:
        told = given.get("image_url")
        told = {"url": told} if isinstance(told, str) else told
        if not isinstance(told, dict):
            raise BadRequest(f"Parameter `{where}.image_url` must be an object, but is {shown(told)}.", where)
        try:
            return ImageUrl(told.get("url"), "auto" if told.get("detail") is None else told["detail"])  # type: ignore[arg-type]
        except InputError as error:
            raise BadRequest.of(error, f"{where}.image_url.") from None
    kinds = "text or image_url" if may_show else "text"
    raise BadRequest(
        f"Parameter `{where}` must be a part of type {kinds}, but is {shown(given)}.", where, "unsupported_parameter"
    )


def _calls(given: Any, where: str) -> tuple[ToolCall, ...]:
    if not isinstance(given, list) or len(given) > _MOST_CALLS:
        raise BadRequest(f"Parameter `{where}` must be a list of at most {_MOST_CALLS} calls, but is not.", where)
    return tuple(_call(one, f"{where}[{place}]") for place, one in enumerate(given))


def _call(given: Any, where: str) -> ToolCall:
    kind = given.get("type", "function") if isinstance(given, dict) else None
    function = given.get("function") if kind == "function" else None
    if not isinstance(function, dict):
        raise BadRequest(
            f"Parameter `{where}` must be a call of a function, but is {shown(given)}.", where, "unsupported_parameter"
        )
    arguments = function.get("arguments", "")
    if not isinstance(arguments, str):
        raise BadRequest(
            f"Parameter `{where}.function.arguments` must be a text of JSON, but is {shown(arguments)}.", where
        )
    return ToolCall(text(given, "id", f"{where}.id"), text(function, "name", f"{where}.function.name"), arguments)
