"""Sockets of a server on this machine."""

from __future__ import annotations

import socket

from synqc.errors import SynqcError

__all__ = ["AddressTaken", "listening_sockets"]


class AddressTaken(SynqcError, OSError):
    """Nobody can listen at an address."""

    code = "address_taken"

    def __init__(self, host: str, port: int, cause: OSError, remedy: str) -> None:
        shown = f"[{host}]" if ":" in host else host
        super().__init__(
            f"http://{shown}:{port} cannot be served: {(cause.strerror or str(cause)).lower()}. "
            f"Choose another address with {remedy}."
        )


def listening_sockets(host: str, port: int, *, remedy: str) -> list[socket.socket]:
    """The address, and for loopback its IPv6 twin: some systems resolve `localhost` to that alone.

    Raises:
        AddressTaken: Nobody can listen there; its words end in the `remedy`.
    """
    wanted = [(socket.AF_INET6 if ":" in host else socket.AF_INET, host)]
    if host in ("127.0.0.1", "localhost"):
        wanted = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
    bound: list[socket.socket] = []
    for family, address in wanted:
        one = socket.socket(family, socket.SOCK_STREAM)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind((address, port))
        except OSError as error:
            one.close()
            if not bound:
                raise AddressTaken(address, port, error, remedy) from error
            continue  # a machine without IPv6
        bound.append(one)
    return bound
