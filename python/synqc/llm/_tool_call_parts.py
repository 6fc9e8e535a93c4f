"""Calls of tools, put together out of the parts in which servers send them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from synqc.llm._answer import NotTheProtocol
from synqc.llm.tools import ToolCall

__all__ = ["ToolCallParts"]


class ToolCallParts:
    """Calls as they come: whole ones in one document, parts of them in a stream.

    Examples:
        >>> calls = ToolCallParts()
        >>> calls.take([{"index": 0, "id": "a", "function": {"name": "look", "arguments": '{"x"'}}])
        9
        >>> calls.take([{"index": 0, "function": {"arguments": ": 1}"}}])
        4
        >>> calls.calls
        (ToolCall(id='a', name='look', arguments='{"x": 1}'),)
    """

    def __init__(self) -> None:
        self._parts: dict[int, _Parts] = {}

    def __bool__(self) -> bool:
        return bool(self._parts)

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """What has come; a call that the server gave no id has one of its place."""
        return tuple(
            ToolCall(one.id or f"call_{place}", one.name, "".join(one.arguments) or "{}")
            for place, (_, one) in enumerate(sorted(self._parts.items()))
        )

    def check_whole(self) -> None:
        """Nothing more comes: each call must have a name.

        Raises:
            NotTheProtocol: One has none.
        """
        if not all(one.name for one in self._parts.values()):
            raise NotTheProtocol("a call of a tool has no name")

    def take(self, told: Any) -> int:
        """Take what a message or a part of it holds of calls; how many characters that is.

        Raises:
            NotTheProtocol: It is something else.
        """
        if told is None:
            return 0
        if not isinstance(told, list) or not all(isinstance(one, Mapping) for one in told):
            raise NotTheProtocol("its calls of tools are no list of objects")
        return sum(self._take(one) for one in told)

    def _take(self, told: Mapping[str, Any]) -> int:
        number, given = told.get("index"), told.get("id")
        function = told.get("function")
        if not isinstance(function, Mapping):
            raise NotTheProtocol("a call of a tool names no function")
        name, arguments = function.get("name", ""), function.get("arguments")
        name = "" if name is None else name
        is_whole = isinstance(arguments, Mapping)
        if is_whole:
            arguments = json.dumps(arguments, ensure_ascii=False)
        if not isinstance(number, int) or isinstance(number, bool):  # the next one, or more of the last
            number = max(self._parts, default=-1) + (1 if given or is_whole or not self._parts else 0)
        arguments = arguments or ""
        if not isinstance(name, str) or not isinstance(arguments, str) or not isinstance(given, (str, type(None))):
            raise NotTheProtocol("a call of a tool is not of texts")
        parts = self._parts.setdefault(number, _Parts())
        parts.id, parts.name = parts.id or given or "", parts.name or name
        parts.arguments.append(arguments)
        return len(name) + len(arguments) + len(given or "")


class _Parts:
    __slots__ = ("arguments", "id", "name")

    def __init__(self) -> None:
        self.id = self.name = ""
        self.arguments: list[str] = []
