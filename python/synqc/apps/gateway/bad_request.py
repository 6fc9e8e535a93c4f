"""What cannot be answered of a request, in the words that a client is told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from synqc.errors import InputError

__all__ = ["BadRequest", "flag", "number", "shown", "text", "whole"]


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

    @classmethod
    def of(cls, error: InputError, where: str = "") -> BadRequest:
        """What an argument's complaint says of the parameter that it was made of.

        >>> BadRequest.of(InputError("Argument `name` must be a text, but is 5."), "tools[0].").parameter
        'tools[0].name'
        """
        told = str(error).replace("Argument `", f"Parameter `{where}", 1)
        named = told.partition("`")[2].partition("`")[0]
        return cls(told, named or where.rstrip(".") or None)


def text(given: Mapping[str, Any], name: str, where: str = "") -> str:
    """A text that is there and not empty."""
    value = given.get(name)
    where = where or name
    if not isinstance(value, str) or not value:
        raise BadRequest(f"Parameter `{where}` must be a text, but is {shown(value)}.", where)
    return value


def flag(given: Mapping[str, Any], name: str) -> bool:
    """True or false; false where it is left out."""
    value = given.get(name, False)
    if not isinstance(value, bool):
        raise BadRequest(f"Parameter `{name}` must be true or false, but is {shown(value)}.", name)
    return value


def whole(given: Mapping[str, Any], name: str, lowest: int, highest: int) -> int | None:
    """A whole number from `lowest` to below `highest`, or None where it is left out."""
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value < highest:
        most = f" to {highest - 1}" if highest <= 1000 else ""
        raise BadRequest(f"Parameter `{name}` must be a whole number from {lowest}{most}, but is {shown(value)}.", name)
    return value


def number(given: Mapping[str, Any], name: str, lowest: int, highest: int) -> float | None:
    """A number of a range, or None where it is left out."""
    value = given.get(name)
    if value is not None and (
        isinstance(value, bool) or not isinstance(value, (int, float)) or not lowest <= value <= highest
    ):
        raise BadRequest(
            f"Parameter `{name}` must be a number from {lowest} to {highest}, but is {shown(value)}.", name
        )
    return value


def shown(value: Any) -> str:
    """A value in a message: short, whatever it is."""
    if isinstance(value, int) and value.bit_length() > 200:
        return "a number of many digits"
    return f"{value!r:.60}"
