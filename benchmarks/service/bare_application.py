"""The peer: one Starlette route that answers with the bytes of a file; `SYNQC_BARE_BODY` names it."""

import os
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

__all__ = ["create_app"]


def create_app() -> Starlette:
    """For `uvicorn --factory`."""
    body = Path(os.environ["SYNQC_BARE_BODY"]).read_bytes()

    async def answer(request: Request) -> Response:
        return Response(body, media_type="application/json")

    return Starlette(routes=[Route("/answer", answer)])
