"""Whether the service is there, and whether a model can be asked. Needs no key: containers' checks have none."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, RedirectResponse, Response

from synqc import __version__
from synqc.apps.synth.application import SynthApplication
from synqc.errors import SynqcError
from synqc.service.context import run_in_thread
from synqc.service.description import answered
from synqc.service.synth.context import Synth

__all__ = ["ModelState", "doorstep", "model_state", "router"]

router = APIRouter(tags=["service"])
doorstep = APIRouter(tags=["service"])

_READY = {"is_ready": True, "words": "Rows are written by qwen2.5-coder-1.5b where a model is wanted."}
_WELCOME = "Synthetic data: tables, events, time series and texts. The page is at /ui, the description at /docs."


class ModelState(BaseModel):
    """Whether a model can be asked; the seeded generators need none."""

    is_ready: bool
    words: str


class Health(BaseModel):
    """The process lives; storage and models may still be in trouble, and that is said here."""

    status: Literal["healthy"]
    version: str
    storage: str
    models: ModelState


class Welcome(BaseModel):
    """What this is."""

    message: str


def model_state(synth: SynthApplication) -> ModelState:
    """Looks for models; nobody is asked."""
    try:
        names = ", ".join(synth.synth.models_asked())
    except SynqcError as error:
        return ModelState(is_ready=False, words=f"Seeded generators alone make rows: {error}")
    return ModelState(is_ready=True, words=f"Rows are written by {names} where a model is wanted.")


async def read_health(request: Request, synth: Synth) -> Health:
    """200 while the process lives, with what keeps data sets from being made."""
    state = await run_in_thread(request, model_state, synth)
    return Health(status="healthy", version=__version__, storage=synth.ledger.trouble or "ok", models=state)


for _path, _name in (("/health", "read_health"), ("/api/health", "read_health_below_api")):
    router.add_api_route(
        _path, read_health, operation_id=_name, response_model=Health,
        responses=answered({"status": "healthy", "version": __version__, "storage": "ok", "models": _READY}),
    )  # fmt: skip


@doorstep.get("/", operation_id="read_welcome", response_model=Welcome, responses=answered({"message": _WELCOME}))
async def read_welcome(request: Request) -> Response:
    """What this is; browsers are shown the page."""
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse("ui")  # from here, wherever this is mounted
    return JSONResponse({"message": _WELCOME})
