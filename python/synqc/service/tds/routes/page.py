"""The control page and its files, outside the prefix."""

from __future__ import annotations

from importlib import util
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse

from synqc.service import pages
from synqc.service.compressed_file import CompressedFileResponse

__all__ = ["page_router"]

_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; object-src 'none'; frame-ancestors 'none'"
)


def page_router() -> APIRouter:
    """The page, its scripts, and Plotly from its installed package."""
    router = APIRouter(include_in_schema=False)

    @router.api_route("/", methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    async def doorstep(request: Request) -> RedirectResponse:
        if request.method != "GET" or "text/html" not in request.headers.get("accept", ""):
            raise HTTPException(404)
        return RedirectResponse("ui")  # from here, wherever this is mounted

    @router.get("/ui/static/vendor/plotly.min.js", response_class=CompressedFileResponse)
    async def plotly_script() -> CompressedFileResponse:
        found = util.find_spec("plotly")
        script = None if found is None or found.origin is None else Path(found.origin).parent / "package_data"
        if script is None or not (script / "plotly.min.js").is_file():
            raise HTTPException(404, "Charts need Plotly: pip install 'synqc[plot]'")
        headers = {"cache-control": "public, max-age=86400", "content-security-policy": _POLICY}
        return CompressedFileResponse(script / "plotly.min.js", media_type="text/javascript", headers=headers)

    router.include_router(pages.page_router("tds", "synqc_control_panel.html", policy=_POLICY))
    return router
