"""Nearest right path: what a client is told of an address where nothing is."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from fastapi import Request

from synqc.service.routed_path import path_below_mount

__all__ = ["near_path", "words_of_nowhere"]

_CUTOFF = 0.7
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_LONGEST_SEGMENT = 80
_LONGEST_SHOWN = 200


def words_of_nowhere(request: Request) -> str | None:
    """Which path may have been meant by one that no route has; None: none is near.

    Another application of the process may answer there, below its prefix; its name may be misspelt, or one segment of a
    path of this application.
    """
    app, path, prefix = request.app, path_below_mount(request.scope), request.scope.get("root_path", "")
    others: dict[str, Any] = getattr(app.state, "applications", {})
    mounted = {name: other for name, other in others.items() if other is not app}
    if path == "/":  # older clients of TDS know this answer literally
        return None
    for name, other in mounted.items():
        method = next((one for one in (request.method, *_METHODS) if other.doors.is_route(one, path)), None)
        if method is not None:
            verb = "" if method == request.method else f"{method} "
            meant = f"did you mean {verb}{prefix}/{name}{path}?"
            return _words(path, f"Application {name} is below {prefix}/{name}: {meant}")
    first, slash, rest = path[1:].partition("/")
    for name in difflib.get_close_matches(first, list(others), n=1, cutoff=_CUTOFF):
        return _words(path, f"Did you mean {prefix}/{name}{slash}{rest}?")
    near = near_path(path, app.doors.paths())
    return None if near is None else _words(prefix + path, f"Did you mean {prefix}{near}?")


def near_path(path: str, known: Iterable[str]) -> str | None:
    """The path that differs in one segment, and little in that; `{...}` is any segment.

    >>> near_path("/api/batchs/7", ["/api/batches", "/api/batches/{batch_id}", "/api/problems/{id}"])
    '/api/batches/7'
    >>> near_path("/api/nonsense", ["/api/batches"])
    """
    asked, found, best = path.split("/"), None, _CUTOFF
    for one in known:
        declared = one.split("/")
        if len(declared) != len(asked):
            continue
        meant = [sent if word.startswith("{") and sent else word for sent, word in zip(asked, declared, strict=True)]
        wrong = [(sent, word) for sent, word in zip(asked, meant, strict=True) if sent != word]
        if len(wrong) == 1:
            sent, word = wrong[0]
            likeness = difflib.SequenceMatcher(None, sent[:_LONGEST_SEGMENT], word).ratio()
            if likeness >= best:
                found, best = "/".join(meant), likeness
    return found


def _words(path: str, hint: str) -> str:
    return f"Nothing is at {path[:_LONGEST_SHOWN]}. {hint[: 2 * _LONGEST_SHOWN]}"
