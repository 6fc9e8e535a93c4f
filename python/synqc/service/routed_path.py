"""What of a request's path is matched with routes: below where the application is mounted, a name's slashes kept apart.

A server decodes a path before anybody sees it, so that `sessions/a%2Fb` and `sessions/a/b` look the same. Here the path
is read as it was sent and decoded but for `%2F` and `%25`, which stay as they are: middleware, fast path and router
then all see one segment where the client wrote one.
"""

from __future__ import annotations

from urllib.parse import unquote

from starlette.types import Scope

__all__ = ["path_below_mount", "with_segments_apart"]


def with_segments_apart(scope: Scope) -> Scope:
    """The same request, its path decoded segment by segment.

    >>> with_segments_apart({"path": "/sessions/a/b", "raw_path": b"/sessions/a%2Fb"})["path"]
    '/sessions/a%2Fb'
    """
    path: str = scope["path"]
    raw: bytes = scope.get("raw_path") or b""
    if b"%" not in raw and "%" not in path:
        return scope
    return {**scope, "path": _decoded_by_segments(path, raw.decode("latin-1"), scope.get("root_path", ""))}


def path_below_mount(scope: Scope) -> str:
    """The path that routes are matched with, by the router's own rule.

    >>> path_below_mount({"path": "/lab/ui", "root_path": "/lab"})
    '/ui'
    >>> path_below_mount({"path": "/laboratory", "root_path": "/lab"})
    '/laboratory'
    """
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    if root and path.startswith(root):
        if len(path) == len(root):
            return ""
        if path[len(root)] == "/":
            return path[len(root) :]
    return path


def _decoded_by_segments(path: str, raw: str, root: str) -> str:
    for sent in (raw, root + raw):  # some servers leave out what they are mounted at
        if _decoded(sent) == _decoded(path):
            return "/".join(_kept_apart(unquote(segment)) for segment in sent.split("/"))
    # What was sent is not known, or somebody in front has changed the path: then its slashes are all separators.
    return path.replace("%", "%25")


def _kept_apart(segment: str) -> str:
    return segment.replace("%", "%25").replace("/", "%2F")


def _decoded(text: str) -> str:
    """Decoded until nothing is left to decode: some servers decode twice."""
    while (once := unquote(text)) != text:
        text = once
    return text
