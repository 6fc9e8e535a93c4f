"""Pages that show an application's description: Swagger at `/docs`, ReDoc at `/redoc`, both from installed files."""

from __future__ import annotations

from importlib import util
from pathlib import Path
from typing import Final

from fastapi import APIRouter, HTTPException
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from synqc.service.compressed_file import CompressedFileResponse

__all__ = ["POLICY", "descriptions_router"]

POLICY: Final = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data:; font-src 'self' data:; worker-src blob:; "
    "script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
)
"""Their Content-Security-Policy: both write styles and a script into their documents, and ask nobody else."""
_FILES: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "redoc.standalone.js": "text/javascript",
    "favicon.png": "image/png",
}


def descriptions_router(title: str) -> APIRouter:
    """Both pages, and their files at `/docs/files`.

    Args:
        title: Title of the application.
    """
    router = APIRouter(include_in_schema=False)
    headers = {"content-security-policy": POLICY}

    @router.api_route("/docs", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def swagger() -> HTMLResponse:
        _folder()
        page = get_swagger_ui_html(
            openapi_url="openapi.json", title=title, swagger_js_url="docs/files/swagger-ui-bundle.js",
            swagger_css_url="docs/files/swagger-ui.css", swagger_favicon_url="docs/files/favicon.png",
        )  # fmt: skip
        page.headers.update(headers)
        return page

    @router.api_route("/redoc", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def redoc() -> HTMLResponse:
        _folder()
        page = get_redoc_html(
            openapi_url="openapi.json", title=title, redoc_js_url="docs/files/redoc.standalone.js",
            redoc_favicon_url="docs/files/favicon.png", with_google_fonts=False,
        )  # fmt: skip
        page.headers.update(headers)
        return page

    @router.get("/docs/files/{name}")
    async def file(name: str) -> Response:
        if name not in _FILES:
            raise HTTPException(404)
        kept = {**headers, "cache-control": "public, max-age=86400"}
        return CompressedFileResponse(_folder() / name, media_type=_FILES[name], headers=kept)

    return router


def _folder() -> Path:
    """Of the installed files."""
    found = util.find_spec("fastapi_offline")
    if found is None or found.origin is None:
        raise HTTPException(404, "Descriptions need fastapi-offline: pip install 'synqc[service]'")
    return Path(found.origin).parent / "static"
