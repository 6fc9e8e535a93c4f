"""TDS as the service mounts it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.types import ASGIApp

from synqc.apps.tds.analyses import Analyses
from synqc.apps.tds.application import TdsApplication
from synqc.apps.tds.settings import TdsSettings
from synqc.service.doors import Door
from synqc.service.mount import Mount
from synqc.service.resources import Resources
from synqc.service.routes import jobs, tickets
from synqc.service.tds.errors import TDS_ERRORS
from synqc.service.tds.fast_path import FastPathMiddleware
from synqc.service.tds.ownership import OwnersAlone
from synqc.service.tds.routes import (
    agent,
    analyses,
    catalogue,
    export,
    hardware_runs,
    health,
    recommendations,
    runs,
    sessions,
    stream,
    sweeps,
    telemetry,
)
from synqc.service.tds.routes.page import page_router
from synqc.service.tds.telemetry_ticker import TelemetryTicker

__all__ = ["mount_of"]


def mount_of(settings: TdsSettings, resources: Resources) -> Mount:
    """Ready to answer at once: scripts ask without a lifespan.

    Raises:
        StorageUnavailable: The database cannot be opened, or another service has it open.
    """
    tds = TdsApplication(settings, resources.ledgers)
    return Mount(
        name="tds",
        title="SynQc Temporal Dynamics Series",
        description="Drive-Probe-Drive experiments as a service: every figure is simulated, none is invented.",
        routers=_routers(settings.api_prefix),
        api_prefix=settings.api_prefix,
        errors=TDS_ERRORS,
        fast_path=lambda app: FastPathMiddleware(app, tds, resources.workers, lambda inner: _owned(inner, tds)),
        state={
            "tds": tds,
            "ledger": tds.ledger,
            "ticker": TelemetryTicker(tds.sampler, resources.workers),
            "analyses": Analyses(),
        },
        body_limits={settings.api_prefix + analyses.PATH: analyses.MOST_BYTES},
        pause=tds.pause,
        stop=tds.stop,
        is_storing=lambda: tds.runs.under_way,
        close=tds.close,
    )


def _routers(prefix: str) -> dict[Door, APIRouter]:
    closed, streams, unlimited = APIRouter(), APIRouter(), APIRouter()
    for routes in (
        runs,
        telemetry,
        export,
        sessions,
        sweeps,
        analyses,
        agent,
        recommendations,
        hardware_runs,
        catalogue,
        tickets,
        jobs,
    ):
        closed.include_router(routes.router, prefix=prefix)
    streams.include_router(stream.router, prefix=prefix)
    streams.include_router(jobs.streams, prefix=prefix)
    unlimited.include_router(health.router, prefix=prefix)
    return {Door.CLOSED: closed, Door.STREAM: streams, Door.UNLIMITED: unlimited, Door.OPEN: page_router()}


def _owned(app: ASGIApp, tds: TdsApplication) -> ASGIApp:
    """Behind a check of who owns the database, where that may change."""
    lease, prefix = tds.database.lease, tds.settings.api_prefix
    if lease is None:
        return app
    always = {f"{prefix}/health", f"{prefix}/ready", "/metrics", "/openapi.json", "/docs", "/redoc", "/", "/ui"}
    return OwnersAlone(app, lease, lambda path: path in always or path.startswith(("/ui/", "/docs/")), TDS_ERRORS)
