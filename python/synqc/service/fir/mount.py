"""First Information Reports as the service mounts them."""

from __future__ import annotations

from fastapi import APIRouter

from synqc.apps.fir.application import FirApplication
from synqc.apps.fir.settings import FirSettings
from synqc.service.doors import Door
from synqc.service.fir.errors import FIR_ERRORS
from synqc.service.fir.headers import headers_of
from synqc.service.fir.keys import key_policy
from synqc.service.fir.routes import (
    grants,
    health,
    histories,
    process,
    provisions,
    reliability,
    reports,
    sessions,
    validate,
    verify,
    views,
)
from synqc.service.fir.routes.metrics import metrics_router
from synqc.service.fir.routes.page import doorstep, page_router
from synqc.service.fir.routes.process import BODY_BYTES
from synqc.service.fir.shown_gates import ShownGates
from synqc.service.fir.tidying import Tidying
from synqc.service.middleware.rate_limit import RateLimit
from synqc.service.mount import Mount
from synqc.service.resources import Resources

__all__ = ["mount_of"]


def mount_of(settings: FirSettings, resources: Resources) -> Mount:
    """Ready to answer at once, without a model too: summary and narrative are then an officer's own words.

    Raises:
        StorageUnavailable: The database cannot be opened.
        InputError: A setting names what is not there, or an imported statute is damaged.
    """
    fir = FirApplication(settings, resources.ledgers)
    fir.start()
    tidying = Tidying(fir, resources.workers)
    own = settings.fir_requests_per_minute
    rates = RateLimit(own) if own and not resources.settings.requests_per_minute else None
    return Mount(
        name="fir",
        title="First Information Reports",
        description="A complaint is led through five gates to a report in which nothing is invented.",
        routers=_routers(rates),
        errors=FIR_ERRORS,
        keys=key_policy(settings),
        headers=headers_of(resources.settings.requests_per_minute or own),
        rates=rates,
        body_limits={"/process": BODY_BYTES, "/verify": BODY_BYTES},
        state={"fir": fir, "ledger": fir.ledger, "shown_gates": ShownGates()},
        start=tidying.start,
        pause=tidying.pause,
        stop=fir.drain,
        close=fir.close,
    )


def _routers(rates: RateLimit | None) -> dict[Door, APIRouter]:
    closed, unlimited, open_ones = APIRouter(), APIRouter(), APIRouter()
    for routes in (process, validate, sessions, histories, reports, views, provisions, reliability, grants):
        closed.include_router(routes.router)
    closed.include_router(metrics_router(rates))
    unlimited.include_router(health.router)
    unlimited.include_router(page_router())
    open_ones.include_router(verify.router)
    open_ones.include_router(doorstep)
    return {Door.CLOSED: closed, Door.UNLIMITED: unlimited, Door.OPEN: open_ones}
