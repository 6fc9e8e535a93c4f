"""The JSON object in a model's answer."""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from synqc.llm.latex_escapes import suspicious_escape

__all__ = ["Candidate", "candidates_in", "decoded", "json_object_in", "the_one_of"]

_LONGEST_ANSWER: Final = 200_000
_DEEPEST: Final = 32
_MOST_BEGINNINGS: Final = 64
_CLOSING = re.compile(r"</(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_OPENING = re.compile(r"<(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
_BEGINNING = re.compile(r"[{\[]")
_LIKE_JSON = re.compile(r'\{\s*(?:["}]|\Z)|\[\s*(?:[{\["\]\d-]|\Z)')
_IN_CONTAINER = re.compile(r'["{}\[\]]')
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


@dataclass(frozen=True)
class Candidate:
    """What stands in an answer where an object may be meant.

    Args:
        text: From its first bracket to its last.
        value: What it holds, or None if it is not JSON.
        problem: Why it is no object; "" if it is one.
        fenced: Whether it stands between fences.
        first, last: Whether nothing but space stands before, or nothing but marks after it.
    """

    text: str
    value: dict[str, Any] | None
    problem: str = ""
    fenced: bool = False
    first: bool = False
    last: bool = False


def json_object_in(text: str) -> dict[str, Any]:
    """The JSON object an answer holds: alone, between fences, or amid prose.

    Thoughts are not looked at: all up to the last `</think>`, and all from a `<think>` that is never closed. Nor is
    what stands inside something that does not close: half an object is none. Where several different objects stand,
    the one between fences is meant, else the one that the answer begins or ends with; an echoed JSON schema is not.
    With a schema, see `structured_in`.

    Raises:
        ValueError: There is none, or no telling which; the message is for the model.

    Examples:
        >>> json_object_in('Sure! {"a": 1} Anything else?')
        {'a': 1}
        >>> json_object_in('{"a": NaN}')
        Traceback (most recent call last):
        ...
        ValueError: it is not JSON: NaN is no JSON number
    """
    found = the_one_of(candidates_in(text)).value
    assert found is not None
    return found


def the_one_of(candidates: list[Candidate]) -> Candidate:
    """The candidate that is meant, where no schema tells.

    Raises:
        ValueError: None is an object, or there is no telling which.
    """
    objects = [one for one in candidates if one.value is not None]
    if not objects:
        raise ValueError(candidates[0].problem if candidates else "it is not JSON: there is no object in it")
    narrower: tuple[Callable[[Candidate], bool], ...] = (
        lambda one: one.value != {},
        lambda one: not _is_schema(one.value or {}),
        lambda one: one.fenced,
    )
    for is_likelier in narrower:
        objects = [one for one in objects if is_likelier(one)] or objects
    different = [one for place, one in enumerate(objects) if all(one.value != other.value for other in objects[:place])]
    if len(different) == 1:
        return different[0]
    at_an_end = [one for one in (objects[0], objects[-1]) if one.first or one.last]
    if len(at_an_end) == 1:
        return at_an_end[0]
    raise ValueError(f"it holds {len(different)} different JSON objects, and only one is wanted")


def candidates_in(text: str) -> list[Candidate]:
    """Objects of the answer proper, outermost ones only; those between fences first, else as they stand.

    Raises:
        ValueError: It is too long to be looked at.
    """
    if len(text) > _LONGEST_ANSWER:
        raise ValueError(f"it is longer than {_LONGEST_ANSWER} characters")
    whole = text.strip().removeprefix("\ufeff")
    value, problem = decoded(whole)
    if value is not None:
        return [Candidate(whole, value, first=True, last=True)]
    said = _after_thoughts(whole).strip()
    fences = [fence.start() for fence in _FENCE.finditer(said)]
    found = []
    for start, end in _outermost(said):
        value, problem = decoded(said[start:end])
        found.append(
            Candidate(
                said[start:end], value, problem,
                fenced=bisect.bisect(fences, start) % 2 == 1,
                first=not said[:start].strip(), last=not said[end:].strip(" \t\r\n.!`*"),
            )
        )  # fmt: skip
    if not found and said:
        found.append(Candidate(said, None, decoded(said)[1]))
    return sorted(found, key=lambda one: not one.fenced)


def decoded(text: str) -> tuple[dict[str, Any] | None, str]:
    """What a text holds if it is one JSON object and nothing else, or None and the reason."""
    try:
        value = _decoder.decode(text)
    except (ValueError, RecursionError) as error:
        return None, f"it is not JSON: {_words(error)}"
    if not isinstance(value, dict):
        return None, "it is not a JSON object"
    command = suspicious_escape(text)
    if command is not None:
        return None, f"it holds `{command}` with one backslash, which JSON reads as a control character: double it"
    if _is_too_deep(value):
        return None, f"it is nested deeper than {_DEEPEST} levels"
    return value, ""


def _after_thoughts(text: str) -> str:
    """The answer without what the model thought before."""
    if _CLOSING.search(text) is None and _OPENING.search(text) is None:
        return text
    # A tag inside a string of an object is part of the answer.
    inside = list(_spans_of_objects(text))

    def outside(tag: re.Match[str]) -> bool:
        return not any(start < tag.start() < end for start, end in inside)

    begin = max((tag.end() for tag in _CLOSING.finditer(text) if outside(tag)), default=0)
    end = min((tag.start() for tag in _OPENING.finditer(text, begin) if outside(tag)), default=len(text))
    return text[begin:end]


def _spans_of_objects(text: str) -> Iterator[tuple[int, int]]:
    position = 0
    for _ in range(_MOST_BEGINNINGS):
        position = text.find("{", position)
        if position < 0:
            return
        try:
            _, end = _decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            position += 1
        else:
            yield position, end
            position = end


def _outermost(said: str) -> Iterator[tuple[int, int]]:
    """Where brackets that look like JSON stand, outermost ones only. What does not close hides all that follows."""
    position = 0
    while (beginning := _BEGINNING.search(said, position)) is not None:
        start = beginning.start()
        like_json = _LIKE_JSON.match(said, start) is not None
        if not like_json and said[start] == "[":
            position = start + 1
            continue
        end = _closing_of(said, start)
        if end is None:
            yield start, len(said)
            return
        if like_json:
            yield start, end
        position = end


def _closing_of(said: str, start: int) -> int | None:
    """Where the bracket at `start` is closed, or None if it is not."""
    depth, position = 0, start
    while (mark := _IN_CONTAINER.search(said, position)) is not None:
        sign, position = mark.group(), mark.end()
        if sign == '"':
            string = _STRING.match(said, mark.start())
            if string is None:
                return None
            position = string.end()
        else:
            depth += 1 if sign in "{[" else -1
            if depth == 0:
                return position
    return None


def _is_schema(value: Mapping[str, Any]) -> bool:
    """Whether an object is itself a JSON schema: what models echo when they are told one."""
    return "$schema" in value or (value.get("type") == "object" and set(value) <= _WORDS_OF_SCHEMAS)


_WORDS_OF_SCHEMAS = frozenset({
    "type", "properties", "required", "additionalProperties", "title", "description", "$defs", "definitions", "$id",
    "patternProperties", "minProperties", "maxProperties", "propertyNames", "dependentRequired", "examples", "default",
})  # fmt: skip


def _is_too_deep(found: dict[str, Any]) -> bool:
    """Whether whoever walks through it would have to fear for the stack."""
    level: list[Any] = [found]
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return False
    return True


def _words(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise ValueError(f"`{name[:80]}` stands twice in one object")
            seen.add(name)
    return found


_decoder = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=_without_repetition)
