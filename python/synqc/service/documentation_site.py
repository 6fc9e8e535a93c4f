"""The documentation at `/docs/site`, where an operator has built it (`make docs`) and said where it is."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.responses import RedirectResponse

from synqc.errors import InputError
from synqc.service.pages import RevalidatedFiles

__all__ = ["documentation_router"]

_PATH: Final = "/docs/site"
_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; object-src 'none'; base-uri 'self'; frame-ancestors 'none'"
)
"""Its theme writes scripts and styles into its pages, which hold nothing that a user has written."""


def documentation_router(folder: Path) -> APIRouter:
    """Its pages, as they lie on disk.

    Args:
        folder: What `make docs` has made.

    Raises:
        InputError: There is no `index.html`.
    """
    if not (folder / "index.html").is_file():
        raise InputError(
            f"SYNQC_DOCS_SITE must be a folder with an index.html, as `make docs` makes one, but is {folder}."
        )
    router = APIRouter(include_in_schema=False)

    @router.get(_PATH)
    async def first_page() -> RedirectResponse:
        return RedirectResponse("site/index.html")  # from here, wherever this is mounted

    files = RevalidatedFiles(_PATH, folder, headers={"content-security-policy": _POLICY})
    router.mount(_PATH, files, name="documentation")
    return router
