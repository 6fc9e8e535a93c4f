"""Rows of a data set, what they are like, how they were made, and all of them as a file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from synqc import json
from synqc.service.context import run_in_thread
from synqc.service.description import answered
from synqc.service.responses import JsonBytes
from synqc.service.synth.context import Synth
from synqc.service.synth.routes.asked import DatasetId

__all__ = ["router"]

router = APIRouter(prefix="/api/datasets", tags=["rows"])

Format = Literal["jsonl", "json", "csv", "parquet", "arrow"]
_TYPES: dict[str, str] = {
    "jsonl": "application/x-ndjson", "json": "application/json", "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet", "arrow": "application/vnd.apache.arrow.stream",
}  # fmt: skip
_FILE = {"schema": {"type": "string"}}
_FILES = {
    **{kind.split(";")[0]: _FILE for kind in _TYPES.values()}, "application/json": {"schema": {"type": "array"}},
}  # fmt: skip
_COLUMN = {"name": "age", "rows": 5, "missing": 0, "distinct": 4, "type": "number", "min": 21.0, "max": 64.0}


@router.get(
    "/{dataset}/rows", operation_id="list_rows", response_model=list[dict[str, Any]],
    responses=answered([{"name": "Ada", "age": 36}]),
)  # fmt: skip
async def list_rows(
    request: Request,
    dataset: DatasetId,
    synth: Synth,
    skip: Annotated[int, Query(ge=0, lt=2**31, description="How many are passed over.")] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000, description="Most of them.")] = 100,
) -> Response:
    """Rows that there are, in their order."""
    rows = await run_in_thread(request, synth.rows, dataset, skip=skip, limit=limit)
    return JsonBytes(json.dumps(rows))


@router.get(
    "/{dataset}/statistics", operation_id="read_statistics", response_model=list[dict[str, Any]],
    responses=answered([_COLUMN]),
)  # fmt: skip
async def read_statistics(request: Request, dataset: DatasetId, synth: Synth) -> Response:
    """What the rows that there are (100,000 at most) are like, by column."""
    return JsonBytes(json.dumps(await run_in_thread(request, synth.statistics, dataset)))


@router.get(
    "/{dataset}/card", operation_id="read_card", response_class=PlainTextResponse,
    responses={200: {"content": {"text/markdown": _FILE, "application/json": {"schema": {"type": "object"}}}}},
)  # fmt: skip
async def read_card(
    request: Request,
    dataset: DatasetId,
    synth: Synth,
    format: Annotated[Literal["markdown", "json"], Query(description="For people, or for programs.")] = "markdown",
) -> Response:
    """How the rows were made: seed, versions, schema, models, refusals, distances and licences."""
    card = await run_in_thread(request, synth.card, dataset)
    if format == "json":
        return JsonBytes(json.dumps(card.to_dict()))
    return Response(card.to_markdown(), media_type="text/markdown; charset=utf-8")


@router.get(
    "/{dataset}/export", operation_id="export_dataset", response_class=StreamingResponse,
    responses={200: {"content": _FILES}},
)  # fmt: skip
async def export_dataset(
    request: Request,
    dataset: DatasetId,
    synth: Synth,
    format: Annotated[Format, Query(description="Of the file.")] = "jsonl",
) -> StreamingResponse:
    """The rows that there are, as a file that is sent while it is made."""
    parts = await run_in_thread(request, synth.export, dataset, format)
    headers = {"content-disposition": f'attachment; filename="rows.{format}"', "cache-control": "no-store"}
    return StreamingResponse(parts, media_type=_TYPES[format], headers=headers)
