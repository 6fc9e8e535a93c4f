"""Sockets of a server on this machine."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

from synqc.errors import SynqcError

__all__ = ["AddressTaken", "UnixSocketTaken", "listening_sockets", "unix_socket"]


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


class UnixSocketTaken(SynqcError, OSError):
    """Nobody can listen at a path."""

    code = "address_taken"


def unix_socket(path: Path) -> socket.socket:
    """A socket at a path, for its owner and group; what a server that has died left there is taken over.

    Raises:
        UnixSocketTaken: Another server listens there, something else is there, or it cannot be made.
    """
    _remove_dead(path)
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o117)  # else others could connect before its mode is set
    try:
        one.bind(str(path))
    except OSError as error:
        one.close()
        raise UnixSocketTaken(f"{path} cannot be served: {(error.strerror or str(error)).lower()}.") from error
    finally:
        os.umask(before)
    return one


def _remove_dead(path: Path) -> None:
    try:
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise UnixSocketTaken(f"{path} cannot be served: a file that is no socket is there.")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        try:
            asking.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except OSError as error:
            raise UnixSocketTaken(f"{path} cannot be served: {(error.strerror or str(error)).lower()}.") from error
    raise UnixSocketTaken(f"{path} cannot be served: another server listens there.")
