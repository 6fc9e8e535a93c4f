"""Serving a gateway on this machine."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from importlib.util import find_spec

import uvicorn

from synqc.apps.gateway.configuration import GatewayConfiguration
from synqc.errors import InputError
from synqc.llm.conversation_loop import load_transport, run_on_conversation_loop, tell_conversation_loop
from synqc.llm.router import TraceFile
from synqc.service.gateway.application import GatewayApplication
from synqc.service.listening import listening_sockets
from synqc.service.logs import write_logs, write_logs_of_server
from synqc.service.settled_objects import settled_objects

__all__ = ["serve_gateway"]

_log = logging.getLogger("synqc.gateway")
_GRACE_S = 10


def serve_gateway(
    configuration: GatewayConfiguration, *, host: str | None = None, port: int | None = None,
    reread: Callable[[], GatewayConfiguration] | None = None,
) -> None:  # fmt: skip
    """Serve until Ctrl-C or SIGTERM. SIGHUP reads the configuration anew.

    Args:
        configuration: What is served.
        host, port: Instead of the configuration's.
        reread: Reads it anew; None: it stays as it is.

    Raises:
        AddressTaken: Nobody can listen there.
        OSError: The trace or the journal of budgets cannot be written.
        InputError: Another process has that journal open.
    """
    host, port = host or configuration.host, configuration.port if port is None else port
    sockets = listening_sockets(host, port, remedy="--host and --port, or [gateway] of the file")
    write_logs("info")
    write_logs_of_server("info")
    trace = None if configuration.trace is None else TraceFile(configuration.trace)
    journal = configuration.keep_budgets()
    router = configuration.router(trace)
    app = GatewayApplication(configuration, router, reread=reread, journal=journal)
    _log.info("http://%s:%d/v1 serves %s.", host, sockets[0].getsockname()[1], ", ".join(router.models))
    options = uvicorn.Config(
        app, access_log=False, log_config=None, proxy_headers=False, server_header=False, lifespan="on",
        timeout_graceful_shutdown=_GRACE_S,
    )  # fmt: skip
    _prefer_uvloop()
    load_transport()  # what the first call would load is there for good too
    server = uvicorn.Server(options)

    def stop(*_: object) -> None:
        server.should_exit = True

    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, stop)  # the server, which is not on the main thread, cannot hear them itself
    if reread is not None and hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda *_: tell_conversation_loop(_reload(app)))
    try:
        with settled_objects():
            run_on_conversation_loop(server.serve(sockets=sockets))
    finally:
        for file in (trace, journal):
            if file is not None:
                file.close()


async def _reload(app: GatewayApplication) -> None:
    try:
        found = await app.reload()
    except (InputError, OSError) as error:
        _log.error("The configuration stays as it was: %s", error)
        return
    told = [f"{kind} {', '.join(names)}" for kind, names in found.to_plain().items() if names]
    _log.info("The configuration was read anew: %s.", "; ".join(told) or "the deployments are the same")


def _prefer_uvloop() -> None:
    """Conversations, and with them the server, take place on one loop, which is made when it is first needed."""
    if find_spec("uvloop") is not None:
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
