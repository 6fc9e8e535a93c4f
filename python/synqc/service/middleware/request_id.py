"""The id of the request that is being answered: in its answer, and in each line of the log."""

from __future__ import annotations

import itertools
import secrets
from contextvars import ContextVar

__all__ = ["new_request_id", "request_id"]

request_id: ContextVar[str] = ContextVar("request_id", default="-")
"""Of the request that is being answered."""

_PROCESS = secrets.token_hex(4)
_numbers = itertools.count(1)


def new_request_id() -> str:
    """One that no other request of this process has."""
    return f"{_PROCESS}-{next(_numbers):x}"
