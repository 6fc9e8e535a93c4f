"""Telemetry, which pages poll. The fast path answers most of it; here is what it leaves, and the documentation."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel, Field

from synqc import metrics
from synqc.apps.tds.application import TdsApplication
from synqc.apps.tds.session import MOST_ROWS, Session
from synqc.apps.tds.telemetry import ROWS_BY_DEFAULT, newest_row_and_rows_body, rows_body
from synqc.service.description import answered, asked
from synqc.service.responses import JsonBytes
from synqc.service.tds.context import Tds
from synqc.service.tds.measured import measured
from synqc.service.tds.routes.examples import ROW
from synqc.service.tds.routes.parameters import SessionId

__all__ = ["TelemetryRequest", "TelemetryRow", "TelemetryRows", "router"]

router = APIRouter(tags=["sessions"])
_by_framework = metrics.counter("synqc_telemetry_by_framework_total", "Polls that the fast path left to the framework.")


class TelemetryRequest(BaseModel):
    """How many rows to add to the newest one."""

    limit: int = Field(ROWS_BY_DEFAULT, ge=1, le=MOST_ROWS)


class TelemetryRow(BaseModel):
    """One measurement: the newest batch of a run, or a monitor batch on the idle device."""

    timestamp: str = Field(examples=["2026-01-02T03:04:05.678Z"])
    provider: str = Field(examples=["sim-local"])
    fidelity: float = Field(examples=[0.981])
    latency_us: float = Field(examples=[1.4])
    backaction: float = Field(examples=[0.012])
    shots_used: int = Field(examples=[836])
    shot_rate: float = Field(description="Shots a second on the device's clock.", examples=[700000.0])
    fidelity_standard_error: float | None = Field(description="null after a single shot, which shows no spread.")
    qubits: list[float] = Field(description="Share of bits that read 1, per qubit.")


class TelemetryRows(BaseModel):
    """The newest rows, oldest first."""

    session_id: str
    rows: list[TelemetryRow]


class TelemetrySample(TelemetryRow):
    """The newest row, flat, and the newest rows, oldest first."""

    session_id: str
    rows: list[TelemetryRow]


_ROWS = {"session_id": "x1", "rows": [ROW]}
_SAMPLES = asked(newest=("The newest row alone", {"limit": 1}), default=("With 64 rows", {}))


@router.get(
    "/sessions/{session_id}/telemetry", operation_id="read_telemetry", response_model=TelemetryRows,
    responses=answered(_ROWS),
)  # fmt: skip
async def read_telemetry(
    request: Request,
    session_id: SessionId,
    tds: Tds,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = ROWS_BY_DEFAULT,
) -> Response:
    """Measure once, and read the newest rows; none before the first run."""
    _by_framework.add()
    session = await _measured(request, tds, session_id)
    return JsonBytes(rows_body(session, limit))


@router.post(
    "/sessions/{session_id}/telemetry", operation_id="sample_telemetry",
    response_model=TelemetrySample | TelemetryRows, responses=answered({**ROW, **_ROWS}),
)  # fmt: skip
async def sample_telemetry(
    request: Request,
    session_id: SessionId,
    tds: Tds,
    body: Annotated[TelemetryRequest | None, Body(openapi_examples=_SAMPLES)] = None,
) -> Response:
    """Measure once; the newest row flat, and the rows: whichever a client reads."""
    session = await _measured(request, tds, session_id)
    return JsonBytes(newest_row_and_rows_body(session, (body or TelemetryRequest()).limit))


async def _measured(request: Request, tds: TdsApplication, session_id: str) -> Session:
    """The session with this id, with one more row unless it has none yet or is running."""
    return await measured(tds.store.get(session_id), tds, request.app.state.workers)
