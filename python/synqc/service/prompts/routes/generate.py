"""Generation on request: answered when the whole batch is done, or with 202 at once; and what became of a job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse

from synqc.apps.prompts.application import PromptsApplication
from synqc.apps.prompts.causes import RowStatus, StopReason
from synqc.apps.prompts.documents.generation_request import GenerationRequestDocument
from synqc.apps.prompts.documents.generation_response import GenerationResponse
from synqc.apps.prompts.documents.job_documents import JobAccepted, JobStatus
from synqc.apps.prompts.documents.wire_words import moment
from synqc.apps.prompts.errors import GenerationStopped, PriceUnknown
from synqc.apps.prompts.funnel import GenerationStatus
from synqc.apps.prompts.request import GenerationRequest
from synqc.jobs import JobState
from synqc.service.context import run_in_thread
from synqc.service.description import answered, refused
from synqc.service.job_changes import moments_to_look
from synqc.service.prompts.context import Prompts
from synqc.service.prompts.errors import GenerationFailed
from synqc.service.prompts.routes.examples import ACCEPTED, REQUESTS, RESPONSE, STATUS
from synqc.service.prompts.routes.parameters import IdempotencyKey, JobId, prefers_async
from synqc.service.responses import JsonBytes

__all__ = ["accepted", "refusing_as_written", "requested", "router", "submitted"]

router = APIRouter(tags=["generation"])

_EVERY_STATUS = tuple(RowStatus)
_ENDED = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.DEAD)
_FAMILIES = {"": "", "/api": "_below_api"}
"""Both answer alike: paths as specified, and as the original has them."""


async def generate(
    request: Request,
    body: Annotated[GenerationRequestDocument, Body(openapi_examples=REQUESTS)],
    prompts: Prompts,
    mode: Annotated[
        Literal["sync", "async"] | None, Query(description="`async` answers 202 at once, as `Prefer: respond-async`.")
    ] = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Have problems made. Whatever becomes of this connection, the job goes on: its rows stand in its batch."""
    status = await run_in_thread(request, submitted, prompts, body, idempotency_key)
    if mode == "async" or (mode is None and prefers_async(request)):
        return accepted(request, status)
    async for _ in moments_to_look(request, prompts.ledger, status.job_id):
        if (await run_in_thread(request, prompts.status, status.job_id)).state in _ENDED:
            return JsonBytes(await run_in_thread(request, _response, prompts, status.job_id))
        if await request.is_disconnected():
            raise HTTPException(499, f"The client left; job {status.job_id} goes on.")
    raise HTTPException(
        503, f"The service is shutting down. Job {status.job_id} goes on after that: ask for its status."
    )


async def read_status(request: Request, job_id: JobId, prompts: Prompts) -> Response:
    """A job: how far it is, what it costs, and its result once there is one."""
    return JsonBytes(await run_in_thread(request, _status, prompts, job_id))


for _prefix, _suffix in _FAMILIES.items():
    router.add_api_route(
        f"{_prefix}/generate", generate, methods=["POST"], operation_id=f"generate{_suffix}",
        response_model=GenerationResponse,
        responses={
            **answered(RESPONSE), **refused(409),
            202: {"model": JobAccepted, "content": {"application/json": {"example": ACCEPTED}}},
            502: {"description": "Models or their servers failed."},
        },
    )  # fmt: skip
    router.add_api_route(
        f"{_prefix}/status/{{job_id}}", read_status, operation_id=f"read_status{_suffix}", response_model=JobStatus,
        responses=answered(STATUS),
    )  # fmt: skip


def submitted(
    prompts: PromptsApplication, body: GenerationRequestDocument, idempotency_key: str | None
) -> GenerationStatus:
    """The generation that a client asks for, stored; blocks until it is."""
    with refusing_as_written(body):
        return prompts.status(prompts.submit(requested(prompts, body), idempotency_key=idempotency_key))


@contextmanager
def refusing_as_written(body: GenerationRequestDocument) -> Iterator[None]:
    """A refusal names the budget where the client wrote it."""
    try:
        yield
    except PriceUnknown as error:
        raise PriceUnknown(error.model, body.budget_argument) from None


def requested(prompts: PromptsApplication, body: GenerationRequestDocument) -> GenerationRequest:
    """What a client asks for, as the application takes it: with the seeds of the benchmark that it names."""
    seeds = () if body.benchmark_name is None else prompts.benchmarks.problems(body.benchmark_name)
    return body.to_value(seeds)


def accepted(request: Request, status: GenerationStatus, **more: Any) -> JSONResponse:
    """202, with where to ask for the job."""
    path = f"{request.scope.get('root_path', '')}/status/{status.job_id}"
    told = JobAccepted(job_id=status.job_id, status_url=path, created_at=moment(status.created_at), batch_id=status.id)
    # From where the client asked: a proxy may have put something before its path that is not known here.
    return JSONResponse(told.model_dump(), 202, {"location": f"status/{status.job_id}", "retry-after": "1", **more})


def _response(prompts: PromptsApplication, job_id: str) -> bytes:
    status = prompts.status(job_id)
    if status.state in (JobState.FAILED, JobState.DEAD):
        words = f"{status.error or status.stop_words} (job {job_id}, batch {status.id}: its rows are kept)"
        by_servers = status.stop_reason in (None, StopReason.ERROR_RATE)
        raise GenerationFailed(words) if by_servers else GenerationStopped(words)
    return GenerationResponse.of(status, prompts.export_rows(job_id, statuses=_EVERY_STATUS)).model_dump_json().encode()


def _status(prompts: PromptsApplication, job_id: str) -> bytes:
    status = prompts.status(job_id)
    rows = prompts.export_rows(status.job_id, statuses=_EVERY_STATUS) if status.state in _ENDED else None
    return JobStatus.of(status, prompts.funnel(status.job_id).models, rows).model_dump_json().encode()
