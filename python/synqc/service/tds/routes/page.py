"""The control page and its files, outside the prefix."""

from __future__ import annotations

from importlib import resources, util
from os import stat_result
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from synqc.service.middleware.request_metrics import ROUTE

__all__ = ["page_router"]

_FOLDER = Path(str(resources.files("synqc") / "ui"))
_PAGE = "synqc_control_panel.html"
_FILES = {"/ui/static": _FOLDER / "tds", "/ui/shared": _FOLDER / "shared"}
"""What the page asks for, as its modules name each other on disk: `../shared` is beside its own folder in both."""
_POLICY = {
    "content-security-policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src *; object-src 'none'; frame-ancestors 'none'"
}


def page_router() -> APIRouter:
    """The page, its scripts, and Plotly from its installed package."""
    router = APIRouter(include_in_schema=False)

    @router.get("/ui", response_class=FileResponse)
    async def control_page() -> FileResponse:
        page = _FOLDER / "tds" / _PAGE
        if not page.is_file():
            raise HTTPException(404, "The control page is not installed")
        return FileResponse(page, media_type="text/html", headers=_POLICY)

    @router.api_route("/", methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    async def doorstep(request: Request) -> RedirectResponse:
        if request.method != "GET" or "text/html" not in request.headers.get("accept", ""):
            raise HTTPException(404)
        return RedirectResponse("ui")  # from here, wherever this is mounted

    @router.get("/ui/")
    async def control_page_by_another_name() -> RedirectResponse:
        return RedirectResponse("../ui")

    @router.get("/ui/static/vendor/plotly.min.js", response_class=FileResponse)
    async def plotly_script() -> FileResponse:
        found = util.find_spec("plotly")
        script = None if found is None or found.origin is None else Path(found.origin).parent / "package_data"
        if script is None or not (script / "plotly.min.js").is_file():
            raise HTTPException(404, "Charts need Plotly: pip install 'synqc[plot]'")
        headers = {"cache-control": "public, max-age=86400", **_POLICY}
        return FileResponse(script / "plotly.min.js", media_type="text/javascript", headers=headers)

    for path, folder in _FILES.items():
        if folder.is_dir():
            router.mount(path, _Revalidated(path, folder), name=path.removeprefix("/").replace("/", "-"))
    return router


class _Revalidated(StaticFiles):
    """Files that a browser asks about each time: old modules beside new ones would break the page after an upgrade."""

    def __init__(self, path: str, folder: Path) -> None:
        super().__init__(directory=folder)
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[ROUTE] = self._path  # the framework notes routes alone
        await super().__call__(scope, receive, send)

    def lookup_path(self, path: str) -> tuple[str, stat_result | None]:
        """The page itself has one address alone: its links would lead nowhere from here."""
        return ("", None) if path == _PAGE else super().lookup_path(path)

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers.update({"cache-control": "no-cache", **_POLICY})
        return response
