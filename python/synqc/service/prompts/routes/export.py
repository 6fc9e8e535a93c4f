"""The valid rows of a batch as a file, and the card that says how they were made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from synqc import json
from synqc.apps.prompts.application import PromptsApplication
from synqc.apps.prompts.export import csv_parts, data_card, jsonl_parts, parquet_parts
from synqc.apps.prompts.export.data_card import DataCard
from synqc.service.context import run_in_thread
from synqc.service.prompts.context import Prompts
from synqc.service.prompts.routes.parameters import BatchId
from synqc.service.responses import JsonBytes

__all__ = ["router"]

router = APIRouter(prefix="/api/batches", tags=["batches"])

Format = Literal["jsonl", "csv", "parquet"]
_TYPES: dict[str, str] = {
    "jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet",
}  # fmt: skip
_FILE = {"schema": {"type": "string"}}


@router.get(
    "/{batch_id}/export", operation_id="export_batch", response_class=StreamingResponse,
    responses={200: {"content": {kind.split(";")[0]: _FILE for kind in _TYPES.values()}}},
)  # fmt: skip
async def export_batch(
    request: Request,
    batch_id: BatchId,
    prompts: Prompts,
    format: Annotated[Format, Query(description="Of the file.")] = "jsonl",
    formula_safe: Annotated[
        bool, Query(description="CSV alone: put an apostrophe before what a spreadsheet would compute.")
    ] = False,
) -> StreamingResponse:
    """The valid rows of a batch, as a file that is sent while it is read."""
    name = f"batch_{batch_id}.{format}"
    parts = await run_in_thread(request, _parts, prompts, batch_id, format, formula_safe)
    return StreamingResponse(
        parts, media_type=_TYPES[format],
        headers={"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"},
    )  # fmt: skip


@router.get(
    "/{batch_id}/card", operation_id="read_card", response_class=PlainTextResponse,
    responses={200: {"content": {"text/markdown": _FILE, "application/json": {"schema": {"type": "object"}}}}},
)  # fmt: skip
async def read_card(
    request: Request,
    batch_id: BatchId,
    prompts: Prompts,
    format: Annotated[Literal["markdown", "json"], Query(description="For people, or for programs.")] = "markdown",
) -> Response:
    """How the rows of a batch were made: models, rules, rates with their intervals, cost and licences."""
    card = await run_in_thread(request, _card, prompts, batch_id)
    if format == "json":
        return JsonBytes(json.dumps(card.to_dict()))
    return Response(card.to_markdown(), media_type="text/markdown; charset=utf-8")


def _card(prompts: PromptsApplication, batch_id: int) -> DataCard:
    status = prompts.status(batch_id)
    prices = [one.to_dict() for one in prompts.prices_of(status.job_id)]
    return data_card(status, prompts.funnel(status.job_id), prices=prices)


def _parts(prompts: PromptsApplication, batch_id: int, kind: Format, formula_safe: bool) -> Iterator[bytes]:
    """Read later, part by part, on a thread of the framework."""
    rows = prompts.export_rows(batch_id)
    if kind == "jsonl":
        return jsonl_parts(rows)
    if kind == "csv":
        return csv_parts(rows, formula_safe=formula_safe)
    return parquet_parts(rows, card=_card(prompts, batch_id).to_dict())
