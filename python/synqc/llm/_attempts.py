"""Backoff: how long to wait before a request is sent again, and whether it is."""

from __future__ import annotations

import random
from typing import Final

from synqc.llm.endpoint import Endpoint
from synqc.llm.errors import LanguageModelError, ModelTimedOut

__all__ = ["pause_s"]

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 8.0


def pause_s(endpoint: Endpoint, error: LanguageModelError, attempt: int, left_s: float) -> float | None:
    """Seconds to wait before the next attempt, or None if there is to be none.

    Args:
        endpoint: Says how many attempts there are.
        error: Error of the last one; its Retry-After counts.
        attempt: How many there were.
        left_s: Seconds left of the time allowed.
    """
    lasting = not error.retryable or (isinstance(error, ModelTimedOut) and error.limit != "connect")
    if lasting or attempt >= endpoint.attempts:
        return None
    usual = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (attempt - 1)) * random.uniform(0.75, 1.0)
    pause = usual if error.retry_after_s is None else error.retry_after_s
    return pause if pause < left_s else None
