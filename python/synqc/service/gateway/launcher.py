"""Serving a gateway on this machine."""

from __future__ import annotations

import logging

import uvicorn

from synqc.apps.gateway.configuration import GatewayConfiguration
from synqc.llm.router import TraceFile
from synqc.service.gateway.application import GatewayApplication
from synqc.service.listening import listening_sockets
from synqc.service.logs import write_logs_of_server

__all__ = ["serve_gateway"]

_log = logging.getLogger("synqc.gateway")
_GRACE_S = 10


def serve_gateway(configuration: GatewayConfiguration, *, host: str | None = None, port: int | None = None) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Args:
        configuration: What is served.
        host, port: Instead of the configuration's.

    Raises:
        AddressTaken: Nobody can listen there.
        OSError: The trace cannot be written.
    """
    host, port = host or configuration.host, configuration.port if port is None else port
    sockets = listening_sockets(host, port, remedy="--host and --port, or [gateway] of the file")
    write_logs_of_server("info")
    trace = None if configuration.trace is None else TraceFile(configuration.trace)
    router = configuration.router(trace)
    app = GatewayApplication(configuration, router)
    _log.info("http://%s:%d/v1 serves %s.", host, sockets[0].getsockname()[1], ", ".join(router.models))
    options = uvicorn.Config(
        app, access_log=False, log_config=None, proxy_headers=False, server_header=False, lifespan="on",
        timeout_graceful_shutdown=_GRACE_S,
    )  # fmt: skip
    try:
        uvicorn.Server(options).run(sockets=sockets)
    finally:
        if trace is not None:
            trace.close()
