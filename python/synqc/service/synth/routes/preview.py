"""A few rows to look at before a data set, and a schema of rows that somebody has."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from synqc import json
from synqc.apps.synth.row_schema import schema_by_example
from synqc.service.context import run_in_thread
from synqc.service.description import answered, asked, refused
from synqc.service.responses import JsonBytes
from synqc.service.synth.context import Synth
from synqc.service.synth.routes.asked import REQUESTS, DataSetAsked, requested

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["page"])

_ROWS = [{"name": "Ada", "age": 36}, {"name": "Bob", "age": 41}]
_SCHEMA = {"type": "object", "properties": {"age": {"type": "integer", "minimum": 36, "maximum": 41}}}


class Preview(BaseModel):
    """A few rows, with how they were made."""

    data: list[dict[str, Any]]
    metadata: dict[str, Any]
    card: dict[str, Any]


class Example(BaseModel):
    """Rows that somebody has."""

    rows: list[dict[str, Any]] = Field(min_length=1, max_length=1000)


@router.post(
    "/preview", operation_id="preview", response_model=Preview,
    responses={
        **answered({"data": _ROWS, "metadata": {"count": 2, "provider": "generator"}, "card": {"rows": 2}}),
        **refused(409), 502: {"description": "A model failed."}, 504: {"description": "A model took too long."},
    },
)  # fmt: skip
async def preview(
    request: Request,
    body: Annotated[DataSetAsked, Body(openapi_examples=REQUESTS)],
    synth: Synth,
    rows: Annotated[int, Query(ge=1, le=20, description="How many.")] = 5,
) -> Response:
    """A few rows, now; nothing is stored."""
    wanted = await run_in_thread(request, requested, synth, body)
    result = await synth.preview(wanted, rows)
    return JsonBytes(json.dumps(result.to_dict()))


@router.post(
    "/schema", operation_id="describe_rows", response_model=dict[str, Any], responses=answered(_SCHEMA)
)  # fmt: skip
async def describe_rows(
    request: Request,
    body: Annotated[Example, Body(openapi_examples=asked(people=("Two rows", {"rows": _ROWS})))],
) -> Response:
    """A JSON schema of rows like these: types, ranges, formats, and choices where values repeat."""
    return JsonBytes(json.dumps(await run_in_thread(request, schema_by_example, body.rows)))
