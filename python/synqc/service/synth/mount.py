"""Synthetic data as the service mounts them."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from synqc.apps.synth.application import SynthApplication
from synqc.apps.synth.settings import SynthSettings
from synqc.service.doors import Door
from synqc.service.ignored_members import refuse_ignored_members
from synqc.service.mount import Mount
from synqc.service.resources import Resources
from synqc.service.routes import jobs, tickets
from synqc.service.synth.errors import SYNTH_ERRORS
from synqc.service.synth.routes import catalogue, datasets, health, preview, rows, texts
from synqc.service.synth.routes.page import page_router

__all__ = ["mount_of"]


def mount_of(settings: SynthSettings, resources: Resources) -> Mount:
    """Ready to answer at once; without a model the seeded generators make rows.

    Raises:
        StorageUnavailable: The database cannot be opened.
    """
    synth = SynthApplication(settings, resources.ledgers)
    synth.start()
    return Mount(
        name="synth",
        title="Synthetic data",
        description="Tables, events, time series and texts, every row checked by its schema, exactly as many as asked.",
        routers=_routers(),
        errors=SYNTH_ERRORS,
        state={"synth": synth, "ledger": synth.ledger},
        stop=synth.drain,
        close=synth.close,
    )


def _routers() -> dict[Door, APIRouter]:
    closed = APIRouter(dependencies=[Depends(refuse_ignored_members)])
    for routes in (datasets, rows, preview, texts, catalogue):
        closed.include_router(routes.router)
    for routes in (tickets, jobs):
        closed.include_router(routes.router, prefix="/api")
    streams, unlimited, open_ones = APIRouter(), APIRouter(), APIRouter()
    streams.include_router(jobs.streams, prefix="/api")
    unlimited.include_router(health.router)
    open_ones.include_router(health.doorstep)
    open_ones.include_router(page_router())
    return {Door.CLOSED: closed, Door.STREAM: streams, Door.UNLIMITED: unlimited, Door.OPEN: open_ones}
