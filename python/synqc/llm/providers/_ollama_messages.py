"""Conversations with pictures and calls of tools, as Ollama's own protocol has them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from synqc.errors import InputError
from synqc.llm.message import ImageUrl, Message
from synqc.llm.tools import ToolCall

__all__ = ["messages_as_sent"]


def messages_as_sent(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Messages of `/api/chat`.

    >>> messages_as_sent([Message("user", "Look: ", parts=("Look: ", ImageUrl("data:image/png;base64,iVBO")))])
    [{'role': 'user', 'content': 'Look: ', 'images': ['iVBO']}]

    Raises:
        InputError: A picture is somewhere else, or a call of a tool has no object of arguments.
    """
    named: dict[str, str] = {}
    sent = []
    for message in messages:
        one: dict[str, Any] = {"role": message.role, "content": message.content}
        if message.parts:
            one["images"] = [_picture(part) for part in message.parts if isinstance(part, ImageUrl)]
        if message.tool_calls:
            named |= {call.id: call.name for call in message.tool_calls}
            one["tool_calls"] = [_call(call) for call in message.tool_calls]
        if message.tool_call_id in named and message.role == "tool":
            one["tool_name"] = named[message.tool_call_id]
        sent.append(one)
    return sent


def _picture(image: ImageUrl) -> str:
    kind, comma, data = image.url.partition(",")
    if not comma or not kind.lower().endswith(";base64"):
        raise InputError(
            "Argument `url` must hold the picture itself as data:image/...;base64, for Ollama's own protocol fetches "
            f"none, but is {image.url!r:.60}."
        )
    return data


def _call(call: ToolCall) -> dict[str, Any]:
    try:
        arguments = json.loads(call.arguments)
    except (ValueError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        raise InputError(f"Argument `arguments` must be a JSON object, but is {call.arguments!r:.80}.")
    return {"function": {"name": call.name, "arguments": arguments}}
