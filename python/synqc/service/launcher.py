"""Serving on this machine: the addresses, and the server."""

from __future__ import annotations

import logging

import uvicorn

from synqc.service.application import create_app
from synqc.service.applications import settings_of_process
from synqc.service.listening import AddressTaken, listening_sockets
from synqc.service.logs import write_logs_of_server
from synqc.service.settings import ServiceSettings

__all__ = ["AddressTaken", "serve"]

_log = logging.getLogger("synqc.launcher")


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
    sockets = listening_sockets(host, port, remedy="--host and --port, or SYNQC_HOST and SYNQC_PORT")
    write_logs_of_server(settings.log_level)
    app = create_app(*found)
    _log.info("http://%s:%d serves %s.", host, port, ", ".join(app.state.applications))
    # Whom `X-Forwarded-For` is believed from is a setting, and the request middleware's business.
    configuration = uvicorn.Config(app, host=host, port=port, access_log=False, log_config=None, proxy_headers=False)
    uvicorn.Server(configuration).run(sockets=sockets)
