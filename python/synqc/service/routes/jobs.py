"""Jobs: what is being done, and what came of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request
from pydantic import BaseModel, Field

from synqc import json
from synqc.jobs import JobEvent, JobFilter, JobState, Ledger
from synqc.jobs.states import FINAL, Lifecycle, Retry, transition
from synqc.service.context import run_in_thread
from synqc.service.description import answered, refused
from synqc.service.job_changes import moments_to_look
from synqc.service.responses import EventStream

__all__ = ["facts_of_jobs", "router", "streams"]

router = APIRouter(tags=["jobs"])
streams = APIRouter(tags=["jobs"])
"""Those that a ticket lets in."""

_LOOKS_PER_SIGN_OF_LIFE = 15
_LARGEST_EVENT_NUMBER = 2**31 - 1

_EXAMPLE = "sweep-01a228251446000092a545d3"
JobId = Annotated[str, Path(description="Name of a job, as it was answered.", examples=[_EXAMPLE])]


class MeterOut(BaseModel):
    """What may be, what calls under way may come to, and what has been spent."""

    limit: int | None = None
    reserved: int
    spent: int


class JobOut(BaseModel):
    """A job at one moment; payload and result only where one job is asked for."""

    job_id: str
    kind: str
    state: JobState
    priority: int
    parent_id: str | None = None
    is_batch: bool
    attempt: int = Field(description="Claims so far.")
    attempts_allowed: int
    owner: str | None = Field(None, description="Worker of the present attempt.")
    cancel_requested: bool
    submitted_at: str
    started_at: str | None = None
    ended_at: str | None = None
    not_before: str | None = None
    lease_until: str | None = None
    done: int | None = None
    total: int | None = None
    cause: str | None = Field(None, description="Of the last failure.")
    events: int
    usd_micros: MeterOut
    tokens: MeterOut
    items: dict[JobState, int] | None = Field(None, description="How many of its items stand where.")
    payload: Any = None
    result: Any = None


_METER = {"limit": None, "reserved": 0, "spent": 0}
_LISTED = {
    "job_id": _EXAMPLE, "kind": "sweep", "state": "running", "priority": 0, "parent_id": None,
    "is_batch": False, "attempt": 1, "attempts_allowed": 100, "owner": "host:4711:9f86d081", "cancel_requested": False,
    "submitted_at": "2026-01-02T03:04:05.006Z", "started_at": "2026-01-02T03:04:05.009Z", "ended_at": None,
    "not_before": None, "lease_until": "2026-01-02T03:04:15.009Z", "done": 3, "total": 20, "cause": None, "events": 2,
    "usd_micros": _METER, "tokens": _METER, "items": None,
}  # fmt: skip
_SHOWN = {**_LISTED, "payload": {"axes": {"probe_strength": [0.1, 0.2]}}, "result": None}
_EVENTS = (
    'id: 1\nevent: submitted\ndata: {"number":1,"at":1767323045.006,"kind":"submitted","attempt":0}\n\n'
    'id: 2\nevent: claimed\ndata: {"number":2,"at":1767323045.009,"kind":"claimed","attempt":1}\n\n'
)


def facts_of_jobs(kept_after_end_s: float | None) -> dict[str, Any]:
    """What a page would have to repeat otherwise: states, what may be done in them, and how long jobs are kept.

    >>> facts_of_jobs(None)["states"][0]
    {'name': 'queued', 'has_ended': False, 'may_be_retried': False}
    """
    return {"states": [_state(state) for state in JobState], "kept_after_end_s": kept_after_end_s}


def _state(state: JobState) -> dict[str, Any]:
    retried = transition(Lifecycle(state), Retry(attempts=1), now=0.0)
    return {"name": state.value, "has_ended": state in FINAL, "may_be_retried": isinstance(retried, Lifecycle)}


def _ledger(request: Request) -> Ledger:
    found: Ledger = request.app.state.ledger
    return found


@router.get(
    "/jobs", operation_id="list_jobs", response_model=list[JobOut], response_model_exclude_unset=True,
    responses=answered([_LISTED]),
)  # fmt: skip
async def list_jobs(
    request: Request,
    kind: Annotated[str | None, Query(description="Only of this kind.", pattern=r"^[a-z][a-z0-9_.]{0,39}$")] = None,
    state: Annotated[JobState | None, Query(description="Only in this state.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Most of them.")] = 50,
) -> list[dict[str, Any]]:
    """Jobs, newest first; of batches, how many of their items stand where."""
    states = () if state is None else (state,)
    wanted = JobFilter(kind=kind, states=states, limit=limit)
    return [job.to_dict() for job in await run_in_thread(request, _ledger(request).jobs, wanted)]


@router.get("/jobs/{job_id}", operation_id="read_job", response_model=JobOut, responses=answered(_SHOWN))
async def read_job(request: Request, job_id: JobId) -> dict[str, Any]:
    """A job with what it was given and what it answered."""
    return (await run_in_thread(request, _ledger(request).job, job_id)).to_dict()


@router.post("/jobs/{job_id}/cancel", operation_id="cancel_job", response_model=JobOut, responses=answered(_SHOWN))
async def cancel_job(request: Request, job_id: JobId) -> dict[str, Any]:
    """End a job and whatever is part of it; once this is answered it ends `cancelled`, whatever its work says."""
    return (await run_in_thread(request, _ledger(request).cancel, job_id)).to_dict()


@router.post(
    "/jobs/{job_id}/retry", operation_id="retry_job", response_model=JobOut,
    responses={**answered(_SHOWN), **refused(409)},
)  # fmt: skip
async def retry_job(request: Request, job_id: JobId) -> dict[str, Any]:
    """Queue a job again that ended without success; of a batch, those of its items."""
    return (await run_in_thread(request, _ledger(request).retry, job_id)).to_dict()


@streams.get(
    "/jobs/{job_id}/events", operation_id="stream_job", response_class=EventStream,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EVENTS}}}},
)  # fmt: skip
async def stream_job(
    request: Request,
    job_id: JobId,
    last_event_id: Annotated[str | None, Query()] = None,
    last_event_id_header: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
) -> EventStream:
    """A job's history as server-sent events, until it has ended; resumable by `Last-Event-ID`."""
    await run_in_thread(request, _ledger(request).job, job_id)
    given = last_event_id_header or last_event_id or ""
    number = min(int(given), _LARGEST_EVENT_NUMBER) if given.isascii() and given.isdigit() and len(given) < 19 else 0
    return EventStream(_history(request, job_id, number))


async def _history(request: Request, job_id: str, number: int) -> AsyncIterator[bytes]:
    ledger, quiet = _ledger(request), 0
    async with aclosing(moments_to_look(request, ledger, job_id)) as moments:
        async for _ in moments:
            has_ended = (await run_in_thread(request, ledger.job, job_id)).has_ended
            events = await run_in_thread(request, ledger.events, job_id, number)
            for event in events:
                yield _event(event)
                number = event.number
            if has_ended:
                return
            quiet = 0 if events else quiet + 1
            if quiet and quiet % _LOOKS_PER_SIGN_OF_LIFE == 0:
                yield b": alive\n\n"


def _event(event: JobEvent) -> bytes:
    told = {name: value for name, value in vars(event).items() if name != "job_id" and value is not None}
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.number, event.kind.encode(), json.dumps(told))
