"""What a page must know: kinds with their options, limits, who answers; and metrics."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel

from synqc.apps.synth.application import EXPORT_FORMATS
from synqc.apps.synth.dataset_request import MOST_MODEL_ROWS
from synqc.apps.synth.options import DATA_KINDS
from synqc.service.context import run_in_thread
from synqc.service.description import answered
from synqc.service.synth.context import Synth
from synqc.service.synth.routes.health import ModelState, model_state

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["page"])

_MODELS = {"is_ready": False, "words": "Seeded generators alone make rows."}


class Catalogue(BaseModel):
    """What can be asked here."""

    kinds: list[str]
    formats: list[str]
    most_model_rows: int
    models: ModelState


@router.get(
    "/presets", operation_id="read_presets", response_model=Catalogue,
    responses=answered({"kinds": ["events"], "formats": ["csv"], "most_model_rows": 100_000, "models": _MODELS}),
)  # fmt: skip
async def read_presets(request: Request, synth: Synth) -> Catalogue:
    """Kinds of data, formats of files, limits, and who answers."""
    models = await run_in_thread(request, model_state, synth)
    return Catalogue(
        kinds=list(DATA_KINDS), formats=list(EXPORT_FORMATS), most_model_rows=MOST_MODEL_ROWS, models=models
    )


@router.get(
    "/metrics", operation_id="read_synth_metrics", response_model=dict[str, Any],
    responses=answered({"requests": {"total": 3, "inFlight": 0}, "cache": {"hits": 1, "hitRate": 0.5}}),
)  # fmt: skip
async def read_metrics(synth: Synth) -> dict[str, Any]:
    """Requests, cache, memory and models of this process, as `getMetrics` has them."""
    return synth.synth.get_metrics().to_dict()
