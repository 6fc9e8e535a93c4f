"""A prefix that clients see in front of every path, because a proxy serves other things beside this service."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from synqc.errors import InputError

__all__ = ["BelowPrefix", "checked_prefix"]


class BelowPrefix:
    """ASGI middleware: the application is mounted at a prefix, whether the proxy passes that on or takes it off.

    Proxies should pass it on: those that take it off decode `%2F` in the rest (nginx does).

    Args:
        app: What answers.
        prefix: Such as `/lab`.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = checked_prefix(prefix)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            scope = {**scope, "root_path": self._prefix}
            path: str = scope["path"]
            if path != self._prefix and not path.startswith(self._prefix + "/"):
                scope["path"] = self._prefix + path
                if scope.get("raw_path"):
                    scope["raw_path"] = self._prefix.encode() + scope["raw_path"]
        await self._app(scope, receive, send)


def checked_prefix(prefix: str) -> str:
    """The prefix without a slash at its end.

    >>> checked_prefix("/lab/")
    '/lab'

    Raises:
        InputError: It is none.
    """
    cut = prefix.rstrip("/")
    letters = cut.replace("/", "").replace("-", "").replace("_", "").replace(".", "")
    if not cut.startswith("/") or "//" in cut or not (letters.isascii() and letters.isalnum()):
        raise InputError(f"--root-path must look like /lab, but is {prefix!r}.")
    return cut
