"""Problems as clients of the original read them, and what a person decides on one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter

from synqc.apps.prompts.application import PromptsApplication
from synqc.apps.prompts.documents.limits import LONGEST_REASON
from synqc.apps.prompts.documents.problems import ProblemResponse
from synqc.apps.prompts.documents.wire_words import ProblemStatus, statuses_of
from synqc.apps.prompts.errors import UnknownGeneration
from synqc.apps.prompts.row import RowFilter
from synqc.service.context import run_in_thread
from synqc.service.description import answered
from synqc.service.prompts.context import Prompts
from synqc.service.prompts.routes.examples import PROBLEM
from synqc.service.prompts.routes.parameters import BatchId, ProblemId
from synqc.service.responses import JsonBytes

__all__ = ["router"]

router = APIRouter(prefix="/api/problems", tags=["problems"])

_MOST_AT_ONCE = 10_000
_MOST_OF_ALL = 100_000
_LIST = TypeAdapter(list[ProblemResponse])


class DecisionByHand(BaseModel):
    """What a person decides, and why."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_REASON)]


async def list_problems(
    request: Request,
    prompts: Prompts,
    batch_id: Annotated[int | None, Query(description="Of this batch alone.")] = None,
    status: Annotated[ProblemStatus | None, Query(description="Only in this state; none is ever `solved`.")] = None,
    skip: Annotated[int, Query(ge=0, lt=2**31, description="How many are passed over.")] = 0,
    limit: Annotated[int, Query(ge=1, le=_MOST_AT_ONCE, description="Most of them.")] = 1000,
) -> Response:
    """Problems, in the order in which they were made."""
    return JsonBytes(await run_in_thread(request, _list, prompts, batch_id, status, skip, limit))


for _path, _name in (("/", "list_problems"), ("", "list_problems_without_slash")):
    router.add_api_route(
        _path, list_problems, operation_id=_name, response_model=list[ProblemResponse], responses=answered([PROBLEM])
    )


@router.get(
    "/all", operation_id="list_all_problems", response_model=list[ProblemResponse], responses=answered([PROBLEM])
)
async def list_all_problems(request: Request, prompts: Prompts) -> Response:
    """Problems of all batches, at most 100,000."""
    return JsonBytes(await run_in_thread(request, _list, prompts, None, None, 0, _MOST_OF_ALL))


@router.get(
    "/problem/{problem_id}", operation_id="read_problem", response_model=ProblemResponse, responses=answered(PROBLEM)
)
async def read_problem(request: Request, problem_id: ProblemId, prompts: Prompts) -> ProblemResponse:
    """One problem."""
    return await run_in_thread(request, _problem, prompts, problem_id)


@router.get(
    "/batch/{batch_id}/problems", operation_id="list_problems_of_batch", response_model=list[ProblemResponse],
    responses=answered([PROBLEM]),
)  # fmt: skip
async def list_problems_of_batch(request: Request, batch_id: BatchId, prompts: Prompts) -> Response:
    """Problems of a batch; of one that is not there, none."""
    return JsonBytes(await run_in_thread(request, _list, prompts, batch_id, None, 0, _MOST_OF_ALL))


@router.post(
    "/{problem_id}/accept", operation_id="accept_problem", response_model=ProblemResponse, responses=answered(PROBLEM)
)
async def accept_problem(
    request: Request, problem_id: ProblemId, body: DecisionByHand, prompts: Prompts
) -> ProblemResponse:
    """Make a problem valid by hand."""
    await run_in_thread(request, prompts.accept, problem_id, body.reason)
    return await run_in_thread(request, _problem, prompts, problem_id)


@router.post(
    "/{problem_id}/discard", operation_id="discard_problem", response_model=ProblemResponse, responses=answered(PROBLEM)
)
async def discard_problem(
    request: Request, problem_id: ProblemId, body: DecisionByHand, prompts: Prompts
) -> ProblemResponse:
    """Discard a problem by hand; a job that still runs makes another one in its place."""
    await run_in_thread(request, prompts.discard, problem_id, body.reason)
    return await run_in_thread(request, _problem, prompts, problem_id)


def _problem(prompts: PromptsApplication, problem_id: int) -> ProblemResponse:
    row = prompts.row(problem_id)
    return ProblemResponse.of(row, prompts.status(row.job_id).id)


def _list(
    prompts: PromptsApplication, batch_id: int | None, status: ProblemStatus | None, skip: int, limit: int
) -> bytes:
    """As JSON: there may be many, and the event loop has other things to do."""
    statuses = statuses_of(status)
    numbers: dict[str, int] = {}
    job_id = None
    if batch_id is not None:
        job_id = _job_of(prompts, batch_id)
        if job_id is None:
            return b"[]"
        numbers[job_id] = batch_id
    if statuses is None:
        return b"[]"
    found: list[ProblemResponse] = []
    while len(found) < limit:
        page = prompts.rows(
            RowFilter(
                job_id=job_id, statuses=statuses, skip=skip + len(found), limit=min(_MOST_AT_ONCE, limit - len(found))
            )
        )
        for row in page:
            if row.job_id not in numbers:
                numbers[row.job_id] = prompts.status(row.job_id).id
            found.append(ProblemResponse.of(row, numbers[row.job_id]))
        if not page:
            break
    return _LIST.dump_json(found)


def _job_of(prompts: PromptsApplication, batch_id: int) -> str | None:
    try:
        return prompts.status(batch_id).job_id
    except UnknownGeneration:
        return None
