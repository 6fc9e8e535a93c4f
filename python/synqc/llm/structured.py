"""An object of a JSON schema out of a model's answer, checked by all keywords of the schema."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

from synqc.errors import InputError, MissingExtra
from synqc.json import dumps
from synqc.llm.json_object import Candidate, candidates_in, decoded, the_one_of
from synqc.llm.latex_escapes import with_doubled_backslashes

__all__ = ["Structured", "structured_in"]

_MOST_PROBLEMS = 3
_STRING_OR_REST = re.compile(r'"(?:[^"\\]|\\.)*"|[^"]+|"', re.DOTALL)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_PYTHON_WORD = re.compile(r"\b(?:True|False|None)\b")
_JSON_WORDS = {"True": "true", "False": "false", "None": "null"}
_CONTROL = re.compile(r"[\x00-\x1f]")


@dataclass(frozen=True)
class Structured:
    """An object found in an answer.

    Args:
        value: The object.
        text: Its JSON text, as the model wrote it or as it was mended.
        repaired: What was mended, in words; empty: nothing.
    """

    value: dict[str, Any]
    text: str
    repaired: tuple[str, ...] = ()


def structured_in(
    text: str,
    schema: Mapping[str, Any] | None = None,
    *,
    checked: bool = True,
    accept: Callable[[str], object] | None = None,
    repair: bool = False,
) -> Structured:
    """The first complete object of an answer that fits.

    Objects between fences come first, then the others as they stand; thoughts, and whatever stands inside something
    that does not close, are not looked at. All keywords of the schema count, `format` included; references to other
    documents are not followed. Numbers are compared exactly, however large.

    Args:
        text: The answer.
        schema: What the object must fit; None: any object, see `json_object_in`.
        checked: False prefers objects that fit and takes others.
        accept: accept(text of an object) raises ValueError where the object is of no use for another reason.
        repair: Mend what is almost JSON, as a last resort: commas before a closing bracket, Python's True, False and
            None, line breaks within strings, and backslashes of mathematics that are not doubled. What does not close
            is never closed, and no string changes its meaning.

    Raises:
        ValueError: No object fits; the message is for the model.
        InputError: `schema` is no JSON schema.
        MissingExtra: A schema is given, and the package `jsonschema-rs` is not installed.

    Examples:
        >>> schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
        >>> structured_in('A {"type": "object"} it is: {"n": 9007199254740993}.', schema).value
        {'n': 9007199254740993}
        >>> structured_in('{"n": 1,}', schema, repair=True)
        Structured(value={'n': 1}, text='{"n": 1}', repaired=('a comma before a closing bracket',))
    """
    candidates: list[tuple[Candidate, tuple[str, ...]]] = [(one, ()) for one in candidates_in(text)]
    try:
        return _fitting(candidates, schema, checked, accept)
    except ValueError:
        if not repair:
            raise
        mended = [_mended(one) for one, _ in candidates]
        if not any(marks for _, marks in mended):
            raise
        return _fitting(mended, schema, checked, accept)


def _fitting(
    candidates: list[tuple[Candidate, tuple[str, ...]]],
    schema: Mapping[str, Any] | None,
    checked: bool,
    accept: Callable[[str], object] | None,
) -> Structured:
    marks = {id(one): repaired for one, repaired in candidates}
    objects = [one for one, _ in candidates if one.value is not None]
    fitting, problem = objects, ""
    if schema is not None:
        problems = {id(one): _misfit(one.value, schema) for one in objects}
        fitting = [one for one in objects if not problems[id(one)]]
        problem = next((told for told in problems.values() if told), "")
        if not checked:
            fitting += [one for one in objects if problems[id(one)]]
    elif accept is None and objects:
        fitting = [the_one_of([one for one, _ in candidates])]
    for one in fitting:
        try:
            if accept is not None:
                accept(one.text)
        except ValueError as error:
            problem = problem or str(error)
            continue
        assert one.value is not None
        return Structured(one.value, one.text, marks[id(one)])
    # What is wrong with the first one that is an object tells more than what is wrong with others.
    broken = next((one.problem for one, _ in candidates if one.problem), "it is not JSON: there is no object in it")
    raise ValueError(problem or broken)


def _misfit(value: Any, schema: Mapping[str, Any]) -> str:
    """Why a value does not fit a schema, or "" if it does."""
    try:
        errors = _validator(dumps(dict(schema))).iter_errors(value)
        problems = [_problem(error) for error, _ in zip(errors, range(_MOST_PROBLEMS), strict=False)]
    except UnicodeEncodeError:
        return "it holds half a character, a lone surrogate"
    if not problems and _has_infinity(value):
        return "it holds a number that is too large"
    return "; ".join(problems)


def _problem(error: Any) -> str:
    missing = getattr(error.kind, "property", None) if error.kind.name == "required" else None
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path)
    said = f"`{missing}` is missing" if isinstance(missing, str) else str(error.message)[:300]
    return f"{said} at ${where}" if where else said


def _has_infinity(value: Any) -> bool:
    if isinstance(value, float):
        return value - value != 0
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_has_infinity(one) for one in inner)


@lru_cache(maxsize=64)
def _validator(schema: bytes) -> Any:
    if importlib.util.find_spec("jsonschema_rs") is None:
        raise MissingExtra("JSON schemas need the package `jsonschema-rs`: pip install 'synqc[llm]'.")
    import jsonschema_rs

    try:
        return jsonschema_rs.validator_for(json.loads(schema), validate_formats=True, retriever=_not_fetched)
    except ValueError as error:
        words = " ".join(str(error).split())[:300]
        raise InputError(f"Argument `schema` must be a JSON schema, but is not: {words}") from None


def _not_fetched(uri: str) -> NoReturn:
    raise ValueError(f"{uri} is another document, which is not fetched")


def _mended(broken: Candidate) -> tuple[Candidate, tuple[str, ...]]:
    """A candidate that is almost JSON as the JSON it almost is, and what was done to it."""
    if broken.value is not None:
        return broken, ()
    marks: list[str] = []
    text, commands = with_doubled_backslashes(broken.text)
    marks += [f"a single backslash of {command}" for command in commands]
    parts = []
    for part in _STRING_OR_REST.findall(text):
        if part.startswith('"'):
            kept = _CONTROL.sub(lambda sign: json.dumps(sign.group())[1:-1], part)
            marks += ["a line break within a string"] * (kept != part)
        else:
            kept = _PYTHON_WORD.sub(lambda word: _JSON_WORDS[word.group()], part)
            marks += ["a word of Python"] * (kept != part)
            shorter = _TRAILING_COMMA.sub(r"\1", kept)
            marks += ["a comma before a closing bracket"] * (shorter != kept)
            kept = shorter
        parts.append(kept)
    mended = "".join(parts)
    value, problem = decoded(mended)
    if value is None:
        return Candidate(mended, None, problem, broken.fenced), ()
    return Candidate(mended, value, "", broken.fenced, broken.first, broken.last), tuple(dict.fromkeys(marks))
