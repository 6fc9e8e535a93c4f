"""Whether the service is there, and whether a model can be asked. Needs no key: containers' checks have none."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, RedirectResponse, Response

from synqc import __version__
from synqc.apps.prompts.documents.batches import Message
from synqc.service.context import run_in_thread
from synqc.service.description import answered
from synqc.service.prompts.context import Prompts
from synqc.service.prompts.models_there import ModelState, model_state

__all__ = ["doorstep", "router"]

router = APIRouter(tags=["service"])
doorstep = APIRouter(tags=["service"])

_READY = {"is_ready": True, "words": "Models of openai can be asked.", "providers": ["openai"]}
_WELCOME = "Synthetic prompts: problems that a target model fails. The page is at /ui, the description at /docs."


class Health(BaseModel):
    """The process lives; storage and models may still be in trouble, and that is said here."""

    status: Literal["healthy"]
    version: str
    storage: str
    models: ModelState


async def read_health(request: Request, prompts: Prompts) -> Health:
    """200 while the process lives, with what keeps jobs from being done."""
    state = await run_in_thread(request, model_state, prompts)
    trouble = prompts.ledger.trouble
    return Health(status="healthy", version=__version__, storage=trouble or "ok", models=state)


for _path, _name in (("/health", "read_health"), ("/api/health", "read_health_below_api")):
    router.add_api_route(
        _path, read_health, operation_id=_name, response_model=Health,
        responses=answered({"status": "healthy", "version": __version__, "storage": "ok", "models": _READY}),
    )  # fmt: skip


@doorstep.get("/", operation_id="read_welcome", response_model=Message, responses=answered({"message": _WELCOME}))
async def read_welcome(request: Request) -> Response:
    """What this is; browsers are shown the page."""
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse("ui")  # from here, wherever this is mounted
    return JSONResponse({"message": _WELCOME})
