"""The page of reports; also at `/ui/fir`, where all pages of a service are looked for."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from synqc.service import pages
from synqc.service.description import answered

__all__ = ["doorstep", "page_router"]

_POLICY = pages.STRICT_POLICY.replace("img-src 'self' data:", "img-src 'self' blob:; media-src blob:")
"""A recording and a picture are shown before they are sent."""
_WELCOME = "First Information Reports: the page is at /ui, the description at /docs."
doorstep = APIRouter(tags=["service"])


class Welcome(BaseModel):
    """What this is."""

    message: str


@doorstep.get("/", operation_id="read_welcome", response_model=Welcome, responses=answered({"message": _WELCOME}))
async def read_welcome(request: Request) -> Response:
    """What this is; browsers are shown the page."""
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse("ui")  # from here, wherever this is mounted
    return JSONResponse({"message": _WELCOME})


def page_router() -> APIRouter:
    """The page and its files."""
    router = APIRouter(include_in_schema=False)

    @router.get("/ui/fir")
    async def page_by_its_name() -> RedirectResponse:
        return RedirectResponse("../ui")

    router.include_router(pages.page_router("fir", "first_information_report.html", policy=_POLICY))
    return router
