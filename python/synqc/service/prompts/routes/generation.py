"""Generation in the background, as clients of the original start and follow it: a view of the same jobs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request

from synqc.apps.prompts.documents.batches import GenerationProgress, GenerationStarted
from synqc.apps.prompts.documents.generation_request import GenerationRequestDocument
from synqc.service.context import run_in_thread
from synqc.service.description import answered, refused
from synqc.service.prompts.context import Prompts
from synqc.service.prompts.routes.examples import PROGRESS, REQUESTS
from synqc.service.prompts.routes.generate import submitted
from synqc.service.prompts.routes.parameters import BatchId, IdempotencyKey

__all__ = ["router"]

router = APIRouter(prefix="/api/generation", tags=["generation"])

_STARTED = {"status": "started", "batch_id": 1, "message": "Generation of 5 problems started.", "total_cost": 0.0}


async def start_generation(
    request: Request,
    body: Annotated[GenerationRequestDocument, Body(openapi_examples=REQUESTS)],
    prompts: Prompts,
    idempotency_key: IdempotencyKey = None,
) -> GenerationStarted:
    """Have problems made in the background; the batch is stored when this is answered."""
    status = await run_in_thread(request, submitted, prompts, body, idempotency_key)
    plural = "" if status.rows_wanted == 1 else "s"
    words = f"Generation of {status.rows_wanted} problem{plural} started."
    return GenerationStarted(batch_id=status.id, message=words)


# Both spellings are routes: a redirect from one to the other would drop the body of some clients.
for _path, _name in (("/", "start_generation"), ("", "start_generation_without_slash")):
    router.add_api_route(
        _path, start_generation, methods=["POST"], operation_id=_name, response_model=GenerationStarted,
        responses={**answered(_STARTED), **refused(409)},
    )  # fmt: skip


@router.get(
    "/status/{batch_id}", operation_id="read_generation_status", response_model=GenerationProgress,
    responses=answered(PROGRESS),
)  # fmt: skip
async def read_generation_status(request: Request, batch_id: BatchId, prompts: Prompts) -> GenerationProgress:
    """How far a batch is; `failed` and `cancelled` are told from `completed`."""
    return GenerationProgress.of(await run_in_thread(request, prompts.status, batch_id))
