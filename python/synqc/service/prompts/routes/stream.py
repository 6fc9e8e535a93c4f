"""Events of a batch as they happen, resumable: each row that is finished, how far the batch is, and its end."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request

from synqc import json
from synqc.apps.prompts.application import PromptsApplication
from synqc.apps.prompts.documents.wire_words import problem_status_of
from synqc.apps.prompts.errors import UnknownGeneration
from synqc.apps.prompts.row import Row, RowFilter
from synqc.service.context import run_in_thread
from synqc.service.job_changes import moments_to_look
from synqc.service.prompts.context import Prompts
from synqc.service.prompts.routes.parameters import BatchId, JobId
from synqc.service.prompts.routes.progress import shown_batch
from synqc.service.prompts.shown import ShownBatch
from synqc.service.responses import EventStream

__all__ = ["router"]

router = APIRouter(tags=["page"])

_LOOK_EVERY_S = 0.5
_LOOKS_PER_SIGN_OF_LIFE = 30
_MOST_AT_ONCE = 200
_LONGEST_PAUSE_S = 10.0
_EXAMPLE = (
    'id: 1\nevent: row\ndata: {"row":1,"status":"valid","cause":null,"subject":"Algebra","topic":"Sums"}\n\n'
    'event: ended\ndata: {"id":1,"status":"succeeded"}\n\n'
)
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}}}
}

LastEventId = Annotated[str | None, Query(description="As the header `Last-Event-ID`, where no header can be sent.")]
LastEventIdHeader = Annotated[str | None, Header(alias="Last-Event-ID")]


@router.get(
    "/api/batches/{batch_id}/events", operation_id="stream_batch", response_class=EventStream, responses=_RESPONSES
)
async def stream_batch(
    request: Request,
    batch_id: BatchId,
    prompts: Prompts,
    last_event_id: LastEventId = None,
    last_event_id_header: LastEventIdHeader = None,
) -> EventStream:
    """What happens in a batch. A row's event has its number as id; `progress` and `ended` say how it stands then."""
    status = await run_in_thread(request, prompts.status, batch_id)
    seen = _number(last_event_id_header or last_event_id)
    return EventStream(_events(request, prompts, status.id, status.job_id, seen))


@router.get(
    "/status/{job_id}/events", operation_id="stream_job_status", response_class=EventStream, responses=_RESPONSES
)
async def stream_job_status(
    request: Request,
    job_id: JobId,
    prompts: Prompts,
    last_event_id: LastEventId = None,
    last_event_id_header: LastEventIdHeader = None,
) -> EventStream:
    """The same by the id of its job."""
    status = await run_in_thread(request, prompts.status, job_id)
    seen = _number(last_event_id_header or last_event_id)
    return EventStream(_events(request, prompts, status.id, status.job_id, seen))


def _number(given: str | None) -> int:
    """Of the last row that was heard of; 0 of what no row of ours has as its number."""
    text = given or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


async def _events(
    request: Request, prompts: PromptsApplication, batch_id: int, job_id: str, seen: int
) -> AsyncIterator[bytes]:
    told, quiet, rests_until = b"", 0, 0.0
    async for _ in moments_to_look(request, prompts.ledger, job_id, every_s=_LOOK_EVERY_S):
        begun = time.monotonic()
        if begun < rests_until:
            continue
        while True:
            try:
                batch, rows = await run_in_thread(request, _look, prompts, batch_id, job_id, seen)
            except UnknownGeneration:  # it was deleted meanwhile
                return
            for row in rows:
                seen = row.id
                yield b"id: %d\nevent: row\ndata: %s\n\n" % (seen, _of_row(row))
            if len(rows) < _MOST_AT_ONCE:
                break
        state = batch.model_dump_json().encode()
        if batch.has_ended:
            yield b"event: ended\ndata: %s\n\n" % state
            return
        quiet = 0 if state != told else quiet + 1
        if state != told:
            told = state
            yield b"event: progress\ndata: %s\n\n" % state
        elif quiet % _LOOKS_PER_SIGN_OF_LIFE == 0:
            yield b": alive\n\n"
        # Counting a large batch takes its time: each viewer may have a tenth of it.
        rests_until = begun + min(_LONGEST_PAUSE_S, 10.0 * (time.monotonic() - begun))


def _look(prompts: PromptsApplication, batch_id: int, job_id: str, seen: int) -> tuple[ShownBatch, list[Row]]:
    """The state first: rows that are finished after it are told before the end."""
    batch = shown_batch(prompts, batch_id)
    return batch, prompts.rows(RowFilter(job_id=job_id, after=seen, limit=_MOST_AT_ONCE))


def _of_row(row: Row) -> bytes:
    document = {
        "row": row.id, "status": problem_status_of(row), "cause": None if row.cause is None else row.cause.value,
        "subject": row.subject, "topic": row.topic,
    }  # fmt: skip
    return json.dumps(document)
