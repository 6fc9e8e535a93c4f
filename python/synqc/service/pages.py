"""Pages of applications: each has one address, its files beside it, and the shared ones of `ui/shared`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from importlib import resources
from os import stat_result
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from synqc.service.compressed_file import CompressedFileResponse
from synqc.service.middleware.request_metrics import ROUTE

__all__ = ["STRICT_POLICY", "RevalidatedFiles", "page_router", "pages_of"]

_FOLDER = Path(str(resources.files("synqc") / "ui"))
STRICT_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""Content-Security-Policy of a page that asks nobody but its own service and has no style in its markup."""


def page_router(folder: str, page: str, *, policy: str = STRICT_POLICY) -> APIRouter:
    """A page at `/ui`, its files at `/ui/static`, and `ui/shared` beside them as its modules name each other on disk.

    Args:
        folder: Folder of its files, below `ui`.
        page: Its document in that folder.
        policy: Content-Security-Policy of the page and its files.
    """
    router = APIRouter(include_in_schema=False)
    headers = {"content-security-policy": policy}

    @router.get("/ui", response_class=FileResponse)
    async def page_itself() -> FileResponse:
        found = _FOLDER / folder / page
        if not found.is_file():
            raise HTTPException(404, "The page is not installed")
        return CompressedFileResponse(found, media_type="text/html", headers=headers)

    @router.get("/ui/")
    async def page_by_another_name() -> RedirectResponse:
        return RedirectResponse("../ui")

    for path, files in {"/ui/static": _FOLDER / folder, "/ui/shared": _FOLDER / "shared"}.items():
        if files.is_dir():
            served = RevalidatedFiles(path, files, hidden=page, headers=headers)
            router.mount(path, served, name=path.removeprefix("/").replace("/", "-"))
    return router


def pages_of(names: Iterable[str]) -> APIRouter:
    """`/ui/NAME` at the root leads to the page of an application, wherever this is mounted itself."""
    router = APIRouter(include_in_schema=False)
    for name in names:
        router.add_api_route(f"/ui/{name}", _leading_to(f"../{name}/ui"))
    return router


def _leading_to(address: str) -> Callable[[], Awaitable[RedirectResponse]]:
    async def lead() -> RedirectResponse:
        return RedirectResponse(address)

    return lead


class RevalidatedFiles(StaticFiles):
    """Files that a browser asks about each time: old modules beside new ones would break the page after an upgrade.

    Args:
        path: Where they are mounted.
        folder: Folder of the files.
        hidden: One that has an address of its own, and none here.
        headers: Headers of each answer.
    """

    def __init__(self, path: str, folder: Path, *, hidden: str = "", headers: dict[str, str]) -> None:
        super().__init__(directory=folder)
        self._path = path
        self._hidden = hidden
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[ROUTE] = self._path  # the framework notes routes alone
        await super().__call__(scope, receive, send)

    def lookup_path(self, path: str) -> tuple[str, stat_result | None]:
        """The page itself has one address alone: its links would lead nowhere from here."""
        return ("", None) if path == self._hidden else super().lookup_path(path)

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        if isinstance(response, FileResponse):
            response = CompressedFileResponse(response.path, stat_result=response.stat_result)
        response.headers.update({"cache-control": "no-cache", **self._headers})
        return response
