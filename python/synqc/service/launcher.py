"""Serving on this machine: the addresses, and the server."""

from __future__ import annotations

import logging
import socket
from pathlib import Path
from typing import Final

import uvicorn

from synqc.service.application import create_app
from synqc.service.applications import settings_of_process
from synqc.service.listening import AddressTaken, listening_sockets, unix_socket
from synqc.service.logs import write_logs_of_server
from synqc.service.path_prefix import BelowPrefix, checked_prefix
from synqc.service.settings import ServiceSettings

__all__ = ["AddressTaken", "serve"]

_log = logging.getLogger("synqc.launcher")
_LOCAL: Final = ("127.0.0.0/8", "::1", "unix")


def serve(
    *,
    host: str | None = None,
    port: int | None = None,
    root_path: str | None = None,
    unix: Path | None = None,
    trust_local_proxy: bool = False,
    cluster: bool = False,
) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Args:
        host, port: Instead of `SYNQC_HOST` and `SYNQC_PORT`.
        root_path: Instead of `SYNQC_ROOT_PATH`.
        unix: Instead of `SYNQC_UNIX_SOCKET`.
        trust_local_proxy: Believe `X-Forwarded-For` of whoever asks from this machine, beside `SYNQC_TRUSTED_PROXIES`.
        cluster: Whether this server is a node of a cluster, as with `SYNQC_CLUSTER`.

    Raises:
        AddressTaken: Nobody can listen there.
        UnixSocketTaken: Nor there.
        StorageUnavailable: The database cannot be opened, or another service has it open.
        InputError: A setting is out of its range.
    """
    found = settings_of_process()
    settings = next(one for one in found if isinstance(one, ServiceSettings))
    host, port = host or settings.host, port or settings.port
    prefix = checked_prefix(root_path or settings.root_path) if root_path or settings.root_path else ""
    unix = unix or settings.unix_socket
    served = settings.model_copy(
        update={
            "host": host, "port": port, "root_path": prefix, "unix_socket": unix,
            "cluster": cluster or settings.cluster,
            "trusted_proxies": (*settings.trusted_proxies, *(_LOCAL if trust_local_proxy else ())),
        }
    )  # fmt: skip
    found = tuple(served if one is settings else one for one in found)
    settings = served
    if settings.reload:
        uvicorn.run("synqc_tds_super_backend:app", host=host, port=port, reload=True, root_path=prefix)
        return
    if unix is None:
        sockets = listening_sockets(host, port, remedy="--host and --port, or SYNQC_HOST and SYNQC_PORT")
    else:
        sockets = [unix_socket(unix)]
    write_logs_of_server(settings.log_level)
    try:
        app = create_app(*found)
    except BaseException:
        if unix is not None:
            unix.unlink(missing_ok=True)
        raise
    where = f"http://{host}:{port}{prefix}" if unix is None else f"{unix}{prefix and f', below {prefix},'}"
    _log.info("%s serves %s.", where, ", ".join(app.state.applications))
    # Whom `X-Forwarded-For` is believed from is a setting, and the request middleware's business.
    configuration = uvicorn.Config(
        BelowPrefix(app, prefix) if prefix else app, host=host, port=port, access_log=False, log_config=None,
        proxy_headers=False,
    )  # fmt: skip
    _Server(configuration, unix).run(sockets=sockets)


class _Server(uvicorn.Server):
    """Takes its Unix socket away when it ends: afterwards the signal that ended it ends the process.

    Args:
        configuration: Configuration of uvicorn.
        unix: Path of the socket.
    """

    def __init__(self, configuration: uvicorn.Config, unix: Path | None) -> None:
        super().__init__(configuration)
        self._unix = unix

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._unix is not None:
            self._unix.unlink(missing_ok=True)
        await super().shutdown(sockets)
