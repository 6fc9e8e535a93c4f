"""What a client sends and nobody reads: named in a header, or refused where the client prefers that.

Clients of the contract send members that this service does not know, and get their answer. A misspelt member looks the
same, and its default is taken in its place.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, get_args
from urllib.parse import quote
from weakref import WeakKeyDictionary

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.requests import HTTPConnection
from starlette.types import Scope

__all__ = ["IGNORED", "name_ignored_members", "refuse_ignored_members"]

IGNORED = "synqc.ignored"
"""Key of a request's scope: what the header `X-SynQc-Ignored` says."""

_MOST_NAMED = 20
_LONGEST_NAME = 80
_STRICT = re.compile(r'(^|[,;\s])handling\s*=\s*"?strict"?\s*($|[,;])', re.IGNORECASE)
_TAKEN_BY_MIDDLEWARE = {"api_key", "ticket"}

_Place = tuple[str | int, ...]

_known: WeakKeyDictionary[Any, tuple[tuple[type[BaseModel], ...], frozenset[str]]] = WeakKeyDictionary()


async def name_ignored_members(connection: HTTPConnection) -> None:
    """Note in a request's scope what of its body and query is not read; a dependency of every route.

    Raises:
        RequestValidationError: There is such, and `Prefer` says `handling=strict`.
    """
    ignored = await _ignored(connection)
    if not ignored:
        return
    if any(_STRICT.search(value) for value in connection.headers.getlist("prefer")):
        raise RequestValidationError([_problem(place, near) for place, near in ignored])
    connection.scope[IGNORED] = ", ".join(_shown(place, near) for place, near in ignored).encode()


async def refuse_ignored_members(connection: HTTPConnection) -> None:
    """Refuse what is not read, whatever the client prefers; a dependency of routes whose filters must not get lost.

    Raises:
        RequestValidationError: There is such.
    """
    ignored = await _ignored(connection)
    if ignored:
        raise RequestValidationError([_problem(place, near) for place, near in ignored])


async def _ignored(connection: HTTPConnection) -> list[tuple[_Place, str | None]]:
    """What of a request is not read, with the nearest right name."""
    if not isinstance(connection, Request):
        return []
    models, parameters = _read_by(connection.scope)
    ignored: list[tuple[_Place, str | None]] = [
        (("query", name), _near(name, parameters)) for name in connection.query_params if name not in parameters
    ]
    if models:
        ignored += [(("body", *place), near) for place, near in _unread(models, await _document(connection))]
    return ignored[:_MOST_NAMED]


def _read_by(scope: Scope) -> tuple[tuple[type[BaseModel], ...], frozenset[str]]:
    """Models of a body, and the names of a query, that the route of a request reads."""
    endpoint = scope["endpoint"]
    found = _known.get(endpoint)
    if found is None:
        dependant = scope["route"].dependant
        bodies = (field.field_info.annotation for field in dependant.body_params)
        models = tuple(model for body in bodies for model in _models_in(body))
        found = models, frozenset(field.alias for field in dependant.query_params) | _TAKEN_BY_MIDDLEWARE
        _known[endpoint] = found
    return found


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


async def _document(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError):
        return None  # whoever reads it says what is wrong with it


def _unread(models: tuple[type[BaseModel], ...], document: Any) -> Iterator[tuple[_Place, str | None]]:
    if isinstance(document, list):
        for index, one in enumerate(document):
            for place, near in _unread(models, one):
                yield (index, *place), near
    elif isinstance(document, dict) and models:
        members = {
            field.alias or name: field.annotation for model in models for name, field in model.model_fields.items()
        }
        for name, value in document.items():
            if name in members:
                for place, near in _unread(tuple(_models_in(members[name])), value):
                    yield (name, *place), near
            else:
                yield (name,), _near(name, members)


def _near(name: str, known: Iterable[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name[:_LONGEST_NAME], sorted(known), n=1, cutoff=0.6)), None)


def _problem(place: _Place, near: str | None) -> dict[str, Any]:
    hint = f": did you mean `{near}`?" if near else "."
    words = f"`{str(place[-1])[:_LONGEST_NAME]}` is not read by this route{hint}"
    return {"type": "not_read", "loc": place, "msg": words, "input": place[-1]}


def _shown(place: _Place, near: str | None) -> str:
    """As a header can hold it.

    >>> _shown(("body", "config", "probe_strenght"), "probe_strength"), _shown(("query", "é"), None)
    ('config.probe_strenght (probe_strength?)', '?%C3%A9')
    """
    start, *rest = place
    path = ".".join(quote(str(step)[:_LONGEST_NAME].encode(errors="replace"), safe="") for step in rest)
    return ("?" if start == "query" else "") + path + (f" ({near}?)" if near else "")
