"""Tools of a body of `/v1/chat/completions`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from synqc.apps.gateway.bad_request import BadRequest, shown
from synqc.errors import InputError
from synqc.llm.tools import TOOL_CHOICES, Tool

__all__ = ["tool_choice_in", "tools_in"]

_MOST_TOOLS: Final = 128


def tools_in(given: Any) -> tuple[Tool, ...]:
    """Tools out of a document.

    Raises:
        BadRequest: They are something else.
    """
    if not isinstance(given, list) or len(given) > _MOST_TOOLS:
        raise BadRequest(f"Parameter `tools` must be a list of at most {_MOST_TOOLS} tools, but is not.", "tools")
    return tuple(_tool(one, f"tools[{place}]") for place, one in enumerate(given))


def tool_choice_in(given: Any) -> str | None:
    """The choice that a document names; None: it names none.

    Raises:
        BadRequest: It is something else.
    """
    if given is None or (isinstance(given, str) and given in TOOL_CHOICES):
        return given
    function = given.get("function") if isinstance(given, Mapping) and given.get("type") == "function" else None
    name = function.get("name") if isinstance(function, Mapping) else None
    if not isinstance(name, str):
        raise BadRequest(
            f"Parameter `tool_choice` must be {', '.join(TOOL_CHOICES)} or name a function, but is {shown(given)}.",
            "tool_choice",
        )
    return name


def _tool(given: Any, where: str) -> Tool:
    function = given.get("function") if isinstance(given, dict) and given.get("type") == "function" else None
    if not isinstance(function, dict):
        raise BadRequest(
            f"Parameter `{where}` must be a tool of type function, but is {shown(given)}.", where,
            "unsupported_parameter",
        )  # fmt: skip
    unknown = sorted(set(function) - {"name", "description", "parameters", "strict"})
    if unknown:
        raise BadRequest(
            f"Unknown parameter: `{where}.function.{unknown[0][:50]}`.", f"{where}.function.{unknown[0][:50]}",
            "unknown_parameter",
        )  # fmt: skip
    try:
        return Tool(
            function.get("name"), function.get("description") or "", function.get("parameters"),  # type: ignore[arg-type]
            function.get("strict"),
        )  # fmt: skip
    except InputError as error:
        raise BadRequest.of(error, f"{where}.function.") from None
