"""Who is at the other end, as far as that can be known."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from starlette.types import Scope

__all__ = ["UNIX_SOCKET", "ClientAddress"]

UNIX_SOCKET: Final = "unix"
"""Stands among trusted proxies for who has no address."""
_SOMEBODY_BEHIND_A_PROXY = "behind a proxy"
_UNKNOWN = "unknown"


class ClientAddress:
    """Addresses to count by.

    `X-Forwarded-For` is believed from proxies that are trusted, and from nobody else. Servers have their own mind about
    it: uvicorn believes it from loopback unless told otherwise, and puts what it says in place of the peer. Where that
    has happened, and loopback is not trusted here, all such requests count as one client.

    Args:
        trusted: Addresses and networks of proxies; `unix` is who comes by a socket in the file system.
    """

    def __init__(self, trusted: Iterable[str]) -> None:
        named = tuple(trusted)
        self._trusts_unix = UNIX_SOCKET in named
        self._networks = tuple(ip_network(one, strict=False) for one in named if one != UNIX_SOCKET)
        self._trusts = lru_cache(4096)(self._is_trusted)
        self._trusts_loopback = self._trusts("127.0.0.1") or self._trusts("::1")

    def of(self, scope: Scope) -> str:
        """An IPv4 address, the first half of an IPv6 one (the rest is its holder's choice), or words."""
        client = scope.get("client")
        peer: str = client[0] if client else _UNKNOWN
        forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for").decode("latin-1")
        if forwarded.strip(", "):
            believed_by_server = peer in forwarded
            if (
                self._trusts(peer)
                or (self._trusts_unix and not client)
                or (believed_by_server and self._trusts_loopback)
            ):
                return _network(self._first_untrusted(forwarded))
            if believed_by_server:
                return _SOMEBODY_BEHIND_A_PROXY
        return _network(peer)

    def _first_untrusted(self, forwarded: str) -> str:
        """Each proxy adds at the end whom it was asked by."""
        named = [_host(one) for one in forwarded.split(",")]
        return next((one for one in reversed(named) if not self._trusts(one)), named[0])

    def _is_trusted(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._networks)


def _host(text: str) -> str:
    """Without the port that some proxies add."""
    text = text.strip()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


@lru_cache(4096)
def _network(address: str) -> str:
    """
    >>> _network("2001:db8:1:2:3:4:5:6"), _network("192.0.2.1"), _network("::ffff:192.0.2.1")
    ('2001:db8:1:2::/64', '192.0.2.1', '192.0.2.1')
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))
