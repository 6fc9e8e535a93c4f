"""Starting, killing and reading runs."""

from __future__ import annotations

import contextlib
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from synqc import json
from synqc.apps.tds.application import TdsApplication
from synqc.apps.tds.details import details_document
from synqc.apps.tds.models import HardwareTarget, RunMode, RunRecord, RunRequest, SessionSummary
from synqc.apps.tds.storage import StorageUnavailable
from synqc.errors import InputError
from synqc.service.context import run_in_thread, wait_committed
from synqc.service.description import answered, asked, refused
from synqc.service.responses import JsonBytes
from synqc.service.tds.context import Tds
from synqc.service.tds.errors import UnknownRun
from synqc.service.tds.routes.examples import RUN, SUMMARY
from synqc.service.tds.routes.parameters import RunId, SessionId, given_number
from synqc.service.tds.run_to_disk import run_to_disk

__all__ = ["router"]

router = APIRouter(tags=["runs"])


class RunAnswer(BaseModel):
    """A run and the session it left."""

    run: RunRecord
    session: SessionSummary


class RunPage(BaseModel):
    """Runs, newest first; `next_cursor` is null on the last page."""

    runs: list[RunRecord]
    next_cursor: str | None


class KillAnswer(BaseModel):
    """Whether there was a run to stop."""

    status: Literal["terminated", "no-active-run"]
    message: str
    session_id: str


class RunDetails(BaseModel):
    """What a run knows beyond its record; members that are not listed differ with how it was made."""

    model_config = ConfigDict(extra="allow")

    run_id: str
    session_id: str
    mode: RunMode
    hardware_target: HardwareTarget
    emulated: bool
    seed: int | None
    partial: bool
    iterations: int
    estimates: dict[str, dict[str, Any]]
    history: list[dict[str, Any]]


_RUNS = asked(
    default=("One iteration with the session's budget", {}),
    page=("As control pages ask", {"mode": "run", "num_iterations": 5, "shot_limit": 4096}),
    repeatable=("Charges nothing; same session state and seed, same figures", {"mode": "dryrun", "seed": 7}),
)
_DETAILS = {
    **{name: RUN[name] for name in ("run_id", "session_id", "mode")}, "hardware_target": "sim-local",
    **{name: RUN[name] for name in ("emulated", "seed", "partial")}, "iterations": 1, "estimates": RUN["estimates"],
    "backaction_mean_per_shot": 0.0675, "information_bits_per_second": 14175.5, "cycle_time_us": 1.38,
    "latency_terms": {
        "first drive": 0.024, "probe": 0.12, "decision": 0.0, "second drive": 0.024, "readout": 1.0,
        "result path": 0.212,
    },
    "history": [{"fidelity": [0.9666, 0.00015], "success": [0.9628, 0.0038], "shots": 836}],
    "shots_simulated": 836, "wall_seconds": 0.0007,
}  # fmt: skip


@router.post(
    "/sessions/{session_id}/run", operation_id="start_run", response_model=RunAnswer,
    responses={**answered({"run": RUN, "session": SUMMARY}), **refused(409)},
)  # fmt: skip
async def start_run(
    request: Request,
    session_id: SessionId,
    body: Annotated[RunRequest, Body(openapi_examples=_RUNS)],
    tds: Tds,
) -> Response:
    """Run a session's configuration and answer when it is done and stored."""
    return JsonBytes(await run_to_disk(tds, request.app.state.workers, session_id, body))


@router.post(
    "/sessions/{session_id}/kill", operation_id="kill_run", response_model=KillAnswer,
    responses=answered(
        {"status": "terminated", "message": "The run of session 'x1' was stopped.", "session_id": "x1"}
    ),
)  # fmt: skip
async def kill_run(session_id: SessionId, tds: Tds) -> dict[str, Any]:
    """Stop a session's run; what it has measured is kept."""
    answer, stored = tds.runs.kill(session_id)
    await wait_committed(stored)
    return answer


@router.get(
    "/runs", operation_id="list_runs", response_model=RunPage, responses=answered({"runs": [RUN], "next_cursor": "17"})
)
async def list_runs(
    request: Request,
    tds: Tds,
    session_id: str | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Runs of one session or of all, newest first."""
    before = given_number(cursor)
    if cursor is not None and before is None:
        raise InputError(f"`cursor` must be the `next_cursor` of an earlier answer, but is '{cursor[:50]}'.")
    found = await run_in_thread(request, tds.database.run_documents, session_id, before, limit + 1)
    page = found[:limit]
    more = json.dumps(str(page[-1][0])) if len(found) > limit else b"null"
    return JsonBytes(b'{"runs":[' + b",".join(run for _, run in page) + b'],"next_cursor":' + more + b"}")


@router.get("/runs/{run_id}", operation_id="read_run", response_model=RunRecord, responses=answered(RUN))
async def read_run(request: Request, run_id: RunId, tds: Tds) -> Response:
    """A run as it was answered."""
    return JsonBytes(await _found(request, tds, run_id, "run_document"))


@router.get(
    "/runs/{run_id}/details", operation_id="read_run_details", response_model=RunDetails, responses=answered(_DETAILS)
)
async def read_run_details(request: Request, run_id: RunId, tds: Tds) -> Response:
    """Estimates, latency terms, probe figures, history of every iteration, and what repeats the run."""
    run = RunRecord.model_validate_json(await _found(request, tds, run_id, "run_document"))
    stored = await _found(request, tds, run_id, "run_details")
    return JsonBytes(await run_in_thread(request, _shown, run, stored))


def _shown(run: RunRecord, stored: bytes) -> bytes:
    return json.dumps(details_document(run, stored))


@router.get(
    "/runs/{run_id}/records", operation_id="read_run_records", response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
        **refused(400, 410),
    },
)  # fmt: skip
async def read_run_records(request: Request, run_id: RunId, tds: Tds) -> Response:
    """Bits and records of every shot as a NumPy `.npz`, simulated again from the stored seed and checked."""
    details = json.loads(await _found(request, tds, run_id, "run_details"))
    run = RunRecord.model_validate_json(await _found(request, tds, run_id, "run_document"))
    if "replay" not in details:
        raise UnknownRun(f"Run '{run_id}' has nothing that would repeat it here, so it has no records")
    if run.partial:
        raise UnknownRun(f"Run '{run_id}' was stopped, so it cannot be repeated shot by shot")
    if details["shots_simulated"] > _MOST_SHOTS_OF_RECORDS:
        raise InputError(f"Records are given for at most {_MOST_SHOTS_OF_RECORDS} shots, but this run has more.")
    body = await run_in_thread(request, tds.engine.records, run.config_snapshot, run.session_id, details["replay"])
    headers = {"content-disposition": 'attachment; filename="records.npz"'}
    return Response(body, media_type="application/octet-stream", headers=headers)


_MOST_SHOTS_OF_RECORDS = 500_000


async def _found(request: Request, tds: TdsApplication, run_id: str, read: str) -> bytes:
    document: bytes | None = await run_in_thread(request, getattr(tds.database, read), run_id)
    if document is None:  # or not yet: its session shows a run some milliseconds before it is on disk
        storing = await run_in_thread(request, tds.runs.storing, run_id)
        if storing is not None:
            with contextlib.suppress(StorageUnavailable):
                await wait_committed(storing)
        document = await run_in_thread(request, getattr(tds.database, read), run_id)
    if document is None:
        raise UnknownRun(f"Run '{run_id}' not found")
    return document
