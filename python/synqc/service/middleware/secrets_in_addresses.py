"""Keys and tickets that stand in an address: taken out of it before anybody writes it down."""

from __future__ import annotations

import logging
import re
from urllib.parse import unquote_plus

from starlette.types import Scope

__all__ = ["keep_out_of_access_logs", "taken_out_of"]

_SAID = {"text", "user_input", "q"}
"""What somebody says, which is nobody's business who reads a log."""
_NAMES = {"api_key", "apikey", "api-key", "x-api-key", "access_token", "token", "key", "ticket"}
_MAY_HOLD_SOME = re.compile(rb"key|ticket|token|%", re.IGNORECASE)
_CONCEALED = "***"
_SERVERS_LOGS = ("uvicorn.access", "uvicorn.error", "hypercorn.access")


def taken_out_of(scope: Scope) -> dict[str, str]:
    """Secrets by their names in the query; what servers log of it afterwards has stars in their place.

    >>> scope = {"query_string": b"interval_ms=100&api_key=sk-1"}
    >>> taken_out_of(scope), scope["query_string"]
    ({'api_key': 'sk-1'}, b'interval_ms=100&api_key=***')
    """
    query: bytes = scope["query_string"]
    if not query or _MAY_HOLD_SOME.search(query) is None:
        return {}
    concealed, found = _without(query.decode("latin-1"), _NAMES)
    if found:
        scope["query_string"] = concealed.encode("latin-1")  # in place: it is the server's own
    return found


def keep_out_of_access_logs() -> None:
    """Conceal them in the lines of servers, too, and what people say: something between may have copied the request."""
    for name in _SERVERS_LOGS:
        logger = logging.getLogger(name)
        if not any(isinstance(one, _Concealing) for one in logger.filters):
            logger.addFilter(_Concealing())


class _Concealing(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_shown(one) if isinstance(one, str) else one for one in record.args)
        return True


def _shown(text: str) -> str:
    path, mark, query = text.partition("?")
    return path + mark + _without(query, _NAMES | _SAID)[0] if mark else text


def _without(query: str, names: set[str]) -> tuple[str, dict[str, str]]:
    found: dict[str, str] = {}
    parts = query.split("&")
    for index, part in enumerate(parts):
        name, equals, value = part.partition("=")
        plain = unquote_plus(name).strip().lower()
        if plain in names and equals:
            found.setdefault(plain, unquote_plus(value))
            parts[index] = f"{name}={_CONCEALED}"
    return "&".join(parts), found
