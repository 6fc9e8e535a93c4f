"""What the guard of reference answers is worth: tried on problems whose answers are known."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Len
from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel, Field

from synqc.apps.prompts.application import PromptsApplication
from synqc.apps.prompts.documents.generation_request import GenerationRequestDocument
from synqc.apps.prompts.documents.job_documents import JobAccepted
from synqc.apps.prompts.funnel import GenerationStatus
from synqc.service.context import run_in_thread
from synqc.service.description import answered
from synqc.service.prompts.context import Prompts
from synqc.service.prompts.routes.examples import ACCEPTED, REQUESTS
from synqc.service.prompts.routes.generate import accepted, refusing_as_written, requested
from synqc.service.prompts.routes.parameters import BatchId, IdempotencyKey

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["generation"])

_SHARE = {"count": 24, "of": 24, "value": 1.0, "low": 0.8575, "high": 1.0, "level": 0.95}
_EXAMPLE = {
    "power": _SHARE, "right_kept": {**_SHARE, "count": 91, "of": 96, "value": 0.9479, "low": 0.8826, "high": 0.9829},
    "trusted": {**_SHARE, "count": 60, "of": 78, "value": 0.7692, "low": 0.66, "high": 0.8571},
    "wrong_references": [0.19, 0.09, 0.31], "wrong_among_trusted": [0.006, 0.0, 0.033], "level": 0.95,
    "words": "Wrong references refused: 100.0% (24 of 24; 85.8% to 100.0% at 95%).",
}  # fmt: skip


class ShareOut(BaseModel):
    """A share of counted cases with exact limits; `value` is null without cases."""

    count: int
    of: int
    value: float | None
    low: float
    high: float
    level: float


class GuardReportOut(BaseModel):
    """How many wrong references the guard refuses, and what that means for the rows of a batch."""

    power: ShareOut = Field(description="Of wrong references, those that were refused.")
    right_kept: ShareOut = Field(description="Of right references, those that were trusted.")
    trusted: ShareOut = Field(description="Of the batch's references.")
    wrong_references: Annotated[list[float], Len(3, 3)] | None = Field(
        description="Share of wrong ones among the batch's references before the guard, and its limits."
    )
    wrong_among_trusted: Annotated[list[float], Len(3, 3)] | None = Field(description="The same after it.")
    level: float
    words: str


@router.post(
    "/guard", operation_id="try_guard", status_code=202, response_model=JobAccepted, responses=answered(ACCEPTED, 202)
)
async def try_guard(
    request: Request,
    body: Annotated[GenerationRequestDocument, Body(openapi_examples=REQUESTS)],
    prompts: Prompts,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Try the guard of a request on its seeds, each once, which must have answers. The target is not asked."""
    return accepted(request, await run_in_thread(request, _tried, prompts, body, idempotency_key))


@router.get(
    "/batches/{batch_id}/guard", operation_id="read_guard_report", response_model=GuardReportOut,
    responses=answered(_EXAMPLE),
)  # fmt: skip
async def read_guard_report(
    request: Request,
    batch_id: BatchId,
    prompts: Prompts,
    of: Annotated[
        int | None, Query(description="A batch of the same guard, of whose rows it tells.", ge=1, lt=2**31)
    ] = None,
) -> dict[str, Any]:
    """What a trial says of the guard; and with another batch how many of its rows have a wrong reference, likely."""
    return await run_in_thread(request, _reported, prompts, batch_id, of)


def _tried(
    prompts: PromptsApplication, body: GenerationRequestDocument, idempotency_key: str | None
) -> GenerationStatus:
    with refusing_as_written(body):
        return prompts.status(prompts.try_guard(requested(prompts, body), idempotency_key=idempotency_key))


def _reported(prompts: PromptsApplication, trial: int, of: int | None) -> dict[str, Any]:
    return prompts.guard_report(trial, of=of).to_dict()
