"""Tools: functions that a model may ask its caller to call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from synqc.errors import InputError

__all__ = ["TOOL_CHOICES", "Tool", "ToolCall"]

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
TOOL_CHOICES: Final = ("auto", "none", "required")
"""What a request may say instead of the name of one tool."""


@dataclass(frozen=True)
class Tool:
    """A function that the model may ask for. Nothing here calls it.

    Args:
        name: Up to 64 letters, digits, `_`, `-` and `.`; none of "auto", "none" and "required".
        description: What it does, for the model.
        parameters: JSON schema of its arguments; None: it has none.
        strict: Whether the server must hold arguments to the schema; None: the server's choice.

    Raises:
        InputError: An argument is out of its range.

    Examples:
        >>> Tool("detuning_of", "Detuning of a qubit in GHz.", {"type": "object", "properties": {}}).to_sent()["type"]
        'function'
    """

    name: str
    description: str = ""
    parameters: Mapping[str, Any] | None = field(default=None, hash=False)
    strict: bool | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or _NAME.fullmatch(self.name) is None or self.name in TOOL_CHOICES:
            raise InputError(
                "Argument `name` must be 1 to 64 letters, digits, `_`, `-` and `.`, and none of "
                f"{', '.join(TOOL_CHOICES)}, but is {self.name!r:.80}."
            )
        if not isinstance(self.description, str):
            raise InputError(f"Argument `description` must be a text, but is {self.description!r:.80}.")
        if self.parameters is not None and not isinstance(self.parameters, Mapping):
            raise InputError(f"Argument `parameters` must be a JSON schema, but is {self.parameters!r:.80}.")
        if self.strict not in (None, True, False):
            raise InputError(f"Argument `strict` must be True, False or None, but is {self.strict!r:.80}.")

    def to_sent(self) -> dict[str, Any]:
        """As OpenAI's protocol has it."""
        function: dict[str, Any] = {"name": self.name}
        if self.description:
            function["description"] = self.description
        if self.parameters is not None:
            function["parameters"] = dict(self.parameters)
        if self.strict is not None:
            function["strict"] = self.strict
        return {"type": "function", "function": function}


@dataclass(frozen=True)
class ToolCall:
    """A call that the model asks for.

    Args:
        id: By which the result of the call names it.
        name: Name of the tool, as the model wrote it.
        arguments: JSON, as the model wrote it: it may be none, and need not fit the tool's schema.
    """

    id: str
    name: str
    arguments: str

    def __post_init__(self) -> None:
        for name in ("id", "name", "arguments"):
            if not isinstance(getattr(self, name), str):
                raise InputError(f"Argument `{name}` must be a text, but is {getattr(self, name)!r:.80}.")

    def to_sent(self) -> dict[str, Any]:
        """As OpenAI's protocol has it."""
        return {"id": self.id, "type": "function", "function": {"name": self.name, "arguments": self.arguments}}
