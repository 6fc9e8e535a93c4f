"""Configurations as documents: a mapping with `kind` and the fields that differ from their defaults."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, TypeVar

from synqc import json
from synqc.errors import DocumentError, InputError

__all__ = ["Configuration", "document_of", "json_of", "value_from", "value_from_json"]

T = TypeVar("T")


class Configuration:
    """What has a name in documents; nothing if it is only ever a member."""

    kind: ClassVar[str] = ""


def _kinds() -> dict[str, type]:
    """Every configuration by its name in documents."""
    from synqc import generate

    named: dict[str, type] = {}
    for name in generate.__all__:
        cls: Any = getattr(generate, name)
        if isinstance(cls, type) and issubclass(cls, Configuration) and cls.kind:
            named[cls.kind] = cls
    return named


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return document_of(value)
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"{value // timedelta(microseconds=1)}us"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    return value


def document_of(value: Any) -> dict[str, Any]:
    """A configuration as JSON has it; fields that have their default are left out."""
    kind = getattr(value, "kind", "")
    document: dict[str, Any] = {"kind": kind} if kind else {}
    for each in dataclasses.fields(value):
        member = getattr(value, each.name)
        default = each.default_factory() if each.default_factory is not dataclasses.MISSING else each.default
        plain = _plain(member)
        if default is dataclasses.MISSING or plain != _plain(default):
            document[each.name] = plain
    return document


def json_of(value: Any) -> str:
    """The document as text."""
    return json.dumps(document_of(value)).decode()


def value_from(document: Any, expected: type[T], path: str = "$") -> T:
    """A configuration from its document.

    Raises:
        DocumentError: Anything is not what it must be; the message ends with the path.
    """
    if not isinstance(document, Mapping):
        raise DocumentError(f"A configuration must be an object, but is {document!r} (at {path})")
    kinds = _kinds()
    members = dict(document)
    if getattr(expected, "kind", None) is not None:
        default = expected.kind or None  # type: ignore[attr-defined]
        kind = members.pop("kind", default)
        allowed = [name for name, each in kinds.items() if issubclass(each, expected)]
        if kind not in allowed:
            raise DocumentError(f"`kind` must be one of {', '.join(sorted(allowed))}, but is {kind!r} (at {path})")
        cls = kinds[kind]
    else:
        cls = expected
    fields = {each.name: each for each in dataclasses.fields(cls)}
    for name in members:
        if name not in fields:
            raise DocumentError(f"There is no `{name}`, but {', '.join(sorted(fields))} (at {path})")
    given = {name: _member(value, str(fields[name].type), f"{path}.{name}") for name, value in members.items()}
    try:
        made: T = cls(**given)
        return made
    except TypeError as error:
        missing = [each.name for each in fields.values() if _is_needed(each) and each.name not in given]
        if not missing:
            raise
        raise DocumentError(f"`{missing[0]}` must be given, but is not (at {path})") from error
    except InputError as error:
        if isinstance(error, DocumentError):
            raise
        raise DocumentError(f"{error} (at {path})") from error


def _is_needed(each: dataclasses.Field[Any]) -> bool:
    return each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING


def _member(value: Any, annotation: str, path: str) -> Any:
    """A member whose annotation names a configuration is made of its document, also in lists and mappings."""
    from synqc import generate

    if value is None:
        return None
    for name in generate.__all__:
        cls = getattr(generate, name)
        if not isinstance(cls, type) or not dataclasses.is_dataclass(cls) or name not in re.findall(r"\w+", annotation):
            continue
        if annotation.startswith("Mapping[str"):
            if not isinstance(value, Mapping):
                raise DocumentError(f"`{path.rpartition('.')[2]}` must be an object, but is {value!r} (at {path})")
            return {key: value_from(each, cls, f"{path}.{key}") for key, each in value.items()}
        if annotation.startswith("SequenceOf["):
            if not isinstance(value, list):
                raise DocumentError(f"`{path.rpartition('.')[2]}` must be an array, but is {value!r} (at {path})")
            return [value_from(each, cls, f"{path}[{at}]") for at, each in enumerate(value)]
        return value_from(value, cls, path)
    return value


def value_from_json(text: str | bytes, expected: type[T]) -> T:
    """The same from text."""
    return value_from(json.loads(text), expected)
