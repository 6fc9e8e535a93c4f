"""Tickets for streams: what may stand in an address that a log keeps."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time

__all__ = ["SharedTickets", "Tickets"]

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


class SharedTickets(Tickets):
    """Tickets that every node of a cluster takes: each says until when it is good, and is signed with a key of theirs.

    Each is taken once by each node.

    Args:
        key: That all nodes have.

    >>> ours, theirs = SharedTickets("key"), SharedTickets("key")
    >>> ticket = ours.issue()
    >>> theirs.spend(ticket), theirs.spend(ticket), SharedTickets("another").spend(ticket)
    (True, False, False)
    """

    def __init__(self, key: str) -> None:
        super().__init__()
        self._key = hashlib.sha256(b"synqc tickets\0" + key.encode()).digest()
        self._spent: dict[str, float] = {}

    def issue(self) -> str:
        """A new one."""
        until = int(time.time()) + self.lifetime_s
        told = base64.urlsafe_b64encode(until.to_bytes(8) + secrets.token_bytes(16)).decode()
        return told + self._signature(told)

    def spend(self, ticket: str) -> bool:
        """Whether it was valid; it is not any more, here."""
        told, signature = ticket[:32], ticket[32:]
        if not ticket.isascii() or not hmac.compare_digest(signature, self._signature(told)):
            return False
        now = time.time()
        while self._spent and next(iter(self._spent.values())) < now:
            del self._spent[next(iter(self._spent))]
        until = int.from_bytes(base64.urlsafe_b64decode(told)[:8])
        if told in self._spent or now > until:
            return False
        self._spent[told] = now + self.lifetime_s
        return True

    def _signature(self, told: str) -> str:
        return base64.urlsafe_b64encode(hmac.digest(self._key, told.encode(), "sha256")).decode().rstrip("=")
