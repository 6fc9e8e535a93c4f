"""The id of the request that is being answered: in its answer, and in each line of the log."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable
from contextvars import ContextVar

__all__ = ["new_request_id", "request_id"]

request_id: ContextVar[str] = ContextVar("request_id", default="-")
"""Of the request that is being answered."""


new_request_id: Callable[[], str] = map(f"{secrets.token_hex(4)}-{{:x}}".format, itertools.count(1)).__next__
"""One that no other request of this process has; made without a frame of Python, for each request needs one."""
