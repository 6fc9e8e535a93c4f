"""Batches: lists, counts, and what may be done with one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from synqc.apps.prompts.application import PromptsApplication
from synqc.apps.prompts.documents.batches import (
    BatchCount,
    BatchWithStats,
    Message,
    TargetModelChange,
    TargetModelChanged,
    TotalCount,
)  # fmt: skip
from synqc.apps.prompts.request import ModelName
from synqc.apps.prompts.row import RowFilter
from synqc.service.context import run_in_thread
from synqc.service.description import answered, refused
from synqc.service.prompts.context import Prompts
from synqc.service.prompts.routes.examples import BATCH
from synqc.service.prompts.routes.parameters import BatchId

__all__ = ["router"]

router = APIRouter(prefix="/api/batches", tags=["batches"])

_CHANGED = {
    "message": "Target model of the batch.", "batch_id": 1,
    "new_target_model": {"provider": "openai", "model_name": "o3-mini"},
}  # fmt: skip


async def list_batches(
    request: Request,
    prompts: Prompts,
    skip: Annotated[int, Query(ge=0, lt=2**31, description="How many are passed over.")] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000, description="Most of them.")] = 1000,
) -> list[BatchWithStats]:
    """Batches, newest first; previews are none."""
    return [BatchWithStats.of(one) for one in await run_in_thread(request, prompts.batches, skip=skip, limit=limit)]


for _path, _name in (("/", "list_batches"), ("", "list_batches_without_slash")):
    router.add_api_route(
        _path, list_batches, operation_id=_name, response_model=list[BatchWithStats], responses=answered([BATCH])
    )


@router.get(
    "/problems/count", operation_id="count_problems", response_model=BatchCount | TotalCount,
    responses=answered({"total_problems_count": 12}),
)  # fmt: skip
async def count_problems(
    request: Request,
    prompts: Prompts,
    batch_id: Annotated[int | None, Query(description="Of this batch alone.")] = None,
) -> BatchCount | TotalCount:
    """How many rows there are, of one batch or of all."""
    return await run_in_thread(request, _count, prompts, batch_id)


@router.get("/{batch_id}", operation_id="read_batch", response_model=BatchWithStats, responses=answered(BATCH))
async def read_batch(request: Request, batch_id: BatchId, prompts: Prompts) -> BatchWithStats:
    """A batch."""
    return BatchWithStats.of(await run_in_thread(request, prompts.status, batch_id))


@router.delete(
    "/{batch_id}", operation_id="delete_batch", response_model=Message,
    responses=answered({"message": "Batch 1 deleted."}),
)  # fmt: skip
async def delete_batch(request: Request, batch_id: BatchId, prompts: Prompts) -> Message:
    """Forget a batch that has ended, with its rows."""
    await run_in_thread(request, prompts.delete, batch_id)
    return Message(message=f"Batch {batch_id} deleted.")


def _count(prompts: PromptsApplication, batch_id: int | None) -> BatchCount | TotalCount:
    if batch_id is None:
        return TotalCount(total_problems_count=prompts.count_rows())
    status = prompts.status(batch_id)
    rows = prompts.count_rows(RowFilter(job_id=status.job_id))
    return BatchCount(batch_id=status.id, problems_count=rows, batch_name=status.name)


@router.patch(
    "/{batch_id}/target-model", operation_id="change_target_model", response_model=TargetModelChanged,
    responses={**answered(_CHANGED), **refused(409)},
)  # fmt: skip
async def change_target_model(
    request: Request, batch_id: BatchId, body: TargetModelChange, prompts: Prompts
) -> TargetModelChanged:
    """Have a batch that has not begun made for another target; once it has, its rows are tried on the one it has."""
    target = ModelName(**body.target_model.model_dump())
    status = await run_in_thread(request, prompts.change_target, batch_id, target)
    return TargetModelChanged(
        message="Target model of the batch.", batch_id=status.id, new_target_model=body.target_model
    )
