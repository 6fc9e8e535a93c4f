"""The application, assembled: laboratory, routes, gate."""

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
from synqc.apps.tds.laboratory import Laboratory
from synqc.service.context import Workers
from synqc.service.description import describe_refusals
from synqc.service.doors import Door, Doors
from synqc.service.errors import answer_errors
from synqc.service.fast_lane import FastLane
from synqc.service.gate import Gate
from synqc.service.ignored_members import name_ignored_members
from synqc.service.logs import write_logs
from synqc.service.loop_lag import measure_loop_lag
from synqc.service.ownership import OwnersAlone
from synqc.service.pacemaker import Pacemaker
from synqc.service.process_figures import report_process
from synqc.service.routes import (
    agent,
    catalogue,
    health,
    observability,
    polled,
    runs,
    sessions,
    stream,
    sweeps,
    tickets,
)
from synqc.service.routes.page import add_page
from synqc.service.secrets_in_addresses import keep_out_of_access_logs
from synqc.service.server_connections import watched_connections
from synqc.service.shutdown import EndsInTime, Shutdown
from synqc.service.tickets import Tickets
from synqc.settings import Settings

__all__ = ["create_app"]


def create_app(settings: Settings | None = None, laboratory: Laboratory | None = None) -> FastAPI:
    """The service, ready to answer at once: nothing waits for a startup event.

    Args:
        settings: Read from the environment if None.
        laboratory: Made from the settings if None.

    Raises:
        StorageUnavailable: The database cannot be opened, or another service has it open.
    """
    settings = settings or (laboratory.settings if laboratory else Settings.from_environment())
    write_logs(settings.log_level)
    laboratory = laboratory or Laboratory(settings)
    workers = Workers()

    def close() -> None:
        laboratory.runs.stop_all()
        workers.close()
        laboratory.close()

    shutdown = Shutdown(stop=laboratory.stop, is_storing=lambda: laboratory.runs.under_way, close=close)
    atexit.register(close)  # a process that never had a lifespan stores what it has, too

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        measuring = asyncio.ensure_future(measure_loop_lag())
        with watched_connections(settings.request_timeout_s):
            async with shutdown.by_signals():
                yield
                measuring.cancel()
                laboratory.runs.stop_all()
                if not shutdown.begun:  # the same application may be served again
                    laboratory.store.flush()

    app = _Service(
        title="SynQc Temporal Dynamics Series", version=__version__, lifespan=lifespan, strict_content_type=False,
        description="Drive-Probe-Drive experiments as a service: every figure is simulated, none is invented.",
        dependencies=[Depends(name_ignored_members)],
    )  # fmt: skip
    app.state.laboratory = laboratory
    app.state.workers = workers
    app.state.shutdown = shutdown
    app.state.pacemaker = Pacemaker(laboratory.monitor, workers)
    app.state.tickets = Tickets()
    for routes in (runs, polled, sessions, sweeps, agent, catalogue, tickets):
        app.include_router(routes.router, prefix=settings.api_prefix)
    with app.doors.entered(Door.STREAM):
        app.include_router(stream.router, prefix=settings.api_prefix)
    with app.doors.entered(Door.UNLIMITED):
        app.include_router(health.router, prefix=settings.api_prefix)
    with app.doors.entered(Door.OPEN if settings.open_metrics else Door.CLOSED):
        app.include_router(observability.router)
    with app.doors.entered(Door.OPEN):
        add_page(app)
    answer_errors(app)
    report_process()
    keep_out_of_access_logs()
    app.pass_requests_through(settings, laboratory, workers, shutdown)
    return app


class _Service(FastAPI):
    """FastAPI behind a gate. What pages poll is answered in front of it: the framework costs more than the answer."""

    _doorway: ASGIApp | None = None
    _doorway_of_other_origins: ASGIApp | None = None
    _prefix = ""

    def __init__(self, **described: Any) -> None:
        super().__init__(**described)
        self.doors = Doors(self)

    def openapi(self) -> dict[str, Any]:
        """The description of all routes, with what the gate may answer."""
        if self.openapi_schema is None:
            describe_refusals(super().openapi(), self.doors, self._prefix)
        return super().openapi()

    def pass_requests_through(
        self, settings: Settings, laboratory: Laboratory, workers: Workers, shutdown: Shutdown
    ) -> None:
        """Put gate, fast lane and CORS in front."""
        self._prefix = settings.api_prefix
        lease = laboratory.database.lease

        def owned(app: ASGIApp) -> ASGIApp:
            return app if lease is None else OwnersAlone(app, lease, settings.api_prefix)

        answering = FastLane(EndsInTime(super().__call__, shutdown), laboratory, workers, owned)
        self._doorway = Gate(answering, settings, self.doors, self.state.tickets)
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
