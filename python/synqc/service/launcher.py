"""Serving on this machine: the addresses, and the server."""

from __future__ import annotations

import logging
import socket

import uvicorn

from synqc.errors import SynqcError
from synqc.service.application import create_app
from synqc.service.applications import settings_of_process
from synqc.service.logs import write_logs_of_server
from synqc.service.settings import ServiceSettings

__all__ = ["AddressTaken", "serve"]

_log = logging.getLogger("synqc.launcher")


class AddressTaken(SynqcError, OSError):
    """Nobody can listen at an address."""

    code = "address_taken"

    def __init__(self, host: str, port: int, cause: OSError) -> None:
        shown = f"[{host}]" if ":" in host else host
        super().__init__(
            f"http://{shown}:{port} cannot be served: {(cause.strerror or str(cause)).lower()}. "
            "Choose another address with --host and --port, or SYNQC_HOST and SYNQC_PORT."
        )


def serve(*, host: str | None = None, port: int | None = None) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Args:
        host, port: Instead of `SYNQC_HOST` and `SYNQC_PORT`.

    Raises:
        AddressTaken: Nobody can listen there.
        StorageUnavailable: The database cannot be opened, or another service has it open.
        InputError: A setting is out of its range.
    """
    found = settings_of_process()
    settings = next(one for one in found if isinstance(one, ServiceSettings))
    host, port = host or settings.host, port or settings.port
    if settings.reload:
        uvicorn.run("synqc_tds_super_backend:app", host=host, port=port, reload=True)
        return
    sockets = _sockets(host, port)
    write_logs_of_server(settings.log_level)
    app = create_app(*found)
    _log.info("http://%s:%d serves %s.", host, port, ", ".join(app.state.applications))
    # Whom `X-Forwarded-For` is believed from is a setting, and the request middleware's business.
    configuration = uvicorn.Config(app, host=host, port=port, access_log=False, log_config=None, proxy_headers=False)
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
        except OSError as error:
            one.close()
            if not bound:
                raise AddressTaken(address, port, error) from error
            continue  # a machine without IPv6
        bound.append(one)
    return bound
