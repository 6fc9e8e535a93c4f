"""The page of synthetic data; also at `/ui/synth`, where all pages of a service are looked for."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import RedirectResponse

from synqc.service import pages

__all__ = ["page_router"]


def page_router() -> APIRouter:
    """The page and its files."""
    router = APIRouter(include_in_schema=False)

    @router.get("/ui/synth")
    async def page_by_its_name() -> RedirectResponse:
        return RedirectResponse("../ui")

    router.include_router(pages.page_router("synth", "synthetic_data.html"))
    return router
