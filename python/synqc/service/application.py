"""The service, assembled: application object, routes, middleware."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from synqc import __version__
from synqc.apps.tds.application import TdsApplication
from synqc.service.context import Workers
from synqc.service.description import describe_refusals
from synqc.service.doors import Door, Doors
from synqc.service.errors import answer_errors
from synqc.service.ignored_members import name_ignored_members
from synqc.service.logs import write_logs
from synqc.service.loop_lag import measure_loop_lag
from synqc.service.middleware.ownership import OwnersAlone
from synqc.service.middleware.request import RequestMiddleware
from synqc.service.middleware.secrets_in_addresses import keep_out_of_access_logs
from synqc.service.process_metrics import report_process
from synqc.service.routes import jobs, observability, tickets
from synqc.service.server_connections import watched_connections
from synqc.service.shutdown import EndsInTime, Shutdown
from synqc.service.tds.fast_path import FastPathMiddleware
from synqc.service.tds.routes import agent, catalogue, export, health, runs, sessions, stream, sweeps, telemetry
from synqc.service.tds.routes.page import add_page
from synqc.service.tds.telemetry_ticker import TelemetryTicker
from synqc.service.tickets import Tickets
from synqc.settings import Settings

__all__ = ["create_app"]


def create_app(settings: Settings | None = None, tds: TdsApplication | None = None) -> FastAPI:
    """The service, ready to answer at once: nothing waits for a startup event.

    Args:
        settings: Read from the environment if None.
        tds: Made from the settings if None.

    Raises:
        StorageUnavailable: The database cannot be opened, or another service has it open.
    """
    settings = settings or (tds.settings if tds else Settings.from_environment())
    write_logs(settings.log_level)
    tds = tds or TdsApplication(settings)
    workers = Workers()

    def close() -> None:
        tds.runs.stop_all()
        workers.close()
        tds.close()

    shutdown = Shutdown(stop=tds.stop, is_storing=lambda: tds.runs.under_way, close=close)
    atexit.register(close)  # a process that never had a lifespan stores what it has, too

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        measuring = asyncio.ensure_future(measure_loop_lag())
        with watched_connections(settings.request_timeout_s):
            async with shutdown.by_signals():
                yield
                measuring.cancel()
                tds.runs.stop_all()
                if not shutdown.begun:  # the same application may be served again
                    tds.store.flush()

    app = _Service(
        title="SynQc Temporal Dynamics Series", version=__version__, lifespan=lifespan, strict_content_type=False,
        description="Drive-Probe-Drive experiments as a service: every figure is simulated, none is invented.",
        dependencies=[Depends(name_ignored_members)],
    )  # fmt: skip
    app.state.tds = tds
    app.state.ledger = tds.ledger
    app.state.workers = workers
    app.state.shutdown = shutdown
    app.state.ticker = TelemetryTicker(tds.sampler, workers)
    app.state.tickets = Tickets()
    for routes in (runs, telemetry, export, sessions, sweeps, agent, catalogue, tickets, jobs):
        app.include_router(routes.router, prefix=settings.api_prefix)
    with app.doors.entered(Door.STREAM):
        app.include_router(stream.router, prefix=settings.api_prefix)
        app.include_router(jobs.streams, prefix=settings.api_prefix)
    with app.doors.entered(Door.UNLIMITED):
        app.include_router(health.router, prefix=settings.api_prefix)
    with app.doors.entered(Door.OPEN if settings.open_metrics else Door.CLOSED):
        app.include_router(observability.router)
    with app.doors.entered(Door.OPEN):
        add_page(app)
    answer_errors(app)
    report_process()
    keep_out_of_access_logs()
    app.pass_requests_through(settings, tds, workers, shutdown)
    return app


class _Service(FastAPI):
    """FastAPI behind its middleware. What pages poll is answered in front: the framework costs more than the answer."""

    _doorway: ASGIApp | None = None
    _doorway_of_other_origins: ASGIApp | None = None
    _prefix = ""

    def __init__(self, **described: Any) -> None:
        super().__init__(**described)
        self.doors = Doors(self)

    def openapi(self) -> dict[str, Any]:
        """The description of all routes, with what the middleware may answer."""
        if self.openapi_schema is None:
            describe_refusals(super().openapi(), self.doors, self._prefix)
        return super().openapi()

    def pass_requests_through(
        self, settings: Settings, tds: TdsApplication, workers: Workers, shutdown: Shutdown
    ) -> None:
        """Put request middleware, fast path and CORS in front."""
        self._prefix = settings.api_prefix
        lease = tds.database.lease

        def owned(app: ASGIApp) -> ASGIApp:
            return app if lease is None else OwnersAlone(app, lease, settings.api_prefix)

        answering = FastPathMiddleware(EndsInTime(super().__call__, shutdown), tds, workers, owned)
        self._doorway = RequestMiddleware(answering, settings, self.doors, self.state.tickets)
        self._doorway_of_other_origins = CORSMiddleware(
            self._doorway, allow_origins=list(settings.allowed_origins), allow_methods=["*"], allow_headers=["*"],
            allow_credentials=settings.allowed_origins != ("*",),
            expose_headers=[
                "X-Request-ID", "X-SynQc-Agent-Cache", "X-SynQc-Ignored", "Retry-After", "WWW-Authenticate",
            ],
        )  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or self._doorway is None or self._doorway_of_other_origins is None:
            await super().__call__(scope, receive, send)
        elif any(name == b"origin" for name, _ in scope["headers"]):
            await self._doorway_of_other_origins(scope, receive, send)
        else:
            await self._doorway(scope, receive, send)
