"""Hardware runs of sessions."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response
from pydantic import BaseModel, Field

from synqc import json
from synqc.apps.tds.models import HardwareRunRequest
from synqc.jobs import JobState
from synqc.service.context import run_in_thread
from synqc.service.description import answered, asked, refused
from synqc.service.responses import JsonBytes
from synqc.service.tds.context import Tds
from synqc.service.tds.routes.parameters import SessionId

__all__ = ["router"]

router = APIRouter(tags=["hardware runs"])


class HardwareRunPlan(BaseModel):
    """An experiment as a backend would play it, and the job that has it played, if that was confirmed."""

    job_id: str | None = Field(
        None, description="Of the job; null where nothing was confirmed, and so nothing is sent."
    )
    session_id: str
    backend: str
    emulated: bool
    qubits: int = Field(description="System qubits that are played, each with an ancilla.")
    shots: int
    circuits: int = Field(description="Played so often: the experiment, and preparations that calibrate its readout.")
    layout: list[tuple[int, int]] = Field(description="Physical (system, ancilla) of each pair.")
    entangling_gates: int
    shot_us: float = Field(description="Duration of one shot, µs; 0 where the vendor says nothing of it.")
    estimated_s: float
    estimated_usd: float | None = Field(None, description="Null where nobody said what the account is charged.")
    circuit: str


class HardwareRun(BaseModel):
    """A hardware run at one moment."""

    job_id: str
    session_id: str
    state: JobState
    backend: str
    emulated: bool
    shots: int
    estimated_usd: float
    budget_usd: float | None = None
    spent_usd: float
    submitted_at: str
    ended_at: str | None = None
    cause: str | None = Field(None, description="Of the last failure.")
    vendor_id: str | None = None
    run_id: str | None = Field(None, description="Of the run that it is kept as, when it is done.")


_JOB = "hardware-01a228251446000092a545d3"
_PLAN = {
    "job_id": None, "session_id": "x1", "backend": "ibm:fake_manila", "emulated": True, "qubits": 1, "shots": 1000,
    "circuits": 3, "layout": [[0, 1]], "entangling_gates": 2, "shot_us": 11.8, "estimated_s": 2.8, "estimated_usd": 0.0,
    "circuit": "OPENQASM 3.0;",
}  # fmt: skip
_RUN = {
    "job_id": _JOB, "session_id": "x1", "state": "succeeded", "backend": "ibm:fake_manila", "emulated": True,
    "shots": 1000, "estimated_usd": 0.0, "budget_usd": 0.0, "spent_usd": 0.0,
    "submitted_at": "2026-01-02T03:04:05.006Z", "ended_at": "2026-01-02T03:04:06.006Z", "cause": None,
    "vendor_id": f"1000:synqc-{_JOB}", "run_id": f"x1-{_JOB}",
}  # fmt: skip
_REQUESTS = asked(
    plan=("A plan alone: circuit, layout, time, price", {"shots": 1000}),
    confirmed=(
        "Sent once at most, within a budget",
        {"shots": 1000, "confirm": True, "budget_usd": 5.0, "idempotency_key": "tuesday-1"},
    ),
)


@router.post(
    "/sessions/{session_id}/hardware-runs", operation_id="start_hardware_run", response_model=HardwareRunPlan,
    responses={
        **answered(_PLAN), 202: {"model": HardwareRunPlan, **answered({**_PLAN, "job_id": _JOB}, 202)[202]},
        **refused(404, 409, 502),
    },
)  # fmt: skip
async def start_hardware_run(
    request: Request, session_id: SessionId, body: Annotated[HardwareRunRequest, Body(openapi_examples=_REQUESTS)],
    tds: Tds,
) -> Response:  # fmt: skip
    """Plan a session's experiment on the backend of its target; with `confirm`, have it sent there as a job."""
    found = await run_in_thread(request, tds.hardware_runs.start, session_id, body)
    return JsonBytes(json.dumps(found), status_code=200 if found["job_id"] is None else 202)


@router.get(
    "/sessions/{session_id}/hardware-runs", operation_id="list_hardware_runs", response_model=list[HardwareRun],
    responses={**answered([_RUN]), **refused(404)},
)  # fmt: skip
async def list_hardware_runs(request: Request, session_id: SessionId, tds: Tds) -> list[dict[str, Any]]:
    """Hardware runs of a session among the newest hundred jobs, newest first."""
    return await run_in_thread(request, tds.hardware_runs.listed, session_id)
