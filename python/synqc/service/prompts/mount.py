"""Synthetic prompts as the service mounts them."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from synqc.apps.prompts.application import PromptsApplication
from synqc.apps.prompts.settings import PromptsSettings
from synqc.service.doors import Door
from synqc.service.ignored_members import refuse_ignored_members
from synqc.service.mount import Mount
from synqc.service.prompts.errors import PROMPTS_ERRORS
from synqc.service.prompts.routes import (
    batches,
    catalogue,
    export,
    generate,
    generation,
    guard,
    health,
    preview,
    problems,
    progress,
    seeds,
    stream,
)  # fmt: skip
from synqc.service.prompts.routes.page import page_router
from synqc.service.resources import Resources
from synqc.service.routes import jobs, tickets

__all__ = ["mount_of"]


def mount_of(settings: PromptsSettings, resources: Resources) -> Mount:
    """Ready to answer at once, without a model too: jobs wait until there is one.

    Raises:
        StorageUnavailable: The database cannot be opened.
    """
    prompts = PromptsApplication(settings, resources.ledgers)
    prompts.start()
    return Mount(
        name="prompts",
        title="Synthetic prompts",
        description="Problems that a target model fails, exactly as many as asked: durable, deduplicated, and judged.",
        routers=_routers(),
        errors=PROMPTS_ERRORS,
        state={"prompts": prompts, "ledger": prompts.ledger},
        stop=prompts.drain,
        close=prompts.close,
    )


def _routers() -> dict[Door, APIRouter]:
    # A filter that is not honoured would be a wrong answer: what no route reads is refused.
    closed = APIRouter(dependencies=[Depends(refuse_ignored_members)])
    for routes in (generate, generation, batches, problems, progress, preview, guard, export, catalogue, seeds):
        closed.include_router(routes.router)
    for routes in (tickets, jobs):
        closed.include_router(routes.router, prefix="/api")
    streams, unlimited, open_ones = APIRouter(), APIRouter(), APIRouter()
    streams.include_router(stream.router, dependencies=[Depends(refuse_ignored_members)])
    streams.include_router(jobs.streams, prefix="/api")
    unlimited.include_router(health.router)
    open_ones.include_router(health.doorstep)
    open_ones.include_router(page_router())
    return {Door.CLOSED: closed, Door.STREAM: streams, Door.UNLIMITED: unlimited, Door.OPEN: open_ones}
