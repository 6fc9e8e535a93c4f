"""Serving on this machine: the addresses, and the server."""

from __future__ import annotations

import logging
import socket

import uvicorn

from synqc.service.application import create_app
from synqc.settings import Settings

__all__ = ["serve"]

_log = logging.getLogger("synqc.launcher")


def serve(*, host: str | None = None, port: int | None = None) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Args:
        host, port: Instead of `SYNQC_HOST` and `SYNQC_PORT`.

    Raises:
        OSError: The port is taken.
    """
    settings = Settings.from_environment()
    host, port = host or settings.host, port or settings.port
    if settings.reload:
        uvicorn.run("synqc_tds_super_backend:app", host=host, port=port, reload=True)
        return
    sockets = _sockets(host, port)
    app = create_app(settings)
    prefix = settings.api_prefix
    _log.info("Page http://%s:%d/ui, API at %s, state in %s.", host, port, prefix, settings.state_dir)
    configuration = uvicorn.Config(app, host=host, port=port, access_log=False, timeout_graceful_shutdown=5)
    uvicorn.Server(configuration).run(sockets=sockets)


def _sockets(host: str, port: int) -> list[socket.socket]:
    """The address, and for loopback its IPv6 twin: some systems resolve `localhost` to that alone."""
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
        except OSError:
            one.close()
            if not bound:
                raise
            continue  # a machine without IPv6
        bound.append(one)
    return bound
