"""A batch as the page shows it: how far it is, its rows with the words of their models, and its end."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from synqc.apps.prompts.application import PromptsApplication
from synqc.apps.prompts.causes import DiscardCause
from synqc.apps.prompts.documents.wire_words import ProblemStatus, statuses_of
from synqc.apps.prompts.row import RowFilter
from synqc.service.context import run_in_thread
from synqc.service.prompts.context import Prompts
from synqc.service.prompts.routes.parameters import BatchId
from synqc.service.prompts.shown import ShownBatch, ShownRow, ShownRows
from synqc.service.responses import JsonBytes

__all__ = ["router", "shown_batch"]

router = APIRouter(prefix="/api/batches", tags=["page"])


@router.get("/{batch_id}/progress", operation_id="read_progress", response_model=ShownBatch)
async def read_progress(request: Request, batch_id: BatchId, prompts: Prompts) -> ShownBatch:
    """How far a batch is, what it costs, and where its attempts ended."""
    return await run_in_thread(request, shown_batch, prompts, batch_id)


@router.post("/{batch_id}/cancel", operation_id="cancel_batch", response_model=ShownBatch)
async def cancel_batch(request: Request, batch_id: BatchId, prompts: Prompts) -> ShownBatch:
    """End a batch; what it has is kept, and one that has ended stays as it is."""
    await run_in_thread(request, prompts.cancel, batch_id)
    return await run_in_thread(request, shown_batch, prompts, batch_id)


@router.get("/{batch_id}/rows", operation_id="list_rows", response_model=ShownRows)
async def list_rows(
    request: Request,
    batch_id: BatchId,
    prompts: Prompts,
    status: Annotated[ProblemStatus | None, Query(description="Only in this state.")] = None,
    cause: Annotated[DiscardCause | None, Query(description="Only discarded for this.")] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="Most of them.")] = 20,
) -> Response:
    """Rows of a batch, newest first, with what each model said."""
    return JsonBytes(await run_in_thread(request, _rows, prompts, batch_id, status, cause, limit))


def shown_batch(prompts: PromptsApplication, batch_id: int) -> ShownBatch:
    """Blocks on the database."""
    status = prompts.status(batch_id)
    return ShownBatch.of(status, prompts.funnel(status.job_id), prompts.prices_of(status.job_id))


def _rows(
    prompts: PromptsApplication, batch_id: int, word: ProblemStatus | None, cause: DiscardCause | None, limit: int
) -> bytes:
    status, statuses = prompts.status(batch_id), statuses_of(word)
    if statuses is None:
        return ShownRows(rows=[], has_more=False).model_dump_json().encode()
    wanted = RowFilter(job_id=status.job_id, statuses=statuses, cause=cause)
    count = prompts.count_rows(wanted)
    skip = max(0, count - limit)
    page = prompts.rows(RowFilter(job_id=status.job_id, statuses=statuses, cause=cause, skip=skip, limit=limit))
    models = status.request["models"]
    shown = [ShownRow.of(row, prompts.calls(row.job_id, attempt=row.attempt), models) for row in reversed(page)]
    return ShownRows(rows=shown, has_more=skip > 0).model_dump_json().encode()
