"""Data sets: asked for, listed, watched and ended."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response
from starlette.responses import JSONResponse

from synqc.apps.synth.application import SynthApplication
from synqc.apps.synth.dataset_status import DataSetStatus
from synqc.service.context import run_in_thread
from synqc.service.description import answered, refused
from synqc.service.synth.context import Synth
from synqc.service.synth.routes.asked import REQUESTS, DataSetAsked, DatasetId, IdempotencyKey, requested
from synqc.service.synth.routes.shown import EXAMPLE, DataSetOut

__all__ = ["router"]

router = APIRouter(prefix="/api/datasets", tags=["data sets"])


@router.post(
    "", operation_id="make_dataset", status_code=202, response_model=DataSetOut,
    responses={**answered(EXAMPLE, 202), **refused(409)},
)  # fmt: skip
async def make_dataset(
    request: Request,
    body: Annotated[DataSetAsked, Body(openapi_examples=REQUESTS)],
    synth: Synth,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Have a data set made; it is stored before it begins."""
    status = await run_in_thread(request, _submitted, synth, body, idempotency_key)
    # From where the client asked: a proxy may have put something before its path that is not known here.
    headers = {"location": f"datasets/{status.id}", "retry-after": "1"}
    return JSONResponse(DataSetOut.of(status).model_dump(), 202, headers)


@router.get("", operation_id="list_datasets", response_model=list[DataSetOut], responses=answered([EXAMPLE]))
async def list_datasets(
    request: Request, synth: Synth, limit: Annotated[int, Query(ge=1, le=1000, description="Most of them.")] = 100
) -> list[DataSetOut]:
    """Data sets, newest first."""
    return [DataSetOut.of(one) for one in await run_in_thread(request, synth.sets, limit)]


@router.get("/{dataset}", operation_id="read_dataset", response_model=DataSetOut, responses=answered(EXAMPLE))
async def read_dataset(request: Request, dataset: DatasetId, synth: Synth) -> DataSetOut:
    """A data set."""
    return DataSetOut.of(await run_in_thread(request, synth.status, dataset))


@router.post("/{dataset}/cancel", operation_id="cancel_dataset", response_model=DataSetOut, responses=answered(EXAMPLE))
async def cancel_dataset(request: Request, dataset: DatasetId, synth: Synth) -> DataSetOut:
    """End a data set; what it has is kept. One that has ended stays as it is."""
    return DataSetOut.of(await run_in_thread(request, synth.cancel, dataset))


def _submitted(synth: SynthApplication, body: DataSetAsked, idempotency_key: str | None) -> DataSetStatus:
    return synth.status(synth.submit(requested(synth, body), idempotency_key=idempotency_key))
