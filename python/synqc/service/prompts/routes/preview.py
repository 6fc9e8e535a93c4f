"""A few rows before a whole job: everything that the models say, and what the job would take by them."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Len
from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel, Field

from synqc.apps.prompts.application import PromptsApplication
from synqc.apps.prompts.documents.generation_request import GenerationRequestDocument
from synqc.apps.prompts.documents.job_documents import JobAccepted
from synqc.apps.prompts.funnel import GenerationStatus
from synqc.apps.prompts.prices import words_of_prices
from synqc.apps.prompts.printable_text import printable
from synqc.apps.prompts.request import MOST_ROWS, MOST_WORKERS
from synqc.service.context import run_in_thread
from synqc.service.description import answered
from synqc.service.prompts.context import Prompts
from synqc.service.prompts.routes.examples import ACCEPTED, REQUESTS
from synqc.service.prompts.routes.generate import accepted, refusing_as_written, requested
from synqc.service.prompts.routes.parameters import BatchId, IdempotencyKey

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["page"])

_ATTEMPTS = 3
_EXAMPLE = {
    "attempts": 3, "acceptance_rate": [0.3333, 0.0615, 0.7923], "attempts_needed": [15.0, 6.3, 81.3],
    "usd": [0.09, 0.04, 0.49], "seconds": [42.0, 18.0, 230.0],
    "prices": "Price of openai:gpt-4.1 of 2026-01, https://example.org/prices.",
}  # fmt: skip

Interval = Annotated[list[float | None], Len(3, 3)]


class EstimateOut(BaseModel):
    """What rows would take: the value, then its limits at 95 %; null: nothing bounds it, or no price is known."""

    attempts: int
    acceptance_rate: Interval
    attempts_needed: Interval
    usd: Interval
    seconds: Interval
    prices: str = Field(description="Which prices that is by: their dates and sources; empty where nobody bills.")


@router.post(
    "/preview", operation_id="preview", status_code=202, response_model=JobAccepted, responses=answered(ACCEPTED, 202)
)
async def preview(
    request: Request,
    body: Annotated[GenerationRequestDocument, Body(openapi_examples=REQUESTS)],
    prompts: Prompts,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Make three attempts that count for nothing: a batch of its own, whose rows no others are held against."""
    return accepted(request, await run_in_thread(request, _previewed, prompts, body, idempotency_key))


@router.get(
    "/batches/{batch_id}/estimate", operation_id="read_estimate", response_model=EstimateOut,
    responses=answered(_EXAMPLE),
)  # fmt: skip
async def read_estimate(
    request: Request,
    batch_id: BatchId,
    prompts: Prompts,
    num_problems: Annotated[int | None, Query(ge=1, le=MOST_ROWS, description="For so many; as asked there.")] = None,
    max_workers: Annotated[int | None, Query(ge=1, le=MOST_WORKERS, description="With so many; as there.")] = None,
) -> EstimateOut:
    """What rows would take, by the attempts of a preview or of any other batch."""
    return await run_in_thread(request, _estimated, prompts, batch_id, num_problems, max_workers)


def _previewed(
    prompts: PromptsApplication, body: GenerationRequestDocument, idempotency_key: str | None
) -> GenerationStatus:
    with refusing_as_written(body):
        return prompts.status(
            prompts.preview(requested(prompts, body), attempts=_ATTEMPTS, idempotency_key=idempotency_key)
        )


def _estimated(
    prompts: PromptsApplication, batch_id: int, num_problems: int | None, max_workers: int | None
) -> EstimateOut:
    found = prompts.estimate(batch_id, rows=num_problems, workers=max_workers)
    return EstimateOut(
        attempts=found.attempts, acceptance_rate=[*found.acceptance_rate], attempts_needed=[*found.attempts_needed],
        usd=[None if one is None else one / 1e6 for one in found.usd_micros], seconds=[*found.seconds],
        prices=printable(words_of_prices(prompts.prices_of(batch_id))),
    )  # fmt: skip
