"""Tickets for streams: what may stand in an address that a log keeps."""

from __future__ import annotations

import secrets
import time

__all__ = ["Tickets"]

_MOST_TICKETS = 10_000


class Tickets:
    """Each lets one stream in, once, within some seconds.

    >>> tickets = Tickets()
    >>> ticket = tickets.issue()
    >>> tickets.spend(ticket), tickets.spend(ticket), tickets.spend("forged")
    (True, False, False)
    """

    lifetime_s = 30

    def __init__(self) -> None:
        self._last_moments: dict[str, float] = {}

    def issue(self) -> str:
        """A new one."""
        now = time.monotonic()
        # The oldest stand first.
        while self._last_moments and (
            len(self._last_moments) >= _MOST_TICKETS or next(iter(self._last_moments.values())) < now
        ):
            del self._last_moments[next(iter(self._last_moments))]
        ticket = secrets.token_urlsafe(32)
        self._last_moments[ticket] = now + self.lifetime_s
        return ticket

    def spend(self, ticket: str) -> bool:
        """Whether it was valid; it is not any more."""
        last_moment = self._last_moments.pop(ticket, None)
        return last_moment is not None and time.monotonic() <= last_moment
