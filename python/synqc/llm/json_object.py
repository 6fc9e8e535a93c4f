"""The JSON object in a model's answer."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

__all__ = ["json_object_in"]

_LONGEST_ANSWER = 200_000
_MOST_BEGINNINGS = 64
_DEEPEST = 32
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)


def json_object_in(text: str) -> dict[str, Any]:
    """The one JSON object an answer holds: alone, between fences, or amid prose; then the longest.

    Thoughts between `<think>` and `</think>` are not looked at.

    Raises:
        ValueError: There is none; the message is for the model.

    Examples:
        >>> json_object_in('Sure! {"a": 1} Anything else?')
        {'a': 1}
        >>> json_object_in('{"a": NaN}')
        Traceback (most recent call last):
        ...
        ValueError: it is not JSON: NaN is no JSON number
    """
    if len(text) > _LONGEST_ANSWER:
        raise ValueError(f"it is longer than {_LONGEST_ANSWER} characters")
    said = _THOUGHT.sub("", text).strip()
    try:
        whole = _decoder.decode(said)
    except (ValueError, RecursionError) as error:
        found = _longest_object(said)
        if found is None:
            raise ValueError(f"it is not JSON: {_words(error)}") from None
        return _not_too_deep(found)
    if not isinstance(whole, dict):
        raise ValueError("it is not a JSON object")
    return _not_too_deep(whole)


def _not_too_deep(found: dict[str, Any]) -> dict[str, Any]:
    """The object itself, if whoever walks through it need not fear for the stack."""
    level: list[Any] = [found]
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return found
    raise ValueError(f"it is nested deeper than {_DEEPEST} levels")


def _longest_object(said: str) -> dict[str, Any] | None:
    longest, best = 0, None
    position = -1
    for _ in range(_MOST_BEGINNINGS):
        position = said.find("{", position + 1)
        if position < 0:
            break
        try:
            found, end = _decoder.raw_decode(said, position)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and end - position > longest:
            longest, best = end - position, found
        position = end - 1
    return best


def _words(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


_decoder = json.JSONDecoder(parse_constant=_refuse)
