"""TDS as the service mounts it."""

from __future__ import annotations

import socket
from collections.abc import Callable

from fastapi import APIRouter
from starlette.types import ASGIApp

from synqc.apps.tds.analyses import Analyses
from synqc.apps.tds.application import TdsApplication
from synqc.apps.tds.kill_notices import KillNotices
from synqc.apps.tds.settings import TdsSettings
from synqc.service.doors import Door
from synqc.service.mount import Mount
from synqc.service.resources import Resources
from synqc.service.routes import jobs, tickets
from synqc.service.settings import ServiceSettings
from synqc.service.tds.errors import TDS_ERRORS
from synqc.service.tds.fast_path import FastPathMiddleware
from synqc.service.tds.forwarding import Forwarding
from synqc.service.tds.other_nodes import OtherNodes
from synqc.service.tds.ownership import OwnersAlone
from synqc.service.tds.routes import (
    agent,
    analyses,
    catalogue,
    cluster,
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
from synqc.storage.node_lease import Node

__all__ = ["mount_of"]

_NAME = "tds"


def mount_of(settings: TdsSettings, resources: Resources) -> Mount:
    """Ready to answer at once: scripts ask without a lifespan.

    Raises:
        StorageUnavailable: The database cannot be opened, or another service has it open.
    """
    node = _node_of(resources.settings)
    tds = TdsApplication(settings, resources.ledgers, node)
    others, close = _others_of(tds, resources)
    return Mount(
        name=_NAME,
        title="SynQc Temporal Dynamics Series",
        description="Drive-Probe-Drive experiments as a service: every figure is simulated, none is invented.",
        routers=_routers(settings.api_prefix),
        api_prefix=settings.api_prefix,
        errors=TDS_ERRORS,
        fast_path=lambda app: FastPathMiddleware(app, tds, resources.workers, lambda inner: _owned(inner, tds, others)),
        state={
            "tds": tds,
            "ledger": tds.ledger,
            "ticker": TelemetryTicker(tds.sampler, resources.workers),
            "analyses": Analyses(),
            "others": others,
        },
        body_limits={settings.api_prefix + analyses.PATH: analyses.MOST_BYTES},
        pause=tds.pause,
        stop=tds.stop,
        is_storing=lambda: tds.runs.under_way,
        close=close,
    )


def _node_of(settings: ServiceSettings) -> Node | None:
    """Name and address of this server, if it is a node of a cluster."""
    if not settings.cluster:
        return None
    return Node(settings.node_name or socket.gethostname(), settings.address_for_nodes)


def _others_of(tds: TdsApplication, resources: Resources) -> tuple[OtherNodes | None, Callable[[], None]]:
    """The other nodes of the cluster, if this server is one of them, and what closes the application."""
    lease = tds.database.node
    if tds.places is None or lease is None:
        return None, tds.close
    kills = KillNotices(tds.database, tds.runs)
    keys = resources.settings.api_keys
    others = OtherNodes(tds.places, lease, resources.workers, kills, key=keys[0] if keys else None, prefix=f"/{_NAME}")

    def close() -> None:
        kills.stop()
        tds.close()
        kills.close()

    return others, close


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
        cluster,
        tickets,
        jobs,
    ):
        closed.include_router(routes.router, prefix=prefix)
    streams.include_router(stream.router, prefix=prefix)
    streams.include_router(jobs.streams, prefix=prefix)
    unlimited.include_router(health.router, prefix=prefix)
    return {Door.CLOSED: closed, Door.STREAM: streams, Door.UNLIMITED: unlimited, Door.OPEN: page_router()}


def _owned(app: ASGIApp, tds: TdsApplication, others: OtherNodes | None) -> ASGIApp:
    """Behind a check of who owns the database, where that may change, and of who owns the session, in a cluster."""
    lease, prefix = tds.database.lease, tds.settings.api_prefix
    if lease is None:
        return app
    if others is not None:
        app = Forwarding(app, tds, others)
    always = {f"{prefix}/{path}" for path in ("health", "ready", "cluster")}
    always |= {"/metrics", "/openapi.json", "/docs", "/redoc", "/", "/ui"}
    return OwnersAlone(app, lease, lambda path: path in always or path.startswith(("/ui/", "/docs/")), TDS_ERRORS)
